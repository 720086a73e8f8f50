"""E-values of Wald's test, e-BH and optimistic parking: valid under any dependence, given the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from analysis.certification.sequential import Evidence, Test, e_bh_side, harder, nothing, settle, unsafe_side, weigh
from analysis.certification.state import Array, Grounds, State, Wanted
from analysis.citations import cited
from analysis.designs.base import Design, evenly, in_rounds
from hits.vote_rules import LEAD_3_OF_7, VoteRule

#: The part of an error that the limits of the margin may take under the rigorous baseline.
BASELINE_SHARE = 0.2


@dataclass(frozen=True)
class E(Design):
    """Every condition gets `batch` pairs a round until its e-values settle it; FDR at most `error`, for each verdict.

    With `baseline_error` the limit of p* by MOVER takes its part of the error, so that noise of the controls is paid
    for ("rigorous"); with None p* is taken as estimated.
    """

    guarantee: ClassVar[str] = (
        "The expected share of wrong ones among the SAFE, and among the UNSAFE, is at most the stated error, however "
        "conditions hang together; with the rigorous baseline, noise of the controls included."
    )

    summary: ClassVar[str] = "judgments weighed after every round by e-values, decided conditions getting no more pairs"

    votes: VoteRule = LEAD_3_OF_7
    tau: float = 0.10
    error: float = 0.05
    alternative: float = 0.25
    futility: float = 0.05
    most_pairs: int = 900
    batch: int = 10
    identical: int = 400
    positive: int = 200
    baseline_error: float | None = 0.01
    unsafe: bool = False
    slack: float = 0.0
    optimistic: bool = True

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """With the baseline that the settings ask for."""
        limited = BASELINE_SHARE * settings["error"] if settings["baseline"] == "rigorous" else None
        return replace(super().from_settings(settings), baseline_error=limited)

    def methods(self) -> str:
        """Rounds, and what the e-values are taken against."""
        against = (
            "the margin as estimated"
            if self.baseline_error is None
            else "the limit of the margin by MOVER, for which a part of the error was spent "
            f"{cited('zou2008construction')}"
        )
        return (
            f"{in_rounds(self.batch, self.most_pairs, self.alternative * self.tau, self.futility)} These e-values, "
            f"taken against {against}, were corrected over conditions by e-BH {cited('wang2022false')}."
        )

    def threshold(self, conditions: int) -> str:
        """What e-BH asks of the first condition and of each of all."""
        return (
            f"e-BH asks {conditions / self._verdict_error:.3g} of a condition that is certified alone, and "
            f"{1 / self._verdict_error:.3g} of each where all of them are."
        )

    @property
    def _verdict_error(self) -> float:
        """What the baseline leaves of the error."""
        return self.error - (self.baseline_error or 0.0)

    def grounds(self, state: State) -> Grounds:
        """E-values against theta >= tau and against theta <= tau, as they stand."""
        evidence = self._weigh(state)
        return Grounds.of_logs("e-value", evidence.safe, evidence.unsafe)

    def _wants(self, state: State) -> Wanted:
        return evenly(state, self.batch, self.identical, self.positive)

    def _remember(self, shape: tuple[int, int, int]) -> dict[str, Array]:
        return nothing(shape).memory

    def _weigh(self, state: State) -> Evidence:
        test = Test(self.tau, self.alternative, self.futility, self.baseline_error)
        controls = harder(state.controls, self.votes, self.slack)
        return weigh(test, state.pairs, state.changed, controls, state.memory, state.controls)

    def _decide(self, state: State) -> State:
        evidence = self._weigh(state)
        closed = state.controls_closed | state.controls.reach(self.identical, self.positive)
        error = self._verdict_error
        found = settle(
            e_bh_side(np.where(closed[:, None, None], evidence.safe, -np.inf), evidence.futile, error),
            unsafe_side(evidence, closed, error) if self.unsafe else None,
            (state.exhausted | (state.opened >= self.most_pairs)) & closed[:, None],
            optimistic=self.optimistic,
        )
        return state.with_verdicts(found.open, found.safe, found.unsafe, closed, evidence.memory)
