"""A few looks planned beforehand, with the boundaries that the field knows: O'Brien-Fleming's or Pocock's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from analysis.certification.fixed import score_of_counts
from analysis.certification.group_sequential import Spending, look_p
from analysis.certification.multiplicity import Correction, adjusted, corrected
from analysis.certification.sequential import harder
from analysis.certification.state import Array, Grounds, State, Wanted
from analysis.citations import cited
from analysis.designs.base import Design, enough_for_a_test
from analysis.tables import many
from hits.vote_rules import LEAD_3_OF_5, VoteRule


@dataclass(frozen=True)
class GroupSequential(Design):
    """At each look whoever is SAFE or UNSAFE by sequential p-values gets no more pairs; all controls come first.

    With `futility_from`, a look (1..looks), whoever lies above the margin there or later gets none either.
    """

    guarantee: ClassVar[str] = (
        "By a score test at a few planned looks, whose boundaries spend the stated error over them; the correction "
        "over conditions holds on the sequential p-values."
    )

    summary: ClassVar[str] = "a few planned looks, after each of which decided conditions got no more pairs"
    planned_size: ClassVar[bool] = True

    votes: VoteRule = LEAD_3_OF_5
    tau: float = 0.10
    error: float = 0.05
    pairs: tuple[int, ...] = (300,)
    looks: int = 5
    spending: Spending = "obrien-fleming"
    futility_from: int | None = None
    identical: int = 800
    positive: int = 200
    correction: Correction = "bh"
    unsafe: bool = True
    slack: float = 0.0
    min_pairs: int = 1

    def methods(self) -> str:
        """How many looks, and by whose boundaries."""
        by = {
            "obrien-fleming": f"O'Brien and Fleming {cited('obrien1979multiple')}",
            "pocock": f"Pocock {cited('pocock1977group')}",
        }[self.spending]
        return (
            f"A score test with the pair as unit was made at {many(self.looks, 'planned look')}, its error spent as by "
            f"{by}; conditions that were decided got no more pairs. P-values were {corrected(self.correction)}."
        )

    def threshold(self, conditions: int) -> str:  # noqa: ARG002
        """By which correction more than 1/error is asked."""
        more = "" if self.correction == "none" else ", so that more than this is asked of most"
        return f"Correction of the sequential p-values over conditions: {self.correction}{more}."

    def grounds(self, state: State) -> Grounds:
        """Sequential p-values, before any correction."""
        safe, unsafe = (np.asarray(state.memory[name], np.float64) for name in ("p_safe", "p_unsafe"))
        return Grounds("p-value", safe, unsafe)

    def _wants(self, state: State) -> Wanted:
        share = np.minimum(state.rounds + 1, self.looks)[:, None] / self.looks
        due = np.ceil(np.array(self.pairs) * share).astype(np.int64)
        one = np.ones_like(state.rounds)
        return Wanted(np.maximum(due - state.opened, 0), self.identical * one, self.positive * one)

    def _remember(self, shape: tuple[int, int, int]) -> dict[str, Array]:
        return {"p_safe": np.ones(shape), "p_unsafe": np.ones(shape)}

    def _decide(self, state: State) -> State:
        hard = harder(state.controls, self.votes, self.slack)
        z = score_of_counts(state.pairs, state.changed, hard, self.tau)
        z_unsafe = score_of_counts(state.pairs, state.changed, state.controls, self.tau)
        look = np.minimum(state.rounds, self.looks) - 1
        p_safe, p_unsafe = state.memory["p_safe"].copy(), state.memory["p_unsafe"].copy()
        for each in np.unique(look[look >= 0]):
            now = (look == each)[:, None, None] & state.open
            p_safe = np.where(now, np.minimum(p_safe, look_p(z, each, self.looks, self.spending)), p_safe)
            p_unsafe = np.where(now, np.minimum(p_unsafe, look_p(-z_unsafe, each, self.looks, self.spending)), p_unsafe)
        enough = enough_for_a_test(state, self.min_pairs)
        safe = (adjusted(p_safe.max(axis=2), self.correction) <= self.error) & enough
        against = np.minimum(1.0, p_unsafe.min(axis=2) * z.shape[2])
        unsafe = (adjusted(against, self.correction) <= self.error) & self.unsafe & ~safe & enough
        going = state.open.any(axis=2) & ~safe & ~unsafe & ~state.exhausted & (look < self.looks - 1)[:, None]
        if self.futility_from is not None:
            going &= ~((look + 1 >= self.futility_from)[:, None] & (z < 0).any(axis=2))
        closed = np.ones_like(state.controls_closed)
        still = np.broadcast_to(going[:, :, None], state.open.shape)
        return state.with_verdicts(still, safe, unsafe, closed, {"p_safe": p_safe, "p_unsafe": p_unsafe})
