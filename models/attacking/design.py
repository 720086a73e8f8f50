"""What is asked of an attack: `[attack]` of study.toml."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

LEVELS_DB = tuple(float(level) for level in np.arange(0, 42.5, 2.5))


class AttackDesign(BaseModel):
    """Settings of the attack on a recogniser."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attack: str = Field(
        default="noise-boundary",
        description="which attack, by the name of its file",
        json_schema_extra={"paper": "section 5.6"},
    )
    beside: tuple[str, ...] = Field(
        default=("random-search", "thompson-sampling"),
        description="attacks in the same table, with the same budget on the same clips",
    )
    queries: tuple[int, ...] = Field(
        default=(5, 15, 25),
        min_length=1,
        description="how often the attacker may ask the recogniser about a clip (k); several make a table",
        json_schema_extra={"paper": "table 2"},
    )
    conditions: tuple[str, ...] = Field(
        default=(), description="noises that it may use, without their levels, as nat-co; empty for all of the study"
    )
    snr_levels_db: tuple[Annotated[float, Field(ge=-40, le=100, allow_inf_nan=False)], ...] = Field(
        default=LEVELS_DB,
        min_length=1,
        description="levels at which a sound may be mixed in, from the lowest that is tried first",
        json_schema_extra={"unit": "dB"},
    )
    success_above_snr_db: float = Field(
        default=10.0,
        allow_inf_nan=False,
        description="an added sound counts only when speech stands this far above it",
        json_schema_extra={"unit": "dB", "paper": "section 5.6"},
    )
    sounds_per_category: int = Field(
        default=10, ge=1, description="how many sounds of each category the attacker has at hand"
    )
    own_share: float = Field(
        default=1 / 3,
        gt=0,
        lt=1,
        description="of each speaker's clips that an informed attacker has, with labels; the others are attacked",
        json_schema_extra={"paper": "section 5.6"},
    )
    clips: int = Field(default=0, ge=0, description="clips to attack, spread over all speakers; 0 attacks all")
    repeats: int = Field(default=1, ge=1, le=100, description="times that a clip is attacked, with other sounds drawn")
    unlimited_queries: int = Field(
        default=2000, ge=100, description="most questions of the attacks on the waveform where they have no budget"
    )
    unlimited_clips: int = Field(default=10, ge=0, description="clips on which they are tried without a budget")

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
