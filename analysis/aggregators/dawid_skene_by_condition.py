"""Dawid & Skene with a share of changed pairs for each condition, and shy of what few votes say of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analysis.aggregators.base import Aggregator
from analysis.em import Coded, Shares, dawid_skene


@dataclass(frozen=True)
class DawidSkeneByCondition(Aggregator):
    """Votes of a condition that changes much are believed sooner than those of one that changes hardly anything.

    Labels borrow strength across the pairs of a condition, so that intervals from counting them are too narrow: use
    them to train and to draw, and certify by majority.

    Attributes:
        worker_votes: how many votes the crowd's own rates weigh in each worker's.
        condition_pairs: how many pairs the whole study's share of changed pairs weighs in each condition's.
    """

    leans_on_conditions: ClassVar[bool] = True

    worker_votes: float = 10.0
    condition_pairs: float = 10.0

    def _changed(self, said: Coded) -> Shares:
        return dawid_skene(said, shrink=self.worker_votes, by_condition=self.condition_pairs).changed
