"""MACE (Hovy et al. 2013): a worker attends and is right, or answers by habit."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.aggregators.base import Aggregator
from analysis.em import Coded, Shares, mace


@dataclass(frozen=True)
class Mace(Aggregator):
    """Maximum likelihood by EM from equal workers, with a little smoothing.

    Attributes:
        share: of pairs that are changed, 0..1; None estimates it from the votes. The paper's 0.5 calls far too many
            pairs different where changes are rare.
    """

    share: float | None = None

    def _changed(self, said: Coded) -> Shares:
        return mace(said, share=self.share).changed
