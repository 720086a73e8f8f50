"""Intervals by resampling speakers, and paired tests by swapping them: clips of one speaker are not independent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import stats

from models.measures.tally import Numbers, Paired, Pooling, Tally, uar_of

IntervalKind: TypeAlias = Literal["t", "percentile", "bca"]
#: Up to so many ways of swapping, all are tried; 12 speakers have 4,096.
ALL_SWAPS = 4096
SWAPS = 10_000  # drawn where there are more
SAME = 1e-12  # differences closer than this are equal: sums in another order differ by rounding


@dataclass(frozen=True)
class Resampling:
    """How units are drawn: speakers, or the speakers of a net together where it tests several."""

    draws: int = 2000
    confidence: float = 0.95
    kind: IntervalKind = "t"
    seed: int = 0


USUAL = Resampling()


@dataclass(frozen=True)
class Estimate:
    """A figure with how it varies over resamples of units."""

    value: float  # mean over seeds
    error: float  # standard error
    units: int
    lower: float
    upper: float

    def p(self, line: float = 0.0) -> float:
        """p of its being on a line, two-sided, by t with units - 1 degrees of freedom."""
        if self.error < SAME:
            return float(abs(self.value - line) < SAME)
        return float(2 * stats.t.sf(abs(self.value - line) / self.error, self.units - 1))


def unit_weights(units: int, draws: int, seed: int) -> Numbers:
    """How often each unit counts in each resample, drawn with replacement; shape (draws, units)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(units, np.full(units, 1 / units), size=draws).astype(float)


def uar_interval(told: Tally, how: Pooling, drawn: Resampling = USUAL) -> Estimate | None:
    """The UAR, mean over seeds, with its limits; None with fewer than two speakers.

    The bootstrap over whole units (Efron and Tibshirani 1993, chapters 8 and 14; Field and Welsh 2007 for clustered
    data), `drawn.draws` resamples, the same for all seeds. A unit is a speaker, or the speakers whom one net hears in a
    test: they share its luck. Limits are value ± t * error, where t has units - 1 degrees of freedom and the error is
    the bootstrap's times sqrt(units / (units - 1)), since percentiles over few units are too short (Cameron and Miller
    2015, section VI); percentile and BCa limits are there for many units, and are widened to hold the value.
    """
    counts = told.pooled(how).by(told.units)
    return _estimate(counts.uar, len(counts.speakers), drawn, 0.0)


def difference_interval(pair: Paired, how: Pooling, drawn: Resampling = USUAL) -> Estimate | None:
    """The difference in UAR of two nets or conditions on the same clips, both resampled alike; see `uar_interval`."""
    units = pair.first.units
    first, second = (part.pooled(how).by(units) for part in (pair.first, pair.second))
    return _estimate(lambda weights: first.uar(weights) - second.uar(weights), len(first.speakers), drawn, -1.0)


def mean_interval(by_unit: Numbers, drawn: Resampling = USUAL, least: float = 0.0) -> Estimate | None:
    """The mean of a figure over units, with its limits; see `uar_interval`. None with fewer than two units.

    Args:
        by_unit: a figure for each unit, shape (units,), from `least` to 1.
        drawn: how units are drawn.
        least: below which no limit lies.
    """
    units = len(by_unit)
    return _estimate(lambda weights: (weights @ by_unit / units)[:, None], units, drawn, least)


def _estimate(of: Callable[[Numbers], Numbers], units: int, drawn: Resampling, least: float) -> Estimate | None:
    """The mean over seeds of `of`, which takes weights (draws, units) and gives (draws, seeds); from `least` to 1."""
    if units < 2:
        return None
    value = float(_over_seeds(of(np.ones((1, units))))[0])
    found = _over_seeds(of(unit_weights(units, drawn.draws, drawn.seed)))
    error = float(found.std(ddof=1)) * math.sqrt(units / (units - 1))
    tails = np.array([(1 - drawn.confidence) / 2, (1 + drawn.confidence) / 2])
    if drawn.kind == "t":
        lower, upper = np.clip(value + stats.t.ppf(tails, units - 1) * error, least, 1)
    else:
        if drawn.kind == "bca":
            without_one = _over_seeds(of(np.ones((units, units)) - np.eye(units)))
            tails = _bca(tails, value, found, without_one)
        lower, upper = np.quantile(found, tails)
    return Estimate(value, error, units, min(float(lower), value), max(float(upper), value))


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


def swap_p(pair: Paired, how: Pooling, seed: int = 0, line: float = 0.0) -> float:
    """p of no difference in UAR, two-sided, by swapping both sets of predictions speaker by speaker.

    It knows how speakers differ, not how nets do: where a net tests several speakers, `Estimate.p` stands beside.

    If both are as good, who said what may be swapped for any speaker (Fisher's randomisation; Good 2005). On the same
    clips UAR is linear in right answers, so the difference is a sum over speakers whose signs are flipped: T = sum of
    s_g d_g, and p the share of sign patterns with |T| at least as large as the one found. All patterns are tried up to
    4,096 of them; else 10,000 are drawn and p = (1 + hits) / (1 + draws) (Phipson and Smyth 2010). With G speakers p is
    at least 2 / 2^G. With another line than 0, each speaker's part of it is taken away first.
    """
    parts, shares = speaker_parts(pair, how)
    parts = parts - line * shares
    parts = parts[np.abs(parts) > SAME]  # whoever answers alike has nothing to swap
    if not len(parts):
        return 1.0
    if 2 ** len(parts) <= ALL_SWAPS:
        bits = np.arange(2 ** len(parts))[:, None] >> np.arange(len(parts)) & 1
        return float((np.abs((1 - 2 * bits) @ parts) >= abs(parts.sum()) - SAME).mean())
    signs = np.random.default_rng(seed).integers(0, 2, (SWAPS, len(parts))) * 2 - 1
    return float((1 + (np.abs(signs @ parts) >= abs(parts.sum()) - SAME).sum()) / (1 + SWAPS))


def speaker_parts(pair: Paired, how: Pooling) -> tuple[Numbers, Numbers]:
    """What each speaker adds to the difference in UAR, mean over seeds, and what to clips; shapes (speakers,).

    The first sum to the difference, the second to 1.
    """
    first, second = pair.first.pooled(how), pair.second.pooled(how)
    clips = first.clips.sum(axis=2)  # (seeds, folds, classes)
    occurs = clips > 0
    folds = occurs.any(axis=2)
    share = np.divide(1, clips, out=np.zeros_like(clips), where=occurs)
    share /= np.maximum(occurs.sum(axis=2, keepdims=True), 1)
    share /= np.maximum(folds.sum(axis=1), 1)[:, None, None]
    parts, shares = (
        np.einsum("sfgc,sfc->g", part, share) / len(clips) for part in (first.right - second.right, first.clips)
    )
    return parts, shares


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
