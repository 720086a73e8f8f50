"""CreateHITType, UpdateHITTypeOfHIT; and what HITs share by their type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.marketplace import requirements
from app.marketplace.ids import hit_type_id
from app.marketplace.money import fee_on_reward, parse_amount
from app.marketplace.operations.call import Call, Fields
from app.marketplace.paying import purse_of
from app.marketplace.records import HitType
from app.marketplace.refusals import Refused, WrongParameter
from app.marketplace.store import hit_types, hits, qualifications
from app.marketplace.system_types import SYSTEM_TYPES

DAY_S = 86_400
USUAL_AUTO_APPROVAL_S = 30 * DAY_S
#: MTurk's bounds, both ends included.
BOUNDS = {"AssignmentDurationInSeconds": (30, 365 * DAY_S), "AutoApprovalDelayInSeconds": (0, 30 * DAY_S)}
GREATEST_LENGTH = {"Title": 128, "Description": 2000, "Keywords": 1000}


def create_hit_type(call: Call) -> Fields:
    """Make a HIT type; the same properties give the same id."""
    with call.store.write() as connection:
        call.lock_requester(connection)
        return {"HITTypeId": make_type(call, connection).hit_type_id}


def update_hit_type_of_hit(call: Call) -> Fields:
    """Give a HIT the properties of another type. Nobody who works on it now loses by that."""
    with call.store.write() as connection:
        call.lock_requester(connection)
        wanted = own_type(call, connection)
        hits.lock_hit(connection, call.fields["HITId"])
        hit = call.own_hit(connection)
        if hit.deleted_at is not None:
            raise Refused("InvalidHITState", f"Hit {hit.hit_id} is Disposed; its type can't be changed.")
        if wanted.reward_minor < hit.reward_minor and hit.accepted + hit.submitted:
            raise Refused(
                "InvalidHITState",
                f"Somebody works on hit {hit.hit_id} for its present reward; it can't be lowered now.",
            )
        fee_minor = fee_on_reward(wanted.reward_minor, hit.max_assignments)
        hits.change_hit(connection, hit.hit_id, **shared(wanted), fee_minor=fee_minor)
        purse_of(connection, call.requester, call.now).require(0)
    return {}


def make_type(call: Call, connection: Connection) -> HitType:
    """The HIT type that the parameters describe, kept; the requester is locked.

    Raises:
        Refused: one of them is out of bounds, or a requirement can't be.
    """
    fields = {"AutoApprovalDelayInSeconds": USUAL_AUTO_APPROVAL_S, "Keywords": "", **call.fields}
    check_bounds(fields, BOUNDS, GREATEST_LENGTH)
    if not fields["Title"].strip():
        raise WrongParameter("Title is empty.")
    wanted = requirements.check(
        fields.get("QualificationRequirements", []), lambda type_id: _may_be_asked_for(connection, type_id)
    )
    reward_minor = parse_amount(fields["Reward"], "Reward")
    words = (fields["Title"], fields["Description"], fields["Keywords"])
    timing = (fields["AssignmentDurationInSeconds"], fields["AutoApprovalDelayInSeconds"])
    owner = call.requester.access_key_id
    made = HitType(
        hit_type_id(owner, *words, reward_minor, *timing, wanted),
        owner,
        *words,
        reward_minor,
        *timing,
        qualification_requirements=list(wanted),
        created_at=call.now,
    )
    hit_types.keep_type(connection, made)
    return made


def own_type(call: Call, connection: Connection) -> HitType:
    """The requester's HIT type that HITTypeId names.

    Raises:
        Refused: there is none, or it is another requester's.
    """
    found = hit_types.find_type(connection, call.fields["HITTypeId"])
    if found is None or found.access_key_id != call.requester.access_key_id:
        raise Refused("HITTypeDoesNotExist", f"HITType {call.fields['HITTypeId']} does not exist.")
    return found


def shared(hit_type: HitType) -> Fields:
    """What a HIT has of its type, by the columns of the HIT."""
    return {
        "hit_type_id": hit_type.hit_type_id,
        "title": hit_type.title,
        "description": hit_type.description,
        "keywords": hit_type.keywords,
        "reward_minor": hit_type.reward_minor,
        "assignment_duration_s": hit_type.assignment_duration_s,
        "auto_approval_delay_s": hit_type.auto_approval_delay_s,
        "qualification_requirements": hit_type.qualification_requirements,
    }


def check_bounds(fields: Mapping[str, Any], bounds: Mapping[str, tuple[int, int]], lengths: Mapping[str, int]) -> None:
    """Raises Refused where a number or a text is out of bounds."""
    for parameter, (least, greatest) in bounds.items():
        if parameter in fields and not least <= fields[parameter] <= greatest:
            raise WrongParameter(f"{parameter} is {fields[parameter]}, expected {least} to {greatest}.")
    for parameter, length in lengths.items():
        if len(fields.get(parameter, "")) > length:
            raise WrongParameter(f"{parameter} is longer than {length} characters.")


def _may_be_asked_for(connection: Connection, type_id: str) -> bool:
    found = qualifications.find_type(connection, type_id)
    return type_id in SYSTEM_TYPES or (found is not None and found.active)
