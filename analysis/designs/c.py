"""One-stage adaptive BH with thresholds calibrated by redrawing the controls, and optimistic parking."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.certification.controls import Controls
from analysis.designs.base import Bools, Calibrated, State, Wanted, evenly


@dataclass(frozen=True)
class C(Calibrated):
    """As `Calibrated`, with controls of a fixed number, which come in the first rounds."""

    def _wants(self, state: State) -> Wanted:
        return evenly(state, self.batch, self.identical, self.positive)

    def _enough(self, controls: Controls) -> Bools:
        return controls.reach(self.identical, self.positive)
