"""How fast rooms and backgrounds are mixed, against audiomentations in the same run: python tests/benchmarks/rooms.py.

Prints x real time (seconds of sound a second, one thread) over clips of 2 to 5 s, and ours over theirs. Rooms and
impulse responses are at hand for both sides before the clock starts, and so is the one file of a background; of forty,
audiomentations keeps two, and resamples each that it reads.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
from audiomentations import AddBackgroundNoise, ApplyImpulseResponse, RoomSimulator

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.conditions import condition, study_conditions
from pipelines.noises.base import Noise
from pipelines.rooms import Ranges, impulse_of, room_by_number
from pipelines.sound_file import write_wav
from pipelines.sounds.base import SoundBank
from pipelines.sounds.folder import SoundFolder

RATE_HZ = 16_000
FILE_RATE_HZ = 44_100  # of ESC-50's files
SECONDS = float(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 2.0
RANGES = Ranges((3, 8), (3, 6), (2.4, 3.5), (0.2, 0.6), (1, 3))


def voice(length_s: float, seed: int) -> Speech:
    """Noise in syllables."""
    rng = np.random.default_rng(seed)
    syllables = np.clip(np.sin(np.arange(round(length_s * RATE_HZ)) / RATE_HZ * 20), 0, 1)
    return Speech((0.1 * syllables * rng.standard_normal(len(syllables))).astype(np.float32), RATE_HZ)


def times_real(work: Callable[[Speech], object], clips: Sequence[Speech]) -> float:
    """The best of as many rounds over all clips as fit into the time, in seconds of sound a second."""
    for clip in clips:
        work(clip)  # imports, caches
    best, until = np.inf, time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        began = time.perf_counter()
        for clip in clips:
            work(clip)
        best = min(best, time.perf_counter() - began)
    return sum(clip.length_s for clip in clips) / float(best)


def ours(noise: Noise, clips: Sequence[Speech], sounds: SoundBank) -> Callable[[Speech], Samples]:
    """What applies a noise with parameters drawn beforehand, as audiomentations' are frozen."""
    drawn: dict[int, Params] = {
        id(clip): noise.draw(clip, sounds, np.random.default_rng(number)) for number, clip in enumerate(clips)
    }
    return lambda clip: noise.apply(clip, drawn[id(clip)], sounds)


def drawing(noise: Noise, sounds: SoundBank) -> Callable[[Speech], Samples]:
    """The same with drawing, as a study does it."""
    rng = np.random.default_rng(0)
    return lambda clip: noise.apply(clip, noise.draw(clip, sounds, rng), sounds)


def theirs(transform: Callable[..., Samples]) -> Callable[[Speech], Samples]:
    """A transform of audiomentations, drawing anew each time."""
    return lambda clip: transform(clip.samples, sample_rate=RATE_HZ)


def make_bank(folder: Path) -> SoundFolder:
    """One background of 5 s and 10 rooms."""
    write_wav(folder / "nat" / "rain" / "1.wav", voice(5.0, seed=99).samples, RATE_HZ)
    for number in range(10):
        write_wav(
            folder / "room" / "box" / f"{number}.wav",
            impulse_of(room_by_number(number, RANGES), RATE_HZ).samples,
            RATE_HZ,
        )
    return SoundFolder(folder)


def make_large_bank(folder: Path) -> SoundFolder:
    """Forty backgrounds of 5 s at the rate of ESC-50: more than audiomentations keeps, and each to be resampled."""
    for number in range(40):
        samples = np.repeat(voice(5.0, seed=100 + number).samples, 3)[: 5 * FILE_RATE_HZ]
        write_wav(folder / "nat" / "rain" / f"{number}.wav", samples, FILE_RATE_HZ)
    return SoundFolder(folder)


def rows(clips: Sequence[Speech], folder: Path) -> list[tuple[str, float, float]]:
    """Of each kind of work: what it is, ours and theirs in x real time."""
    bank, large = make_bank(folder / "one"), make_large_bank(folder / "forty")
    background = AddBackgroundNoise(str(folder / "one" / "nat"), min_snr_db=10, max_snr_db=10, p=1.0)
    many = AddBackgroundNoise(str(folder / "forty" / "nat"), min_snr_db=10, max_snr_db=10, p=1.0)
    impulse = ApplyImpulseResponse(str(folder / "one" / "room"), leave_length_unchanged=True, lru_cache_size=128, p=1.0)
    simulator = RoomSimulator(
        min_size_x=3, max_size_x=8, min_size_y=3, max_size_y=6, min_size_z=2.4, max_size_z=3.5, max_order=12,
        calculation_mode="rt60", min_target_rt60=0.2, max_target_rt60=0.6, leave_length_unchanged=True, p=1.0,
    )  # fmt: skip
    measured = study_conditions({"reverb": {"rooms": "measured"}})["reverb"]
    reverb, rain = study_conditions({"reverb": {"pool": 10}})["reverb"], condition("nat-co-10db")
    peers = (background, many, impulse, simulator)
    adding, resampling, convolving, simulating = (times_real(theirs(one), clips) for one in peers)
    return [
        ("background at 10 dB out of 40 files at 44.1 kHz", times_real(drawing(rain, large), clips), resampling),
        ("background at 10 dB, drawn anew; AddBackgroundNoise", times_real(drawing(rain, bank), clips), adding),
        ("background at 10 dB, drawn before; AddBackgroundNoise", times_real(ours(rain, clips, bank), clips), adding),
        ("measured room; ApplyImpulseResponse", times_real(drawing(measured, bank), clips), convolving),
        ("room from the pool; ApplyImpulseResponse", times_real(drawing(reverb, bank), clips), convolving),
        ("room from the pool; RoomSimulator, order 12", times_real(drawing(reverb, bank), clips), simulating),
    ]


def main() -> None:
    """Print the table."""
    clips = [voice(length_s, seed) for seed, length_s in enumerate(np.random.default_rng(0).uniform(2, 5, 20))]
    with tempfile.TemporaryDirectory() as folder:
        print("work; peer\tours, x real time\taudiomentations\ttimes as fast")
        for what, mine, peer in rows(clips, Path(folder)):
            print(f"{what}\t{mine:,.0f}\t{peer:,.0f}\t{mine / peer:.1f}")


if __name__ == "__main__":
    main()
