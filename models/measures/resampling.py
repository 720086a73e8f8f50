"""Intervals by resampling speakers, and paired tests by swapping them: clips of one speaker are not independent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import stats

from models.measures.tally import Numbers, Paired, Pooling, Tally, uar_of

IntervalKind: TypeAlias = Literal["percentile", "bca"]
#: Below so many speakers an interval is said to be rough: percentile intervals over few units are too short.
FEW_SPEAKERS = 10
#: Up to so many ways of swapping, all are tried; 12 speakers have 4,096.
ALL_SWAPS = 4096
SWAPS = 10_000  # drawn where there are more
SAME = 1e-12  # differences closer than this are equal: sums in another order differ by rounding


@dataclass(frozen=True)
class Resampling:
    """How speakers are drawn."""

    draws: int = 2000
    confidence: float = 0.95
    kind: IntervalKind = "percentile"
    seed: int = 0


USUAL = Resampling()


def speaker_weights(speakers: int, draws: int, seed: int) -> Numbers:
    """How often each speaker counts in each resample, drawn with replacement; shape (draws, speakers)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(speakers, np.full(speakers, 1 / speakers), size=draws).astype(float)


def uar_interval(told: Tally, how: Pooling, drawn: Resampling = USUAL) -> tuple[float, float] | None:
    """Limits of the UAR, mean over seeds; None with fewer than two speakers.

    The bootstrap over speakers (Efron and Tibshirani 1993, chapters 8 and 14; whole speakers, as Field and Welsh 2007
    for clustered data): percentile or BCa limits of the UAR of `drawn.draws` resamples, the same for
    all seeds. Limits that would not hold the estimate, as may be with very few speakers, are widened to it.
    """
    pooled = told.pooled(how)
    return _interval(pooled.uar, len(told.speakers), drawn)


def difference_interval(pair: Paired, how: Pooling, drawn: Resampling = USUAL) -> tuple[float, float] | None:
    """Limits of the difference in UAR of two nets or conditions on the same clips, both resampled alike."""
    first, second = pair.first.pooled(how), pair.second.pooled(how)
    return _interval(lambda weights: first.uar(weights) - second.uar(weights), len(pair.first.speakers), drawn)


def _interval(estimate: Callable[[Numbers], Numbers], speakers: int, drawn: Resampling) -> tuple[float, float] | None:
    """Limits of the mean over seeds of `estimate`, which takes weights (draws, speakers) and gives (draws, seeds)."""
    if speakers < 2:
        return None
    whole = float(_over_seeds(estimate(np.ones((1, speakers))))[0])
    found = _over_seeds(estimate(speaker_weights(speakers, drawn.draws, drawn.seed)))
    tails = np.array([(1 - drawn.confidence) / 2, (1 + drawn.confidence) / 2])
    if drawn.kind == "bca":
        without_one = _over_seeds(estimate(np.ones((speakers, speakers)) - np.eye(speakers)))
        tails = _bca(tails, whole, found, without_one)
    lower, upper = np.quantile(found, tails)
    return min(float(lower), whole), max(float(upper), whole)


def _over_seeds(uars: Numbers) -> Numbers:
    """The mean over the last axis of what is a number."""
    there = np.isfinite(uars)
    total = np.where(there, uars, 0).sum(axis=-1)
    mean: Numbers = np.divide(total, there.sum(axis=-1), out=np.zeros(total.shape), where=there.any(axis=-1))
    return mean


def _bca(tails: Numbers, whole: float, found: Numbers, without_one: Numbers) -> Numbers:
    """Tails corrected for bias and skewness (Efron 1987); as they were where the resamples do not vary."""
    below = ((found < whole).mean() + (found <= whole).mean()) / 2
    apart = without_one.mean() - without_one
    spread = float((apart**2).sum())
    if not 0 < below < 1 or spread < SAME:
        return tails
    bias = stats.norm.ppf(below)
    acceleration = (apart**3).sum() / (6 * spread**1.5)
    z = bias + stats.norm.ppf(tails)
    return np.asarray(stats.norm.cdf(bias + z / (1 - acceleration * z)))


