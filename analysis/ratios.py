"""The ratio of pairs voted different, per condition and dimension, with Wilson intervals (paper section 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from analysis.aggregators.base import Aggregator
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
    low, high = proportion_confint(different, pairs, alpha=1 - confidence, method="wilson")
    ratio = different / pairs
    # rounding may leave a limit a hair inside the ratio when nobody, or everybody, said different
    return max(0.0, min(float(low), ratio)), min(1.0, max(float(high), ratio))


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
    pairs = pd.DataFrame({"pair": list(labels), "different": [label == "different" for label in labels.values()]})
    different = pairs["different"].astype(bool).groupby(pairs["pair"].map(condition_by_pair)).agg(["size", "sum"])
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
