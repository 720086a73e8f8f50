"""Everything that a page of an attack is made of, worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from models.attacking import by_condition as conditions
from models.attacking import rates
from models.attacking.paired import STUDY, Kind, Place, comparisons
from models.attacking.report.facts import Facts

STEPS_DB = tuple(float(level) for level in range(41))  # at which the curve against SNR is drawn


class Results:
    """Figures of an attack, from the tables that it left."""

    def __init__(
        self,
        queries: pd.DataFrame,
        clips: pd.DataFrame,
        facts: Facts,
        unlimited: pd.DataFrame | None = None,
        *,
        clean: str | None = None,
    ) -> None:
        """Take what was asked.

        Args:
            queries: all questions within the budget.
            clips: all clips.
            facts: of the attack.
            unlimited: questions of attacks on the waveform where nobody counted, on some of the clips.
            clean: the nets that others are held against.
        """
        self.queries, self.clips, self.facts, self.unlimited, self.clean = queries, clips, facts, unlimited, clean

    @property
    def after(self) -> bool:
        """Whether anybody knows what is safe."""
        return self.facts.whitelist is not None

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """What came of each attack on a clip."""
        facts = self.facts
        return rates.attempts_of(self.queries, self.clips, facts.goal_db, facts.k, ran=facts.settings, after=self.after)

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Success by speaker and budget."""
        return rates.shares_by_budget(self.attempts, self.facts.design.queries)

    @cached_property
    def rates(self) -> pd.DataFrame:
        """P_IF with limits."""
        return rates.rates_of(self.shares, self.facts.resampling)

    @cached_property
    def tests(self) -> pd.DataFrame:
        """Differences with their tests."""
        return comparisons(self.shares, clean=self.clean, clips=self.clips, drawn=self.facts.resampling)

    @cached_property
    def by_number(self) -> pd.DataFrame:
        """Success against the number of queries."""
        return rates.curve(rates.shares_by_budget(self.attempts, range(1, self.facts.k + 1)), "k")

    @cached_property
    def by_snr(self) -> pd.DataFrame:
        """Success within the largest budget against the SNR that is demanded."""
        return rates.curve(rates.shares_by_snr(self.attempts, STEPS_DB), "above_db")

    @cached_property
    def reached(self) -> pd.DataFrame:
        """How quick and how near successes are."""
        return rates.reached(self.attempts)

    @cached_property
    def by_condition(self) -> pd.DataFrame:
        """What came of each condition."""
        return conditions.by_condition(self.queries, self.attempts, self.facts.k)

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """People beside recognisers; no rows without a whitelist."""
        whitelist = self.facts.whitelist
        if whitelist is None:
            return pd.DataFrame(columns=conditions.GAP)
        return conditions.gaps(self.queries, self.attempts, whitelist, self.facts.k, self.facts.resampling)

    @cached_property
    def study(self) -> str:
        """The attack on top: the paper's, or the design's where that was not run."""
        ran = set(self.attempts["attack"])
        return next((one for one in (STUDY, self.facts.design.attack) if one in ran), min(ran, default=STUDY))

    @cached_property
    def nets(self) -> tuple[str, ...]:
        """All nets; those that others are held against come first."""
        return tuple(sorted(set(self.clips["nets"]), key=lambda name: (name != self.clean, name)))

    @cached_property
    def _rate_by(self) -> dict[Place, Any]:
        return {Place(*row[:7]): row for row in rates.rows_of(self.rates)}

    def rate(self, at: Place) -> Any | None:
        """The row of `rates` at a place, with its columns as attributes; None where that was not run."""
        return self._rate_by.get(at)

    @cached_property
    def _test_by(self) -> dict[tuple[Place, Kind], Any]:
        return {(Place(*row[:7]), row.kind): row for row in rates.rows_of(self.tests)}

    def test(self, at: Place, kind: Kind) -> Any | None:
        """The row of `tests` of a figure, with its columns as attributes; None where it was held against nothing."""
        return self._test_by.get((at, kind))
