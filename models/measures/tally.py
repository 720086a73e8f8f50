"""Tally: right answers and clips by seed, fold, speaker and class, which is all that recall needs.

UAR is a mean of ratios of sums, so a resample of speakers is a product of weights and tallies, without any clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from models.measures.answers import Answers

#: UAR over all test clips of a seed, or the mean over its folds, as most papers print it.
Pooling: TypeAlias = Literal["clips", "folds"]
Numbers: TypeAlias = NDArray[np.float64]


class OtherTruth(ValueError):
    """Two tables of predictions do not agree what a clip is."""

    def __init__(self, label: str, clip_id: str, first: int, second: int) -> None:
        super().__init__(
            f"{clip_id!r} has the {label} class {first} in one table of predictions and {second} in the other; "
            "expected predictions of the same clips with the same labels: ask both nets again"
        )


class NothingInCommon(ValueError):
    """Two tables of predictions share no clip."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            f"the predictions of {first} and of {second} have no clip of the same seed in common, so nothing can be "
            "compared; expected nets with the same seeds and folds, asked about the same clips"
        )


@dataclass(frozen=True)
class Tally:
    """Counts of shape (seeds, folds, speakers, classes)."""

    right: Numbers  # clips that were called what they are
    clips: Numbers
    speakers: tuple[str, ...]

    def pooled(self, how: Pooling) -> Tally:
        """The same with all folds of a seed as one where clips are pooled."""
        if how == "folds":
            return self
        return Tally(self.right.sum(axis=1, keepdims=True), self.clips.sum(axis=1, keepdims=True), self.speakers)

    def by(self, units: NDArray[np.int64]) -> Tally:
        """The same with the speakers of a unit as one; `units` numbers each speaker's from 0."""
        belongs = np.eye(int(units.max(initial=-1)) + 1)[units]  # (speakers, units)
        right, clips = (np.einsum("sfgc,gu->sfuc", part, belongs) for part in (self.right, self.clips))
        return Tally(right, clips, tuple(map(str, range(belongs.shape[1]))))

    @property
    def units(self) -> NDArray[np.int64]:
        """The number of the unit of each speaker: those who are tested by one net are a unit, for they share its luck.

        Where one net tests everybody there is nothing to tell its luck from, and each speaker is a unit.
        """
        met = self.clips.any(axis=3).reshape(-1, len(self.speakers)).astype(float)
        count, unit = connected_components(met.T @ met, directed=False)
        return np.asarray(unit if count > 1 else np.arange(len(self.speakers)), dtype=np.int64)

    def uar(self, weights: Numbers | None = None) -> Numbers:
        """UAR, the mean of the recalls of the classes that occur, as the mean over folds that have clips.

        Args:
            weights: how often each speaker counts; shape (draws, speakers). None counts each once. A fold counts as
                often as its clips do, so that one whose speakers are all drawn twice counts twice.

        Returns:
            Shape (draws, seeds), or (seeds,) without weights; nan where there is no clip.
        """
        if weights is None:
            return uar_of(self.right.sum(axis=2), self.clips.sum(axis=2))
        right, clips = (np.tensordot(weights, part, axes=(1, 2)) for part in (self.right, self.clips))
        once = self.clips.sum(axis=(2, 3))  # (seeds, folds)
        return uar_of(right, clips, clips.sum(axis=-1) / np.maximum(once, 1))


def uar_of(right: Numbers, clips: Numbers, counts: Numbers | None = None) -> Numbers:
    """UAR of counts of shape (..., folds, classes), as the mean over folds that have clips; shape (...).

    Args:
        right: clips that were called what they are.
        clips: all of them.
        counts: how often each fold counts; shape (..., folds). None counts each that has clips once.
    """
    recalls = np.divide(right, clips, out=np.zeros_like(right), where=clips > 0)
    by_fold = np.nan_to_num(_mean(recalls, (clips > 0).astype(float)))
    return _mean(by_fold, (clips.sum(axis=-1) > 0).astype(float) if counts is None else counts)


def _mean(values: Numbers, counts: Numbers) -> Numbers:
    """The weighted mean over the last axis; nan where nothing counts."""
    total = counts.sum(axis=-1)
    mean: Numbers = np.divide((values * counts).sum(axis=-1), total, out=np.full(total.shape, np.nan), where=total > 0)
    return mean


def tally(told: Answers) -> Tally:
    """Count answers; speakers stand in alphabetical order."""
    return _counted(told, np.arange(len(told.seed)), told.said)


