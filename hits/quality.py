"""Whose judgments are used, and who is invited on: by attention checks and wished-for rules, never by controls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from hits.judgment import Said
from hits.quality_figures import Figures

BY_RULE = "by rule: "  # begins a reason that no person gave
CHECKS = "checks: "  # begins the one that is looked at with every answered check


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
    min_repeat_consistency: float | None = Field(
        None, ge=0, le=1, description="share of answers that stay the same when a pair is asked again; without it off"
    )
    min_repeats: int = Field(
        8, ge=1, le=1000, description="pairs asked again before min_repeat_consistency is looked at"
    )
    min_median_response_s: float | None = Field(
        None,
        gt=0,
        le=60,
        description="median time from the end of both clips to the answer; below it nobody can have weighed "
        "anything. Without it off",
        json_schema_extra={"unit": "s"},
    )
    min_responses: int = Field(
        10, ge=1, le=1000, description="answers of a worker before min_median_response_s is looked at"
    )
    min_agreement: float | None = Field(
        None, ge=0, le=1, description="share of others' answers to the same pairs that are the same; without it off"
    )
    min_shared: int = Field(
        40, ge=1, le=10_000, description="others' answers to the same pairs before min_agreement is looked at"
    )

    @property
    def needs_figures(self) -> bool:
        """Whether anything but checks decides."""
        return (self.min_repeat_consistency, self.min_median_response_s, self.min_agreement) != (None, None, None)


def check_passed(condition: str, said: Said) -> bool:
    """Whether a check was answered as an attentive listener would: identical clips the same, obvious ones not."""
    return said.different != (condition == "identical")


def is_trusted(passed: int, answered: int, rule: Quality) -> bool:
    """Whether a worker's checks let the worker's judgments be used and the worker be invited on.

    >>> is_trusted(passed=1, answered=2, rule=Quality())  # too few to say
    True
    >>> is_trusted(passed=1, answered=3, rule=Quality())
    False
    """
    return answered < rule.min_checks or passed / answered >= rule.min_check_accuracy


def objections(passed: int, answered: int, figures: Figures | None, rule: Quality) -> list[str]:
    """Every rule that speaks against a worker, as a sentence's part with what was found and what is wanted.

    Args:
        passed: checks that were answered as expected.
        answered: checks that were answered.
        figures: of the worker's judgments, controls and their repeats left out; None where there are none.
        rule: what the study asks for.

    >>> objections(1, 4, None, Quality())
    ['checks: 1 of 4 as expected, 60 % wanted']
    """
    found = (
        []
        if is_trusted(passed, answered, rule)
        else [f"{CHECKS}{passed} of {answered} as expected, {_share(rule.min_check_accuracy)} wanted"]
    )
    if figures is None:
        return found
    if figures.repeats >= rule.min_repeats and _below(figures.consistency, rule.min_repeat_consistency):
        found.append(
            f"repeats: {_share(figures.consistency)} of answers stayed the same, "
            f"{_share(rule.min_repeat_consistency)} wanted"
        )
    if figures.judgments >= rule.min_responses and _below(figures.thinking_s, rule.min_median_response_s):
        found.append(
            f"pace: {figures.thinking_s:.1f} s beyond both clips in the median, {rule.min_median_response_s:g} s wanted"
        )
    if figures.compared >= rule.min_shared and _below(figures.agreement, rule.min_agreement):
        found.append(
            f"agreement: {_share(figures.agreement)} of others' answers are the same, "
            f"{_share(rule.min_agreement)} wanted"
        )
    return found


def _below(found: float | None, wanted: float | None) -> bool:
    return found is not None and wanted is not None and found < wanted


def _share(share: float | None) -> str:
    return f"{100 * (share or 0):.0f} %"


@dataclass(frozen=True)
class Mark:
    """Whether a worker is used and invited on, and why: empty, by which rules, or in a person's words."""

    trusted: bool
    because: str = ""

    @property
    def by_hand(self) -> bool:
        """Whether a person decided: then no rule changes it."""
        return bool(self.because) and not self.because.startswith(BY_RULE)


def weighed(before: Mark, against: Sequence[str]) -> Mark:
    """The mark once all rules were looked at.

    >>> weighed(Mark(True), ["checks: 1 of 4 as expected, 60 % wanted"])
    Mark(trusted=False, because='by rule: checks: 1 of 4 as expected, 60 % wanted')
    >>> weighed(Mark(False, "ada: clicked through"), [])
    Mark(trusted=False, because='ada: clicked through')
    """
    if before.by_hand:
        return before
    return Mark(not against, BY_RULE + "; ".join(against) if against else "")


def weighed_by_checks(before: Mark, passed: int, answered: int, rule: Quality) -> Mark:
    """The mark after an answered check; what other rules found before stays.

    >>> before = Mark(False, "by rule: checks: 1 of 3 as expected, 50 % wanted")
    >>> weighed_by_checks(before, 2, 4, Quality(min_check_accuracy=0.5))
    Mark(trusted=True, because='')
    """
    others = [one for one in before.because.removeprefix(BY_RULE).split("; ") if one and not one.startswith(CHECKS)]
    return weighed(before, [*objections(passed, answered, None, rule), *others])


@dataclass(frozen=True)
class Reliability:
    """How often the rules err, where it is known who listened: in rehearsals.

    Attributes:
        careless: workers who did not listen.
        caught: of those, how many are not used.
        careful: workers who did.
        wronged: of those, how many are not used.
    """

    careless: int
    caught: int
    careful: int
    wronged: int

    @property
    def caught_share(self) -> float | None:
        """Share of the careless who are not used; None where there are none."""
        return self.caught / self.careless if self.careless else None

    @property
    def wronged_share(self) -> float | None:
        """Share of the careful who are not used; None where there are none."""
        return self.wronged / self.careful if self.careful else None


def reliability(workers: Iterable[tuple[bool, bool]]) -> Reliability:
    """How reliable the rules are.

    Args:
        workers: of each, whether the worker listened in truth, and whether the worker is used.

    >>> reliability([(True, True), (True, True), (True, False), (False, False)])
    Reliability(careless=1, caught=1, careful=3, wronged=1)
    """
    known = list(workers)
    careless = [used for listened, used in known if not listened]
    careful = [used for listened, used in known if listened]
    return Reliability(len(careless), careless.count(False), len(careful), careful.count(False))
