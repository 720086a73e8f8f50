"""One-stage adaptive BH with thresholds calibrated by redrawing the controls, and optimistic parking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.certification.adaptive_bh import Walk, adaptive_side
from analysis.certification.lead import LEAD_3_OF_7, VoteRule
from analysis.certification.sequential import Test, harder, nothing, settle, unsafe_side, weigh
from analysis.designs.base import CONTROL_ROUNDS, Array, Design, State, Wanted


@dataclass(frozen=True)
class C(Design):
    """As E, but a condition is SAFE where its highest likelihood ratio passes what chance reaches with rate a_k.

    Noise of the controls and overshoot are in the thresholds. Each condition's error is at most `error`; FDR is at
    most `error` where conditions are independent given the crowd. UNSAFE is asked by e-BH at the plain estimate.
    """

    votes: VoteRule = LEAD_3_OF_7
    tau: float = 0.10
    error: float = 0.05
    alternative: float = 0.25
    futility: float = 0.05
    most_pairs: int = 900
    batch: int = 10
    identical: int = 200
    positive: int = 100
    unsafe: bool = False
    slack: float = 0.0

    def _wants(self, state: State) -> Wanted:
        one = np.ones_like(state.rounds)
        identical, positive = (-(-each // CONTROL_ROUNDS) * one for each in (self.identical, self.positive))
        return Wanted(np.full_like(state.verdict, self.batch), identical, positive)

    def _remember(self, shape: tuple[int, int, int]) -> dict[str, Array]:
        return {**nothing(shape).memory, "highest": np.zeros(shape)}

    def _decide(self, state: State) -> State:
        test = Test(self.tau, self.alternative, self.futility)
        controls = harder(state.controls, self.votes, self.slack)
        evidence = weigh(test, state.pairs, state.changed, controls, state.memory)
        closed = state.controls_closed | state.controls.reach(self.identical, self.positive)
        highest = np.where(closed[:, None, None], np.maximum(state.memory["highest"], evidence.safe), 0.0)
        walk = Walk(self.tau, self.alternative, self.futility, self.most_pairs, self.batch)
        found = settle(
            adaptive_side(walk, highest, evidence.futile, controls, self.error, closed),
            unsafe_side(evidence, closed, self.error) if self.unsafe else None,
            state.exhausted | (state.pairs.max(axis=2) >= self.most_pairs),
        )
        memory = {**evidence.memory, "highest": highest}
        return state.with_verdicts(found.open, found.safe, found.unsafe, closed, memory)
