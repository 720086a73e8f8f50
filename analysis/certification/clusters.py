"""A test of single votes in two-way clusters: the sensitivity analysis of the fixed-sample test."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


def two_way(different: npt.ArrayLike, kinds: Ints, workers: Ints, clips: Ints, tau: float) -> Floats:
    """Z of each condition from a linear model of single votes with clusters by worker and by clip.

    A second opinion on the score of the fixed-sample test: it stays near its size where workers judged one condition in
    a row.

    Args:
        different: shape (votes,), 1 or 0.
        kinds: shape (votes,), the condition's number 0..m-1; m identical and m + 1 positive controls. All must occur.
        workers: shape (votes,), the worker's number.
        clips: shape (votes,), the number of the utterance.
        tau: the margin.

    Returns:
        Shape (conditions,).
    """
    many = int(kinds.max()) - 1
    design = (kinds[:, None] == np.arange(many + 2)).astype(np.float64)
    groups = np.stack([workers, clips], axis=1)
    fitted = sm.OLS(np.asarray(different, np.float64), design).fit(cov_type="cluster", cov_kwds={"groups": groups})
    contrasts = np.hstack([np.eye(many), np.tile([tau - 1, -tau], (many, 1))])
    return -np.asarray(fitted.t_test(contrasts).tvalue, np.float64).reshape(many)
