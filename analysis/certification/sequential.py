"""A sequential test of many conditions at once: evidence for SAFE and UNSAFE, who is parked, who is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, logit

from analysis.certification.controls import Controls, margin, mover
from analysis.certification.evalues import log_e, step_up, thresholds_of
from analysis.certification.parking import park
from hits.vote_rules import VoteRule

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Array: TypeAlias = npt.NDArray[np.generic]

_SHARES = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Test:
    """Likelihood ratios against theta = tau: for SAFE of `alternative` times tau, for UNSAFE of twice tau."""

    tau: float
    alternative: float
    futility: float  # a ratio this low ends the hope on its side
    baseline_error: float | None = None  # of each limit of p*, by MOVER; None takes p* as estimated

    def safe(self, pairs: Ints, changed: Ints, controls: Controls) -> Floats:
        """Log e-values against theta >= tau; shape (studies, conditions, dimensions)."""
        null = self._limits(controls)[0]
        low = margin(self.alternative * self.tau, controls.q0, controls.q1)
        return log_e(pairs, changed, low[:, None], null[:, None])

    def unsafe(self, pairs: Ints, changed: Ints, controls: Controls) -> Floats:
        """Log e-values against theta <= tau."""
        null = self._limits(controls)[1]
        high = margin(min(1.0, 2 * self.tau), controls.q0, controls.q1)
        return log_e(pairs, pairs - changed, 1 - high[:, None], 1 - null[:, None])

    def _limits(self, controls: Controls) -> tuple[Floats, Floats]:
        if self.baseline_error is not None:
            return mover(controls, self.tau, self.baseline_error)
        null = margin(self.tau, controls.q0, controls.q1)
        return null, null


@dataclass(frozen=True)
class Evidence:
    """What has come so far says, by dimension: log e-values for either verdict, and where each side gave up."""

    safe: Floats
    unsafe: Floats
    futile: Bools
    futile_unsafe: Bools

    @property
    def memory(self) -> dict[str, npt.NDArray[np.generic]]:
        """What has to be remembered: giving up is for good, even if the controls say otherwise later."""
        return {"futile": self.futile, "futile_unsafe": self.futile_unsafe}


def nothing(shape: tuple[int, int, int]) -> Evidence:
    """The evidence before the first round."""
    return Evidence(np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_))


def weigh(
    test: Test, pairs: Ints, changed: Ints, controls: Controls, memory: Mapping[str, Array], plain: Controls
) -> Evidence:
    """The evidence after a round, from all counts so far and the `memory` of the round before.

    SAFE is weighed against `controls`, whose positive ones may be taken to be easier than real changes; UNSAFE against
    the `plain` ones, as which real changes are found at best.
    """
    known = controls.known[:, None]
    safe = np.where(known, test.safe(pairs, changed, controls), 0.0)
    unsafe = np.where(known, test.unsafe(pairs, changed, plain), 0.0)
    give_up = np.log(test.futility)
    futile = memory["futile"].astype(np.bool_) | (safe <= give_up)
    return Evidence(safe, unsafe, futile, memory["futile_unsafe"].astype(np.bool_) | (unsafe <= give_up))


def harder(controls: Controls, votes: VoteRule, logits: float) -> Controls:
    """Controls as if the positive ones were harder to hear by so many logits for every voter."""
    if logits == 0:
        return controls
    found: Any = np.interp(controls.q1, _SHARES, _subtler(votes, logits))
    return replace(controls, positive_changed=controls.positive * found)


@cache
def _subtler(votes: VoteRule, logits: float) -> Floats:
    return np.array([subtler(votes, float(share), logits) for share in _SHARES])


def subtler(votes: VoteRule, changed: float, logits: float) -> float:
    """P(changed) of pairs whose votes say different less often by so many logits, where P(changed) was `changed`.

    The logits are those of the mean vote; among listeners who differ, half a logit for each is about .38 of them.

    >>> from hits.vote_rules import LEAD_3_OF_7
    >>> round(subtler(LEAD_3_OF_7, 0.72, 0.38), 2)
    0.6
    """
    inside = min(max(changed, 1e-6), 1 - 1e-6)
    share = brentq(lambda each: votes.expect(each)[0] - inside, 1e-9, 1 - 1e-9)
    return votes.expect(float(expit(logit(share) - logits)))[0]


@dataclass(frozen=True)
class Side:
    """One verdict's evidence: who reaches the threshold of k verdicts, and who gave up, both by dimension."""

    reached: Callable[[Ints], Bools]  # k of shape (studies,) gives (studies, conditions, dimensions)
    futile: Bools


