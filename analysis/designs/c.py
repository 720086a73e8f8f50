"""One-stage adaptive BH with thresholds calibrated by redrawing the controls, and optimistic parking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analysis.certification.controls import Controls
from analysis.certification.state import Bools, Ints, State
from analysis.designs.base import Calibrated, evenly
from hits.vote_rules import VoteRule


@dataclass(frozen=True)
class C(Calibrated):
    """As `Calibrated`, with controls of a fixed number, which come within a few rounds."""

    summary: ClassVar[str] = (
        "judgments weighed after every round by likelihood ratios, decided conditions getting no more pairs"
    )
    foreseen_under: ClassVar[tuple[VoteRule, ...]] = ()  # C' does the same with as many controls as it takes

    def _controls(self, state: State) -> tuple[Ints, Ints]:
        wanted = evenly(state, self.batch, self.identical, self.positive)
        return wanted.identical, wanted.positive

    def _enough(self, controls: Controls) -> Bools:
        return controls.reach(self.identical, self.positive)
