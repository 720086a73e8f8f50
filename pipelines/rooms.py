"""Rooms as impulse responses: drawn by number, computed by the image method, and heard by fast convolution."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import TypeAlias

import numpy as np
from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from pipelines.audio import Samples

#: Metres from a corner of the room.
Place: TypeAlias = tuple[float, float, float]
Range: TypeAlias = tuple[float, float]

SOUND_M_PER_S = 343.0
WALL_M = 0.5  # nobody speaks or listens nearer to a wall
HEIGHTS_M = (1.0, 1.8)  # of mouths and microphones, sitting and standing
LEAD_S = 0.0025  # of an impulse response that is kept before the direct sound, which a band limit smears that far
DECAY_DB = 60.0  # below which a tail is cut off: by then it holds a millionth of the energy
ATTEMPTS = 1000  # at placing two people in a room
SEED = 20260101  # of all rooms: number 17 is the same room in every study with the same ranges
MOST_REFLECTIONS = 150  # work grows with the cube of it: this many take some seconds
KEPT = 128  # impulse responses that a process keeps, with their spectra: half a megabyte each
#: Samples of one Fourier transform; few lengths, so that spectra of impulse responses are met again.
BLOCKS = tuple(2**power * quarters for power in range(9, 18) for quarters in (4, 5, 6, 7))
AT_ONCE = 4  # transforms that pocketfft computes in the time of two


class RoomImpossible(ValueError):
    """No box of this size can sound so long, or so short, or computing it would take minutes."""

    def __init__(self, size_m: Place, rt60_s: float, reason: str) -> None:
        super().__init__(
            f"a room of {size_m[0]} x {size_m[1]} x {size_m[2]} m with an RT60 of {rt60_s} s {reason}; expected others"
        )


class NoRoomForTwo(ValueError):
    """Ranges leave no room in which a speaker and a microphone can stand so far apart."""

    def __init__(self, size_m: Place, distance_m: Range) -> None:
        super().__init__(
            f"a room of {size_m[0]} x {size_m[1]} x {size_m[2]} m has no two places {distance_m[0]} to {distance_m[1]} "
            f"m apart and {WALL_M} m from the walls; make rooms larger or distances shorter"
        )


@dataclass(frozen=True)
class Ranges:
    """Between which values rooms are drawn: lengths in metres, and how long a sound takes to fall by 60 dB."""

    length_m: Range
    width_m: Range
    height_m: Range
    rt60_s: Range
    distance_m: Range


@dataclass(frozen=True)
class Room:
    """A box with one speaker and one microphone."""

    size_m: Place
    rt60_s: float
    source_m: Place
    microphone_m: Place

    @property
    def distance_m(self) -> float:
        """From the mouth to the microphone."""
        return float(np.linalg.norm(np.subtract(self.source_m, self.microphone_m)))


@dataclass(frozen=True, eq=False)
class Impulse:
    """An impulse response whose direct sound lies at `lead(sample_rate_hz)`, with the spectra that it was heard by."""

    samples: Samples
    sample_rate_hz: int
    _spectra: dict[int, NDArray[np.complex64]] = field(default_factory=dict, repr=False)

    def spectrum(self, block: int) -> NDArray[np.complex64]:
        """That of a Fourier transform of so many samples, shape (block // 2 + 1,)."""
        if block not in self._spectra:
            self._spectra[block] = np.asarray(rfft(self.samples, block), dtype=np.complex64)
        return self._spectra[block]


@lru_cache(maxsize=KEPT)
def room_by_number(number: int, ranges: Ranges) -> Room:
    """The room of a number: the same in every process and study with these ranges.

    Raises:
        NoRoomForTwo: speaker and microphone can't stand that far apart in it.
    """
    rng = np.random.default_rng([SEED, number])
    sides = (ranges.length_m, ranges.width_m, ranges.height_m)
    size_m = _rounded([rng.uniform(*side) for side in sides])
    rt60_s = round(float(rng.uniform(*ranges.rt60_s)), 3)
    lowest = np.array([WALL_M, WALL_M, HEIGHTS_M[0]])
    highest = np.array([size_m[0] - WALL_M, size_m[1] - WALL_M, min(HEIGHTS_M[1], size_m[2] - WALL_M)])
    for _ in range(ATTEMPTS if (highest >= lowest).all() else 0):
        source_m, microphone_m = (_rounded(rng.uniform(lowest, highest)) for _ in range(2))
        room = Room(size_m, rt60_s, source_m, microphone_m)
        if ranges.distance_m[0] <= room.distance_m <= ranges.distance_m[1]:
            return room
    raise NoRoomForTwo(size_m, ranges.distance_m)


def _rounded(metres: Sequence[float] | NDArray[np.float64]) -> Place:
    x, y, z = (round(float(one), 3) for one in metres)
    return x, y, z


@cached(LRUCache(KEPT), key=hashkey, lock=Lock())
def impulse_of(room: Room, sample_rate_hz: int) -> Impulse:
    """The impulse response of a room by the image method.

    Walls absorb what Sabine's formula says for the room's RT60. The same room gives the same bytes in every process.

    Raises:
        RoomImpossible: so large a room can't sound that short, or so small a one has too many reflections.
    """
    import pyroomacoustics

    try:
        absorption, order = pyroomacoustics.inverse_sabine(room.rt60_s, room.size_m)
    except ValueError as error:
        raise RoomImpossible(room.size_m, room.rt60_s, "needs walls that absorb more than everything") from error
    if order > MOST_REFLECTIONS:
        reason = f"takes sound that is reflected {order} times, of at most {MOST_REFLECTIONS}"
        raise RoomImpossible(room.size_m, room.rt60_s, reason)
    box = pyroomacoustics.ShoeBox(
        room.size_m, fs=sample_rate_hz, materials=pyroomacoustics.Material(absorption), max_order=order
    )
    box.add_source(room.source_m)
    box.add_microphone(room.microphone_m)
    threads = pyroomacoustics.constants.get("num_threads")
    pyroomacoustics.constants.set("num_threads", 1)  # it adds up in another order with more, and then other bytes
    try:
        box.compute_rir()
    finally:
        pyroomacoustics.constants.set("num_threads", threads)
    filter_delay = pyroomacoustics.constants.get("frac_delay_length") // 2
    direct = round(room.distance_m / SOUND_M_PER_S * sample_rate_hz) + filter_delay
    return from_direct(np.asarray(box.rir[0][0]), direct, sample_rate_hz)


def _content(samples: Samples, sample_rate_hz: int) -> tuple[object, ...]:
    return hashkey(hashlib.blake2b(samples.tobytes(), digest_size=16).digest(), sample_rate_hz)


@cached(LRUCache(KEPT), key=_content, lock=Lock())
def measured_impulse(samples: Samples, sample_rate_hz: int) -> Impulse:
    """The impulse response in a recording of one; shape (time,), not silent."""
    return from_direct(samples, direct_sound(samples), sample_rate_hz)


def direct_sound(impulse: Samples) -> int:
    """The sample at which the direct sound of a measured impulse response arrives.

    That is the first peak within 12 dB of the largest: strong reflections may be louder, what comes before is noise.
    """
    loudness = np.abs(impulse)
    first = int(np.argmax(loudness >= loudness.max() / 4))
    following = loudness[first:] < np.roll(loudness[first:], -1)  # where the next sample is louder still
    return first + int(np.argmin(following))


def from_direct(impulse: NDArray[np.floating], direct: int, sample_rate_hz: int) -> Impulse:
    """An impulse response with its direct sound at the sample `direct`, less its delay and what lies below -60 dB."""
    before = lead(sample_rate_hz)
    cut = np.pad(impulse, (max(0, before - direct), 0))[max(0, direct - before) :]
    left = np.cumsum(np.square(cut[::-1], dtype=np.float64))[::-1]  # the energy from each sample on
    cut = cut[: max(before + 1, int(np.sum(left > left[0] * 10 ** (-DECAY_DB / 10))))]
    aligned: Samples = np.ascontiguousarray(cut, dtype=np.float32)
    aligned.flags.writeable = False
    return Impulse(aligned, sample_rate_hz)


def lead(sample_rate_hz: int) -> int:
    """How many samples of an impulse response come before its direct sound."""
    return round(LEAD_S * sample_rate_hz)


def heard_in(impulse: Impulse, samples: Samples) -> Samples:
    """Samples of shape (time,) as heard in a room, at its rate and not shifted in time; shape (time + tail,)."""
    return _convolved(samples, impulse)[lead(impulse.sample_rate_hz) :]


def _convolved(samples: Samples, impulse: Impulse) -> Samples:
    """The full convolution, block by block, with the spectrum of the impulse response at hand; float32 throughout."""
    length = len(impulse.samples)
    block = _block(len(samples), length)
    step = block - length + 1
    blocks = -(-len(samples) // step)
    parts = np.zeros((blocks, step), dtype=np.float32)
    parts.reshape(-1)[: len(samples)] = samples
    spectra = rfft(parts, block)
    spectra *= impulse.spectrum(block)
    wet = irfft(spectra, block, overwrite_x=True)  # (blocks, block)
    out = np.zeros(blocks * step + block, dtype=np.float32)
    for number, part in enumerate(wet):
        out[number * step : number * step + block] += part
    return out[: len(samples) + length - 1]


def _block(samples: int, impulse: int) -> int:
    """The length of transform by which the whole takes the least work."""

    def work(block: int) -> int:  # in units of a transform that is computed with three others
        groups, alone = divmod(-(-samples // (block - impulse + 1)), AT_ONCE)
        return block * (AT_ONCE * groups + 2 * alone)

    fitting = [block for block in BLOCKS if block >= impulse] or [next_fast_len(samples + impulse, real=True)]
    return int(min(fitting, key=work))
