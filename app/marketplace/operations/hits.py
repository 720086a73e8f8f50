"""CreateHIT, GetHIT, ListHITs, UpdateExpirationForHIT, DeleteHIT."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.marketplace.ids import hit_type_id, new_id
from app.marketplace.money import fee_on_reward, parse_amount, show_amount
from app.marketplace.operations.call import Call, Fields, page
from app.marketplace.paying import purse_of
from app.marketplace.question import task_url
from app.marketplace.records import PostedHit
from app.marketplace.refusals import NotTaken, Refused
from app.marketplace.store import hits, requesters

DAY_S = 86_400
#: MTurk's bounds, both ends included. Of MaxAssignments it names no upper end; ours keeps sums in range.
BOUNDS = {
    "MaxAssignments": (1, 1_000_000),
    "AssignmentDurationInSeconds": (30, 365 * DAY_S),
    "LifetimeInSeconds": (30, 365 * DAY_S),
    "AutoApprovalDelayInSeconds": (0, 30 * DAY_S),
}
GREATEST_LENGTH = {"Title": 128, "Description": 2000, "Keywords": 1000, "RequesterAnnotation": 255}
MOST_REQUIREMENTS = 10
NOT_TAKEN = ("HITLayoutId", "HITLayoutParameters", "AssignmentReviewPolicy", "HITReviewPolicy")


def create_hit(call: Call) -> Fields:
    """Put a HIT out, and hold what it may cost."""
    row = _check_hit(call)
    key, token = call.requester.access_key_id, row["unique_request_token"]
    with call.store.write() as connection:
        requesters.lock_purse(connection, key)
        known = None if token is None else hits.hit_id_of_token(connection, key, token)
        if known is not None:
            raise Refused("HitAlreadyExists", f"The HIT with ID {known} already exists for this UniqueRequestToken.")
        cost_minor = (row["reward_minor"] + row["fee_minor"]) * row["max_assignments"]
        purse_of(connection, call.requester, call.now).require(cost_minor)
        hits.add_hit(connection, row)
        made = hits.find_hit(connection, row["hit_id"])
        assert made is not None
        return {"HIT": describe_hit(made, call)}


def get_hit(call: Call) -> Fields:
    """One HIT; a deleted one too, as Disposed."""
    with call.store.read() as connection:
        return {"HIT": describe_hit(call.own_hit(connection), call)}


def list_hits(call: Call) -> Fields:
    """The requester's HITs, newest first."""
    with call.store.read() as connection:
        found = hits.page_of_hits(connection, call.requester.access_key_id, call.after, call.page_size + 1)
    shown = found[: call.page_size]
    more = (shown[-1].created_at, shown[-1].hit_id) if len(found) > call.page_size else None
    return page("HITs", [describe_hit(hit, call) for hit in shown], more)


def update_expiration_for_hit(call: Call) -> Fields:
    """Move a HIT's expiry; into the past: nobody can accept it any more. Work begun may still be handed in."""
    expires_at = min(call.fields["ExpireAt"], call.now + timedelta(days=365))
    with call.store.write() as connection:
        requesters.lock_purse(connection, call.requester.access_key_id)
        hit = call.own_hit(connection)
        if hit.deleted_at is not None:
            raise Refused("InvalidHITState", f"Hit {hit.hit_id} is Disposed; its expiry can't be moved.")
        hits.set_expiration(connection, hit.hit_id, expires_at)
        if expires_at > call.now:  # places that had been given up are promised again
            purse_of(connection, call.requester, call.now).require(0)
    return {}


def delete_hit(call: Call) -> Fields:
    """Dispose of a HIT that is Reviewable and has no undecided work."""
    with call.store.write() as connection:
        requesters.lock_purse(connection, call.requester.access_key_id)
        hits.lock_hit(connection, call.fields["HITId"])
        hit = call.own_hit(connection)
        status = hit.status_at(call.now)
        if status != "Reviewable" or hit.submitted:
            raise Refused(
                "InvalidHITState",
                "This HIT is not deletable: expected Reviewable with all its work approved or rejected, found "
                f"{status} with {hit.submitted} undecided.",
            )
        hits.delete_hit(connection, hit.hit_id, call.now)
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
        "HITReviewStatus": "NotReviewed",
        "NumberOfAssignmentsPending": hit.accepted,
        "NumberOfAssignmentsAvailable": hit.places_left,
        "NumberOfAssignmentsCompleted": hit.approved + hit.rejected,
    }


def _check_hit(call: Call) -> dict[str, Any]:
    """CreateHIT's parameters as a row of the table.

    Raises:
        Refused: one of them is out of bounds, or not taken here.
    """
    fields = {"MaxAssignments": 1, "AutoApprovalDelayInSeconds": 30 * DAY_S, "Keywords": "", **call.fields}
    for parameter in NOT_TAKEN:
        if parameter in fields:
            raise NotTaken(parameter, "give the task as a Question with an ExternalURL")
    if "Question" not in fields:
        raise Refused("ParameterValidationError", "CreateHIT needs a Question.")
    _check_bounds(fields)
    task_url(fields["Question"])
    reward_minor = parse_amount(fields["Reward"], "Reward")
    requirements = fields.get("QualificationRequirements", [])
    shared = (fields["Title"], fields["Description"], fields["Keywords"], reward_minor)
    timing = (fields["AssignmentDurationInSeconds"], fields["AutoApprovalDelayInSeconds"])
    return {
        "hit_id": new_id(),
        "access_key_id": call.requester.access_key_id,
        "hit_type_id": hit_type_id(call.requester.access_key_id, *shared, *timing, requirements),
        "title": fields["Title"],
        "description": fields["Description"],
        "keywords": fields["Keywords"],
        "question": fields["Question"],
        "annotation": fields.get("RequesterAnnotation", ""),
        "reward_minor": reward_minor,
        "fee_minor": fee_on_reward(reward_minor, fields["MaxAssignments"]),
        "max_assignments": fields["MaxAssignments"],
        "assignment_duration_s": fields["AssignmentDurationInSeconds"],
        "auto_approval_delay_s": fields["AutoApprovalDelayInSeconds"],
        "qualification_requirements": requirements,
        "unique_request_token": fields.get("UniqueRequestToken"),
        "created_at": call.now,
        "expires_at": call.now + timedelta(seconds=fields["LifetimeInSeconds"]),
    }


def _check_bounds(fields: Fields) -> None:
    for parameter, (least, greatest) in BOUNDS.items():
        if not least <= fields[parameter] <= greatest:
            raise Refused(
                "ParameterValidationError",
                f"{parameter} is {fields[parameter]}, expected {least} to {greatest}.",
            )
    for parameter, length in GREATEST_LENGTH.items():
        if len(fields.get(parameter, "")) > length:
            raise Refused("ParameterValidationError", f"{parameter} is longer than {length} characters.")
    if not fields["Title"].strip():
        raise Refused("ParameterValidationError", "Title is empty.")
    if len(fields.get("QualificationRequirements", [])) > MOST_REQUIREMENTS:
        raise Refused("ParameterValidationError", f"more than {MOST_REQUIREMENTS} QualificationRequirements.")
