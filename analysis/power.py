"""How many pairs and votes a condition needs, at what price: by formula, and by simulating any design."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.certification.state import SAFE, UNDECIDED, UNSAFE
from analysis.crowd import Crowd, run
from analysis.designs.base import Design
from analysis.ratios import wilson
from hits.vote_rules import VoteRule

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Skill:
    """How a crowd hears, before anything is known of it.

    With the usual values the protocols of the study's plan come out as in its simulated crowd of 200 listeners of mixed
    skill.

    Attributes:
        false_alarm: share of votes "different" on pairs that are the same.
        sensitivity: the same on pairs that differ.
        likeness: correlation of two votes on one pair: some pairs are harder than others.
    """

    false_alarm: float = 0.12
    sensitivity: float = 0.805
    likeness: float = 0.033


@dataclass(frozen=True)
class Protocol:
    """How the votes on a pair become its outcome, "different" or not, and what that takes.

    Attributes:
        name: for tables.
        q0: share of pairs called different that are the same.
        q1: the same of pairs that differ.
        going_same: of pairs that are the same, the share that still needs a vote after 0, 1, 2, ... votes.
        going_changed: the same of pairs that differ.
    """

    name: str
    q0: float
    q1: float
    going_same: tuple[float, ...]
    going_changed: tuple[float, ...]

    def called(self, changed: float) -> float:
        """Share of pairs called different where that share truly changes."""
        return (1 - changed) * self.q0 + changed * self.q1

    def judgments(self, changed: float, dimensions: int = 1) -> float:
        """Judgments that a pair takes on average until all its dimensions are settled, taken as independent."""
        going = ((1 - changed) * a + changed * b for a, b in zip(self.going_same, self.going_changed, strict=True))
        return sum(1 - (1 - share) ** dimensions for share in going)


@dataclass(frozen=True)
class Controls:
    """Control pairs. Those of one clip are alike: `per_clip` of them count for fewer by `likeness`, 0..1."""

    identical: int = 200
    positive: int = 100
    per_clip: float = 1.0
    likeness: float = 0.0

    def variance(self, protocol: Protocol, tau: float) -> float:
        """Of the ratio that tau comes to, as the controls estimate it; endless where one kind is missing."""
        if not (self.identical and self.positive):
            return inf
        spread = (1 - tau) ** 2 * protocol.q0 * (1 - protocol.q0) / self.identical
        spread += tau**2 * protocol.q1 * (1 - protocol.q1) / self.positive
        return spread * (1 + (self.per_clip - 1) * self.likeness)


def protocol(votes: VoteRule, skill: Skill) -> Protocol:
    """What a rule makes of a crowd's votes, worked out vote by vote (a beta-binomial for each kind of pair).

    Args:
        votes: when a pair has votes enough, and what they come to.
        skill: of those who vote.

    >>> from hits.vote_rules import MajorityRule
    >>> found = protocol(MajorityRule(1), Skill(0.1, 0.8, 0.0))
    >>> round(found.q0, 3), round(found.q1, 3), found.judgments(0.0)
    (0.1, 0.8, 1.0)
    """
    q0, going_same = votes.walk(skill.false_alarm, skill.likeness)
    q1, going_changed = votes.walk(skill.sensitivity, skill.likeness)
    return Protocol(str(votes), q0, q1, going_same, going_changed)


def pairs_needed(
    protocol: Protocol, tau: float, theta: float, controls: Controls, *, alpha: float = 0.05, power: float = 0.9
) -> int | None:
    """Pairs with which a condition of which a share theta truly changes is found SAFE, in one dimension.

    Args:
        protocol: how votes become outcomes.
        tau: the largest share that is still safe.
        theta: the share that changes, below tau.
        controls: how many there are.
        alpha: how often a condition at tau may be called SAFE.
        power: how often one at theta should be.

    Returns:
        None where no number of pairs suffices: the controls are too few.

    >>> from hits.vote_rules import MajorityRule
    >>> usual = protocol(MajorityRule(3), Skill())
    >>> pairs_needed(usual, tau=0.10, theta=0.0, controls=Controls(800, 200)) in range(95, 110)
    True
    """
    z_alpha, z_power = float(stats.norm.ppf(1 - alpha)), float(stats.norm.ppf(power))
    at_tau, at_theta = (share * (1 - share) for share in (protocol.called(tau), protocol.called(theta)))
    room = ((tau - theta) * (protocol.q1 - protocol.q0)) ** 2
    room -= (z_alpha + z_power) ** 2 * controls.variance(protocol, tau)
    if theta >= tau or room <= 0:
        return None
    return ceil((z_alpha * sqrt(at_tau) + z_power * sqrt(at_theta)) ** 2 / room)


def power_at(
    pairs: Sequence[int] | npt.NDArray[np.int_],
    protocol: Protocol,
    tau: float,
    theta: float,
    controls: Controls,
    alpha: float = 0.05,
) -> Floats:
    """How often a condition is found SAFE in one dimension with so many pairs: a curve to draw, shape (len(pairs),)."""
    count = np.asarray(pairs, dtype=np.float64)
    noise = controls.variance(protocol, tau)
    if noise == inf:
        return np.zeros(len(count))
    at_tau, at_theta = (share * (1 - share) for share in (protocol.called(tau), protocol.called(theta)))
    apart = (tau - theta) * (protocol.q1 - protocol.q0)
    reach = apart - stats.norm.ppf(1 - alpha) * np.sqrt(at_tau / count + noise)
    return np.asarray(stats.norm.cdf(reach / np.sqrt(at_theta / count + noise)), dtype=np.float64)


def simulate(
    design: Design, changed: Mapping[str, float], crowd: Crowd | None = None, *, replicates: int = 200, seed: int = 0
) -> pd.DataFrame:
    """How a design fares if the truth were so, in one dimension: one row a condition.

    Args:
        design: any of `analysis.designs`, fixed or sequential.
        changed: the share of pairs that truly change, by condition.
        crowd: who judges; the usual one if not given.
        replicates: how often the study is run.
        seed: of everything that is drawn.

    Returns:
        Columns condition, changed, safe, safe_lower, safe_upper (95 % Wilson limits of the simulation itself), unsafe,
        undecided, judgments (mean of the whole study, controls included), judgments_95 (its .95 quantile), replicates.
    """
    state, people = run(design, crowd or Crowd(), np.array(list(changed.values())), replicates, seed)
    rows = []
    for (condition, share), said in zip(changed.items(), state.verdict.T, strict=True):
        safe = int((said == SAFE).sum())
        lower, upper = wilson(safe, replicates, 0.95)
        rows.append(
            {
                "condition": condition,
                "changed": share,
                "safe": safe / replicates,
                "safe_lower": lower,
                "safe_upper": upper,
                "unsafe": float((said == UNSAFE).mean()),
                "undecided": float((said == UNDECIDED).mean()),
                "judgments": float(people.judgments.mean()),
                "judgments_95": float(np.quantile(people.judgments, 0.95)),
                "replicates": replicates,
            }
        )
    return pd.DataFrame(rows)


def curves(
    pairs: Sequence[int], protocols: Iterable[Protocol], tau: float, thetas: Sequence[float], controls: Controls,
    alpha: float = 0.05,
) -> pd.DataFrame:  # fmt: skip
    """Power by pairs, protocol and truth, one row each: columns protocol, changed, pairs, judgments, power."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "protocol": one.name,
                    "changed": theta,
                    "pairs": list(pairs),
                    "judgments": np.asarray(pairs) * one.judgments(theta, dimensions=2),
                    "power": power_at(list(pairs), one, tau, theta, controls, alpha),
                }
            )
            for one in protocols
            for theta in thetas
        ],
        ignore_index=True,
    )
