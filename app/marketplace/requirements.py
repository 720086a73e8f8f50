"""QualificationRequirements of a HIT: checked when they are given, and held against workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Literal, TypeAlias

from app.marketplace.refusals import WrongParameter
from app.marketplace.system_types import LOCALE

MOST_REQUIREMENTS = 10
MOST_LOCALES = 30
MOST_INTEGERS = 15
#: As long as fewer assignments were handed in, a worker's share of approved ones counts as 100.
SHARE_COUNTS_FROM = 100

Action: TypeAlias = Literal["Accept", "Preview", "Discover"]
Requirement: TypeAlias = Mapping[str, Any]

GUARDS: Mapping[str, frozenset[Action]] = {
    "Accept": frozenset({"Accept"}),
    "PreviewAndAccept": frozenset({"Accept", "Preview"}),
    "DiscoverPreviewAndAccept": frozenset({"Accept", "Preview", "Discover"}),
}
COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "LessThan": lt,
    "LessThanOrEqualTo": le,
    "GreaterThan": gt,
    "GreaterThanOrEqualTo": ge,
    "EqualTo": eq,
    "NotEqualTo": ne,
}
FOR_LOCALES = frozenset({"EqualTo", "NotEqualTo", "In", "NotIn", "Exists", "DoesNotExist"})
WITHOUT_VALUES = frozenset({"Exists", "DoesNotExist"})


@dataclass(frozen=True)
class Standing:
    """What requirements are held against: a worker's values by qualification type, and where the worker lives.

    Attributes:
        values: percent approved, number approved and adult are among them; a type that is not there is not held.
        country: ISO 3166, None where the worker was not asked yet.
        subdivision: a part of the country, None where the worker named none.
    """

    values: Mapping[str, int] = field(default_factory=dict)
    country: str | None = None
    subdivision: str | None = None


def share_approved(handed_in: int, approved: int, rejected: int) -> int:
    """The share of approved ones among the decided, in percent, rounded down; 100 below 100 assignments.

    >>> share_approved(99, 1, 98), share_approved(200, 197, 3), share_approved(100, 0, 0)
    (100, 98, 100)
    """
    decided = approved + rejected
    return 100 if handed_in < SHARE_COUNTS_FROM or not decided else approved * 100 // decided


def unmet(requirements: Iterable[Requirement], standing: Standing, action: Action) -> list[Requirement]:
    """The requirements that keep a worker from that action."""
    return [one for one in requirements if action in GUARDS[_guarded(one)] and not meets(one, standing)]


def meets(requirement: Requirement, standing: Standing) -> bool:
    """Whether a worker meets one requirement.

    >>> wanted = {"QualificationTypeId": "3T", "Comparator": "GreaterThan", "IntegerValues": [79]}
    >>> meets(wanted, Standing({"3T": 80})), meets(wanted, Standing({"3T": 79})), meets(wanted, Standing())
    (True, False, False)
    """
    if requirement["QualificationTypeId"] == LOCALE:
        return _meets_locale(requirement, standing)
    held = standing.values.get(requirement["QualificationTypeId"])
    comparator = requirement["Comparator"]
    if comparator == "DoesNotExist":
        return held is None
    if held is None:
        return False
    if comparator == "Exists":
        return True
    wanted: Sequence[int] = requirement["IntegerValues"]
    if comparator in ("In", "NotIn"):
        return (held in wanted) is (comparator == "In")
    return COMPARISONS[comparator](held, wanted[0])


def check(requirements: Sequence[Requirement], exists: Callable[[str], bool]) -> list[dict[str, Any]]:
    """Requirements as they are kept: complete, each with its ActionsGuarded.

    Args:
        requirements: as CreateHIT or CreateHITType was given them.
        exists: whether that is a qualification type that HITs may ask for.

    Raises:
        Refused: too many, of an unknown type, or with values that do not go with the comparator.
    """
    if len(requirements) > MOST_REQUIREMENTS:
        raise WrongParameter(f"more than {MOST_REQUIREMENTS} QualificationRequirements.")
    for requirement in requirements:
        type_id, comparator = requirement["QualificationTypeId"], requirement["Comparator"]
        if not exists(type_id):
            raise WrongParameter(f"QualificationType {type_id[:64]} does not exist, or is not Active.")
        wanted = ("LocaleValues", MOST_LOCALES) if type_id == LOCALE else ("IntegerValues", MOST_INTEGERS)
        _check_values(requirement, *wanted)
        if type_id == LOCALE and comparator not in FOR_LOCALES:
            raise WrongParameter(f"A place can't be compared by {comparator}.")
        if requirement.get("RequiredToPreview") and requirement.get("ActionsGuarded") == "Accept":
            raise WrongParameter(
                "RequiredToPreview and ActionsGuarded contradict each other; give ActionsGuarded only."
            )
    return [{**requirement, "ActionsGuarded": _guarded(requirement)} for requirement in requirements]


def _check_values(requirement: Requirement, name: str, most: int) -> None:
    comparator, type_id = requirement["Comparator"], requirement["QualificationTypeId"]
    number = len(requirement.get(name, ()))
    other = {"LocaleValues": "IntegerValues", "IntegerValues": "LocaleValues"}[name]
    if requirement.get(other):
        raise WrongParameter(f"QualificationType {type_id} is compared with {name}, not {other}.")
    if comparator in WITHOUT_VALUES:
        least, greatest = 0, 0
    else:
        least, greatest = 1, most if comparator in ("In", "NotIn") else 1
    if not least <= number <= greatest:
        raise WrongParameter(
            f"Comparator {comparator} takes {least} to {greatest} {name}; found {number} for {type_id}."
        )


def _guarded(requirement: Requirement) -> str:
    """What a requirement guards; RequiredToPreview is MTurk's older word."""
    usual = "PreviewAndAccept" if requirement.get("RequiredToPreview") else "Accept"
    return str(requirement.get("ActionsGuarded", usual))


def _meets_locale(requirement: Requirement, standing: Standing) -> bool:
    comparator = requirement["Comparator"]
    if standing.country is None:
        return bool(comparator == "DoesNotExist")
    if comparator in WITHOUT_VALUES:
        return bool(comparator == "Exists")
    lives_there = any(
        place["Country"] == standing.country and place.get("Subdivision") in (None, standing.subdivision)
        for place in requirement["LocaleValues"]
    )
    return lives_there == (comparator in ("EqualTo", "In"))