def _counted(told: Answers, places: NDArray[np.int64], said: NDArray[np.int64]) -> Tally:
    """Count some of the answers, with what was said at each of these places."""
    seeds, seed = np.unique(told.seed[places], return_inverse=True)
    folds, fold = np.unique(told.fold[places], return_inverse=True)
    known, speaker = np.unique(told.speaker[places], return_inverse=True)
    truth = told.truth[places]
    shape = (len(seeds), len(folds), len(known), told.classes)
    cell = np.ravel_multi_index((seed, fold, speaker, truth), shape)
    size = int(np.prod(shape))
    clips = np.bincount(cell, minlength=size).reshape(shape)
    right = np.bincount(cell[said == truth], minlength=size).reshape(shape)
    return Tally(right.astype(float), clips.astype(float), tuple(map(str, told.speakers[known])))


@dataclass(frozen=True)
class Paired:
    """Two tallies of the same clips: the same seeds, folds, speakers and truths."""

    first: Tally
    second: Tally
    clips: int  # different ones
    left_out: int  # clips that only one of both has

    def difference(self, how: Pooling, weights: Numbers | None = None) -> Numbers:
        """UAR of the first less that of the second; shape as `Tally.uar`."""
        return self.first.pooled(how).uar(weights) - self.second.pooled(how).uar(weights)


def paired(first: Answers, second: Answers) -> Paired:
    """Match answers to one label by seed and clip; what only one of both has is left out.

    The fold is the first's: nets that are compared were trained on the same folds.

    Raises:
        NothingInCommon: no clip is in both.
        OtherTruth: a clip has another label in the other.
    """
    here = _places(first, second)
    if not len(here[0]):
        raise NothingInCommon(first.name, second.name)
    truths = first.truth[here[0]], second.truth[here[1]]
    if (truths[0] != truths[1]).any():
        at = int(np.argmax(truths[0] != truths[1]))
        clip_id = str(first.clip_ids[first.clip[here[0][at]]])
        raise OtherTruth(first.label, clip_id, int(truths[0][at]), int(truths[1][at]))
    common = len(np.unique(first.clip[here[0]]))
    alone = len(np.unique(first.clip)) + len(np.unique(second.clip)) - 2 * common
    one = _counted(first, here[0], first.said[here[0]])
    return Paired(one, _counted(first, here[0], second.said[here[1]]), common, alone)


def _places(first: Answers, second: Answers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the answers of the same seeds to the same clips stand in both."""
    clip = second.clip
    if second.clip_ids is not first.clip_ids:
        clip = pd.Index(first.clip_ids).get_indexer(pd.Index(second.clip_ids))[second.clip]
    seeds = np.unique(np.concatenate([first.seed, second.seed]))
    keys = np.searchsorted(seeds, first.seed) * len(first.clip_ids) + first.clip
    others = np.searchsorted(seeds, second.seed) * len(first.clip_ids) + clip
    others = np.where(clip < 0, -1 - np.arange(len(clip)), others)  # clips that the first never heard match nothing
    _, here, there = np.intersect1d(keys, others, assume_unique=True, return_indices=True)
    return here, there


def stacked(pairs: Sequence[Paired]) -> Paired:
    """Several comparisons as one, whose difference is the mean of theirs: each is a seed of its own.

    Raises:
        ValueError: there are none.
    """
    if not pairs:
        raise ValueError("there is nothing to take the mean of; expected at least one comparison")
    speakers = tuple(sorted({name for pair in pairs for name in pair.first.speakers}))
    folds = max(pair.first.clips.shape[1] for pair in pairs)
    parts = [[_widened(part, folds, speakers) for part in (pair.first, pair.second)] for pair in pairs]
    first, second = (
        Tally(
            np.concatenate([part[n].right for part in parts]),
            np.concatenate([part[n].clips for part in parts]),
            speakers,
        )
        for n in (0, 1)
    )
    return Paired(first, second, max(pair.clips for pair in pairs), max(pair.left_out for pair in pairs))


def _widened(part: Tally, folds: int, speakers: Sequence[str]) -> Tally:
    """With room for so many folds and for these speakers."""
    place = [speakers.index(name) for name in part.speakers]
    shape = (part.clips.shape[0], folds, len(speakers), part.clips.shape[3])
    right, clips = np.zeros(shape), np.zeros(shape)
    have = part.clips.shape[1]
    right[:, :have, place], clips[:, :have, place] = part.right, part.clips
    return Tally(right, clips, tuple(speakers))
