"""Agreement between workers: unanimous share, mean pairwise agreement, Krippendorff's alpha, with intervals."""

from __future__ import annotations

import math
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
Figures: TypeAlias = npt.NDArray[np.float64]
Limits: TypeAlias = tuple[float, float]

#: The answers about which people agree or not, each with its scale of measurement.
QUESTIONS: dict[str, Scale] = {
    "activation": "nominal",
    "valence": "nominal",
    "either": "nominal",
    "activation_rating": "ordinal",
    "valence_rating": "ordinal",
}
DRAWS = 1000
CONFIDENCE = 0.95  # of the intervals, two-sided
SEED = 20210506  # the same judgments have the same intervals

#: Has to stand wherever alpha does.
ALPHA_NOTE = (
    'Alpha is low where "different" is rare: chance alone then agrees nearly always, and a few scattered answers pull '
    "alpha towards 0 however often people agree. Read it beside the pairwise agreement."
)


@dataclass(frozen=True)
class Agreement:
    """How far workers agree on one question, over the pairs that at least two of them answered.

    A figure that is not defined is None, and `undefined` says why. `pairs` and `votes` count the pairs with two or
    more answers and those answers; `single` the pairs with one answer, about which nobody can agree. Limits are of
    95 % intervals, by drawing pairs again.
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
    unanimous_lower: float | None = None
    unanimous_upper: float | None = None
    pairwise_lower: float | None = None
    pairwise_upper: float | None = None
    alpha_lower: float | None = None
    alpha_upper: float | None = None


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
    pairwise = math.fsum((counts * (counts - 1)).sum(axis=1) / couples) / len(counts)  # exact, in any order
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        why = "everybody gave the same answer, so chance agreement is perfect too"
        return unanimous, pairwise, None, why
    alpha = krippendorff.alpha(value_counts=counts, level_of_measurement=scale)
    return unanimous, pairwise, float(alpha), None


def agreement_draws(counts: Counts, scale: Scale, draws: int = DRAWS, seed: int = SEED) -> Figures:
    """The figures of `agreement_of_counts` for samples of as many pairs, drawn with replacement.

    Pairs with the same counts are alike, and a sample is how often each of these patterns was drawn (multinomial). The
    coincidences of a sample are a sum over patterns, so all draws are a few products of small matrices.

    Args:
        counts: shape (tasks, answers), as there.
        scale: as there.
        draws: how many samples.
        seed: the same seed draws the same samples.

    Returns:
        Shape (draws, 3): unanimous share, pairwise agreement, alpha; NaN where one is undefined.
    """
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return np.full((draws, 3), np.nan)
    patterns, often = _patterns(counts)
    drawn = np.random.default_rng(seed).multinomial(len(counts), often / len(counts), size=draws)
    return figures_of_patterns(patterns, drawn, scale)


def figures_of_patterns(patterns: Counts, drawn: Counts, scale: Scale) -> Figures:
    """Unanimous share, pairwise agreement and alpha of samples of pairs.

    Args:
        patterns: shape (patterns, answers): counts of pairs that have two answers or more.
        drawn: shape (samples, patterns): how many pairs of each pattern a sample has.
        scale: nominal or ordinal.

    Returns:
        Shape (samples, 3); alpha is NaN where a sample has but one answer.
    """
    totals = patterns.sum(axis=1)
    pairs = drawn.sum(axis=1)
    unanimous = drawn @ (patterns.max(axis=1) == totals) / pairs
    pairwise = drawn @ ((patterns * (patterns - 1)).sum(axis=1) / (totals * (totals - 1))) / pairs
    answers = patterns.shape[1]
    own = np.eye(answers)[np.newaxis] * patterns[:, :, np.newaxis]
    coincidences = (patterns[:, :, np.newaxis] * patterns[:, np.newaxis, :] - own) / (totals - 1)[:, None, None]
    observed = (drawn @ coincidences.reshape(len(patterns), -1)).reshape(-1, answers, answers)
    given = (drawn @ patterns).astype(np.float64)  # (samples, answers)
    apart = _distances(given, scale)
    expected = (given[:, :, np.newaxis] * given[:, np.newaxis, :] * apart).sum(axis=(1, 2))
    found = (observed * apart).sum(axis=(1, 2)) * (given.sum(axis=1) - 1)
    alpha = 1 - np.divide(found, expected, out=np.full(len(drawn), np.nan), where=expected > 0)
    return np.stack([unanimous, pairwise, alpha], axis=1)


def _distances(given: Figures, scale: Scale) -> Figures:
    """How far any two answers are apart, shape (samples, answers, answers); ordinal: by how many answers lie between.

    Krippendorff (2011): the squared sum of all answers from one to the other, with half of those at both ends.
    """
    answers = given.shape[1]
    if scale == "nominal":
        return np.broadcast_to(1 - np.eye(answers), (len(given), answers, answers))
    middle = np.cumsum(given, axis=1) - given / 2
    return np.asarray((middle[:, :, np.newaxis] - middle[:, np.newaxis, :]) ** 2)


def _patterns(counts: Counts) -> tuple[Counts, Counts]:
    """Each row of counts that occurs, and how often."""
    base = int(counts.max(initial=0)) + 1
    if base ** counts.shape[1] < 2**62:  # a row as one number: sorting rows takes twenty times as long
        _, first, often = np.unique(counts @ base ** np.arange(counts.shape[1]), return_index=True, return_counts=True)
        return counts[first], often
    rows, often = np.unique(counts, axis=0, return_counts=True)
    return rows, often


def agreements(
    judgments: pd.DataFrame, *, by_condition: bool = False, role: Role = "study", draws: int = DRAWS
) -> tuple[Agreement, ...]:
    """Agreement on every question, over all judgments of a role that count, and for each condition where asked.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        by_condition: add a row for each condition after those over all.
        role: which judgments.
        draws: samples for the intervals; 0 for none.
    """
    rows = counted(judgments, role)
    names: list[str | None] = [None]
    if by_condition:
        names += sorted(map(str, rows["condition"].unique()))
    found = {question: _by_pair(rows, question) for question in QUESTIONS}
    every = np.zeros((0, 2), np.int64)
    return tuple(
        _agreement(question, name, _of(name, *found[question]) if len(rows) else every, draws)
        for name in names
        for question in QUESTIONS
    )


def _by_pair(rows: pd.DataFrame, question: str) -> tuple[dict[str, npt.NDArray[np.intp]], Counts]:
    """Which rows of the counts are a condition's, and the counts of all pairs, shape (pairs, answers)."""
    rows, said, answers = _said(rows, question)
    tasks, names = pd.factorize(rows["pair_id"])
    codes, conditions = pd.factorize(rows["condition"])
    of_task = np.zeros(len(names), np.intp)
    of_task[tasks] = codes
    order = np.argsort(of_task, kind="stable")
    parts = np.split(order, np.searchsorted(of_task[order], np.arange(1, len(conditions))))
    return dict(zip(map(str, conditions), parts, strict=False)), _counts(tasks, len(names), said, answers)


