"""MACE (Hovy et al. 2013): a worker attends and is right, or answers by habit."""

from __future__ import annotations

from analysis.aggregators.base import Aggregator
from analysis.em import Coded, Shares, mace


class Mace(Aggregator):
    """Variational Bayes from equal workers, with the usual priors; it supposes that half of all pairs are changed."""

    def _changed(self, said: Coded) -> Shares:
        return mace(said).changed
