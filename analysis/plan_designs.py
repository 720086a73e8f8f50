"""What each design costs and finds, simulated on a crowd like the paper's before anybody is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
import pandas as pd

import analysis.designs
from analysis.certification.state import SAFE, UNSAFE, State
from analysis.crowd import SAFE_SHARES, UNSAFE_SHARES, Crowd, run
from analysis.design_of import design_of
from analysis.replay import Pool
from analysis.rule import DecisionRule
from hits.batch import Hits
from hits.bill import Measured, cost_of
from hits.pay import Pay, minor_per_major
from hits.vote_rules import VoteRule
from pipelines.variants import variant_names

#: Shares of truly changed pairs whose power is told.
THETAS = (0.0, 0.01, 0.02, 0.03)
STUDIES, SEED = 40, 1
DIMENSIONS = 2
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """A design beside the rule by which votes of a pair come to an outcome."""

    name: str
    rule: DecisionRule
    votes: VoteRule


@dataclass(frozen=True)
class Foreseen:
    """What a way of asking came to over simulated studies; judgments with controls, chances by condition.

    Attributes:
        safe: by share of truly changed pairs, how often such a condition was found SAFE.
        unsafe: of conditions that truly change beyond tau, how many were found UNSAFE.
        wrong: how often a condition exactly at tau was called SAFE.
    """

    judgments: float
    judgments_95: float
    safe: dict[float, float]
    unsafe: float
    wrong: float


def ways(rule: DecisionRule, hits: Hits) -> tuple[Way, ...]:
    """The study's own way first, then those that it could have at the same tau and error."""
    rules = [rule.model_copy(update={"design": name}) for name in variant_names(analysis.designs)]
    others = sorted(rules, key=lambda other: (not other.planned_size, other.design))  # the paper's way first
    made = [Way(f"{other.design}, {votes}", other, votes) for other in others for votes in other.kind.foreseen_under]
    own = Way(f"{rule.design}, {hits.votes}", rule, hits.votes)
    return (own, *(way for way in made if way.name != own.name))


def foresee(way: Way, pool: Pool, crowd: Crowd | None = None, studies: int = STUDIES, seed: int = SEED) -> Foreseen:
    """Run many studies to their end.

    Two thirds of the conditions change 0 to .03 of the pairs and a third .06 to .29, spread as in the paper, alike in
    both dimensions; the error is measured where the last third changes exactly a share tau of activation alone.

    Args:
        way: how is asked and decided.
        pool: pairs of each condition and of both kinds of controls that there are.
        crowd: who listens; one like the paper's if not given.
        studies: how many are simulated for each of the two.
        seed: of all of them.
    """
    shares = spread(len(pool.conditions))
    safe = shares <= max(THETAS)
    edge = np.where(safe, shares, way.rule.tau)
    design = design_of(way.rule, way.votes, pool)
    state, asked = run(design, crowd or Crowd(), np.stack([shares, shares], axis=1), studies, seed, pool)
    of_both = np.stack([edge, np.where(safe, shares, 0.0)], axis=1)
    at_edge, _ = run(design, crowd or Crowd(), of_both, studies, seed + 1, pool)
    beyond = shares > way.rule.tau
    return Foreseen(
        judgments=float(asked.judgments.mean()),
        judgments_95=float(np.quantile(asked.judgments, 0.95)),
        safe=_found_safe(way, pool, crowd or Crowd(), studies, seed, shares, state),
        unsafe=float((state.verdict[:, beyond] == UNSAFE).mean()) if beyond.any() else float("nan"),
        wrong=float((at_edge.verdict[:, ~safe] == SAFE).mean()) if (~safe).any() else float("nan"),
    )


def _found_safe(
    way: Way, pool: Pool, crowd: Crowd, studies: int, seed: int, shares: Floats, state: State
) -> dict[float, float]:
    """By share of truly changed pairs, how often a condition is found SAFE; each is simulated where few are spread."""
    safe = shares <= max(THETAS)
    if safe.sum() >= len(THETAS):
        found = (state.verdict == SAFE).mean(axis=0)
        return {theta: float(np.interp(theta, shares[safe], found[safe])) for theta in THETAS}
    design = design_of(way.rule, way.votes, pool)
    chances = {}
    for theta in THETAS:
        alike = np.where(safe, theta, shares)
        ended, _ = run(design, crowd, np.stack([alike, alike], axis=1), studies, seed, pool)
        chances[theta] = float((ended.verdict[:, safe] == SAFE).mean())
    return chances


def spread(conditions: int) -> Floats:
    """Shares of truly changed pairs for so many conditions, spread as in the paper's layout.

    >>> spread(26)[[0, 17, 18, 25]].round(3).tolist()
    [0.0, 0.03, 0.06, 0.29]
    """
    safe = max(1, round(conditions * len(SAFE_SHARES) / (len(SAFE_SHARES) + len(UNSAFE_SHARES))))
    places = np.linspace(0, len(UNSAFE_SHARES) - 1, conditions - safe)
    loud = np.interp(places, np.arange(len(UNSAFE_SHARES)), UNSAFE_SHARES)
    return np.concatenate([np.linspace(0.0, max(THETAS), safe), loud])


def design_table(
    asked: Iterable[Way],
    pool: Pool,
    hits: Hits,
    pay: Pay,
    *,
    measured: Measured | None = None,
    studies: int = STUDIES,
    seed: int = SEED,
) -> pd.DataFrame:
    """One row a way: judgments on average and in one study of twenty, price, and what is found.

    Returns:
        Columns `design`, `judgments`, `judgments_95`, `assignments`, `price_minor`, `price`, `price_95`, `currency`,
        `safe_at_0.00` to `safe_at_0.03`, `unsafe`, `wrong`.
    """
    rows = []
    for way in asked:
        found = foresee(way, pool, studies=studies, seed=seed)
        costs = [_price_minor(count, way, hits, pay, measured) for count in (found.judgments, found.judgments_95)]
        figures = asdict(found)
        safe = figures.pop("safe")
        rows.append(
            {"design": way.name, "judgments": round(figures.pop("judgments"))}
            | {"judgments_95": round(figures.pop("judgments_95"))}
            | {"assignments": ceil(found.judgments / hits.asked_per_hit), "price_minor": costs[0]}
            | {"price": costs[0] / minor_per_major(pay.currency), "price_95": costs[1] / minor_per_major(pay.currency)}
            | {"currency": pay.currency}
            | {f"safe_at_{theta:.2f}": share for theta, share in safe.items()}
            | figures
        )
    return pd.DataFrame(rows)


def _price_minor(judgments: float, way: Way, hits: Hits, pay: Pay, measured: Measured | None) -> int:
    known = measured or Measured()
    s_per_trial = known.s_per_trial or pay.expected_s_per_trial
    places = hits.votes_per_pair if hits.policy == "fixed" and not way.rule.sequential else 1
    assignments = ceil(judgments / hits.asked_per_hit)
    return cost_of(assignments, hits.trials_per_hit, places, s_per_trial, pay, known).total_minor
