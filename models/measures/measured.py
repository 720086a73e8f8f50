"""Measured: what the predictions of nets come to, a row for each label and condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from models.measures.answers import Answers, answers_of
from models.measures.calibration import Bin, brier, expected_calibration_error, reliability
from models.measures.predictions import CLEAN
from models.measures.recall import mean_and_spread
from models.measures.resampling import (
    USUAL,
    Resampling,
    difference_interval,
    fold_p,
    holm,
    swap_p,
    uar_interval,
)
from models.measures.tally import Numbers, Paired, Pooling, Tally, paired, stacked, tally


class Kind(Protocol):
    """What is known of a condition: every noise of the study fits."""

    @property
    def family(self) -> str: ...  # noqa: D102
    @property
    def nominal_snr_db(self) -> float | None: ...  # noqa: D102


@dataclass(frozen=True)
class Difference:
    """UAR of one set of predictions less that of another, on the same clips; above 0, the first is better."""

    value: float  # mean over seeds
    sd: float | None  # over seeds; None for a single one
    lower: float | None  # limits by resampling units; None with fewer than two speakers
    upper: float | None
    p: float  # the larger of the next two: of its being on the line
    p_adjusted: float  # Holm, over all that were compared together
    p_speakers: float  # by swapping speaker by speaker
    p_nets: float | None  # by t over nets that test several speakers each; None where there are none
    p_t: float | None  # paired t-test over folds, as papers print it
    clips: int
    left_out: int  # clips that only one of both has
    line: float = 0.0  # what p is about


@dataclass(frozen=True)
class Measured:
    """One label under one condition; figures are means over seeds."""

    label: str
    arm: str
    condition: str
    family: str
    snr_db: float | None
    clips: int
    refused: int  # clips that were heard clean and could not carry the noise
    speakers: int
    seeds: int
    folds: int
    uar: float
    uar_sd: float | None  # over seeds; None for a single one
    uar_lower: float | None  # None with fewer than two speakers
    uar_upper: float | None
    wa: float  # weighted accuracy: the share of clips that are called what they are
    recalls: tuple[float | None, ...]  # by class; None for a class that does not occur
    confusion: tuple[tuple[float, ...], ...]  # clips by true (row) and said class (column), mean over seeds
    change: Difference | None  # against clean on the same clips; None for clean, and where clean was not heard
    ece: float  # 15 bins of equal width
    ece_adaptive: float  # 15 bins of as many clips
    brier: float
    reliability: tuple[Bin, ...]  # all seeds together
    chance: float  # UAR of guessing among the classes that occur


def measured(
    table: pd.DataFrame,
    conditions: Mapping[str, Kind],
    *,
    arm: str = "",
    pooling: Pooling = "clips",
    resampling: Resampling = USUAL,
) -> tuple[Measured, ...]:
    """Measure checked predictions of one arm; labels and conditions in the order of the table, clean first.

    Args:
        table: as `models.measures.predictions.checked` gives it.
        conditions: what is known of them, by name; one that is not there is a family of its own.
        arm: what the nets are called.
        pooling: UAR over all test clips of a seed, or as the mean over folds.
        resampling: how speakers are drawn for intervals.
    """
    found: list[Measured] = []
    for label in table["label"].unique():
        by_condition = answers_of(table, str(label))
        clean = by_condition.get(CLEAN)
        rows = [
            _measure(told, clean, conditions.get(name), arm, pooling, resampling) for name, told in by_condition.items()
        ]
        found += adjusted_together(rows)
    return tuple(found)


def _measure(
    told: Answers,
    clean: Answers | None,
    kind: Kind | None,
    arm: str,
    pooling: Pooling,
    resampling: Resampling,
) -> Measured:
    counts, condition = tally(told), told.condition
    estimate = uar_interval(counts, pooling, resampling)
    uar, uar_sd = over_seeds(counts.pooled(pooling).uar())
    truth, said, p, seeds = told.truth, told.said, told.probabilities, told.by_seed
    change, refused = None, 0
    if clean is not None and condition != CLEAN:
        pair = paired(told, clean)
        change, refused = difference(pair, pooling, resampling), pair.left_out
    return Measured(
        told.label,
        arm,
        condition,
        kind.family if kind else condition,
        kind.nominal_snr_db if kind else None,
        clips=len(np.unique(told.clip)),
        refused=refused,
        speakers=len(counts.speakers),
        seeds=len(seeds),
        folds=len(np.unique(told.fold)),
        uar=uar,
        uar_sd=uar_sd,
        uar_lower=estimate.lower if estimate else None,
        uar_upper=estimate.upper if estimate else None,
        wa=_mean(seeds, lambda rows: float((truth[rows] == said[rows]).mean())),
        recalls=_recalls(counts, pooling),
        confusion=_confusion(truth, said, told.classes, len(seeds)),
        change=change,
        ece=_mean(seeds, lambda rows: expected_calibration_error(p[rows], truth[rows])),
        ece_adaptive=_mean(seeds, lambda rows: expected_calibration_error(p[rows], truth[rows], adaptive=True)),
        brier=_mean(seeds, lambda rows: brier(p[rows], truth[rows])),
        reliability=reliability(p, truth),
        chance=_chance(counts.pooled(pooling)),
    )


def difference(
    pair: Paired, pooling: Pooling = "clips", resampling: Resampling = USUAL, line: float = 0.0
) -> Difference:
    """The difference in UAR of a pair, with its interval and tests; p is not yet adjusted (see `adjusted`).

    Args:
        pair: of tallies.
        pooling: over all clips of a seed, or as the mean over folds.
        resampling: how units are drawn.
        line: p is of the difference being this.
    """
    value, sd = over_seeds(pair.difference(pooling))
    estimate = difference_interval(pair, pooling, resampling)
    speakers, nets = swap_p(pair, pooling, resampling.seed, line), None
    if estimate is not None and estimate.units < len(pair.first.speakers):
        nets = estimate.p(line)
    p = max(speakers, nets or 0)
    lower, upper = (estimate.lower, estimate.upper) if estimate else (None, None)
    return Difference(value, sd, lower, upper, p, p, speakers, nets, fold_p(pair), pair.clips, pair.left_out, line)


def mean_difference(
    pairs: Sequence[Paired], pooling: Pooling = "clips", resampling: Resampling = USUAL, line: float = 0.0
) -> Difference:
    """The mean of several differences, as of one gain over all noises; its sd is over seeds if all have the same.

    Raises:
        ValueError: there are none.
    """
    found = difference(stacked(pairs), pooling, resampling, line)
    by_pair = [pair.difference(pooling) for pair in pairs]
    if len({len(one) for one in by_pair}) > 1:
        return replace(found, sd=None)
    return replace(found, sd=over_seeds(np.mean(by_pair, axis=0))[1])


def adjusted(found: Sequence[Difference]) -> list[Difference]:
    """The same with p adjusted for all of them (Holm)."""
    return [
        replace(one, p_adjusted=one.p if p is None else p)
        for one, p in zip(found, holm([one.p for one in found]), strict=True)
    ]


def adjusted_together(rows: Sequence[Measured]) -> list[Measured]:
    """The same rows with the p of their changes adjusted over all of a label, whichever arms they come from."""
    found = list(rows)
    for label in dict.fromkeys(row.label for row in rows):
        places = [n for n, row in enumerate(rows) if row.label == label]
        ps = holm([row.change.p if (row := rows[n]).change else None for n in places])
        for n, p in zip(places, ps, strict=True):
            found[n] = _adjusted(rows[n], p)
    return found


def over_seeds(values: Numbers) -> tuple[float, float | None]:
    """Mean and standard deviation over seeds; a single seed has no deviation."""
    mean, spread = mean_and_spread(list(values))
    return mean, spread if len(values) > 1 else None


def _adjusted(row: Measured, p: float | None) -> Measured:
    return row if row.change is None or p is None else replace(row, change=replace(row.change, p_adjusted=p))


def _chance(told: Tally) -> float:
    """UAR of guessing: 1 / the number of classes that occur, as the mean over folds."""
    occur = (told.clips.sum(axis=2) > 0).sum(axis=-1)
    return float((1 / occur[occur > 0]).mean())


def _mean(seeds: Sequence[np.ndarray[tuple[int], np.dtype[np.int64]]], of: Callable[..., float]) -> float:
    return float(np.mean([of(rows) for rows in seeds]))


def _recalls(counts: Tally, pooling: Pooling) -> tuple[float | None, ...]:
    """Recall of each class, as the mean over folds (if so) and seeds in which it occurs."""
    told = counts.pooled(pooling)
    right, clips = told.right.sum(axis=2), told.clips.sum(axis=2)  # (seeds, folds, classes)
    found: list[float | None] = []
    for c in range(clips.shape[2]):
        there = clips[..., c] > 0
        found.append(float((right[..., c][there] / clips[..., c][there]).mean()) if there.any() else None)
    return tuple(found)


def _confusion(
    truth: np.ndarray[tuple[int], np.dtype[np.int64]],
    said: np.ndarray[tuple[int], np.dtype[np.int64]],
    classes: int,
    seeds: int,
) -> tuple[tuple[float, ...], ...]:
    counts = np.bincount(truth * classes + said, minlength=classes * classes).reshape(classes, classes)
    return tuple(tuple(float(value / seeds) for value in row) for row in counts)
