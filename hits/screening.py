"""What a worker goes through before the first trial, and when that is good enough."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Screening(BaseModel):
    """What workers go through before their first trial."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sound_check: bool = Field(
        True,  # noqa: FBT003 - pydantic's own order
        description="workers type how many tones they hear, which proves that sound comes out",
    )
    headphones: Literal["none", "optional", "required"] = Field(
        "none",
        description="headphone screening by Huggins pitch and antiphase tones: 'none'; 'optional', where it may be "
        "passed over and its result is only stored; 'required', where nobody goes on without it",
    )
    headphones_min_right: int = Field(
        5, ge=1, le=6, description="rounds, of the six of each test, that must be right for headphones to be believed"
    )
    practice: bool = Field(
        True,  # noqa: FBT003
        description="two practice trials with feedback before the first HIT; their pairs come from pairs.practice",
    )
    valid_for_h: float = Field(
        24.0,
        gt=0,
        le=8760,
        description="time after which sound check and headphone screening are asked again, since devices change",
        json_schema_extra={"unit": "h"},
    )


class Qualification(BaseModel):
    """Who may take part: workers who order clips as the corpus' own raters do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wanted: bool = Field(
        False,  # noqa: FBT003
        description="workers rank clips by activation and by valence before their first HIT, and take part if the "
        "order agrees with the corpus' ratings",
        json_schema_extra={"paper": "section 5.1"},
    )
    clips: int = Field(5, ge=3, le=8, description="clips to be ordered")
    min_correlation: float = Field(
        0.7,
        ge=-1,
        le=1,
        description="Spearman correlation with the corpus' ratings that both orders must reach",
    )
    attempts: int = Field(2, ge=1, le=5, description="attempts, each with other clips")
