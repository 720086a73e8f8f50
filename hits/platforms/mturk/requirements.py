"""Who may accept a HIT, as MTurk asks for it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

# MTurk's own qualifications
LOCALE, PERCENT_APPROVED, NUMBER_APPROVED = "00000000000000000071", "000000000000000000L0", "00000000000000000040"


class WorkerRequirements(BaseModel):
    """Who may accept a HIT, by MTurk's own qualifications; the defaults are the paper's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: str | None = Field(
        "US",
        pattern="^[A-Z]{2}$",
        description="workers live in this country (ISO 3166); none: anywhere",
        json_schema_extra={"paper": "section 5.1"},
    )
    approved_percent_above: int | None = Field(
        98,
        ge=0,
        le=99,
        description="more than this share of a worker's assignments was approved; none: any",
        json_schema_extra={"unit": "%", "paper": "section 5.1"},
    )
    approved_hits_above: int | None = Field(
        500,
        ge=0,
        description="a worker had more than this many assignments approved; none: any",
        json_schema_extra={"paper": "section 5.1"},
    )

    def as_mturk_does(self) -> list[dict[str, Any]]:
        """As QualificationRequirements."""
        found: list[dict[str, Any]] = []
        if self.country is not None:
            found.append(
                {
                    "QualificationTypeId": LOCALE,
                    "Comparator": "EqualTo",
                    "LocaleValues": [{"Country": self.country}],
                }
            )
        for qualification, above in (
            (PERCENT_APPROVED, self.approved_percent_above),
            (NUMBER_APPROVED, self.approved_hits_above),
        ):
            if above is not None:
                found.append(
                    {
                        "QualificationTypeId": qualification,
                        "Comparator": "GreaterThan",
                        "IntegerValues": [above],
                    }
                )
        return found
