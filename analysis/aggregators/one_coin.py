"""Dawid & Skene with one rate a worker: how often the worker is right, whatever is right."""

from __future__ import annotations

from analysis.aggregators.base import Aggregator
from analysis.em import Coded, Shares, one_coin


class OneCoin(Aggregator):
    """Few parameters, and blind where "different" is rare: whoever always says "same" is nearly always right."""

    def _changed(self, said: Coded) -> Shares:
        return one_coin(said).changed
