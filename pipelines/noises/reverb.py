"""The speech as heard in a room (Rev, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import AfterValidator, Field

from pipelines.audio import Samples, Speech, active_rms
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number, numbers, text
from pipelines.rooms import (
    Impulse,
    NoRoomForTwo,
    Place,
    Ranges,
    Room,
    RoomImpossible,
    heard_in,
    impulse_of,
    measured_impulse,
    room_by_number,
)
from pipelines.sounds.base import SoundBank

ROOMS = 50  # that are drawn from; each takes a fifth of a second to compute, once in a process
EDGE_S = 0.005  # over which a tail that is cut off falls, so that it does not click
SHORTEST_S = 0.1


def _rising(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError(f"{values[0]} to {values[1]} is no range; expected the smaller number first")
    return values


Metres: TypeAlias = Annotated[float, Field(gt=0, le=50)]
Seconds: TypeAlias = Annotated[float, Field(ge=0.05, le=3)]
#: From the smallest to the largest.
Lengths: TypeAlias = Annotated[tuple[Metres, Metres], AfterValidator(_rising)]
Durations: TypeAlias = Annotated[tuple[Seconds, Seconds], AfterValidator(_rising)]


@dataclass(frozen=True)
class Reverb(Noise):
    """Speech in a room, as loud as before and not shifted in time.

    `rooms` are simulated boxes, drawn by number from a pool in which sizes, reverberation times and the distance from
    mouth to microphone are spread evenly over their ranges (living rooms and offices); or measured impulse responses
    of the family `room`. The paper says nothing of its rooms. The `tail` after the last word is cut off at the length
    of the clip, or kept.
    """

    rooms: Literal["simulated", "measured"] = "simulated"
    pool: Annotated[int, Field(ge=1, le=10_000)] = ROOMS
    length_m: Lengths = (3.0, 8.0)
    width_m: Lengths = (3.0, 6.0)
    height_m: Lengths = (2.4, 3.5)
    rt60_s: Durations = (0.2, 0.6)
    distance_m: Lengths = (1.0, 3.0)
    tail: Literal["cut", "kept"] = "cut"

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:
        """Too short a clip, or no measured room where one is asked for."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; reverberation needs {SHORTEST_S} s or more"
        if self.rooms == "measured" and not sounds.sounds("room"):
            return "the sound banks hold no sound of the family 'room'; name a folder of impulse responses"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """Which room, with all that is needed to compute it again."""
        if speech.level == 0:
            raise NoiseRefused("the clip is silent, so no room can be heard")
        if self.rooms == "measured":
            sound = sounds.draw("room", rng, speech.sample_rate_hz)
            return {"sound_id": sound.sound_id, "category": sound.category, "tail": self.tail}
        drawn = int(rng.integers(self.pool))
        ranges = Ranges(self.length_m, self.width_m, self.height_m, self.rt60_s, self.distance_m)
        try:
            room = room_by_number(drawn, ranges)
            impulse_of(room, speech.sample_rate_hz)
        except (NoRoomForTwo, RoomImpossible) as error:
            raise NoiseRefused(str(error)) from error
        return {
            "room": drawn,
            "size_m": list(room.size_m),
            "rt60_s": room.rt60_s,
            "source_m": list(room.source_m),
            "microphone_m": list(room.microphone_m),
            "tail": self.tail,
        }

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """The speech in its room, at its active level; shape (time,), or (time + tail,) where the tail is kept."""
        rate_hz = speech.sample_rate_hz
        wet = heard_in(_impulse(params, sounds, rate_hz), speech.samples)
        if text(params, "tail") == "cut":
            wet = wet[: len(speech.samples)]
            edge = min(len(wet), round(EDGE_S * rate_hz))
            wet[-edge:] *= np.linspace(1, 0, edge, dtype=np.float32)
        wet *= np.float32(speech.level / active_rms(wet))
        return np.ascontiguousarray(wet)

    @property
    def family(self) -> str:
        """`reverb`."""
        return "reverb"


def _impulse(params: Params, sounds: SoundBank, sample_rate_hz: int) -> Impulse:
    if "sound_id" in params:
        return measured_impulse(sounds.samples(text(params, "sound_id"), sample_rate_hz), sample_rate_hz)
    size, source, microphone = (_place(params, name) for name in ("size_m", "source_m", "microphone_m"))
    return impulse_of(Room(size, number(params, "rt60_s"), source, microphone), sample_rate_hz)


def _place(params: Params, name: str) -> Place:
    x, y, z = numbers(params, name)
    return x, y, z


STUDY: dict[str, Noise] = {"reverb": Reverb()}
