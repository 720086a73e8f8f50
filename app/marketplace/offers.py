"""What a worker is shown of open tasks: which may be accepted, and what is missing for the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import Connection

from app.marketplace.records import PostedHit, Worker
from app.marketplace.requirements import Requirement, Standing, unmet
from app.marketplace.store import hits, qualifications, standing
from app.marketplace.system_types import ADULT, LOCALE, MASTERS, NUMBER_APPROVED, PERCENT_APPROVED

#: What the marketplace itself knows of workers, as workers read it.
SYSTEM_NAMES = {
    PERCENT_APPROVED: _("Percent of your work that was approved"),
    NUMBER_APPROVED: _("Number of your tasks that were approved"),
    ADULT: _("You are of age and agree to see what is for adults only"),
    **dict.fromkeys(MASTERS, _("Masters of MTurk (nobody here)")),
}
#: Hits are looked through until so many can be shown: some may be seen by qualified workers alone.
LOOKED_THROUGH = 5

Way: TypeAlias = Literal["you", "qualifications", ""]

SIGNS = {
    "LessThan": "<",
    "LessThanOrEqualTo": "≤",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": "≥",
    "EqualTo": "=",
    "NotEqualTo": "≠",
    "In": "=",
    "NotIn": "≠",
}


@dataclass(frozen=True)
class Missing:
    """What a task asks for and a worker lacks, and the page where something can be done about it."""

    words: str
    way: Way


@dataclass(frozen=True)
class Offer:
    """An open task as this worker sees it."""

    hit: PostedHit
    missing: tuple[Missing, ...]
    previewable: bool


def offers(connection: Connection, worker: Worker, now: datetime, limit: int) -> list[Offer]:
    """The tasks that are open to a worker, oldest first; those hidden from the unqualified are left out."""
    has = standing.standing_of(connection, worker)
    found = hits.hits_open_to(connection, worker.worker_id, now, limit * LOOKED_THROUGH)
    shown = [hit for hit in found if not unmet(hit.qualification_requirements, has, "Discover")]
    return [_offer(connection, hit, has) for hit in shown[:limit]]


def missing(connection: Connection, requirements: Sequence[Requirement]) -> tuple[Missing, ...]:
    """Requirements in words."""
    return tuple(_in_words(connection, one) for one in requirements)


def _offer(connection: Connection, hit: PostedHit, has: Standing) -> Offer:
    lacking = unmet(hit.qualification_requirements, has, "Accept")
    hidden = unmet(hit.qualification_requirements, has, "Preview")
    return Offer(hit, missing(connection, lacking), not hidden)


def _in_words(connection: Connection, requirement: Requirement) -> Missing:
    type_id, comparator = requirement["QualificationTypeId"], requirement["Comparator"]
    way: Way = "you" if type_id in (LOCALE, ADULT) else ""
    if type_id == LOCALE:
        return Missing(_place_in_words(requirement), way)
    if type_id not in SYSTEM_NAMES:
        way = "qualifications"
    name = _name(connection, type_id)
    if comparator == "Exists" or type_id == ADULT:
        return Missing(name, way)
    if comparator == "DoesNotExist":
        return Missing(gettext("without: %(name)s", name=name), way)
    numbers = ", ".join(str(number) for number in requirement["IntegerValues"])
    return Missing(f"{name} {SIGNS[comparator]} {numbers}", way)


def _place_in_words(requirement: Requirement) -> str:
    names = getattr(get_locale(), "territories", {})
    places = ", ".join(
        " ".join(filter(None, (names.get(place["Country"], place["Country"]), place.get("Subdivision"))))
        for place in requirement.get("LocaleValues", [])
    )
    if requirement["Comparator"] in ("NotEqualTo", "NotIn"):
        return str(gettext("You live elsewhere than in: %(places)s", places=places))
    if not places:
        return str(gettext("You have said where you live"))
    return str(gettext("You live in: %(places)s", places=places))


def _name(connection: Connection, type_id: str) -> str:
    if type_id in SYSTEM_NAMES:
        return str(SYSTEM_NAMES[type_id])
    found = qualifications.find_type(connection, type_id)
    return str(gettext("A qualification that is no longer given")) if found is None else found.name
