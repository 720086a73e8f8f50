"""How often limits hold the truth, and equally good nets are said to differ, with few speakers and lucky nets.

    python -m tests.benchmarks.intervals --studies 400

Two sets of nets that are equally good answer clips of the same speakers in five folds. Speakers differ in how hard they
are, by class, and a little in which set suits them; each net has luck of its own in each class.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from models.measures.resampling import Resampling, difference_interval, swap_p
from models.measures.tally import Paired, Tally

CLASSES, FOLDS, DRAWS = 3, 5, 500
SUITS = 0.2  # sd over speakers of which set suits them, in logits
LUCK = 0.2  # sd over nets and classes, in logits; UAR of 10 speakers with 100 clips has an sd over seeds of .018 then


@dataclass(frozen=True)
class Study:
    """What is made up."""

    speakers: int
    clips: int  # of a speaker
    luck: float
    seeds: int


def made_up(study: Study, rng: np.random.Generator) -> Paired:
    """Two sets of nets without any difference but by chance."""
    speakers, folds = study.speakers, min(FOLDS, study.speakers)
    mix = rng.dirichlet(np.full(CLASSES, 5.0), speakers)
    clips = np.stack([rng.multinomial(study.clips, one) for one in mix])  # (speakers, classes)
    hard = 0.6 + rng.normal(0, 0.5, (speakers, 1)) + rng.normal(0, 0.5, (speakers, CLASSES))
    fold = np.arange(speakers) % folds
    counts = np.zeros((study.seeds, folds, speakers, CLASSES))
    counts[:, fold, np.arange(speakers)] = clips
    names = tuple(f"{number:03}" for number in range(speakers))
    tallies = []
    for sd in (SUITS, 0.0):
        suits = rng.normal(0, sd, (speakers, CLASSES))
        luck = rng.normal(0, study.luck, (study.seeds, folds, CLASSES))[:, fold]  # (seeds, speakers, classes)
        right = np.zeros_like(counts)
        right[:, fold, np.arange(speakers)] = rng.binomial(clips, expit(hard + suits + luck))
        tallies.append(Tally(right, counts, names))
    return Paired(tallies[0], tallies[1], study.speakers * study.clips, 0)


def shares(study: Study, studies: int) -> tuple[float, float, float, float]:
    """Of so many studies: limits that hold 0 (percentiles over speakers; ours), p < .05 (swaps alone; ours)."""
    rng = np.random.default_rng([study.speakers, study.seeds, round(100 * study.luck)])
    found = []
    for _ in range(studies):
        pair = made_up(study, rng)
        swapped = swap_p(pair, "clips")
        ours = difference_interval(pair, "clips", Resampling(DRAWS))
        old = difference_interval(_each_its_own(pair), "clips", Resampling(DRAWS, kind="percentile"))
        assert ours
        assert old
        p = max(swapped, ours.p()) if ours.units < study.speakers else swapped
        found.append((old.lower <= 0 <= old.upper, ours.lower <= 0 <= ours.upper, swapped < 0.05, p < 0.05))
    before, now, swaps, both = np.mean(found, axis=0)
    return float(before), float(now), float(swaps), float(both)


def _each_its_own(pair: Paired) -> Paired:
    """The same as if each speaker had nets of their own."""
    return replace(pair, first=pair.first.pooled("clips"), second=pair.second.pooled("clips"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400)
    studies = parser.parse_args().studies
    print("| speakers | nets' luck | seeds | percentiles over speakers hold | limits hold | swaps alone | p < .05 |")
    print("|---|---|---|---|---|---|---|")
    for speakers in (4, 10, 24, 91):
        for luck in (0.0, LUCK):
            for seeds in (1, 3):
                said = (f"{share:.3f}"[1:] for share in shares(Study(speakers, 80, luck, seeds), studies))
                print(f"| {speakers} | {'yes' if luck else 'no'} | {seeds} | {' | '.join(said)} |", flush=True)


if __name__ == "__main__":
    main()
