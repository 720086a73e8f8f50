"""What a study says of its own publication: section [release] of study.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

#: Which sound a release holds: none; the noisy twins of study pairs; or all clips.
Sound: TypeAlias = Literal["none", "noisy", "all"]
Times: TypeAlias = Literal["exact", "hour", "day"]

#: What nobody but the authors can say (Gebru and others, Datasheets for Datasets, 2021), by name.
QUESTIONS: Mapping[str, str] = {
    "purpose": "For what purpose was this study made, beyond what is said above, and what gap was to be filled?",
    "creators": "Who made it, on behalf of which group or institution?",
    "funding": "Who paid for it? Name the grants, if any.",
    "corpus": "What are the terms of the corpus that the clips come from, and how is it to be cited?",
    "population": "Whom do the listeners represent, and whom do they not?",
    "ethics": "Which ethics board looked at it, and what did it decide? Under which law were data protected?",
    "known_errors": "What is known to be wrong, noisy or redundant in it?",
    "used_for": "For what has it been used already?",
    "not_for": "For what should it not be used?",
    "where": "Where is it distributed, and until when will it stay there?",
    "contact": "Who maintains it, and how are they reached?",
    "errata": "Where are corrections announced, and will there be further versions?",
}


class ReleaseDesign(BaseModel):
    """How the study is published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sound: Sound = Field(
        "none",
        description="which sound goes out: none, noisy (the noisy twins of study pairs) or all; what the terms of the "
        "corpus and of the sound banks allow, nobody but you can say",
    )
    times: Times = Field("exact", description="times of judgments as they are, or down to the hour or day")
    license: str = Field("", max_length=100, description="of the judgments, by its SPDX name, such as CC-BY-4.0")
    authors: tuple[str, ...] = Field((), description='people as "Family, Given", groups by their names')
    title: str = Field("", max_length=200, description="of the release; without it, the study's name")
    doi: str = Field("", pattern=r"^(10\.\d{4,9}/\S+)?$", description="of the release, such as 10.5281/zenodo.123")
    answers: Mapping[str, str] = Field(
        {}, description=f"what only you can say in the datasheet, by its names: {', '.join(QUESTIONS)}"
    )

    @field_validator("answers")
    @classmethod
    def _asked(cls, answers: Mapping[str, str]) -> Mapping[str, str]:
        unknown = [name for name in answers if name not in QUESTIONS]
        if unknown:
            raise ValueError(f"no question {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")
        return answers

    @property
    def unanswered(self) -> dict[str, str]:
        """The questions that nobody answered, by name."""
        return {name: text for name, text in QUESTIONS.items() if not self.answers.get(name, "").strip()}
