"""How well reverberant clips are told: python tests/benchmarks/reverberance.py [fit].

`fit` makes the constants of models/predicting/reverberance.py: the weights from the demo's voices, dry and in rooms
of the image method, in silence and in noise (coloured noise and the demo's sounds); the threshold from every second
speaker of EmoDB, dry, in silence and in steady noise at 20 dB, since a synthesis is drier than any studio.

Without `fit` the held-out ROC is printed: other rooms, and EmoDB's other speakers under ESC-50's sounds where
EARWITNESS_TEST_DATA names them, else demo voices that were not learnt from. Hits are the share of reverberant clips
above the threshold at which 5 % of the dry ones in silence are, and, in the second half of the table, above the one
that is shipped. SRMR stands beside it.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

warnings.filterwarnings("ignore")
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from models.predicting.reverberance import THRESHOLD_S, how_reverberant, traits
from pipelines.audio import Samples, Speech, mix_at_snr
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.corpora.demo import DemoCorpus
from pipelines.corpora.emodb import EmoDB
from pipelines.demo.sounds import make_demo_sounds
from pipelines.demo.speech import make_demo_corpus
from pipelines.rooms import Impulse, Ranges, RoomImpossible, heard_in, impulse_of, room_by_number
from pipelines.sound_file import read_sound
from pipelines.sounds.base import FAMILIES, SoundBank
from pipelines.sounds.demo import DemoSounds
from pipelines.sounds.esc50 import Esc50
from tests.benchmarks.srmr import srmr

RATE_HZ = 16_000
RANGES = Ranges((4, 10), (4, 8), (2.6, 4), (0.2, 1.2), (0.5, 3))
ROOMS = 40  # a second each, in the image method
LEARNT_FROM, HELD_OUT = 0, 1000  # the numbers of the first room of each set
DRY_S = 0.05  # what a dry clip counts as
FALSE_ALARMS = 0.05
T60_S = ((0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.2))


@dataclass(frozen=True)
class Heard:
    """A clip as it was played."""

    samples: Samples
    t60_s: float  # 0 for dry
    noise: str


def rooms(first: int) -> list[tuple[float, Impulse]]:
    """Reverberation times in s with impulse responses."""
    found = []
    for number in range(first, first + ROOMS):
        room = room_by_number(number, RANGES)
        with suppress(RoomImpossible):  # takes minutes, or has no walls that absorb so much
            found.append((room.rt60_s, impulse_of(room, RATE_HZ)))
    return found


def coloured(length: int, rng: np.random.Generator) -> Samples:
    """Steady noise between white and red."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    slope = rng.uniform(0, 1)
    return np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** slope, length).astype(np.float32)


def under(samples: Samples, sounds: SoundBank, snr_db: float, rng: np.random.Generator) -> Samples:
    """With a sound of any family behind it."""
    noise, speech = condition(f"{rng.choice(list(FAMILIES))}-co-20db"), Speech(samples, RATE_HZ)
    added = noise.apply(speech, noise.draw(speech, sounds, rng), sounds) - samples
    return (samples + added * np.float32(10 ** ((20 - snr_db) / 20))).astype(np.float32)


def dry_and_wet(
    voices: Sequence[Samples], within: Sequence[tuple[float, Impulse]], each: int, rng: np.random.Generator
) -> Iterator[tuple[float, Samples]]:
    """Each voice as it is, and in a few rooms."""
    for voice in voices:
        yield 0.0, voice
        for number in rng.integers(len(within), size=each):
            t60_s, impulse = within[number]
            yield t60_s, heard_in(impulse, voice)[: len(voice)].copy()


def demo_voices(folder: Path, seed: int, speakers: slice) -> list[Samples]:
    """Some of the demo's voices."""
    corpus = DemoCorpus(make_demo_corpus(folder / f"speech-{seed}", seed, speakers=12))
    clips = [clip for clip in corpus.read() if isinstance(clip, Clip)]
    chosen = sorted({clip.speaker for clip in clips})[speakers]
    return [read_sound(clip.path, RATE_HZ) for clip in clips if clip.speaker in chosen]


def real_voices(speakers: slice) -> list[Samples]:
    """Those of some speakers of EmoDB; none where it is not at hand."""
    named = os.environ.get("EARWITNESS_TEST_DATA")
    if not named:
        return []
    clips = [clip for clip in EmoDB(Path(named) / "emodb").read() if isinstance(clip, Clip)]
    chosen = sorted({clip.speaker for clip in clips})[speakers]
    return [read_sound(clip.path, RATE_HZ) for clip in clips if clip.speaker in chosen]


