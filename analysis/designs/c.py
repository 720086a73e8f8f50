"""One-stage adaptive BH with thresholds calibrated by redrawing the controls, and optimistic parking."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.certification.controls import Controls
from analysis.designs.base import Bools, Calibrated, Ints, State, evenly


@dataclass(frozen=True)
class C(Calibrated):
    """As `Calibrated`, with controls of a fixed number, which come within a few rounds."""

    def _controls(self, state: State) -> tuple[Ints, Ints]:
        wanted = evenly(state, self.batch, self.identical, self.positive)
        return wanted.identical, wanted.positive

    def _enough(self, controls: Controls) -> Bools:
        return controls.reach(self.identical, self.positive)
