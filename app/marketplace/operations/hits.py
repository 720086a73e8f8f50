"""CreateHIT, CreateHITWithHITType, GetHIT, UpdateExpirationForHIT, CreateAdditionalAssignmentsForHIT, DeleteHIT."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from app.marketplace.ids import hit_type_id, new_id
from app.marketplace.money import LARGE_HIT_ASSIGNMENTS, fee_on_reward, show_amount
from app.marketplace.operations.call import Call, Fields
from app.marketplace.operations.hit_types import check_bounds, make_type, own_type, shared
from app.marketplace.paying import purse_of
from app.marketplace.question import read_task
from app.marketplace.records import Extension, HitType, PostedHit
from app.marketplace.refusals import NotTaken, Refused, WrongParameter
from app.marketplace.store import extensions, hits
from app.marketplace.telling import note

YEAR_S = 365 * 86_400
MOST_ASSIGNMENTS = 1_000_000  # MTurk names no end; ours keeps sums in range
BOUNDS = {"MaxAssignments": (1, MOST_ASSIGNMENTS), "LifetimeInSeconds": (30, YEAR_S)}
GREATEST_LENGTH = {"RequesterAnnotation": 255}
NOT_TAKEN = ("HITLayoutId", "HITLayoutParameters", "AssignmentReviewPolicy", "HITReviewPolicy")


def create_hit(call: Call) -> Fields:
    """Put a HIT out, and hold what it may cost."""
    _check_hit(call.fields)
    with call.store.write() as connection:
        call.lock_requester(connection)
        return _post(call, connection, make_type(call, connection))


def create_hit_with_hit_type(call: Call) -> Fields:
    """Put a HIT out with the properties of a type that was made before."""
    _check_hit(call.fields)
    with call.store.write() as connection:
        call.lock_requester(connection)
        return _post(call, connection, own_type(call, connection))


def get_hit(call: Call) -> Fields:
    """One HIT; a deleted one too, as Disposed."""
    with call.store.read() as connection:
        return {"HIT": describe_hit(call.own_hit(connection), call)}


def update_expiration_for_hit(call: Call) -> Fields:
    """Move a HIT's expiry; into the past: nobody can accept it any more. Work begun may still be handed in."""
    expires_at = min(call.fields["ExpireAt"], call.now + timedelta(seconds=YEAR_S))
    with call.store.write() as connection:
        hit = _changeable_hit(call, connection)
        reopened = expires_at > call.now
        hits.change_hit(connection, hit.hit_id, expires_at=expires_at, **(_OPEN_AGAIN if reopened else {}))
        if reopened:  # places that had been given up are promised again
            purse_of(connection, call.requester, call.now).require(0)
        if expires_at > max(hit.expires_at, call.now):
            note(connection, "HITExtended", hit, call.now)
    return {}


def create_additional_assignments_for_hit(call: Call) -> Fields:
    """Add places to a HIT; the same token never adds twice."""
    added, token = call.fields["NumberOfAdditionalAssignments"], call.fields.get("UniqueRequestToken")
    check_bounds({"NumberOfAdditionalAssignments": added}, {"NumberOfAdditionalAssignments": (1, MOST_ASSIGNMENTS)}, {})
    with call.store.write() as connection:
        hit = _changeable_hit(call, connection)
        if token is not None:
            _check_token(call, connection, token)
        after = hit.max_assignments + added
        if hit.max_assignments < LARGE_HIT_ASSIGNMENTS <= after:
            raise Refused(
                "InvalidMaximumAssignmentsIncrease",
                f"A HIT made with fewer than {LARGE_HIT_ASSIGNMENTS} assignments can't get {LARGE_HIT_ASSIGNMENTS} or "
                f"more: its fee would change. This one has {hit.max_assignments}; make another HIT.",
            )
        check_bounds({"MaxAssignments": after}, BOUNDS, {})
        hits.change_hit(connection, hit.hit_id, max_assignments=after, **_OPEN_AGAIN)
        purse_of(connection, call.requester, call.now).require(0)
        if token is not None:
            key = call.requester.access_key_id
            extensions.add_extension(connection, Extension(key, token, new_id(), hit.hit_id, added, call.now))
        note(connection, "HITExtended", hit, call.now)
    return {}


def delete_hit(call: Call) -> Fields:
    """Dispose of a HIT that is Reviewable and has no undecided work; what was done and paid stays on the books."""
    with call.store.write() as connection:
        hit = _changeable_hit(call, connection)
        status = hit.status_at(call.now)
        if status != "Reviewable" or hit.submitted:
            raise Refused(
                "InvalidHITState",
                "This HIT is not deletable: expected Reviewable with all its work approved or rejected, found "
                f"{status} with {hit.submitted} undecided.",
            )
        hits.change_hit(connection, hit.hit_id, deleted_at=call.now)
        note(connection, "HITDisposed", hit, call.now)
    return {}


