"""One-stage adaptive BH, and the thresholds that keep its levels although the controls are noisy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from analysis.certification.controls import Controls, margin
from analysis.certification.evalues import log_e
from analysis.certification.sequential import Side

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

RUNS = 30_000
_STEP0, _STEP1 = np.log(10) / 10, 0.075  # the grid of q0 (ten steps a decade) and q1


def levels(many: int, error: float) -> Floats:
    """a_k = min(a, (1 - a) a k / (m - k + 1)): the step-up levels of Blanchard and Roquain (2009), k = 1..m.

    FDR is at most `error` for independent p-values, and every single error at most `error`.

    >>> levels(26, 0.05)[[0, 12, 13, 25]].round(4).tolist()
    [0.0018, 0.0441, 0.05, 0.05]
    """
    k = np.arange(1, many + 1)
    return np.minimum(error, (1 - error) * error * k / (many - k + 1))


@dataclass(frozen=True)
class Walk:
    """What a threshold depends on: the likelihood ratio's alternative and futility, and how pairs and controls come."""

    tau: float
    alternative: float  # as a share of tau
    futility: float
    most_pairs: int
    batch: int  # pairs between two looks

    def thresholds(self, q0: float, q1: float, controls: tuple[int, int], errors: tuple[float, ...]) -> Floats:
        """Log thresholds h of the highest likelihood ratio, one for each error, at the nearest point of a grid.

        Args:
            q0: chance that an identical pair comes out changed.
            q1: chance that a positive one does.
            controls: how many identical and positive pairs were asked.
            errors: P(the ratio ever reaches h | theta = tau), each.
        """
        return _thresholds(self, round(float(np.log(q0) / _STEP0)), max(1, round(q1 / _STEP1)), controls, errors)


def adaptive_side(walk: Walk, peaks: Floats, futile: Bools, controls: Controls, error: float, closed: Bools) -> Side:
    """The thresholds of adaptive BH for the highest log ratios so far, (studies, conditions, dimensions)."""
    errors = tuple(levels(peaks.shape[1], error).tolist())
    heights = np.full((*controls.identical.shape, len(errors) + 1), np.inf)  # (studies, dimensions, k)
    (q0, q1), counts = controls.smoothed(), (controls.identical, controls.positive)
    for study, dimension in np.argwhere(closed[:, None] & controls.known):
        at = study, dimension
        pairs = int(counts[0][at]), int(counts[1][at])
        heights[at][1:] = walk.thresholds(float(q0[at]), float(q1[at]), pairs, errors)
    studies = np.arange(len(peaks))
    return Side(lambda k: peaks >= heights[studies, :, k][:, None, :], futile)


@lru_cache(maxsize=4096)
def _thresholds(walk: Walk, cell0: int, cell1: int, controls: tuple[int, int], errors: tuple[float, ...]) -> Floats:
    """Quantiles of the highest log ratio of many studies at theta = tau, each with controls of its own."""
    identical, positive = controls
    rng = np.random.default_rng([abs(cell0), cell1, identical, positive])
    q0, q1 = min(0.5, float(np.exp(cell0 * _STEP0))), min(0.98, cell1 * _STEP1)
    seen0, seen1 = rng.binomial(identical, q0, RUNS) / identical, rng.binomial(positive, q1, RUNS) / positive
    null = margin(walk.tau, seen0, seen1)
    low = margin(walk.tau * walk.alternative, seen0, seen1)
    steps = np.stack([log_e(1, 1, low, null), log_e(1, 0, low, null)])  # of a changed pair, of another
    highest = _climb(walk, rng, margin(walk.tau, q0, q1), steps)
    found = np.quantile(highest, 1 - np.asarray(errors), method="higher")
    return np.asarray(np.maximum(found, np.log(0.5 / np.asarray(errors))))


def _climb(walk: Walk, rng: np.random.Generator, chance: float, steps: Floats) -> Floats:
    highest = np.zeros(RUNS)
    live, now = np.arange(RUNS), np.zeros(RUNS)
    for _ in range(walk.most_pairs // walk.batch):
        changed = rng.binomial(walk.batch, chance, len(live))
        now = now + changed * steps[0, live] + (walk.batch - changed) * steps[1, live]
        highest[live] = np.maximum(highest[live], now)
        going = now > np.log(walk.futility)
        live, now = live[going], now[going]
    return highest
