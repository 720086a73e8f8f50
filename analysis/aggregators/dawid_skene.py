"""Dawid & Skene (1979): every worker has a rate of false alarms and one of changes heard."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.aggregators.base import Aggregator
from analysis.em import Coded, Shares, dawid_skene


@dataclass(frozen=True)
class DawidSkene(Aggregator):
    """Maximum likelihood by EM from the shares of votes, as the paper of 1979 has it.

    Attributes:
        iterations: of the EM, at most.
    """

    iterations: int = 200

    def _changed(self, said: Coded) -> Shares:
        return dawid_skene(said, iterations=self.iterations).changed
