"""Whose judgments are used, and who is invited on: by attention checks, never by controls."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hits.judgment import Said


class Quality(BaseModel):
    """What is asked of a worker's attention."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_check_accuracy: float = Field(
        0.6,
        ge=0,
        le=1,
        description="share of checks to answer as expected; below it a worker is paid but not used or invited on",
        json_schema_extra={"paper": "section 5.1"},
    )
    min_checks: int = Field(
        3, ge=1, le=100, description="checks a worker must have answered before the share is looked at"
    )


def check_passed(condition: str, said: Said) -> bool:
    """Whether a check was answered as an attentive listener would: identical clips the same, obvious ones not."""
    return said.different != (condition == "identical")


def is_trusted(passed: int, answered: int, rule: Quality) -> bool:
    """Whether a worker's judgments are used and the worker is invited on.

    >>> is_trusted(passed=1, answered=2, rule=Quality())  # too few to say
    True
    >>> is_trusted(passed=1, answered=3, rule=Quality())
    False
    """
    return answered < rule.min_checks or passed / answered >= rule.min_check_accuracy
