"""Results: what the arms of a table said of their test clips, measured where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import pandas as pd

from models.experiment import MeasureDesign
from models.measures.answers import Answers, answers_of
from models.measures.measured import (
    Difference,
    Measured,
    adjusted,
    difference,
    mean_difference,
    measured,
)
from models.measures.predictions import CLEAN
from models.measures.resampling import Resampling
from models.measures.tally import Paired, paired
from models.tables.arms import Ground

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Facts:
    """What every table says of itself."""

    corpus: str
    command: str  # what to type to make it again
    data_sha256: str
    classes: Mapping[str, tuple[str, ...]]  # names of the classes, by label, in the order of the labels
    net: str = "crnn"
    seeds: tuple[int, ...] = (1,)
    mapped: bool = False  # ratings were mapped from categories
    simulated: bool = False
    earwitness: str = ""  # release
    #: Why arms are missing, by their names.
    missing: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    #: What else figures rest on, as sentences.
    notes: tuple[str, ...] = ()
    #: Noisy versions of training clips in an epoch, mean over nets, by arm and then condition and label.
    heard: Mapping[str, Mapping[tuple[str, str], float]] = field(default_factory=dict)
    #: Training clips of a net, mean over nets.
    training_clips: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One arm's nets under one condition."""

    arm: str
    condition: str


class Results:
    """Predictions of arms, and what they come to; each figure is worked out once."""

    def __init__(
        self,
        predictions: Mapping[str, pd.DataFrame],
        ground: Ground,
        facts: Facts,
        design: MeasureDesign | None = None,
    ) -> None:
        """Take what was said.

        Args:
            predictions: checked, by the name of the arm; clean and all that it was asked about.
            ground: what the layout chose from.
            facts: of the table.
            design: how figures are taken.
        """
        self.predictions, self.ground, self.facts = predictions, ground, facts
        self.design = design or MeasureDesign()
        self.resampling = Resampling(self.design.resamples, self.design.confidence)
        self._pairs: dict[tuple[str, Asked, Asked], Paired | None] = {}
        self._means: dict[tuple[str, tuple[tuple[Asked, Asked], ...], float], Difference | None] = {}
        self._told: dict[tuple[str, str], Mapping[str, Answers]] = {}
        self._measured: dict[str, dict[tuple[str, str], Measured]] = {}

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What was recognised."""
        return tuple(self.facts.classes)

    @property
    def simulated(self) -> bool:
        """Whether clips, or the listeners who chose the conditions, are made up."""
        whitelist = self.ground.whitelist
        return self.facts.simulated or bool(whitelist and whitelist.simulated)

    @cached_property
    def speakers(self) -> int:
        """How many were tested."""
        return max((int(table["speaker"].nunique()) for table in self.predictions.values()), default=0)

    @cached_property
    def nets(self) -> int:
        """How many nets of a seed share the speakers among them: the folds."""
        return max((int(table["fold"].nunique()) for table in self.predictions.values()), default=0)

    def chance(self, label: str) -> float:
        """UAR of guessing, among the classes that occur in clean test clips; among all where nothing was asked."""
        found = (row for arm in self.predictions if (row := self.measured(arm).get((label, CLEAN))) is not None)
        first = next(found, None)
        return first.chance if first else 1 / len(self.facts.classes[label])

    def measured(self, arm: str) -> Mapping[tuple[str, str], Measured]:
        """The measures of an arm by label and condition; none where the arm is missing."""
        if arm not in self.predictions:
            return {}
        if arm not in self._measured:
            rows = measured(
                self.predictions[arm],
                self.ground.conditions,
                arm=arm,
                pooling=self.design.pooled,
                resampling=self.resampling,
            )
            self._measured[arm] = {(row.label, row.condition): row for row in rows}
        return self._measured[arm]

    def pair(self, label: str, first: Asked, second: Asked) -> Paired | None:
        """Both on the same clips; None where one was never asked."""
        key = (label, first, second)
        if key not in self._pairs:
            one, other = (self._answers(asked.arm, label).get(asked.condition) for asked in (first, second))
            if one is None or other is None:
                self._pairs[key] = None
            else:
                self._pairs[key] = paired(one, other)
        return self._pairs[key]

    def differences(self, label: str, asked: Mapping[str, tuple[Asked, Asked]]) -> dict[str, Difference]:
        """Differences in UAR by name, with p adjusted for all of them together; what was never asked is not there."""
        pairs = {name: self.pair(label, *both) for name, both in asked.items()}
        found = {name: difference(pair, self.design.pooled, self.resampling) for name, pair in pairs.items() if pair}
        return dict(zip(found, adjusted(list(found.values())), strict=True))

    def has(self, label: str, asked: Asked) -> bool:
        """Whether these nets said anything under this condition."""
        return asked.condition in self._answers(asked.arm, label)

    def mean_difference(self, label: str, asked: Sequence[tuple[Asked, Asked]], line: float = 0.0) -> Difference | None:
        """The mean of differences, such as over all noises; None where none was asked. p is of its being `line`."""
        key = (label, tuple(asked), line)
        if key not in self._means:
            pairs = [pair for both in asked if (pair := self.pair(label, *both))]
            self._means[key] = mean_difference(pairs, self.design.pooled, self.resampling, line) if pairs else None
        return self._means[key]

    def _answers(self, arm: str, label: str) -> Mapping[str, Answers]:
        if arm not in self.predictions:
            return {}
        if (arm, label) not in self._told:
            self._told[arm, label] = answers_of(self.predictions[arm], label)
        return self._told[arm, label]
