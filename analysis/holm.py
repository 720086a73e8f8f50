"""Holm's correction for several tests at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values, in the order given; those of tests that could not be made stay None and count for nothing.

    statsmodels' `multipletests` gives the same, but sweeps the whole memory for garbage at each call, which takes a
    second.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    made = np.array([p for p in ps if p is not None])
    order = np.argsort(made, kind="stable")
    steps = np.maximum.accumulate(made[order] * np.arange(len(made), 0, -1)) if len(made) else made
    adjusted = np.empty(len(made))
    adjusted[order] = np.minimum(1.0, steps)
    left = iter(adjusted.tolist())
    return [None if p is None else float(next(left)) for p in ps]
