"""Which pairs a study makes: its draws of conditions, its controls, its checks and its practice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipelines.conditions import CONTROLS, ConditionWrong, condition, study_conditions
from pipelines.noises.base import Noise
from pipelines.sounds.base import FAMILIES
from pipelines.variants import UnknownVariant

POSITIONS = ("st", "co-20db", "co-10db", "co-0db")  # section 4.1; of each, a clip gets one family
#: The ten synthetic noises of section 4.2, each with its variants.
SYNTHETIC = (
    ("speed-segment",),
    ("fade-in", "fade-out"),
    ("filler-s", "filler-l"),
    ("drop-words",),
    ("drop-letters",),
    ("laugh",),
    ("cry",),
    ("speed-utterance-1.25x", "speed-utterance-0.75x"),
    ("pitch-1.25x", "pitch-0.75x"),
    ("reverb",),
)
SYNTHETIC_PER_CLIP = 6  # section 5.1


class Draw(BaseModel):
    """Noises of which each clip gets some: `take` of them, and of each one condition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    take: int = Field(0, ge=0, description="how many of these noises each clip gets, balanced over clips; 0 means all")
    of: tuple[tuple[str, ...], ...] = Field(
        min_length=1, description="the noises, each a condition or a list of conditions of which one is taken"
    )

    @field_validator("of", mode="before")
    @classmethod
    def _one_or_several(cls, noises: Any) -> Any:
        if isinstance(noises, (list, tuple)):
            return tuple((noise,) if isinstance(noise, str) else noise for noise in noises)
        return noises

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.take > len(self.of) or not all(self.of):
            raise ValueError(
                f"take is {self.take} of {len(self.of)} noises; expected no more than there are, and no empty noise"
            )
        return self

    @property
    def wanted(self) -> int:
        """How many conditions each clip gets of this draw."""
        return self.take or len(self.of)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition that may be drawn."""
        return tuple(name for noise in self.of for name in noise)


def all_of(names: Iterable[str]) -> Draw:
    """The draw by which each clip gets every one of these conditions.

    >>> all_of(["nat-st", "fade-in"]).wanted
    2
    """
    return Draw(take=0, of=tuple((name,) for name in names))


def paper_draws() -> tuple[Draw, ...]:
    """The ten versions of each clip in section 5.1: one St, one Co at each level, and six of the ten synthetic noises.

    >>> sum(draw.wanted for draw in paper_draws())
    10
    """
    environmental = (Draw(take=1, of=(tuple(f"{family}-{position}" for family in FAMILIES),)) for position in POSITIONS)
    return (*environmental, Draw(take=SYNTHETIC_PER_CLIP, of=SYNTHETIC))


class PairDesign(BaseModel):
    """Which pairs are made of the chosen clips."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    draws: tuple[Draw, ...] = Field(
        default_factory=paper_draws,
        min_length=1,
        description="the noise conditions under which clips are judged: each clip gets `take` of the noises in `of`, "
        "and one condition of each; `earwitness pairs conditions` lists all there are",
        json_schema_extra={"paper": "sections 4 and 5.1"},
    )
    noises: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="settings of conditions that differ from the usual, by name, as nat-st = { snr_db = 5 }; "
        "with `noise = ...` a new name makes a new condition (docs/noises.md)",
    )
    identical_controls: int = Field(
        10,
        ge=0,
        description="clips that are also paired with themselves, every other one re-encoded, to learn how often "
        "people hear a change in nothing",
    )
    positive_controls: int = Field(
        10, ge=0, description="clips paired with a change as subtle as the real ones, to learn how often it is heard"
    )
    checks: int = Field(
        8,
        ge=0,
        description="attention checks: half identical pairs, half obviously different ones",
        json_schema_extra={"paper": "section 5.1"},
    )
    practice: int = Field(
        4,
        ge=0,
        description="pairs on which workers learn the task: half identical, half obviously different; they are never "
        "counted; 0 for none",
    )
    sample_rate_hz: int = Field(
        16000,
        ge=8000,
        le=48000,
        description="sample rate of everything that is heard",
        json_schema_extra={"unit": "Hz"},
    )
    headroom_db: float = Field(
        6.0,
        ge=0,
        le=40,
        description="all clips, originals too, are turned down by this, so that added noise seldom forces more",
        json_schema_extra={"unit": "dB"},
    )

    @field_validator("noises")
    @classmethod
    def _fit_their_noises(cls, changes: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        try:
            study_conditions(changes)
        except (ConditionWrong, UnknownVariant) as error:
            raise ValueError(str(error)) from error
        return changes

    @model_validator(mode="after")
    def _known_and_once(self) -> Self:
        known = self.all_conditions
        for name in self.conditions:
            condition(name, known)
        twice = sorted(name for name, count in Counter(self.conditions).items() if count > 1)
        if twice:
            raise ValueError(f"draws: {', '.join(twice)} stands there more than once; expected each condition once")
        controls = sorted(set(CONTROLS) & set(self.conditions))
        if controls:
            raise ValueError(
                f"draws: {', '.join(controls)} is a control; ask for it with {controls[0].split('-')[0]}_controls"
            )
        return self

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition that may be drawn, in the order of the draws."""
        return tuple(name for draw in self.draws for name in draw.conditions)

    @property
    def all_conditions(self) -> Mapping[str, Noise]:
        """The conditions of every study, with the settings of this one."""
        return study_conditions(self.noises)

    @property
    def judged(self) -> dict[str, Noise]:
        """The noises of the conditions that may be drawn, by name."""
        known = self.all_conditions
        return {name: known[name] for name in self.conditions}
