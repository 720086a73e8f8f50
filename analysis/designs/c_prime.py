"""As C, with as many controls as the baseline needs: blocks of either kind until its relative error is small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from analysis.certification.controls import Controls
from analysis.certification.state import Bools, Ints, State
from analysis.designs.base import Calibrated


@dataclass(frozen=True)
class CPrime(Calibrated):
    """Controls go on from `identical` and `positive` until se(p*)/p* <= `relative_error`, judged by controls alone.

    Each round brings one block, of the kind that lowers the error more for a judgment.
    """

    summary: ClassVar[str] = (
        "judgments weighed after every round by likelihood ratios, decided conditions getting no more pairs, and as "
        "many controls as the margin needed"
    )

    identical: int = 100
    positive: int = 50
    blocks: tuple[int, int] = (50, 25)
    most_identical: int = 800
    most_positive: int = 300
    relative_error: float = 0.10

    def _more_controls(self) -> str:
        return ", more of which were asked until its relative error was small"

    def _controls(self, state: State) -> tuple[Ints, Ints]:
        first = ~state.controls.reach(self.identical, self.positive)
        more_identical = self._identical_helps_more(state.controls)
        identical = np.where(first, self.identical, self.blocks[0] * more_identical)
        return identical, np.where(first, self.positive, self.blocks[1] * ~more_identical)

    def _enough(self, controls: Controls) -> Bools:
        precise = (controls.relative_error(self.tau) <= self.relative_error).all(axis=-1)
        most = controls.reach(self.most_identical, self.most_positive)
        return controls.reach(self.identical, self.positive) & (precise | most)

    def _identical_helps_more(self, controls: Controls) -> Bools:
        """By variance taken off for each judgment, in the dimension whose p* is known worst."""
        q0, q1 = controls.smoothed()
        worst = controls.relative_error(self.tau).argmax(axis=-1)[:, None]
        gains = []
        for share, pairs, block, weight in (
            (q0, controls.identical, self.blocks[0], 1 - self.tau),
            (q1, controls.positive, self.blocks[1], self.tau),
        ):
            less = 1 / np.maximum(pairs, 1) - 1 / (pairs + block)
            gain = weight**2 * share * (1 - share) * less / block
            gains.append(np.take_along_axis(gain, worst, axis=-1)[:, 0])
        votes = [self.votes.expect(share)[1] for share in (0.12, 0.80)]  # of typical listeners
        full = controls.identical.min(axis=-1) >= self.most_identical
        full_positive = controls.positive.min(axis=-1) >= self.most_positive
        return np.asarray(~full & (full_positive | (gains[0] / votes[0] >= gains[1] / votes[1])))
