"""Material: all that a report is written from, and what several of its sections need, worked out once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

import analysis.aggregators
from analysis.aggregators.base import Aggregator
from analysis.ratios import Ratio, ratios
from analysis.verdicts import ControlCount
from analysis.whitelist import Whitelist
from hits.vote_rules import LeadRule, MajorityRule, VoteRule
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Pair
from pipelines.variants import load


class StudyFacts(BaseModel):
    """What the report says of a study beyond its judgments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="title of the report")
    design: tuple[str, ...] = Field(
        default=(), description="whole sentences on how the study was made; they open the methods paragraph, too"
    )
    pay: Mapping[str, str] = Field(default={}, description="what workers were paid: each a label and a value")
    simulated: bool = Field(default=False, description="whether anything of it is simulated")


@dataclass(frozen=True)
class Material:
    """A study's data.

    Attributes:
        judgments: those that the whitelist rests on.
        whitelist: the verdicts.
        facts: what else is known of the study.
        pairs: its manifest; empty where there is none, and then nothing is said of what foretells a change.
        failed_headphones: workers, by hash, who did not pass the headphone check; None where none was asked.
        bins: low, mid and high of the corpus' ratings.
    """

    judgments: pd.DataFrame
    whitelist: Whitelist
    facts: StudyFacts
    pairs: tuple[Pair, ...] = ()
    failed_headphones: frozenset[str] | None = None
    bins: Bins = USUAL_BINS

    @property
    def made(self) -> Mapping[str, int]:
        """How many pairs of each condition were made, as the manifest says."""
        return Counter(pair.condition for pair in self.pairs if pair.role == "study")

    @property
    def simulated(self) -> bool:
        """Whether the report says nothing about people."""
        return self.facts.simulated or self.whitelist.simulated

    @property
    def tau(self) -> str:
        """The margin in per cent, for sentences."""
        return f"{100 * self.whitelist.rule.tau:g} %"

    @property
    def people(self) -> str:
        """Who judged, in the plural."""
        return "simulated listeners" if self.simulated else "people"

    @cached_property
    def aggregator(self) -> Aggregator:
        """How votes became labels."""
        return load(analysis.aggregators, self.whitelist.aggregator, Aggregator)()

    @property
    def votes(self) -> VoteRule:
        """When a pair had votes enough."""
        rule = self.whitelist.vote_rule
        return MajorityRule(rule.most, rule.curtailed) if rule.lead is None else LeadRule(rule.lead, rule.most)

    @property
    def controls(self) -> tuple[ControlCount, ...]:
        """What the controls say in either dimension."""
        return tuple(
            ControlCount(
                one.dimension,
                one.identical,
                one.identical_changed,
                one.positive,
                one.positive_changed,
                one.margin,
            )
            for one in self.whitelist.controls
        )

    @cached_property
    def ratios(self) -> tuple[Ratio, ...]:
        """Shares of pairs voted different, of conditions and of controls."""
        roles = ("study", "identical", "positive")
        return tuple(ratio for role in roles for ratio in ratios(self.judgments, self.aggregator, role))  # type: ignore[arg-type]