def e_bh_side(log_es: Floats, futile: Bools, error: float) -> Side:
    """The thresholds of e-BH, for e-values of shape (studies, conditions, dimensions)."""
    many = log_es.shape[1]
    return Side(lambda k: log_es >= thresholds_of(k, many, error)[:, None, None], futile)


def unsafe_side(evidence: Evidence, closed: Bools, error: float) -> Side:
    """UNSAFE by e-BH on the mean of the dimensions' e-values, an e-value of "no dimension is unsafe"."""
    mean = np.logaddexp.reduce(evidence.unsafe, axis=2, keepdims=True) - np.log(evidence.unsafe.shape[2])
    return e_bh_side(np.where(closed[:, None, None], mean, -np.inf), evidence.futile_unsafe, error)


@dataclass(frozen=True)
class Settled:
    """Who wants pairs, by dimension; who is parked as SAFE and who as UNSAFE, by condition."""

    open: Bools
    safe: Bools
    unsafe: Bools


def settle(safe: Side, unsafe: Side | None, exhausted: Bools, *, optimistic: bool = True) -> Settled:
    """Who is parked and who is open, for SAFE alone or for both verdicts.

    A condition is SAFE by all its dimensions (no correction is due), UNSAFE by the e-value of `unsafe`. Each verdict
    keeps its own error. What is parked as the one is hopeless as the other.

    Args:
        safe: evidence for SAFE.
        unsafe: evidence for UNSAFE, with one "dimension" of evidence and the futility of each; None asks for SAFE only.
        exhausted: shape (studies, conditions): those that may get no more pairs.
        optimistic: count everybody who may still make it, else only who has made it by now.
    """
    park_ = park if optimistic else _wait
    no_hope = np.asarray(safe.futile.any(axis=2))
    if unsafe is None:
        parked, no_hope = park_(_all(safe), no_hope, exhausted)
        wanted = ~safe.reached((~no_hope).sum(axis=1)) if optimistic else np.ones_like(safe.futile)
        return Settled((~parked & ~no_hope)[:, :, None] & wanted, parked, np.zeros_like(parked))
    maybe, _ = park_(_all(safe), no_hope, exhausted)
    no_fear = np.asarray(unsafe.futile.all(axis=2))
    parked_unsafe, lost = park_(_all(unsafe), no_fear | maybe, exhausted)
    no_fear |= lost & ~maybe
    parked, no_hope = park_(_all(safe), no_hope | parked_unsafe, exhausted)
    going = ~parked & ~parked_unsafe & ~(no_hope & no_fear)
    for_safe = ~no_hope[:, :, None] & ~(safe.reached((~no_hope).sum(axis=1)) & optimistic)
    for_unsafe = ~no_fear[:, :, None] & ~unsafe.futile
    return Settled(going[:, :, None] & (for_safe | for_unsafe), parked, parked_unsafe)


def _all(side: Side) -> Callable[[Ints], Bools]:
    return lambda k: np.asarray(side.reached(k).all(axis=2))


def _wait(reached: Callable[[Ints], Bools], hopeless: Bools, exhausted: Bools) -> tuple[Bools, Bools]:
    """Like `park`, but k is the number of those who have made it by now."""
    many = hopeless.shape[1]
    made = [(reached(np.full(len(hopeless), k)) & ~hopeless).sum(axis=1) >= k for k in range(1, many + 1)]
    parked = reached(step_up(np.stack(made, axis=1))) & ~hopeless
    return parked, hopeless | (exhausted & ~parked)
