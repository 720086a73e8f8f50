"""What identical and positive controls say: q0, q1, the margin p*(tau) and its limits, the effective tau."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]
#: An estimate with its lower and upper limit: numbers, or arrays of one shape.
Estimate: TypeAlias = tuple[Any, Any, Any]


@dataclass(frozen=True)
class Controls:
    """Pairs of known truth, asked as all others are: how many, and how many came out changed. Arrays of one shape.

    Identical pairs give q0, the chance that nothing is called changed; positive ones q1, the chance that a real change
    is. They must never be the pairs that judge workers: what is left after sorting people out by them is no sample.
    """

    identical: Counts
    identical_changed: Counts
    positive: Counts
    positive_changed: Counts

    def __add__(self, other: Controls) -> Controls:
        return Controls(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def where(self, mask: npt.NDArray[np.bool_]) -> Controls:
        """Those of the studies of a mask, nothing of the others."""
        return Controls(*(np.where(mask, getattr(self, each.name), 0) for each in fields(self)))

    @property
    def q0(self) -> Floats:
        """Share of identical pairs that came out changed; 0 where none was asked."""
        return np.asarray(self.identical_changed / np.maximum(self.identical, 1))

    @property
    def q1(self) -> Floats:
        """Share of positive pairs that came out changed; 0 where none was asked."""
        return np.asarray(self.positive_changed / np.maximum(self.positive, 1))

    def smoothed(self) -> tuple[Floats, Floats]:
        """q0 and q1 with half a count added to either side, so that neither is 0 or 1."""
        q0 = (self.identical_changed + 0.5) / (self.identical + 1.0)
        return np.asarray(q0), np.asarray((self.positive_changed + 0.5) / (self.positive + 1.0))

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Where there are both kinds; elsewhere there is no margin, and so no evidence."""
        return np.asarray((self.identical > 0) & (self.positive > 0))

    def reach(self, identical: int, positive: int) -> npt.NDArray[np.bool_]:
        """Whether so many of each kind came in every dimension; the last axis is that of dimensions."""
        return np.asarray((self.identical.min(axis=-1) >= identical) & (self.positive.min(axis=-1) >= positive))

    def relative_error(self, tau: float) -> Floats:
        """Standard error of p*(tau), as a share of it."""
        q0, q1 = self.smoothed()
        spread = (1 - tau) ** 2 * q0 * (1 - q0) / np.maximum(self.identical, 1)
        spread = spread + tau**2 * q1 * (1 - q1) / np.maximum(self.positive, 1)
        return np.asarray(np.sqrt(spread) / margin(tau, q0, q1))


def no_controls(shape: tuple[int, ...]) -> Controls:
    """Controls of which none has come yet."""
    return Controls(*(np.zeros(shape, np.int64) for _ in fields(Controls)))


def margin(tau: float, q0: Any, q1: Any) -> Any:
    """p*(tau): the chance that a pair comes out changed where a share tau of the pairs truly is.

    >>> margin(0.25, 0.0, 0.8)
    0.2
    """
    return (1 - tau) * q0 + tau * q1


def mover(controls: Controls, tau: float, error: float) -> tuple[Floats, Floats]:
    """One-sided lower and upper limit of p*(tau), each at an error; without any control of a kind they are 0 and 1."""
    q0 = controls.q0, *wilson_limits(controls.identical_changed, controls.identical, error)
    q1 = controls.q1, *wilson_limits(controls.positive_changed, controls.positive, error)
    low, high = (np.clip(limit, 0.0, 1.0) for limit in put_together((1 - tau, q0), (tau, q1)))
    return np.where(controls.known, low, 0.0), np.where(controls.known, high, 1.0)


def effective_tau(tau: float, q0: Any, q1: Any, q1_real: Any) -> Any:
    """The margin that a certificate really holds at where real changes are found with q1_real instead of q1.

    >>> round(effective_tau(0.10, 0.0, 0.687, 0.56), 3)
    0.123
    """
    return tau * (q1 - q0) / (q1_real - q0)


def put_together(*terms: tuple[float, Estimate]) -> tuple[Any, Any]:
    """Limits of a weighted sum of independent estimates, from the limits of each (MOVER, Zou and Donner 2008).

    The distance of a limit from its estimate stands for the estimate's spread on that side.

    Args:
        terms: each a weight, and an estimate with its lower and upper limit.

    >>> low, high = put_together((1.0, (0.5, 0.2, 0.7)), (-1.0, (0.1, 0.0, 0.5)))
    >>> round(float(low), 2), round(float(high), 2)
    (-0.1, 0.62)
    """
    centre = sum(weight * middle for weight, (middle, _, _) in terms)
    sides = [
        ((middle - low, high - middle) if weight >= 0 else (high - middle, middle - low))
        for weight, (middle, low, high) in terms
    ]
    below, above = (
        sum((weight * side[i]) ** 2 for (weight, _), side in zip(terms, sides, strict=True)) for i in (0, 1)
    )
    return centre - np.sqrt(below), centre + np.sqrt(above)


def wilson_limits(changed: Any, pairs: Any, error: float) -> tuple[Floats, Floats]:
    """One-sided lower and upper limits of shares, each at an error (Wilson's score); 0 and 1 without pairs."""
    z2 = float(ndtri(error)) ** 2
    n = np.maximum(pairs, 1)
    share = changed / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) + z2 / (4 * n)) / n) / (1 + z2 / n)
    low, high = np.minimum(centre - half, share), np.maximum(centre + half, share)
    return np.where(pairs > 0, np.clip(low, 0, 1), 0.0), np.where(pairs > 0, np.clip(high, 0, 1), 1.0)
