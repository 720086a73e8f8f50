"""ListAssignmentsForHIT, GetAssignment, ApproveAssignment, RejectAssignment."""

from __future__ import annotations

from datetime import timedelta

from app.marketplace.operations.call import Call, Fields, page
from app.marketplace.operations.hits import describe_hit
from app.marketplace.paying import purse_of
from app.marketplace.records import HANDED_IN, WorkAssignment
from app.marketplace.refusals import NoSuchHit, Refused, WrongAssignmentState
from app.marketplace.store import assignments, hits, requesters
from app.marketplace.telling import note
from app.marketplace.work import approve

OVERRIDE_WITHIN_DAYS = 30


def list_assignments_for_hit(call: Call) -> Fields:
    """What workers have handed in for a HIT, in the order in which it came."""
    statuses = tuple(call.fields.get("AssignmentStatuses") or HANDED_IN)
    with call.store.read() as connection:
        hit = call.own_hit(connection)
        found = assignments.page_of_assignments(connection, hit.hit_id, statuses, call.after, call.page_size + 1)
    shown = found[: call.page_size]
    more = None
    if len(found) > call.page_size and shown[-1].submitted_at is not None:
        more = (shown[-1].submitted_at, shown[-1].assignment_id)
    return page("Assignments", [describe_assignment(one) for one in shown], more)


def get_assignment(call: Call) -> Fields:
    """One assignment that was handed in, with its HIT."""
    with call.store.read() as connection:
        assignment = call.own_assignment(connection)
        if assignment.status not in HANDED_IN:
            raise WrongAssignmentState(assignment.assignment_id, assignment.status, ", ".join(HANDED_IN))
        hit = hits.find_hit(connection, assignment.hit_id)
    if hit is None:
        raise NoSuchHit(assignment.hit_id)
    return {"Assignment": describe_assignment(assignment), "HIT": describe_hit(hit, call)}


def approve_assignment(call: Call) -> Fields:
    """Approve handed-in work, which pays it; a rejection too, where OverrideRejection says so."""
    with call.store.write() as connection:
        requesters.lock_purse(connection, call.requester.access_key_id)
        assignment = call.own_assignment(connection)
        if assignment.status == "Rejected" and call.fields.get("OverrideRejection"):
            hit = hits.find_hit(connection, assignment.hit_id)
            _check_override(assignment, call, deleted=hit is None or hit.deleted_at is not None)
            assert hit is not None
            purse_of(connection, call.requester, call.now).require(hit.reward_minor + hit.fee_minor)
        elif assignment.status != "Submitted":
            raise WrongAssignmentState(assignment.assignment_id, assignment.status, "Submitted")
        if not approve(connection, assignment, call.now, call.fields.get("RequesterFeedback")):
            raise WrongAssignmentState(assignment.assignment_id, "decided already", "Submitted")
    return {}


def reject_assignment(call: Call) -> Fields:
    """Reject handed-in work; what was held for it is free again."""
    with call.store.write() as connection:
        assignment = call.own_assignment(connection)
        changed = assignments.change_assignment(
            connection,
            assignment.assignment_id,
            ("Submitted",),
            status="Rejected",
            rejected_at=call.now,
            feedback=call.fields["RequesterFeedback"],
        )
        if not changed:
            raise WrongAssignmentState(assignment.assignment_id, assignment.status, "Submitted")
        hit = hits.find_hit(connection, assignment.hit_id)
        if hit is not None:
            note(connection, "AssignmentRejected", hit, call.now, assignment.assignment_id)
    return {}


def describe_assignment(assignment: WorkAssignment) -> Fields:
    """An assignment as MTurk's data structure."""
    fields: Fields = {
        "AssignmentId": assignment.assignment_id,
        "WorkerId": assignment.worker_id,
        "HITId": assignment.hit_id,
        "AssignmentStatus": assignment.status,
        "AutoApprovalTime": assignment.auto_approval_at,
        "AcceptTime": assignment.accepted_at,
        "SubmitTime": assignment.submitted_at,
        "ApprovalTime": assignment.approved_at,
        "RejectionTime": assignment.rejected_at,
        "Deadline": assignment.deadline,
        "Answer": assignment.answer,
        "RequesterFeedback": assignment.feedback,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _check_override(assignment: WorkAssignment, call: Call, *, deleted: bool) -> None:
    submitted_at = assignment.submitted_at or assignment.accepted_at
    if deleted or call.now - submitted_at > timedelta(days=OVERRIDE_WITHIN_DAYS):
        raise Refused(
            "InvalidAssignmentState",
            f"Assignment {assignment.assignment_id} was rejected, and that can't be overridden any more: its HIT is "
            f"deleted, or it was submitted more than {OVERRIDE_WITHIN_DAYS} days ago. Send a bonus instead.",
        )
