"""Adjusted p-values of Holm and of Benjamini and Hochberg, over the last axis, for many studies at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Correction: TypeAlias = Literal["bh", "holm", "none"]


def holm(p: Floats) -> Floats:
    """Rejecting where the result is at most a keeps the chance of any false rejection at a.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    many = p.shape[-1]
    return _in_order(p, lambda ordered: np.maximum.accumulate(ordered * np.arange(many, 0, -1), axis=-1))


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
