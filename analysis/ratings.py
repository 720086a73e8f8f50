"""Where people place the noisy clips, on the Self-Assessment Manikins (paper section 5.1)."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.votes import counted, labels_of


@dataclass(frozen=True)
class RatingMeans:
    """Mean ratings of a condition's noisy clips by those who heard a difference, 1..5; None where nobody rated.

    The mean is of pair means, so that a pair with three ratings weighs no more than one with a single rating. Under
    `rate = "both"` some clips are rated by people who heard no difference, too: theirs are left out, since they are a
    share of all trials and not of all judgments, and a mean over both would hang on that share. Where the ratings of
    both clips lead, `analysis.direction` says.
    """

    condition: str
    pairs: int  # with at least one rating
    ratings: int
    activation: float | None
    valence: float | None


def rating_means(judgments: pd.DataFrame) -> tuple[RatingMeans, ...]:
    """Mean activation and valence for each condition of which a study judgment counts, by name."""
    rows = counted(judgments)
    return tuple(_means(str(name), group) for name, group in rows.groupby("condition", sort=True))


def _means(condition: str, rows: pd.DataFrame) -> RatingMeans:
    rated = rows[rows[["activation_rating", "valence_rating"]].notna().any(axis=1)]
    rated = rated[labels_of(rated, "either") == "different"]
    by_pair = rated.groupby("pair_id")[["activation_rating", "valence_rating"]].mean()
    activation, valence = (by_pair[name].dropna() for name in ("activation_rating", "valence_rating"))
    return RatingMeans(
        condition,
        len(by_pair),
        len(rated),
        float(activation.mean()) if len(activation) else None,
        float(valence.mean()) if len(valence) else None,
    )
