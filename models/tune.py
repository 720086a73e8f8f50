"""Choose the settings of a net by its validation folds, over a published grid."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

import models.nets
from models.checkpoint import Card, load_card
from models.comparison import Bench
from models.experiment import Experiment, Scalar
from models.labelling import LabelName
from models.measures.recall import mean_and_spread
from models.nets.base import Net
from models.seeding import rng_for
from models.training.run import Run, identity
from models.training.train import train_run
from pipelines.variants import load
from pipelines.whole_file import write_whole

FOLDER = "tuning"
TABLE = "tuning.csv"
Settings = Mapping[str, Scalar]


class NoGrid(ValueError):
    """A net has no settings to choose from."""

    def __init__(self, net: str) -> None:
        super().__init__(f"nobody has published a grid for the net {net!r}, and its file names none; take another net")


@dataclass(frozen=True)
class Candidate:
    """One choice of settings for one label, by what validation says of it."""

    label: LabelName
    settings: Settings
    validation_loss: float  # mean over folds: decides
    validation_uar: float
    validation_uar_sd: float  # over folds
    epochs: float  # until the best one, mean over folds


@dataclass(frozen=True)
class Tuned:
    """What came of it."""

    candidates: tuple[Candidate, ...]  # of each label the best first
    #: Mean UAR on test folds by label, where each fold takes the settings that its own validation likes best: what
    #: tuning is worth on speakers that it never saw.
    test_uar: Mapping[LabelName, float]

    def best(self, label: LabelName) -> Candidate:
        """The settings to take."""
        return next(one for one in self.candidates if one.label == label)


@dataclass(frozen=True)
class TuneEvent:
    """What just happened; `done` of `total` counts epochs, and the last event has the result."""

    done: int
    total: int
    sentence: str
    tuned: Tuned | None = None


def grid_of(net: str) -> list[dict[str, Scalar]]:
    """Every combination of the grid of a net.

    Raises:
        UnknownVariant: there is no such net.
        NoGrid: it has none.
    """
    found: Any = load(models.nets, net, Net)
    grid: Mapping[str, Sequence[Scalar]] = found.grid
    if not grid:
        raise NoGrid(net)
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def tune(bench: Bench, trials: int | None = None) -> Iterator[TuneEvent]:
    """Train every candidate (or so many, drawn by the seed) on all folds with the first seed, and rank them.

    What is trained already is taken as it is, so that a killed tuning goes on, and more trials add to fewer.

    Args:
        bench: as for tables.
        trials: how many candidates; None for the whole grid.

    Raises:
        NoGrid, UnknownVariant: there is nothing to choose from.
        as `models.training.train.train`.
    """
    grid = grid_of(bench.base.net)
    order = rng_for(bench.seed, "tune").permutation(len(grid))[:trials]
    chosen = [grid[number] for number in sorted(int(number) for number in order)]
    cards: list[tuple[Settings, Card]] = []
    done = total = 0
    for number, settings in enumerate(chosen, start=1):
        run = _planned(bench, settings)
        total = total or len(chosen) * len(run.jobs) * bench.base.training.epochs_max
        for event in train_run(run, bench.machine):
            yield TuneEvent(done + event.done, total, f"{number} of {len(chosen)}: {event.sentence}")
        done += len(run.jobs) * bench.base.training.epochs_max
        cards += [(settings, load_card(run.folder / job.place)) for job in run.jobs]
    tuned = ranked(cards)
    write_whole(bench.runs / FOLDER / TABLE, table_of(tuned).encode())
    yield TuneEvent(total, total, f"wrote {bench.runs / FOLDER / TABLE}", tuned)


def _planned(bench: Bench, settings: Settings) -> Run:
    run = bench.plan(tuned_experiment(bench.base, settings))
    return replace(run, folder=bench.runs / FOLDER / identity(run)[:12])


def tuned_experiment(base: Experiment, settings: Settings) -> Experiment:
    """An experiment with other settings of its net, and its first seed alone."""
    return base.model_copy(update={"net_settings": {**base.net_settings, **settings}, "seeds": base.seeds[:1]})


def ranked(cards: Sequence[tuple[Settings, Card]]) -> Tuned:
    """Candidates by their mean validation loss, and the test UAR of choosing fold by fold."""
    by_candidate: dict[tuple[LabelName, tuple[tuple[str, Scalar], ...]], list[Card]] = defaultdict(list)
    by_fold: dict[tuple[LabelName, int], list[Card]] = defaultdict(list)
    for settings, card in cards:
        by_candidate[card.label, tuple(settings.items())].append(card)
        by_fold[card.label, card.fold].append(card)
    found = [_candidate(label, dict(settings), several) for (label, settings), several in by_candidate.items()]
    labels = list(dict.fromkeys(candidate.label for candidate in found))
    found.sort(key=lambda one: (labels.index(one.label), one.validation_loss))
    test: dict[LabelName, list[float]] = defaultdict(list)
    for (label, _), several in by_fold.items():
        winner = min(several, key=lambda card: card.measures["validation_loss"])
        test[label].append(winner.measures.get("test_uar", math.nan))
    return Tuned(tuple(found), {label: float(np.nanmean(values)) for label, values in test.items()})


def _candidate(label: LabelName, settings: Settings, cards: Sequence[Card]) -> Candidate:
    uar, spread = mean_and_spread([card.measures["validation_uar"] for card in cards])
    return Candidate(
        label,
        settings,
        float(np.mean([card.measures["validation_loss"] for card in cards])),
        uar,
        spread,
        float(np.mean([card.measures["best_epoch"] for card in cards])),
    )


def table_of(tuned: Tuned) -> str:
    """tuning.csv: a row for each candidate, of each label the best first."""
    table = io.StringIO(newline="")
    names = list(dict.fromkeys(name for one in tuned.candidates for name in one.settings))
    measures = ("validation_loss", "validation_uar", "validation_uar_sd", "epochs")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["label", *names, *measures])
    for one in tuned.candidates:
        figures = [f"{getattr(one, name):.4f}" for name in measures]
        writer.writerow([one.label, *(one.settings.get(name, "") for name in names), *figures])
    return table.getvalue()