def swap_p(pair: Paired, how: Pooling, seed: int = 0) -> float:
    """p of no difference in UAR, two-sided, by swapping both sets of predictions speaker by speaker.

    If both are as good, who said what may be swapped for any speaker (Fisher's randomisation; Good 2005). On the same
    clips UAR is linear in right answers, so the difference is a sum over speakers whose signs are flipped: T = sum of
    s_g d_g, and p the share of sign patterns with |T| at least as large as the one found. All patterns are tried up to
    4,096 of them; else 10,000 are drawn and p = (1 + hits) / (1 + draws) (Phipson and Smyth 2010). With G speakers p is
    at least 2 / 2^G.
    """
    parts = speaker_parts(pair, how)
    parts = parts[np.abs(parts) > SAME]  # whoever answers alike has nothing to swap
    if not len(parts):
        return 1.0
    if 2 ** len(parts) <= ALL_SWAPS:
        bits = np.arange(2 ** len(parts))[:, None] >> np.arange(len(parts)) & 1
        return float((np.abs((1 - 2 * bits) @ parts) >= abs(parts.sum()) - SAME).mean())
    signs = np.random.default_rng(seed).integers(0, 2, (SWAPS, len(parts))) * 2 - 1
    return float((1 + (np.abs(signs @ parts) >= abs(parts.sum()) - SAME).sum()) / (1 + SWAPS))


def speaker_parts(pair: Paired, how: Pooling) -> Numbers:
    """What each speaker adds to the difference in UAR (mean over seeds), which is their sum; shape (speakers,)."""
    first, second = pair.first.pooled(how), pair.second.pooled(how)
    clips = first.clips.sum(axis=2)  # (seeds, folds, classes)
    occurs = clips > 0
    folds = occurs.any(axis=2)
    share = np.divide(1, clips, out=np.zeros_like(clips), where=occurs)
    share /= np.maximum(occurs.sum(axis=2, keepdims=True), 1)
    share /= np.maximum(folds.sum(axis=1), 1)[:, None, None]
    return np.asarray(np.einsum("sfgc,sfc->g", first.right - second.right, share) / len(clips))


def smallest_p(speakers: int) -> float:
    """The least p that swapping so many speakers can give.

    >>> smallest_p(4), smallest_p(100)
    (0.125, 9.999...e-05)
    """
    return 2 / 2**speakers if 2**speakers <= ALL_SWAPS else 1 / (1 + SWAPS)


def fold_p(pair: Paired) -> float | None:
    """p of the paired t-test over folds that papers use, on UAR by fold (mean over seeds); None where there is none.

    Folds share most of their training clips, so its p is too small (Dietterich 1998; Nadeau and Bengio 2003): it stands
    beside the swaps because papers print it. It needs two folds whose differences are not all the same.
    """
    right = [part.right.sum(axis=2) for part in (pair.first, pair.second)]
    clips = pair.first.clips.sum(axis=2)
    uars = [uar_of(part[:, :, None], clips[:, :, None]) for part in right]  # (seeds, folds)
    apart = (uars[0] - uars[1])[:, np.isfinite(uars[0]).all(axis=0)].mean(axis=0)
    if len(apart) < 2 or np.ptp(apart) < SAME:
        return None
    return float(stats.ttest_1samp(apart, 0).pvalue)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """p adjusted for all of them together (Holm 1979), as statsmodels does with a wait for garbage; None stays None.

    >>> holm([0.01, None, 0.04])
    [0.02, None, 0.04]
    """
    there = np.array([p for p in ps if p is not None])
    order = np.argsort(there, kind="stable")
    steps = np.maximum.accumulate(there[order] * np.arange(len(there), 0, -1))
    found = np.empty(len(there))
    found[order] = np.minimum(steps, 1)
    adjusted = iter(found)
    return [None if p is None else float(next(adjusted)) for p in ps]
