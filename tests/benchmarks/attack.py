"""What an attack costs beside the net that it asks: python tests/benchmarks/attack.py [--clips N] [--rounds N].

A CRNN of default size that hears default filterbanks is trained a little and then attacked on clips of speakers that it
never heard, with 25 questions a clip, in turns by:

* `ours, clips in batches`: the study's search with the study's additive noises; every clip has a budget of its own;
* `Foolbox, clip by clip`: its BoundaryAttack from noise, one clip at a time, as exact counts force it to be, with
  nothing of ours round it but the count;
* `the net alone`: the very batches that ours asked about, from sound to label.

Speech and sounds are EmoDB and ESC-50 where EARWITNESS_TEST_DATA names them, else the demo's. Seconds are told twice:
those that the processor worked, which other work on the machine hardly changes, and those that passed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

warnings.filterwarnings("ignore", message="'audioop' is deprecated|Couldn't find ffmpeg")
from models.attacking.asking import Target, attack_clips, unbudgeted
from models.attacking.design import AttackDesign
from models.attacking.moves import moves_of
from models.attacking.victims import NetsOfRun
from models.attacks.base import BudgetSpent, Scene, top_of
from models.attacks.noise_boundary.noise_boundary import NoiseBoundary
from models.evaluating.trained_run import load_run
from models.experiment import Experiment
from models.foolbox_model import BoundaryAttack, walk_from_noise
from models.training.train import train
from pipelines.audio import Samples
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.corpora.base import Corpus
from pipelines.corpora.demo import DemoCorpus
from pipelines.corpora.emodb import EmoDB
from pipelines.demo.sounds import make_demo_sounds
from pipelines.demo.speech import make_demo_corpus
from pipelines.sound_file import load_speech
from pipelines.sounds.base import SoundBank
from pipelines.sounds.demo import DemoSounds
from pipelines.sounds.esc50 import Esc50

QUERIES = 25
OURS, FOOLBOX, ALONE = "ours, clips in batches", "Foolbox, clip by clip", "the net alone"


def material(folder: Path) -> tuple[Corpus, SoundBank]:
    """Real speech and sounds where they are, else the demo's."""
    named = os.environ.get("EARWITNESS_TEST_DATA")
    if named:
        return EmoDB(Path(named) / "emodb"), Esc50(Path(named) / "ESC-50")
    return (
        DemoCorpus(make_demo_corpus(folder / "speech", 1, speakers=6)),
        DemoSounds(make_demo_sounds(folder / "sounds", 1, 4)),
    )


def scenes_of(folder: Path, most: int, epochs: int) -> tuple[list[Scene], Target]:
    """Clips that may be attacked, and a net that was trained on others."""
    corpus, sounds = material(folder)
    clips = [clip for clip in corpus.read() if isinstance(clip, Clip)]
    experiment = Experiment.model_validate(
        {"labels": ("activation",), "folds": {"folds": 2}, "training": {"epochs_max": epochs}}
    )
    for _ in train(clips, experiment, folder / "run", seed=1, command="benchmark"):
        pass
    victim = NetsOfRun(load_run(folder / "run", clips), 1, None).victim(0)
    target, attacked = victim.target, [clip for clip in victim.clips if clip.clip_id in victim.truth][:most]
    speech = [load_speech(clip, target.sample_rate_hz) for clip in attacked]
    labels = unbudgeted(target, [one.samples for one in speech], [one.clip_id for one in speech])
    moves = tuple(move for move in moves_of(study_conditions(), AttackDesign(), attacked, sounds) if move.additive)
    for move in moves:  # sounds are decoded once, before anything is timed
        for sound in sounds.sounds(move.category):
            sounds.samples(sound.sound_id, target.sample_rate_hz)
    return [
        Scene(one, label, moves, sounds, number) for number, (one, label) in enumerate(zip(speech, labels, strict=True))
    ], target


@dataclass
class Heard:
    """A target that keeps what it was asked."""

    target: Target
    batches: list[tuple[list[Samples], list[str]]] = field(default_factory=list)

    @property
    def sample_rate_hz(self) -> int:
        return self.target.sample_rate_hz

    @property
    def batch(self) -> int:
        return self.target.batch

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> Sequence[int]:
        self.batches.append((list(sounds), list(clip_ids)))
        return self.target.labels(sounds, clip_ids)


