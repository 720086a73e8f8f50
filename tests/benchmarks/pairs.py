"""How fast pairs are made: the paper's 9,000, against audiomentations, against the floor; and the memory it takes.

    python tests/benchmarks/pairs.py                  the whole table (about ten minutes on two cores)
    python tests/benchmarks/pairs.py --clips 90       a tenth of the paper's study

Speech is espeak-ng's, joined to utterances as long as those of the paper's corpus (mean 4.5 s), with its alignment;
sounds are synthesised. Everything is made in a temporary folder. Figures are for this machine: compare the ratios.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import soundfile

from pipelines.audio import Samples
from pipelines.clip import Clip, Phone, Word
from pipelines.conditions import study_conditions
from pipelines.corpora.demo import DemoCorpus
from pipelines.demo.sounds import make_demo_sounds
from pipelines.demo.speech import make_demo_corpus
from pipelines.design import PairDesign, all_of
from pipelines.fillers import CorpusSounds
from pipelines.pairs import make_pairs
from pipelines.parallel import Workers
from pipelines.plan import plan_pairs
from pipelines.sound_file import flac_bytes, load_speech, read_sound, write_wav
from pipelines.sounds.base import JoinedSounds, SoundBank
from pipelines.sounds.demo import DemoSounds

RATE_HZ = 16000
PAUSE_S = 0.15
MEAN_S, SPREAD = 4.5, 0.6  # of the lengths in seconds, and of their logarithm


def long_clips(folder: Path, count: int) -> list[Clip]:
    """Utterances of lengths as in the paper's corpus, joined from the demo's, some beginning with a filler."""
    demo = make_demo_corpus(folder / "demo", seed=1, speakers=10, sentences=4)
    spoken: dict[str, list[Clip]] = {}
    for clip in DemoCorpus(demo).read():
        if isinstance(clip, Clip):
            spoken.setdefault(clip.speaker, []).append(clip)
    rng = np.random.default_rng(1)
    speakers = sorted(spoken)
    return [_joined(folder, spoken[speakers[n % len(speakers)]], n, rng) for n in range(count)]


def _joined(folder: Path, spoken: Sequence[Clip], number: int, rng: np.random.Generator) -> Clip:
    wanted_s = float(np.clip(rng.lognormal(np.log(MEAN_S) - SPREAD**2 / 2, SPREAD), 0.6, 15))
    parts: list[Samples] = []
    words: list[Word] = []
    phones: list[Phone] = []
    reached_s = 0.0
    while reached_s < wanted_s:
        clip = spoken[int(rng.integers(len(spoken)))]
        samples = read_sound(clip.path, RATE_HZ)
        words += [replace(w, start_s=w.start_s + reached_s, end_s=w.end_s + reached_s) for w in clip.words]
        phones += [replace(p, start_s=p.start_s + reached_s, end_s=p.end_s + reached_s) for p in clip.phones]
        parts += [samples, np.zeros(round(PAUSE_S * RATE_HZ), np.float32)]
        reached_s += len(samples) / RATE_HZ + PAUSE_S
    if number % 5 == 0:
        words[0] = replace(words[0], text="um")  # timed, not listened to
    path = folder / "long" / f"c{number:05d}.wav"
    write_wav(path, np.concatenate(parts), RATE_HZ)
    fit = replace(spoken[0], clip_id=f"c{number:05d}", path=path, length_s=reached_s, words=tuple(words))
    return replace(fit, phones=tuple(phones), activation=1.5 + number % 3, valence=1.5 + number // 3 % 3)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def paper_study(clips: Sequence[Clip], sounds: SoundBank, folder: Path, processes: int) -> tuple[int, float]:
    """Make the paper's pairs of these clips: how many there were, and the seconds it took, planning included."""
    design = PairDesign(identical_controls=0, positive_controls=0, checks=0, practice=0)
    made: list[object] = []

    def work() -> None:
        plan = plan_pairs(clips, design, 1, sounds=sounds)
        made.extend(make_pairs(plan, sounds, design, folder, 1, workers=Workers(processes), on_problem=lambda _: None))

    took_s = seconds(work)
    return len(made), took_s


def floor_s(folder: Path) -> float:
    """What nobody can save: decoding the sound once, and encoding every original and noisy clip."""
    paths = [*folder.glob("original/*.flac"), *folder.glob("noisy/*.flac")]

    def work() -> None:
        for path in paths:
            flac_bytes(soundfile.read(path, dtype="float32")[0], RATE_HZ)

    return seconds(work)


def by_condition(clips: Sequence[Clip], sounds: SoundBank) -> Iterator[tuple[str, float]]:
    """How fast each condition of the paper is drawn and applied, in seconds of sound a second, one process."""
    speeches = [load_speech(clip, RATE_HZ) for clip in clips]
    for name in PairDesign().conditions:
        noise = study_conditions()[name]
        able = [one for one in speeches if noise.lacks(one, sounds) is None]
        if not able:
            continue
        for speech in able:  # sounds and rooms are in memory after this
            noise.apply(speech, noise.draw(speech, sounds, np.random.default_rng(1)), sounds)
        took_s = seconds(
            lambda noise=noise, able=able: [
                noise.apply(one, noise.draw(one, sounds, np.random.default_rng(1)), sounds) for one in able
            ]
        )
        yield name, sum(one.length_s for one in able) / took_s


