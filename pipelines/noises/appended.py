"""A short laughter or a sob after the utterance (Laugh/Cry, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import FRAME, Samples, Speech, active_rms, frame_powers
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number, text
from pipelines.sounds.base import Family, SoundBank
from pipelines.splicing import Piece, joined, quietest, soft_ended

LONGEST_S = 2.0  # the paper says "short laughter" and gives no length
GAP_S = 0.1  # between the end of the clip and the sound; the paper gives none
ONSET_DB = 20.0  # a sound begins where it first comes this close to its loudest 20 ms
LEAD_S = 0.05  # and this long before that, so that the breath before a laugh is heard
TAIL_S = 0.05  # over which a sound that was cut off fades out
ENDING_S = 0.3  # a sound that is too long ends at the quietest moment of its last 0.3 s, between two bursts


@dataclass(frozen=True)
class Appended(Noise):
    """Let a sound of one family follow the speech, at the active level of the speech plus `level_db`."""

    sounds_of: Family
    longest_s: Annotated[float, Field(ge=0.4, le=30)] = LONGEST_S
    gap_s: Annotated[float, Field(ge=0, le=10)] = GAP_S
    level_db: Annotated[float, Field(ge=-40, le=20)] = 0.0

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """No sound of the family in the bank."""
        if not sounds.sounds(self.sounds_of):
            has = ", ".join(sounds.families()) or "none"
            return f"the sound bank has no sound of the family {self.sounds_of!r} to append; it has {has}"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """Which sound, and from when to when it is heard."""
        if active_rms(speech.samples) == 0:
            raise NoiseRefused("the clip is silent, so that no sound can be brought to its level; expected speech")
        rate_hz = speech.sample_rate_hz
        sound = sounds.draw(self.sounds_of, rng, rate_hz)
        start, end = self._heard(sounds.samples(sound.sound_id, rate_hz), rate_hz)
        return {
            "sound_id": sound.sound_id,
            "category": sound.category,
            "start_s": round(start / rate_hz, 6),
            "end_s": round(end / rate_hz, 6),
            "gap_s": self.gap_s,
            "level_db": self.level_db,
        }

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """The speech, a gap, and the sound; shape (time + round(gap) + sound,)."""
        rate_hz = speech.sample_rate_hz
        whole = sounds.samples(text(params, "sound_id"), rate_hz)
        start, end = round(number(params, "start_s") * rate_hz), round(number(params, "end_s") * rate_hz)
        heard = soft_ended(whole[start:end], round(TAIL_S * rate_hz))
        gain = active_rms(speech.samples) / active_rms(heard) * 10 ** (number(params, "level_db") / 20)
        gap = np.zeros(round(number(params, "gap_s") * rate_hz), dtype=np.float32)
        return joined([Piece.whole(speech.samples), Piece.whole(gap), Piece.whole(heard * np.float32(gain))], rate_hz)

    @property
    def family(self) -> str:
        """`laugh` or `cry`."""
        return self.sounds_of

    def _heard(self, sound: Samples, sample_rate_hz: int) -> tuple[int, int]:
        """The first and the last sample but one of what is heard of a sound."""
        powers = frame_powers(sound)
        onset = int(np.argmax(powers >= powers.max() * 10 ** (-ONSET_DB / 10))) * FRAME
        start = max(0, onset - round(LEAD_S * sample_rate_hz))
        longest, ending = round(self.longest_s * sample_rate_hz), round(ENDING_S * sample_rate_hz)
        if len(sound) - start <= longest:
            return start, len(sound)
        return start, quietest(sound, start + longest - ending // 2, ending // 2, sample_rate_hz)


STUDY: dict[str, Noise] = {"laugh": Appended("laugh"), "cry": Appended("cry")}