def ours(scenes: Sequence[Scene], target: Target) -> tuple[int, int]:
    """Questions asked, and clips whose label was changed."""
    outcomes = [outcome for _, outcome in attack_clips(NoiseBoundary(), scenes, target, QUERIES)]
    return sum(len(one.trace) for one in outcomes), sum(one.samples is not None for one in outcomes)


def foolbox(scenes: Sequence[Scene], target: Target) -> tuple[int, int]:
    """Questions asked, and clips whose label was changed."""
    return tuple(np.sum([_walked(scene, target) for scene in scenes], axis=0).tolist())


def _walked(scene: Scene, target: Target) -> tuple[int, bool]:
    asked, found = 0, False

    def changes(sent: Samples) -> bool:
        nonlocal asked, found
        if asked == QUERIES:
            raise BudgetSpent(QUERIES)
        asked += 1
        changed = target.labels([sent], [scene.speech.clip_id])[0] != scene.label
        found = found or changed
        return changed

    speech = scene.speech
    with contextlib.suppress(BudgetSpent):
        walk_from_noise(BoundaryAttack(), changes, speech.samples, top_of(speech), scene.seed)
    return asked, found


def alone(batches: Sequence[tuple[list[Samples], list[str]]], target: Target) -> tuple[int, int]:
    """Questions asked; nobody looks for a change."""
    return sum(len(target.labels(*batch)) for batch in batches), 0


@dataclass(frozen=True)
class Turn:
    """One turn of one of them."""

    worked_s: float
    passed_s: float
    asked: int
    changed: int


def timed(work: Callable[[], tuple[int, int]]) -> Turn:
    """How long it takes, and what it comes to."""
    worked, passed = time.process_time(), time.perf_counter()
    asked, changed = work()
    return Turn(time.process_time() - worked, time.perf_counter() - passed, asked, changed)


def peak_mib() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    before = torch.get_num_threads()
    torch.set_num_threads(given.threads)
    try:
        with tempfile.TemporaryDirectory() as kept:
            scenes, target = scenes_of(Path(kept), given.clips, given.epochs)
            foolbox(scenes[:2], target)  # warm
            peak = peak_mib()
            ours(scenes, target)
            grown = peak_mib() - peak
            heard = Heard(target)
            ours(scenes, heard)
            turns = {
                OURS: lambda: ours(scenes, target),
                ALONE: lambda: alone(heard.batches, target),
                FOOLBOX: lambda: foolbox(scenes, target),
            }
            found = defaultdict(list)
            for _ in range(given.rounds):
                for name, work in turns.items():
                    found[name].append(timed(work))
    finally:
        torch.set_num_threads(before)
    report(found, len(scenes), [len(ids) for _, ids in heard.batches], peak, grown)


def report(found: dict[str, list[Turn]], clips: int, batches: Sequence[int], peak: float, grown: float) -> None:
    """Print the tables."""
    print(f"{clips} clips, {QUERIES} questions each at most; batches of {np.mean(batches):.0f} sounds on average")
    for clock, seconds in (("worked", lambda turn: turn.worked_s), ("passed", lambda turn: turn.passed_s)):
        print(f"\nper second that {clock}")
        print(f"{'':24s}{'questions/s':>12s}{'least':>9s}{'most':>9s}{'questions':>11s}{'changed':>9s}")
        rate = {name: np.array([turn.asked / seconds(turn) for turn in turns]) for name, turns in found.items()}
        for name, rates in rate.items():
            told = "" if name == ALONE else f"{found[name][0].changed:9d}"
            asked = found[name][0].asked
            print(f"{name:24s}{np.median(rates):12.0f}{rates.min():9.0f}{rates.max():9.0f}{asked:11d}{told}")
        for peer, aim in ((FOOLBOX, "2.5 or more"), (ALONE, "0.90 or more")):
            ratios = rate[OURS] / rate[peer]  # of the same round
            print(f"ours against {peer}: {np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f}), aim {aim}")
    print(f"\npeak memory {peak:.0f} MiB before the attack, {grown:.0f} MiB more with it")


if __name__ == "__main__":
    main()
