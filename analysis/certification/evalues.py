"""E-values of Wald's sequential test, and e-BH: evidence that may be looked at after every pair."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

_TINY = 1e-9


def log_e(pairs: Any, changed: Any, alternative: Any, null: Any) -> Floats:
    """Log likelihood ratio of two chances that a pair comes out changed: an e-value against the null.

    Where the alternative does not lie below the null it is 0: no evidence. (Turn both round for the other side.) The
    e-value stays valid at every larger chance, since the ratio falls with each changed pair.

    >>> round(float(np.exp(log_e(50, 0, 0.02, 0.08))), 1)
    23.5
    """
    low, high = np.clip(alternative, _TINY, 1 - _TINY), np.clip(null, _TINY, 1 - _TINY)
    found = changed * np.log(low / high) + (pairs - changed) * np.log((1 - low) / (1 - high))
    return np.asarray(np.where(low < high, found, 0.0))


def e_bh(log_es: Floats, error: float) -> Bools:
    """Which hypotheses e-BH rejects, over the last axis: FDR at most `error` under any dependence.

    The e-values must be those of each hypothesis' own stopping time, not the highest that it ever had.

    >>> e_bh(np.log([100.0, 45.0, 1.0]), 0.05).tolist()
    [True, True, False]
    """
    many = log_es.shape[-1]
    order = -np.sort(-log_es, axis=-1)
    reached = order >= np.log(many / (error * np.arange(1, many + 1)))
    return np.asarray(log_es >= thresholds_of(step_up(reached), many, error)[..., None])


def step_up(reached: Bools) -> npt.NDArray[np.int64]:
    """The largest k whose k-th test is reached, over the last axis; 0 if none is."""
    ranks = np.arange(1, reached.shape[-1] + 1)
    return np.asarray((reached * ranks).max(axis=-1), np.int64)


def thresholds_of(rejected: Any, many: int, error: float) -> Floats:
    """The log e-value that e-BH asks for where it rejects so many of `many`; infinite for none."""
    k = np.asarray(rejected)
    return np.asarray(np.where(k > 0, np.log(many / (error * np.maximum(k, 1))), np.inf))