def peers(clips: Sequence[Clip], folder: Path) -> Iterator[tuple[str, str, float]]:
    """The same operations by audiomentations and librosa: of which condition, by what, seconds of sound a second."""
    import audiomentations as am

    files = sorted((folder / "sounds" / "wav").glob("*.wav"))
    background = folder / "background"
    background.mkdir(exist_ok=True)
    for path in files:
        (background / path.name).write_bytes(path.read_bytes())
    speeches = [load_speech(clip, RATE_HZ).samples for clip in clips]
    transforms = {
        "nat-co-10db": am.AddBackgroundNoise(str(background), min_snr_db=10, max_snr_db=10, p=1.0),
        "reverb": am.RoomSimulator(p=1.0),
        "speed-utterance-1.25x": am.TimeStretch(min_rate=1.25, max_rate=1.25, leave_length_unchanged=False, p=1.0),
        "pitch-1.25x": am.PitchShift(min_semitones=3.86, max_semitones=3.86, p=1.0),
        "fade-in": am.GainTransition(min_gain_db=0, max_gain_db=1, p=1.0),
    }
    length_s = sum(map(len, speeches)) / RATE_HZ
    for name, transform in transforms.items():
        transform(speeches[0], sample_rate=RATE_HZ)
        took_s = seconds(lambda transform=transform: [transform(samples, sample_rate=RATE_HZ) for samples in speeches])
        yield name, "audiomentations", length_s / took_s
    librosa.effects.time_stretch(speeches[0], rate=1.25)
    tempo_s = seconds(lambda: [librosa.effects.time_stretch(samples, rate=1.25) for samples in speeches])
    yield "speed-utterance-1.25x", "librosa", length_s / tempo_s
    pitch_s = seconds(lambda: [librosa.effects.pitch_shift(s, sr=RATE_HZ, n_steps=3.86) for s in speeches])
    yield "pitch-1.25x", "librosa", length_s / pitch_s


def peak_mib(count: int, clips: Sequence[Clip], root: Path) -> float:
    """The largest resident memory of a process that makes one pair of each of `count` clips, in MiB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return float(pool.apply(_peak_mib, (count, list(clips), root)))


def _peak_mib(count: int, clips: list[Clip], root: Path) -> float:
    sounds = JoinedSounds([DemoSounds(root / "sounds"), CorpusSounds(clips)])
    many = [replace(clips[n % len(clips)], clip_id=f"m{n:05d}") for n in range(count)]
    design = PairDesign(
        draws=(all_of(["nat-co-10db"]),), identical_controls=0, positive_controls=0, checks=0, practice=0
    )
    plan = plan_pairs(many, design, 1, sounds=sounds)
    with tempfile.TemporaryDirectory() as folder:
        for _ in make_pairs(plan, sounds, design, Path(folder), 1):
            pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(root: Path, count: int, processes: int) -> None:
    """Print every figure."""
    clips = long_clips(root, count)
    make_demo_sounds(root / "sounds", seed=1)
    sounds = JoinedSounds([DemoSounds(root / "sounds"), CorpusSounds(clips)])
    length_s = sum(clip.length_s for clip in clips)
    print(f"{count} clips, {length_s:.0f} s of speech, mean {length_s / count:.2f} s; {processes} processes\n")

    pairs, took_s = paper_study(clips, sounds, root / "pairs", processes)
    encoding_s = floor_s(root / "pairs")
    heard_s = length_s * pairs / count
    print("the paper's study")
    print(f"  {pairs} pairs in {took_s:.1f} s: {pairs / took_s:.1f} pairs/s, {count / took_s:.1f} clips/s,")
    print(f"  {heard_s / took_s / processes:.0f} x real time a core; decoding and encoding alone: {encoding_s:.1f} s")
    print(f"  of one core, {encoding_s / (took_s * processes):.0%} of the time spent\n")

    some = clips[: min(60, count)]
    ours = dict(by_condition(some, sounds))
    print(f"{'condition':<26}{'x real time':>12}{'peer':>18}{'x real time':>12}{'ratio':>8}")
    others: dict[str, list[tuple[str, float]]] = {}
    for name, peer, speed in peers(some, root):
        others.setdefault(name, []).append((peer, speed))
    for name, speed in ours.items():
        for peer, other in others.get(name, [("", 0.0)]):
            beside = f"{peer:>18}{other:>12,.0f}{speed / other:>8.2f}" if peer else ""
            print(f"{name:<26}{speed:>12,.0f}{beside}")

    print("\npeak memory of one process, one pair a clip")
    for many in (100, 10_000):
        print(f"  {many:>6} clips: {peak_mib(many, clips[:100], root):.0f} MiB")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--clips", type=int, default=900)
    options.add_argument("--processes", type=int, default=2)
    chosen = options.parse_args()
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as temporary:
        report(Path(temporary), chosen.clips, chosen.processes)
