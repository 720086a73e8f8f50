"""Agreement between workers: unanimous share, mean pairwise agreement, Krippendorff's alpha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import krippendorff
import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.votes import DIMENSIONS, counted, labels_of
from hits.judgment import RATINGS
from pipelines.clip import Role

Scale: TypeAlias = Literal["nominal", "ordinal"]
Counts: TypeAlias = npt.NDArray[np.int64]

#: The answers about which people agree or not, each with its scale of measurement.
QUESTIONS: dict[str, Scale] = {
    "activation": "nominal",
    "valence": "nominal",
    "either": "nominal",
    "activation_rating": "ordinal",
    "valence_rating": "ordinal",
}


@dataclass(frozen=True)
class Agreement:
    """How far workers agree on one question, over the pairs that at least two of them answered.

    A figure that is not defined is None, and `undefined` says why. `pairs` and `votes` count the pairs with two or
    more answers and those answers; `single` the pairs with one answer, about which nobody can agree.
    """

    question: str
    condition: str | None  # None: over all conditions
    pairs: int
    votes: int
    single: int
    unanimous: float | None  # share of pairs about which all agree, 0..1
    pairwise: float | None  # mean over pairs of the share of agreeing couples of workers, 0..1
    alpha: float | None  # Krippendorff's; 1 is perfect, 0 is chance
    undefined: str | None


def agreement_of_counts(counts: Counts, scale: Scale) -> tuple[float | None, float | None, float | None, str | None]:
    """Unanimous share, mean pairwise agreement, alpha, and why one of them is undefined.

    Args:
        counts: shape (tasks, answers): how many workers gave each answer; answers in their order on the scale.
        scale: nominal for labels, ordinal for SAM ratings.

    >>> agreement_of_counts(np.array([[3, 0], [2, 1]]), "nominal")
    (0.5, 0.666..., 0.0, None)
    >>> agreement_of_counts(np.array([[3, 0], [2, 0]]), "nominal")
    (1.0, 1.0, None, 'everybody gave the same answer, so chance agreement is perfect too')
    """
    totals = counts.sum(axis=1)
    counts, totals = counts[totals > 1], totals[totals > 1]
    if not len(counts):
        return None, None, None, "no pair was answered by two workers"
    unanimous = float((counts.max(axis=1) == totals).mean())
    couples = totals * (totals - 1)
    pairwise = float(((counts * (counts - 1)).sum(axis=1) / couples).mean())
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        why = "everybody gave the same answer, so chance agreement is perfect too"
        return unanimous, pairwise, None, why
    alpha = krippendorff.alpha(value_counts=counts, level_of_measurement=scale)
    return unanimous, pairwise, float(alpha), None


def agreements(
    judgments: pd.DataFrame, *, by_condition: bool = False, role: Role = "study"
) -> tuple[Agreement, ...]:
    """Agreement on every question, over all judgments of a role that count, and for each condition where asked.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        by_condition: add a row for each condition after those over all.
        role: which judgments.
    """
    rows = counted(judgments, role)
    groups: list[tuple[str | None, pd.DataFrame]] = [(None, rows)]
    if by_condition:
        groups += [(str(name), group) for name, group in rows.groupby("condition", sort=True)]
    return tuple(_agreement(question, condition, group) for condition, group in groups for question in QUESTIONS)


def _agreement(question: str, condition: str | None, rows: pd.DataFrame) -> Agreement:
    answers: Sequence[str | int] = ("same", "different")
    if question in DIMENSIONS:
        said = labels_of(rows, question)
    else:
        rows = rows[rows[question].notna()]
        said, answers = np.rint(rows[question]), RATINGS  # of a slider, the nearest of five steps
    counts = _counts(rows["pair_id"], said, answers)
    totals = counts.sum(axis=1)
    figures = agreement_of_counts(counts, QUESTIONS[question])
    several = totals > 1
    return Agreement(
        question, condition, int(several.sum()), int(totals[several].sum()), int((totals == 1).sum()), *figures
    )


def _counts(tasks: pd.Series[str], said: pd.Series[str], answers: Sequence[str | int]) -> Counts:
    """Shape (tasks, answers)."""
    task, names = pd.factorize(tasks)
    answer = pd.Index(answers).get_indexer(pd.Index(said))
    places = np.bincount(task * len(answers) + answer, minlength=len(names) * len(answers))
    return places.reshape(len(names), len(answers)).astype(np.int64)
