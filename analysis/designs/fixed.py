"""The paper's way, with controls: a number of pairs fixed beforehand, one test at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from analysis.certification.fixed import score_of_counts
from analysis.certification.multiplicity import Correction, adjusted, corrected
from analysis.certification.sequential import harder
from analysis.certification.state import Floats, Grounds, State, Wanted
from analysis.designs.base import Design, enough_for_a_test
from hits.vote_rules import MAJORITY_OF_3, MajorityRule, VoteRule


@dataclass(frozen=True)
class Fixed(Design):
    """Each condition gets its `pairs` (one number for all, or one each); the score statistic decides at the end."""

    guarantee: ClassVar[str] = (
        "By a score test with the pair as unit and noise of the controls included; the correction over conditions "
        "keeps the expected share of wrong verdicts (bh), or the chance of any (holm), at the stated error."
    )

    summary: ClassVar[str] = "a number of pairs that was fixed beforehand, and one test at the end"
    sequential: ClassVar[bool] = False
    planned_size: ClassVar[bool] = True
    foreseen_under: ClassVar[tuple[VoteRule, ...]] = (MAJORITY_OF_3, MajorityRule(3, curtailed=True))

    votes: VoteRule = MAJORITY_OF_3
    tau: float = 0.10
    error: float = 0.05
    pairs: tuple[int, ...] = (300,)
    identical: int = 800
    positive: int = 200
    correction: Correction = "bh"
    unsafe: bool = True
    slack: float = 0.0
    min_pairs: int = 1

    def methods(self) -> str:
        """The test at the end."""
        return (
            "The number of pairs was fixed beforehand, and a score test with the pair as unit, its variance taken at "
            "the margin and noise of both controls included, decided at the end. "
            f"P-values were {corrected(self.correction)}."
        )

    def grounds(self, state: State) -> Grounds:
        """P-values of the score test, before any correction."""
        for_safe, for_unsafe = self._scores(state)
        return Grounds("p-value", ndtr(-for_safe), ndtr(for_unsafe))

    def _scores(self, state: State) -> tuple[Floats, Floats]:
        """Z for SAFE, with real changes as hard to hear as they may be, and for UNSAFE, as easy as the controls."""
        hard = harder(state.controls, self.votes, self.slack)
        each = (score_of_counts(state.pairs, state.changed, controls, self.tau) for controls in (hard, state.controls))
        return next(each), next(each)

    def _wants(self, state: State) -> Wanted:
        missing = np.maximum(np.array(self.pairs) - state.pairs.min(axis=2), 0)
        identical = np.maximum(self.identical - state.controls.identical.min(axis=1), 0)
        return Wanted(missing, identical, np.maximum(self.positive - state.controls.positive.min(axis=1), 0))

    def _decide(self, state: State) -> State:
        z, z_unsafe = self._scores(state)
        all_in = (state.exhausted | (state.pairs.min(axis=2) >= np.array(self.pairs))).all(axis=1)
        closed = all_in & (state.controls_closed | state.controls.reach(self.identical, self.positive))
        safe = adjusted(ndtr(-z).max(axis=2), self.correction) <= self.error
        against = np.minimum(1.0, ndtr(z_unsafe).min(axis=2) * z.shape[2])
        unsafe = (adjusted(against, self.correction) <= self.error) & self.unsafe
        enough = enough_for_a_test(state, self.min_pairs)
        still = np.broadcast_to(~closed[:, None, None], state.open.shape)
        may = closed[:, None] & enough
        return state.with_verdicts(still, safe & may, unsafe & may, closed, {})
