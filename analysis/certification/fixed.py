"""The fixed-sample test: a score statistic with the pair as unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from analysis.certification.controls import Controls, margin

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stream:
    """Outcomes of pairs of one kind: how many, their mean and their variance. Numbers, or arrays of one shape."""

    pairs: Any
    mean: Any
    variance: Any

    @classmethod
    def counted(cls, pairs: Any, changed: Any) -> Stream:
        """Of outcomes that are 0 or 1."""
        share = np.asarray(changed / np.maximum(pairs, 1))
        # half a count on either side: five of five that came out changed do not say that all always do
        likely = (changed + 0.5) / (np.asarray(pairs) + 1.0)
        return cls(np.asarray(pairs), share, likely * (1 - likely))

    @classmethod
    def of(cls, outcomes: npt.ArrayLike) -> Stream:
        """Of any outcomes, such as the share of a pair's votes that say different."""
        found = np.asarray(outcomes, np.float64)
        return cls(len(found), found.mean() if len(found) else 0.0, found.var() if len(found) else 0.0)


def score(study: Stream, identical: Stream, positive: Stream, tau: float) -> Floats:
    """Z of theta = tau: positive where fewer pairs than p*(tau) come out changed; standard normal at theta = tau.

    The variance is that at the margin, noise of both controls included. p of SAFE is norm.sf(Z), of UNSAFE
    norm.sf(-Z). 0 where there are no pairs or no controls.
    """
    gap = positive.mean - identical.mean
    at_margin = (1 - tau) * identical.variance + tau * positive.variance + tau * (1 - tau) * gap**2
    spread = at_margin / np.maximum(study.pairs, 1)
    spread = spread + (1 - tau) ** 2 * identical.variance / np.maximum(identical.pairs, 1)
    spread = spread + tau**2 * positive.variance / np.maximum(positive.pairs, 1)
    above = margin(tau, identical.mean, positive.mean) - study.mean
    known = (study.pairs > 0) & (identical.pairs > 0) & (positive.pairs > 0) & (spread > 0)
    return np.asarray(np.where(known, above / np.sqrt(np.where(spread > 0, spread, 1.0)), 0.0))


def score_of_counts(pairs: Ints, changed: Ints, controls: Controls, tau: float) -> Floats:
    """`score` of counts: pairs and changed (studies, conditions, dimensions), controls (studies, dimensions)."""
    identical = Stream.counted(controls.identical[:, None], controls.identical_changed[:, None])
    positive = Stream.counted(controls.positive[:, None], controls.positive_changed[:, None])
    return score(Stream.counted(pairs, changed), identical, positive, tau)