def _of(condition: str | None, places: dict[str, npt.NDArray[np.intp]], counts: Counts) -> Counts:
    return counts if condition is None else counts[places.get(condition, np.zeros(0, np.intp))]


def _said(rows: pd.DataFrame, question: str) -> tuple[pd.DataFrame, pd.Series[str], Sequence[str | int]]:
    """The rows with an answer to a question, what they answer, and all answers in their order."""
    if question in DIMENSIONS:
        return rows, labels_of(rows, question), ("same", "different")
    rows = rows[rows[question].notna()]
    return rows, np.rint(rows[question]), RATINGS  # of a slider, the nearest of five steps


def _agreement(question: str, condition: str | None, counts: Counts, draws: int) -> Agreement:
    totals = counts.sum(axis=1)
    several = totals > 1
    figures = agreement_of_counts(counts, QUESTIONS[question])
    drawn = agreement_draws(counts, QUESTIONS[question], draws) if draws else np.full((1, 3), np.nan)
    limits = [
        limit
        for figure, sample in zip(figures[:3], drawn.T, strict=True)
        for limit in (_limits(sample) if figure is not None else (None, None))
    ]
    unanimous, pairwise, alpha, undefined = figures
    counted_in = int(several.sum()), int(totals[several].sum()), int((totals == 1).sum())
    return Agreement(question, condition, *counted_in, unanimous, pairwise, alpha, undefined, *limits)


