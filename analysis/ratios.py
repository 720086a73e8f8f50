"""The ratio of pairs voted different, per condition and dimension, and what controls leave of it (section 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd
from scipy.optimize import brentq

from analysis.aggregators.base import Aggregator
from analysis.certification.controls import put_together, wilson_limits
from analysis.votes import DIMENSIONS, Dimension, votes_of
from pipelines.clip import Role


@dataclass(frozen=True)
class Ratio:
    """How often the people of a study called the pairs of a condition different.

    `ratio` is different / pairs; it and its interval are None where no judgment counts.
    """

    condition: str
    family: str
    snr_db: float | None
    role: Role
    dimension: Dimension
    pairs: int
    votes: int
    different: int
    ratio: float | None
    lower: float | None  # two-sided Wilson interval
    upper: float | None


@dataclass(frozen=True)
class Changed:
    """The share of pairs whose emotion truly changes, by what controls say of the listeners (Rogan and Gladen).

    With q0 the ratio of identical pairs and q1 that of positive ones, both under the same aggregator, a ratio p comes
    from a share (p - q0) / (q1 - q0), kept within 0..1. Where it can't be had, it is None and `note` says why.
    """

    condition: str
    family: str
    snr_db: float | None
    dimension: Dimension
    pairs: int
    votes: int
    different: int
    ratio: float | None  # as voted, with its Wilson interval
    lower: float | None
    upper: float | None
    identical_pairs: int
    identical_different: int
    positive_pairs: int
    positive_different: int
    changed: float | None
    changed_lower: float | None  # MOVER interval: it bears the controls' own uncertainty
    changed_upper: float | None
    note: str


def wilson(different: int, pairs: int, confidence: float) -> tuple[float, float]:
    """The two-sided Wilson interval of a ratio.

    Args:
        different: pairs voted different, 0..pairs.
        pairs: 1 or more.
        confidence: share of such intervals that hold the truth; .90 makes each end a one-sided limit at .95.

    >>> low, high = wilson(0, 30, confidence=0.90)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.083)
    """
    low, high = wilson_limits(different, pairs, (1 - confidence) / 2)
    return float(low), float(high)


def ratios(
    judgments: pd.DataFrame, aggregator: Aggregator, role: Role = "study", confidence: float = 0.95
) -> tuple[Ratio, ...]:
    """One ratio for every condition and dimension, conditions by family, then from clean to noisy, then by name.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        aggregator: how votes become labels.
        role: `study`, or `identical` for the noise floor, or `positive` for changes that are real.
        confidence: of the two-sided interval.

    Returns:
        Also the conditions of that role of which no judgment counts, with 0 pairs and no ratio.
    """
    asked = judgments.loc[judgments["role"] == role, ["condition", "family", "snr_db"]].drop_duplicates("condition")
    asked = asked.sort_values(["family", "snr_db", "condition"], ascending=[True, False, True], na_position="first")
    condition_by_pair = judgments.drop_duplicates("pair_id").set_index("pair_id")["condition"]
    counts = {name: _counts(judgments, aggregator, role, name, condition_by_pair) for name in DIMENSIONS}
    return tuple(
        _ratio(where, role, dimension, counts[dimension], confidence)
        for where in asked.itertuples(index=False)
        for dimension in DIMENSIONS
    )


def _counts(
    judgments: pd.DataFrame, aggregator: Aggregator, role: Role, dimension: Dimension, condition_by_pair: pd.Series[str]
) -> pd.DataFrame:
    """Pairs, votes and different pairs by condition."""
    votes = votes_of(judgments, dimension, role)
    labels = aggregator.fit_predict(votes)
    different = labels.eq("different").groupby(labels.index.to_series().map(condition_by_pair)).agg(["size", "sum"])
    different["votes"] = votes["task"].map(condition_by_pair).value_counts()
    return different


def _ratio(
    where: tuple[str, str, float], role: Role, dimension: Dimension, counts: pd.DataFrame, confidence: float
) -> Ratio:
    condition, family, snr_db = where
    if condition in counts.index:
        pairs, different, votes = (int(counts[name][condition]) for name in ("size", "sum", "votes"))
        lower, upper = wilson(different, pairs, confidence)
        ratio = different / pairs
        limits: tuple[float | None, float | None, float | None] = (ratio, lower, upper)
    else:
        pairs, different, votes, limits = 0, 0, 0, (None, None, None)
    level = None if pd.isna(snr_db) else float(snr_db)
    return Ratio(str(condition), str(family), level, role, dimension, pairs, votes, different, *limits)


def ratio_table(found: Iterable[Ratio]) -> pd.DataFrame:
    """Ratios as a table, one row each, for files and figures."""
    return pd.DataFrame([asdict(ratio) for ratio in found], columns=list(Ratio.__dataclass_fields__))


def true_share(
    study: tuple[int, int], identical: tuple[int, int], positive: tuple[int, int], confidence: float = 0.95
) -> tuple[float, float, float]:
    """The share of truly changed pairs and its interval, by MOVER: the shares s for which p - (1-s) q0 - s q1 may be 0.

    The limits of that contrast are put together from the Wilson intervals of its three ratios, so none of them needs to
    be large or far from 0.

    Args:
        study: pairs voted different, and pairs, of a condition.
        identical: the same of pairs of the same sound.
        positive: the same of pairs that differ; their Wilson interval has to lie above that of the identical ones.
        confidence: of the two-sided interval.

    >>> [round(share, 3) for share in true_share((30, 100), (0, 10_000), (10_000, 10_000))]  # perfect listeners
    [0.3, 0.219, 0.396]
    """
    p, q0, q1 = (
        (different / pairs, *wilson(different, pairs, confidence)) for different, pairs in (study, identical, positive)
    )

    def lowest(share: float) -> float:
        return float(put_together((1.0, p), (share - 1, q0), (-share, q1))[0])

    def highest(share: float) -> float:
        return float(put_together((1.0, p), (share - 1, q0), (-share, q1))[1])

    # both fall as the share rises, since the controls' intervals lie apart
    lower = 0.0 if lowest(0) <= 0 else 1.0 if lowest(1) > 0 else float(brentq(lowest, 0, 1))
    upper = 1.0 if highest(1) >= 0 else 0.0 if highest(0) < 0 else float(brentq(highest, 0, 1))
    return min(1.0, max(0.0, (p[0] - q0[0]) / (q1[0] - q0[0]))), lower, upper


def changed_shares(judgments: pd.DataFrame, aggregator: Aggregator, confidence: float = 0.95) -> tuple[Changed, ...]:
    """The ratio of every condition as voted, and corrected by the controls, in the order of `ratios`.

    Controls of one role are taken together, whatever they are made of (the same file, the same sound encoded again).

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        aggregator: how votes become labels, of study pairs and of controls alike.
        confidence: of the two-sided intervals.
    """
    identical, positive = (
        _together(ratios(judgments, aggregator, role, confidence)) for role in ("identical", "positive")
    )
    return tuple(
        _changed(found, identical[found.dimension], positive[found.dimension], confidence)
        for found in ratios(judgments, aggregator, confidence=confidence)
    )


def _together(controls: Iterable[Ratio]) -> dict[Dimension, tuple[int, int]]:
    """Pairs voted different, and pairs, of all conditions of a role."""
    found = list(controls)
    return {
        name: (
            sum(c.different for c in found if c.dimension == name),
            sum(c.pairs for c in found if c.dimension == name),
        )
        for name in DIMENSIONS
    }


def _changed(found: Ratio, identical: tuple[int, int], positive: tuple[int, int], confidence: float) -> Changed:
    note = _uncorrectable(found, identical, positive, confidence)
    shares: tuple[float, float, float] | tuple[None, None, None] = (None, None, None)
    if not note:
        shares = true_share((found.different, found.pairs), identical, positive, confidence)
    return Changed(
        found.condition,
        found.family,
        found.snr_db,
        found.dimension,
        found.pairs,
        found.votes,
        found.different,
        found.ratio,
        found.lower,
        found.upper,
        identical[1],
        identical[0],
        positive[1],
        positive[0],
        shares[0],
        shares[1],
        shares[2],
        note,
    )


def _uncorrectable(found: Ratio, identical: tuple[int, int], positive: tuple[int, int], confidence: float) -> str:
    """Why a ratio can't be corrected; empty where it can."""
    if not identical[1] and not positive[1]:
        return "not corrected: no controls"
    if not identical[1] or not positive[1]:
        return f"not corrected: no {'identical' if not identical[1] else 'positive'} controls"
    if not found.pairs:
        return "no judgment counts"
    if wilson(*identical, confidence)[1] >= wilson(*positive, confidence)[0]:
        return (
            f"not corrected: {identical[0]} of {identical[1]} identical and {positive[0]} of {positive[1]} positive "
            "controls were called different, too close to tell them apart; more controls would"
        )
    return ""


def changed_table(found: Iterable[Changed]) -> pd.DataFrame:
    """Corrected shares as a table, one row each, for files and figures."""
    return pd.DataFrame([asdict(share) for share in found], columns=list(Changed.__dataclass_fields__))