def describe_hit(hit: PostedHit, call: Call) -> Fields:
    """A HIT as MTurk's data structure."""
    return {
        "HITId": hit.hit_id,
        "HITTypeId": hit.hit_type_id,
        "HITGroupId": hit_type_id("group", hit.hit_type_id),
        "CreationTime": hit.created_at,
        "Title": hit.title,
        "Description": hit.description,
        "Question": hit.question,
        "Keywords": hit.keywords,
        "HITStatus": hit.status_at(call.now),
        "MaxAssignments": hit.max_assignments,
        "Reward": show_amount(hit.reward_minor),
        "AutoApprovalDelayInSeconds": hit.auto_approval_delay_s,
        "Expiration": hit.expires_at,
        "AssignmentDurationInSeconds": hit.assignment_duration_s,
        "RequesterAnnotation": hit.annotation,
        "QualificationRequirements": hit.qualification_requirements,
        "HITReviewStatus": "MarkedForReview" if hit.reviewing else "NotReviewed",
        "NumberOfAssignmentsPending": hit.accepted,
        "NumberOfAssignmentsAvailable": hit.places_left,
        "NumberOfAssignmentsCompleted": hit.approved + hit.rejected,
    }


#: Whoever opens a HIT again ends its review, and will be told once more when it is over.
_OPEN_AGAIN = {"reviewing": False, "expiry_told": False, "reviewable_told": False}


def _post(call: Call, connection: Connection, hit_type: HitType) -> Fields:
    """Put a HIT of that type out; the requester is locked."""
    fields, key = {"MaxAssignments": 1, **call.fields}, call.requester.access_key_id
    token, number = fields.get("UniqueRequestToken"), fields["MaxAssignments"]
    known = None if token is None else hits.hit_id_of_token(connection, key, token)
    if known is not None:
        raise Refused("HitAlreadyExists", f"The HIT with ID {known} already exists for this UniqueRequestToken.")
    row = {
        "hit_id": new_id(),
        "access_key_id": key,
        **shared(hit_type),
        "question": fields["Question"],
        "annotation": fields.get("RequesterAnnotation", ""),
        "fee_minor": fee_on_reward(hit_type.reward_minor, number),
        "max_assignments": number,
        "unique_request_token": token,
        "created_at": call.now,
        "expires_at": call.now + timedelta(seconds=fields["LifetimeInSeconds"]),
    }
    purse_of(connection, call.requester, call.now).require((row["reward_minor"] + row["fee_minor"]) * number)
    hits.add_hit(connection, row)
    made = hits.find_hit(connection, row["hit_id"])
    assert made is not None
    note(connection, "HITCreated", made, call.now)
    return {"HIT": describe_hit(made, call)}


def _check_hit(fields: Mapping[str, Any]) -> None:
    """Raises Refused where a parameter of the HIT itself is out of bounds, or not taken here."""
    for parameter in NOT_TAKEN:
        if parameter in fields:
            raise NotTaken(parameter, "give the task as a Question, and review work yourself")
    if "Question" not in fields:
        raise WrongParameter("A HIT needs a Question.")
    check_bounds(fields, BOUNDS, GREATEST_LENGTH)
    read_task(fields["Question"])


def _changeable_hit(call: Call, connection: Connection) -> PostedHit:
    """The requester's HIT that HITId names, locked with the requester's money.

    Raises:
        Refused: there is none, or it is Disposed.
    """
    call.lock_requester(connection)
    hits.lock_hit(connection, call.fields["HITId"])
    hit = call.own_hit(connection)
    if hit.deleted_at is not None:
        raise Refused("InvalidHITState", f"Hit {hit.hit_id} is Disposed; nothing about it can be changed.")
    return hit


def _check_token(call: Call, connection: Connection, token: str) -> None:
    known = extensions.extension_of_token(connection, call.requester.access_key_id, token)
    if known is None:
        return
    if (known.hit_id, known.added) != (call.fields["HITId"], call.fields["NumberOfAdditionalAssignments"]):
        raise Refused(
            "IdempotentParameterMismatch",
            f'The idempotency token "{token}" was used for another extension; nothing was added.',
        )
    raise Refused(
        "DuplicateRequest",
        f'The idempotency token "{token}" has already been processed. Request {known.extension_id} added these '
        "assignments.",
    )