def fit(folder: Path) -> None:
    """Print the constants."""
    rng, sounds = np.random.default_rng(1), DemoSounds(make_demo_sounds(folder / "sounds", 1, 6))
    known, wanted_s = [], []
    for t60_s, samples in dry_and_wet(demo_voices(folder, 1, slice(0, 8)), rooms(LEARNT_FROM), 2, rng):
        steady = mix_at_snr(samples, coloured(len(samples), rng), rng.uniform(8, 45))
        for heard in (samples, steady, under(samples, sounds, rng.uniform(8, 40), rng)):
            found = traits(heard, RATE_HZ)
            if found is not None:
                known.append(found)
                wanted_s.append(max(t60_s, DRY_S))
    values, wanted = np.array(known), np.log(wanted_s)
    mean, sd = values.mean(axis=0), values.std(axis=0)
    ridge = Ridge(1.0).fit((values - mean) / sd, wanted)
    weights = ridge.coef_ / sd
    offset = float(ridge.intercept_ - mean @ weights)
    print(f"WEIGHTS = ({', '.join(f'{weight:.4f}' for weight in weights)})\nOFFSET = {offset:.4f}")
    dry = real_voices(slice(1, None, 2)) or demo_voices(folder, 1, slice(0, 8))
    dry += [mix_at_snr(voice, coloured(len(voice), rng), 20) for voice in dry]
    heard_in_dry = [found for voice in dry if (found := traits(voice, RATE_HZ)) is not None]
    threshold_s = np.quantile(np.exp(offset + np.array(heard_in_dry) @ weights), 1 - FALSE_ALARMS)
    print(f"THRESHOLD_S = {threshold_s:.2f}")


def held_out(folder: Path) -> Iterator[Heard]:
    """Speakers, rooms and sounds that nothing was learnt from."""
    rng, voices = np.random.default_rng(2), real_voices(slice(0, None, 2))
    if voices:
        sounds: SoundBank = Esc50(Path(os.environ["EARWITNESS_TEST_DATA"]) / "ESC-50")
    else:
        voices, sounds = demo_voices(folder, 2, slice(8, 12)), DemoSounds(make_demo_sounds(folder / "others", 2, 4))
    for t60_s, samples in dry_and_wet(voices, rooms(HELD_OUT), 3, rng):
        yield Heard(samples, t60_s, "none")
        yield Heard(mix_at_snr(samples, coloured(len(samples), rng), 20), t60_s, "steady, 20 dB")
        for snr_db in (20, 10):
            yield Heard(under(samples, sounds, snr_db, rng), t60_s, f"sounds, {snr_db} dB")


def row(name: str, noise: str, score: NDArray[np.float64], t60_s: NDArray[np.float64], at: Sequence[float]) -> str:
    """AUC, false alarms, and hits by range of T60, at each of some thresholds."""
    dry = t60_s == 0
    told = [f"{name}\t{noise}\t{roc_auc_score(~dry, score):.4f}"]
    for threshold in at:
        told.append(f"{np.mean(score[dry] > threshold):.3f}")
        told += [f"{np.mean(score[(t60_s >= low) & (t60_s < high)] > threshold):.3f}" for low, high in T60_S]
    return "\t".join(told)


def roc(folder: Path) -> None:
    """Print the table."""
    clips = list(held_out(folder))
    length_s = sum(len(clip.samples) for clip in clips) / RATE_HZ
    began = time.perf_counter()
    found = [how_reverberant(clip.samples, RATE_HZ) for clip in clips]
    took_s = time.perf_counter() - began
    told = [clip for clip, seconds in zip(clips, found, strict=True) if seconds is not None]
    seconds = np.array([one for one in found if one is not None])
    t60_s, noises = np.array([clip.t60_s for clip in told]), np.array([clip.noise for clip in told])
    ratios = np.array([-srmr(clip.samples, RATE_HZ) for clip in told])
    print(f"{len(told)} of {len(clips)} clips told; {length_s / took_s:,.0f} x real time")
    wet = (t60_s > 0) & (noises == "none")
    error = np.median(np.abs(np.log2(seconds[wet] / t60_s[wet])))
    print(f"in silence, half of all estimates lie within a factor of {2**error:.2f} of the room's T60")
    by_range = "\t".join(f"hits {low}-{high} s" for low, high in T60_S)
    print(f"score\tnoise\tAUC\tfalse alarms\t{by_range}\tat {THRESHOLD_S} s: false alarms\t{by_range}")
    silent_dry = (t60_s == 0) & (noises == "none")
    for name, score, shipped in (("T60", seconds, [THRESHOLD_S]), ("SRMR", ratios, [])):
        chosen = float(np.quantile(score[silent_dry], 1 - FALSE_ALARMS))
        for noise in dict.fromkeys(noises.tolist()):
            print(row(name, noise, score[noises == noise], t60_s[noises == noise], [chosen, *shipped]))


def main() -> None:
    """Fit, or print the table."""
    with tempfile.TemporaryDirectory() as folder:
        (fit if sys.argv[1:] == ["fit"] else roc)(Path(folder))


if __name__ == "__main__":
    main()
