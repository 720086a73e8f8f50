"""ListHITs, ListReviewableHITs, ListHITsForQualificationType, UpdateHITReviewStatus."""

from __future__ import annotations

from app.marketplace.operations.call import Call, Fields, page
from app.marketplace.operations.hits import describe_hit
from app.marketplace.records import PostedHit
from app.marketplace.refusals import NoSuchQualificationType, Refused
from app.marketplace.store import hits, qualifications
from app.marketplace.system_types import SYSTEM_TYPES


def list_hits(call: Call) -> Fields:
    """The requester's HITs, newest first."""
    with call.store.read() as connection:
        found = hits.page_of_hits(connection, call.requester.access_key_id, call.after, call.page_size + 1)
    return _page_of_hits(call, found)


def list_reviewable_hits(call: Call) -> Fields:
    """HITs to which nothing more can come; those under review by `Status`."""
    with call.store.read() as connection:
        found = hits.page_of_reviewable(
            connection,
            call.requester.access_key_id,
            hit_type_id=call.fields.get("HITTypeId"),
            reviewing=call.fields.get("Status") == "Reviewing",
            now=call.now,
            after=call.after,
            limit=call.page_size + 1,
        )
    return _page_of_hits(call, found)


def list_hits_for_qualification_type(call: Call) -> Fields:
    """The requester's HITs that ask for a qualification type."""
    type_id = call.fields["QualificationTypeId"]
    with call.store.read() as connection:
        if type_id not in SYSTEM_TYPES and qualifications.find_type(connection, type_id) is None:
            raise NoSuchQualificationType(type_id)
        found = hits.page_of_hits_asking_for(
            connection, call.requester.access_key_id, type_id, call.after, call.page_size + 1
        )
    return _page_of_hits(call, found)


def update_hit_review_status(call: Call) -> Fields:
    """Reviewable to Reviewing; back by `Revert`."""
    wanted, to = ("Reviewing", False) if call.fields.get("Revert") else ("Reviewable", True)
    with call.store.write() as connection:
        hits.lock_hit(connection, call.fields["HITId"])
        hit = call.own_hit(connection)
        status = hit.status_at(call.now)
        if status != wanted:
            raise Refused(
                "InvalidHITState",
                f"This operation can be called with a status of: {wanted}. Hit {hit.hit_id} is {status}.",
            )
        hits.change_hit(connection, hit.hit_id, reviewing=to)
    return {}


def _page_of_hits(call: Call, found: list[PostedHit]) -> Fields:
    shown = found[: call.page_size]
    more = (shown[-1].created_at, shown[-1].hit_id) if len(found) > call.page_size else None
    return page("HITs", [describe_hit(hit, call) for hit in shown], more)