def _limits(sample: Figures) -> Limits | tuple[None, None]:
    """The interval of a bootstrap sample; none where half of the draws have no figure."""
    defined = sample[~np.isnan(sample)]
    if 2 * len(defined) <= len(sample):
        return None, None
    lower, upper = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(lower), float(upper)


def _counts(tasks: npt.NDArray[np.intp], count: int, said: pd.Series[str], answers: Sequence[str | int]) -> Counts:
    """Shape (tasks, answers)."""
    answer = pd.Index(answers).get_indexer(pd.Index(said))
    places = np.bincount(tasks * len(answers) + answer, minlength=count * len(answers))
    return places.reshape(count, len(answers)).astype(np.int64)


@dataclass(frozen=True)
class WorkerAgreement:
    """How far one worker agrees with the others who judged the same pairs.

    `alpha` is 1 - observed / expected disagreement, where observed are the couples of this worker with another, and
    expected is that of the whole crowd: 1 agrees always, 0 as chance would, below 0 worse than chance. Limits are of
    95 % intervals by drawing the worker's pairs again, with the crowd held as it is.
    """

    worker: str
    question: str
    pairs: int  # that somebody else judged, too
    different: int  # of them, how often the worker said different
    unanimous: float | None  # share of those pairs about which everybody agrees with the worker
    pairwise: float | None  # mean over those pairs of the share of the others who agree
    alpha: float | None
    pairwise_lower: float | None
    pairwise_upper: float | None
    alpha_lower: float | None
    alpha_upper: float | None


def worker_agreements(
    judgments: pd.DataFrame, *, question: str = "either", role: Role = "study", draws: int = DRAWS
) -> tuple[WorkerAgreement, ...]:
    """Every worker's agreement with the others on one of the questions same or different, by worker.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        question: activation, valence or either.
        role: which judgments.
        draws: samples for the intervals.
    """
    rows, said, answers = _said(counted(judgments, role), question)
    tasks, names = pd.factorize(rows["pair_id"])
    counts = _counts(tasks, len(names), said, answers)
    others = counts.sum(axis=1)[tasks] - 1
    different = (said == "different").to_numpy(dtype=np.bool_)
    agree = counts[tasks, different.astype(np.intp)] - 1
    shared = others > 0
    expected = _expected_disagreement(counts[counts.sum(axis=1) > 1])
    table = pd.DataFrame(
        {"worker": rows["worker"].astype(str), "agree": agree / np.maximum(others, 1), "different": different}
    )[shared]
    groups = dict(iter(table.groupby("worker", sort=True)))
    rng = np.random.default_rng(SEED)
    return tuple(
        _worker(str(worker), question, groups.get(worker), expected, rng, draws)
        for worker in sorted(set(rows["worker"]))
    )


def _worker(
    worker: str,
    question: str,
    own: pd.DataFrame | None,
    expected: float,
    rng: np.random.Generator,
    draws: int,
) -> WorkerAgreement:
    if own is None:
        return WorkerAgreement(worker, question, 0, 0, *[None] * 7)
    shares, often = np.unique(own["agree"], return_counts=True)
    pairwise = float(shares @ often / len(own))
    drawn = rng.multinomial(len(own), often / len(own), size=draws) @ shares / len(own)
    lower, upper = map(float, np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
    unanimous = float((own["agree"] == 1).mean())
    alphas = [1 - (1 - share) / expected if expected else None for share in (pairwise, lower, upper)]
    return WorkerAgreement(
        worker,
        question,
        len(own),
        int(own["different"].sum()),
        unanimous,
        pairwise,
        alphas[0],
        lower,
        upper,
        *alphas[1:],
    )


def _expected_disagreement(counts: Counts) -> float:
    """How likely two answers differ that are drawn from all answers without return; 0 where there are none."""
    given = counts.sum(axis=0)
    total = int(given.sum())
    return 1 - float((given * (given - 1)).sum()) / (total * (total - 1)) if total > 1 else 0.0
