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

from models.predictions import said_class

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

    def uar(self, weights: Numbers | None = None) -> Numbers:
        """UAR, the mean of the recalls of the classes that occur, as the mean over folds that have clips.

        Args:
            weights: how often each speaker counts; shape (draws, speakers). None counts each once.

        Returns:
            Shape (draws, seeds), or (seeds,) without weights; nan where there is no clip.
        """
        if weights is None:
            return uar_of(self.right.sum(axis=2), self.clips.sum(axis=2))
        return uar_of(*(np.tensordot(weights, part, axes=(1, 2)) for part in (self.right, self.clips)))


def uar_of(right: Numbers, clips: Numbers) -> Numbers:
    """UAR of counts of shape (..., folds, classes), as the mean over folds that have clips; shape (...)."""
    recalls = np.divide(right, clips, out=np.zeros_like(right), where=clips > 0)
    by_fold = _mean_where(recalls, clips > 0)
    return _mean_where(np.nan_to_num(by_fold), clips.sum(axis=-1) > 0)


def _mean_where(values: Numbers, there: NDArray[np.bool_]) -> Numbers:
    """The mean over the last axis of what is there; nan where nothing is."""
    count = there.sum(axis=-1)
    total = np.where(there, values, 0).sum(axis=-1)
    mean: Numbers = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return mean


def answers(table: pd.DataFrame) -> pd.DataFrame:
    """Checked predictions of one label with a column `said`: the likeliest class."""
    return table.assign(said=said_class(table))


def tally(told: pd.DataFrame, classes: int, *, said: str = "said", speakers: Sequence[str] | None = None) -> Tally:
    """Count answers (see `answers`) of one label and condition.

    Args:
        told: columns seed, fold, speaker, truth and the one that `said` names.
        classes: how many there are.
        said: the column with what was answered.
        speakers: those of the third axis; None takes all in alphabetical order.
    """
    known = told["speaker"].astype("category").cat
    used = known.categories[np.unique(known.codes)]
    names = sorted(map(str, used)) if speakers is None else list(speakers)
    speaker = pd.Index(names).get_indexer(known.categories)[known.codes]
    seeds, seed = np.unique(told["seed"].to_numpy(), return_inverse=True)
    folds, fold = np.unique(told["fold"].to_numpy(), return_inverse=True)
    truth = told["truth"].to_numpy()
    shape = (len(seeds), len(folds), len(names), classes)
    place = np.ravel_multi_index((seed, fold, speaker, truth), shape)
    size = int(np.prod(shape))
    clips = np.bincount(place, minlength=size).reshape(shape)
    right = np.bincount(place[told[said].to_numpy() == truth], minlength=size).reshape(shape)
    return Tally(right.astype(float), clips.astype(float), tuple(names))


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


def paired(first: pd.DataFrame, second: pd.DataFrame, classes: int) -> Paired:
    """Match answers (see `answers`) of one label by seed and clip; what only one of both has is left out.

    The fold is the first's: nets that are compared were trained on the same folds.

    Raises:
        NothingInCommon: no clip is in both.
        OtherTruth: a clip has another label in the other.
    """
    other = second[["seed", "clip_id", "truth", "said"]].rename(columns={"truth": "truth_2", "said": "said_2"})
    both = first[["seed", "fold", "clip_id", "speaker", "truth", "said", "label", "condition"]].merge(
        other, on=["seed", "clip_id"]
    )
    if not len(both):
        raise NothingInCommon(_named(first), _named(second))
    differ = both["truth"].to_numpy() != both["truth_2"].to_numpy()
    if differ.any():
        row = both[differ].iloc[0]
        raise OtherTruth(row["label"], row["clip_id"], row["truth"], row["truth_2"])
    known = set(first["clip_id"].unique()) | set(second["clip_id"].unique())
    clips = both["clip_id"].nunique()
    one = tally(both, classes)
    return Paired(one, tally(both, classes, said="said_2", speakers=one.speakers), clips, len(known) - clips)


def _named(table: pd.DataFrame) -> str:
    return " and ".join(
        sorted({f"{label} under {name}" for label, name in zip(table["label"], table["condition"], strict=True)})
    )


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
