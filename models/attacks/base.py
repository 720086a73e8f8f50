"""Attack: change what a recogniser says of a clip, knowing nothing of it but its answers (paper section 5.6)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipelines.audio import Samples, active_rms
from pipelines.sounds.base import Family, SoundBank

#: A recogniser as the attacker sees it: samples of shape (time,) in, a label out.
LabelOf: TypeAlias = Callable[[Samples], int]

LEVELS_DB = tuple(float(level) for level in np.arange(0, 42.5, 2.5))


class AttackDesign(BaseModel):
    """Settings of the attack on a recogniser."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attack: str = Field(default="noise-boundary", description="which attack, by the name of its file")
    queries: tuple[int, ...] = Field(
        default=(5, 15, 25),
        min_length=1,
        description="how often the attacker may ask the recogniser about a clip (k); several make a table",
        json_schema_extra={"paper": "table 2"},
    )
    snr_levels_db: tuple[float, ...] = Field(
        default=LEVELS_DB,
        min_length=1,
        description="levels at which a sound may be mixed in, from the lowest that is tried first",
        json_schema_extra={"unit": "dB"},
    )
    success_above_snr_db: float = Field(
        default=10.0,
        description="the attack counts only when speech stands this far above the noise",
        json_schema_extra={"unit": "dB", "paper": "section 5.6"},
    )
    sounds_per_family: int = Field(
        default=10, ge=1, description="how many sounds of each family the attacker has at hand"
    )
    clips: int = Field(default=0, ge=0, description="clips to attack, spread over all speakers; 0 attacks all")

    @field_validator("queries")
    @classmethod
    def _rising_counts(cls, queries: tuple[int, ...]) -> tuple[int, ...]:
        if min(queries) < 1 or list(queries) != sorted(set(queries)):
            raise ValueError(f"found {list(queries)}; expected rising whole numbers from 1 on, as [5, 15, 25]")
        return queries

    @field_validator("snr_levels_db")
    @classmethod
    def _rising_levels(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if list(levels) != sorted(set(levels)):
            raise ValueError(f"found {list(levels)}; expected rising levels in dB, as [0, 10, 20]")
        return levels


@dataclass(frozen=True)
class Moves:
    """What an attacker may do: which families of sound, in which order, at which levels."""

    #: In the order in which they are tried.
    families: tuple[Family, ...]
    #: The allowed levels of each family in dB, lowest first.
    levels_db: Mapping[Family, tuple[float, ...]]
    sounds_per_family: int


@dataclass(frozen=True)
class Query:
    """One question to the recogniser and its answer."""

    number: int  # 1 to k
    family: Family
    sound_id: str
    start_s: float  # where in the sound its piece begins
    level_db: float  # the SNR that was aimed at
    snr_db: float  # the SNR of the samples that were sent
    label: int
    changed: bool  # whether the label is another than for the clean clip


@dataclass(frozen=True)
class Outcome:
    """What an attack on one clip came to."""

    trace: tuple[Query, ...]
    #: The cleanest samples that changed the label; None if nothing did.
    samples: Samples | None

    def best(self, k: int, counts: Callable[[Query], bool] = lambda _: True) -> Query | None:
        """The cleanest change of label within the first k queries, among those that count."""
        changed = [query for query in self.trace[:k] if query.changed and counts(query)]
        return max(changed, key=lambda query: query.snr_db, default=None)


class Attack(ABC):
    """An untargeted attack that sees labels only.

    An attack never plans with the size of its budget: what it has found after k queries is what a budget of k
    would have found.
    """

    @abstractmethod
    def attack(
        self,
        label_of: LabelOf,
        samples: Samples,
        label: int,
        moves: Moves,
        sounds: SoundBank,
        *,
        sample_rate_hz: int,
        queries: int,
        rng: np.random.Generator,
    ) -> Outcome:
        """Look for the least noise under which the label of a clip changes.

        Args:
            label_of: the recogniser.
            samples: the clean clip, shape (time,).
            label: what the recogniser says of it.
            moves: what may be tried.
            sounds: where noise comes from.
            sample_rate_hz: of the samples.
            queries: most questions that may steer the search (k).
            rng: for everything left to chance.
        """


def snr_db(original: Samples, changed: Samples) -> float:
    """How far the original stands above what was added to it, by active levels; inf where nothing was.

    >>> speech = np.full(640, 0.5, dtype=np.float32)
    >>> round(snr_db(speech, speech * np.float32(1.1)), 2)
    20.0
    """
    added = active_rms(changed - original)
    level = active_rms(original)
    return math.inf if added == 0 else -math.inf if level == 0 else 20 * math.log10(level / added)
