"""Looks planned beforehand: boundaries of Lan and DeMets, and the sequential p-values that they give."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

Floats: TypeAlias = npt.NDArray[np.float64]
Spending: TypeAlias = Literal["obrien-fleming", "pocock"]

_POINTS = 160
_ERRORS = np.geomspace(1e-6, 0.5, 40)


def spent(share: Floats, error: float, spending: Spending) -> Floats:
    """How much of a one-sided error may be spent when a share (0..1] of the pairs has been seen."""
    if spending == "pocock":
        return np.asarray(error * np.log1p((np.e - 1) * share))
    return np.asarray(2 * ndtr(ndtri(error / 2) / np.sqrt(share)))


@cache
def boundaries(looks: int, error: float, spending: Spending) -> tuple[float, ...]:
    """The Z that each of equally spaced looks asks for, one-sided.

    >>> [round(z, 3) for z in boundaries(5, 0.025, "obrien-fleming")]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    share = np.arange(1, looks + 1) / looks
    steps = np.diff(spent(share, error, spending), prepend=0.0)
    step = np.sqrt(1 / looks)  # standard deviation of what a look adds to the sum Z * sqrt(share)
    points, weights = np.array([0.0]), np.array([1.0])  # the sum so far, while below all boundaries
    found: list[float] = []
    for look in range(looks):
        limit = float(brentq(_excess(points, weights, step, float(steps[look])), -10, 40, xtol=1e-10))
        found.append(limit / float(np.sqrt(share[look])))
        lowest = -8 * float(np.sqrt(share[look]))
        nodes, node_weights = _nodes()
        new = lowest + (limit - lowest) * (nodes + 1) / 2
        density = np.exp(-(((new[:, None] - points) / step) ** 2) / 2) @ weights / (step * np.sqrt(2 * np.pi))
        points, weights = new, density * node_weights * (limit - lowest) / 2
    return tuple(found)


@cache
def _nodes() -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(_POINTS)


def _excess(points: Floats, weights: Floats, step: float, wanted: float) -> Callable[[float], float]:
    """The chance to cross a limit at the next look, less what may be spent there."""
    return lambda limit: float(weights @ ndtr((points - limit) / step)) - wanted


@cache
def _table(looks: int, spending: Spending) -> Floats:
    """Boundaries at a grid of errors; shape (errors, looks)."""
    return np.array([boundaries(looks, float(error), spending) for error in _ERRORS])


def look_p(z: Floats, look: int, looks: int, spending: Spending) -> Floats:
    """The smallest error whose boundary z crosses at a look (0..looks-1); 1 where not even one half does.

    The least of these over the looks so far is the sequential p-value: BH and Holm hold on it.
    """
    if looks == 1:
        return np.asarray(ndtr(-z))
    limits = _table(looks, spending)[::-1, look]  # rising
    found = np.exp(np.interp(z, limits, np.log(_ERRORS[::-1])))
    return np.asarray(np.where(z < limits[0], 1.0, found))
