"""Adjusted p-values of Holm and of Benjamini and Hochberg, over the last axis, for many studies at once.

statsmodels' `multipletests` gives the same, but sweeps the whole memory for garbage at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from analysis.citations import cited

Floats: TypeAlias = npt.NDArray[np.float64]
Correction: TypeAlias = Literal["bh", "holm", "none"]


def holm(p: Floats) -> Floats:
    """Rejecting where the result is at most a keeps the chance of any false rejection at a.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    many = p.shape[-1]
    return _in_order(p, lambda ordered: np.maximum.accumulate(ordered * np.arange(many, 0, -1), axis=-1))


def holm_of_made(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's p-values, in the order given; of tests that could not be made they stay None and count for nothing.

    >>> holm_of_made([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    left = iter(holm(np.array([p for p in ps if p is not None])).tolist())
    return [None if p is None else float(next(left)) for p in ps]


def bh(p: Floats) -> Floats:
    """Rejecting where the result is at most a keeps the expected share of false rejections at a.

    >>> bh(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    many = p.shape[-1]

    def stepped(ordered: Floats) -> Floats:
        scaled = ordered * many / np.arange(1, many + 1)
        return np.asarray(np.minimum.accumulate(scaled[..., ::-1], axis=-1)[..., ::-1])

    return _in_order(p, stepped)


def adjusted(p: Floats, correction: Correction) -> Floats:
    """The p-values after a correction."""
    if correction == "none":
        return p
    return bh(p) if correction == "bh" else holm(p)


def _in_order(p: Floats, adjust: Callable[[Floats], Floats]) -> Floats:
    order = np.argsort(p, axis=-1)
    found = np.empty_like(p)
    np.put_along_axis(found, order, adjust(np.take_along_axis(p, order, axis=-1)), axis=-1)
    return np.minimum(found, 1.0)


def corrected(correction: Correction) -> str:
    """How p-values were corrected, as the end of a sentence.

    >>> corrected("none")
    'not corrected over conditions'
    """
    by = {
        "bh": f"by the procedure of Benjamini and Hochberg {cited('benjamini1995controlling')}",
        "holm": f"by Holm's procedure {cited('holm1979simple')}",
    }
    return f"corrected over conditions {by[correction]}" if correction in by else "not corrected over conditions"
