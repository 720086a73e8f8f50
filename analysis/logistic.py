"""Logistic regression with errors that are clustered two ways: by worker, and by utterance."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import statsmodels.api as sm
from scipy import stats

#: A coefficient beyond this is a share of 0 or 1: e to the 15 is an odds ratio of three millions.
ENDLESS = 15.0
#: With fewer answers of the rarer kind for each coefficient, intervals are not to be relied on.
ENOUGH = 5

Floats = npt.NDArray[np.float64]


class NotFitted(ValueError):
    """A regression can't be fitted to these answers; the sentence says why."""


@dataclass(frozen=True)
class OddsRatio:
    """By which factor the odds of "different" change, with its interval and two-sided p."""

    ratio: float
    lower: float
    upper: float
    p: float


@dataclass(frozen=True)
class Fit:
    """Odds ratios by column of the design, and what limits them, as a sentence's part; empty where nothing does."""

    odds: dict[str, OddsRatio]
    caution: str


def fit_logistic(
    different: pd.Series[bool], columns: pd.DataFrame, workers: pd.Series[str], clips: pd.Series[str], confidence: float
) -> Fit:
    """Regress "different" on columns; errors are clustered by worker and by clip (Cameron, Gelbach and Miller).

    Intervals are of Student's t with one degree of freedom less than there are clusters of the scarcer kind.

    Args:
        different: the answers.
        columns: numbers, one row an answer, without the constant, in units that make their spread about 1.
        workers: who answered.
        clips: of which original.
        confidence: of the two-sided intervals.

    Raises:
        NotFitted: with the reason.
    """
    design = np.column_stack([np.ones(len(columns)), columns.to_numpy(dtype=np.float64)])
    clusters = np.column_stack([pd.factorize(workers)[0], pd.factorize(clips)[0]])
    fewest = int(min(clusters.max(axis=0), default=0)) + 1 if len(clusters) else 0
    _require_fittable(different, design, fewest)
    found = _fitted(np.asarray(different, dtype=np.float64), design, clusters)
    params, variances = np.asarray(found.params), np.diag(np.asarray(found.cov_params()))
    if not np.isfinite(params).all() or np.abs(params).max() > ENDLESS:
        raise NotFitted("did not converge: some column all but decides the answer (separation)")
    if not (np.isfinite(variances).all() and (variances > 0).all()):
        raise NotFitted("the errors can't be clustered two ways here (their variance comes out negative)")
    rare = int(min(different.sum(), (~different).sum()))
    caution = "" if rare >= ENOUGH * len(params) else f"only {rare} rarer answers for {len(params)} coefficients"
    return Fit(_odds([*map(str, columns)], params[1:], np.sqrt(variances[1:]), fewest - 1, confidence), caution)


def _require_fittable(different: pd.Series[bool], design: Floats, clusters: int) -> None:
    if different.nunique() < 2:
        every = "no judgment counts" if different.empty else f"every judgment says {said(bool(different.iloc[0]))}"
        raise NotFitted(f"{every}, so nothing can foretell a change")
    if clusters < 2:
        raise NotFitted("errors between workers and between clips can't be told from one worker or one clip")
    if np.linalg.matrix_rank(design.T @ design, hermitian=True) < design.shape[1]:  # far smaller than the design itself
        raise NotFitted("some of the effects are mixtures of others here, so they can't be told apart")


def _fitted(answers: Floats, design: Floats, clusters: npt.NDArray[np.intp]) -> sm.Logit:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = sm.Logit(answers, design).fit(
                method="newton", disp=False, cov_type="cluster", cov_kwds={"groups": clusters}
            )
        except (Warning, ArithmeticError, np.linalg.LinAlgError) as stopped:
            raise NotFitted(f"did not converge ({' '.join(str(stopped).split())[:80]})") from None
    if not found.mle_retvals["converged"]:
        raise NotFitted("did not converge")
    return found


def _odds(names: list[str], params: Floats, errors: Floats, freedom: int, confidence: float) -> dict[str, OddsRatio]:
    far = stats.t.ppf((1 + confidence) / 2, freedom)
    ps = 2 * stats.t.sf(np.abs(params / errors), freedom)
    ends = np.clip([params - far * errors, params + far * errors], -700, 700)  # with two clusters t is very wide
    rows = zip(names, np.exp(params), *np.exp(ends), ps, strict=True)
    return {name: OddsRatio(*map(float, found)) for name, *found in rows}


def said(different: bool) -> str:
    """An answer as a quoted word.

    >>> said(True)
    "'different'"
    """
    return "'different'" if different else "'same'"
