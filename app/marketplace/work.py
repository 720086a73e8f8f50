"""What workers may do: come in by an invite, accept, give back, hand in; and what time does by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection

from app.marketplace.ids import is_id, new_id, new_worker_id
from app.marketplace.paying import pay_reward
from app.marketplace.records import HANDED_IN, Invite, PostedHit, WorkAssignment, Worker
from app.marketplace.refusals import NoSuchAssignment, NoSuchHit, Refused
from app.marketplace.requirements import Action, unmet
from app.marketplace.store import assignments, hits, requesters, standing, workers
from app.marketplace.store.engine import Store
from app.marketplace.telling import note

#: Work that arrives this much after its deadline still counts: clocks and networks are not the worker's fault.
GRACE_S = 60
MOST_TOLD = 100  # HITs whose end is told in one go


class DoesNotQualify(Refused):
    """A worker lacks what a task asks for."""

    def __init__(self) -> None:
        super().__init__(
            "DoesNotMeetRequirements",
            _("This task asks for a qualification that you do not have. The list of tasks says which."),
        )


def settle(store: Store, now: datetime) -> None:
    """Carry out what time has brought: places of workers who ran out go back, undecided work is approved and paid."""
    with store.read() as connection:
        if not (assignments.anything_due(connection, now, GRACE_S) or hits.hits_to_tell(connection, now, limit=1)):
            return
    with store.write() as connection:
        for assignment in assignments.overdue(connection, now, GRACE_S):
            _change(connection, assignment, "AssignmentAbandoned", now, status="Abandoned")
        for assignment in assignments.due_for_approval(connection, now):
            approve(connection, assignment, assignment.auto_approval_at or now)
        for hit in hits.hits_to_tell(connection, now, limit=MOST_TOLD):
            _tell_what_ended(connection, hit, now)


def approve(connection: Connection, assignment: WorkAssignment, when: datetime, feedback: str | None = None) -> bool:
    """Approve handed-in work and pay its reward; False when somebody else has decided it meanwhile."""
    hit = _hit_of(connection, assignment)
    changed = assignments.change_assignment(
        connection,
        assignment.assignment_id,
        (assignment.status,),
        status="Approved",
        approved_at=when,
        rejected_at=None,
        feedback=feedback,
    )
    if changed:
        pay_reward(connection, assignment, hit, when)
        note(connection, "AssignmentApproved", hit, when, assignment.assignment_id)
    return changed


def join(connection: Connection, invite: Invite, worker: Worker | None, now: datetime) -> Worker:
    """The worker that an invite makes, or the returning one, who now also works for the invite's requester.

    Raises:
        Refused: the invite is used up or its time is over, and this worker was not in yet.
    """
    if worker is not None and worker.simulated != invite.simulated:
        worker = None  # people and simulated listeners never share a WorkerId
    requesters.lock_purse(connection, invite.access_key_id)  # a double click must not join twice
    if worker is not None and workers.works_for(connection, worker.worker_id, invite.access_key_id):
        return worker
    if not invite.open_at(now) or not requesters.use_invite(connection, invite.code):
        raise Refused("InviteClosed", _("This invite is used up or its time is over. Ask whoever sent it for another."))
    if worker is None:
        worker = Worker(new_worker_id(simulated=invite.simulated), invite.simulated, now)
        workers.add_worker(connection, worker)
    workers.join(connection, worker.worker_id, invite.access_key_id, invite.code, now)
    return worker


def find_open_hit(connection: Connection, worker: Worker, hit_id: str) -> PostedHit:
    """A HIT of a requester for whom this worker works.

    Raises:
        NoSuchHit: there is none of that id, or it is not for this worker to see.
    """
    hit = hits.find_hit(connection, hit_id)
    if hit is None or hit.deleted_at or not workers.works_for(connection, worker.worker_id, hit.access_key_id):
        raise NoSuchHit(hit_id)
    return hit


def accept(connection: Connection, worker: Worker, hit_id: str, now: datetime) -> str:
    """Take a place in a HIT; the assignment's id. Who holds a place already gets the same assignment again.

    Raises:
        NoSuchHit: as `find_open_hit`.
        Refused: all places are taken, the HIT has expired, or this worker may not accept it.
    """
    find_open_hit(connection, worker, hit_id)
    hit = hits.lock_hit(connection, hit_id)
    mine = assignments.place_of(connection, worker.worker_id, hit_id)
    if mine is not None:
        return mine.assignment_id
    if hit is None or hit.status_at(now) != "Assignable":
        raise Refused("HITNotAssignable", _("All places of this task are taken, or its time is over."))
    require_allowed(connection, worker, hit, "Accept")
    assignment_id = new_id()
    assignments.add_assignment(
        connection,
        {
            "assignment_id": assignment_id,
            "hit_id": hit_id,
            "worker_id": worker.worker_id,
            "status": "Accepted",
            "accepted_at": now,
            "deadline": now + timedelta(seconds=hit.assignment_duration_s),
        },
    )
    note(connection, "AssignmentAccepted", hit, now, assignment_id)
    return assignment_id


def require_allowed(connection: Connection, worker: Worker, hit: PostedHit, action: Action) -> None:
    """Raises Refused where a worker is blocked, or a qualification that this action needs is missing."""
    if action == "Accept" and standing.is_blocked(connection, hit.access_key_id, worker.worker_id):
        raise Refused("WorkerBlocked", _("This requester has closed its tasks to you."))
    if unmet(hit.qualification_requirements, standing.standing_of(connection, worker), action):
        raise DoesNotQualify


def find_own(connection: Connection, worker: Worker, assignment_id: str) -> WorkAssignment:
    """An assignment of this worker's.

    Raises:
        NoSuchAssignment: there is none of that id, or it is another worker's.
    """
    assignment = assignments.find_assignment(connection, assignment_id)
    if assignment is None or assignment.worker_id != worker.worker_id:
        raise NoSuchAssignment(assignment_id)
    return assignment


def give_back(connection: Connection, worker: Worker, assignment_id: str, now: datetime) -> None:
    """Return an assignment; its place is free again. What is returned or handed in already stays as it is."""
    _change(connection, find_own(connection, worker, assignment_id), "AssignmentReturned", now, status="Returned")


def hand_in(connection: Connection, assignment_id: str, answer: str, now: datetime) -> WorkAssignment:
    """Store a worker's answer. Whoever holds the assignment's id may (as on MTurk): no cookie reaches an iframe surely.

    The first answer stands; handing in again changes nothing.

    Raises:
        NoSuchAssignment: there is none of that id.
        Refused: it was returned, or its time ran out.
    """
    assignment = assignments.find_assignment(connection, assignment_id) if is_id(assignment_id) else None
    if assignment is None:
        raise NoSuchAssignment(assignment_id[:64])
    hit = _hit_of(connection, assignment)
    if now <= assignment.deadline + timedelta(seconds=GRACE_S):
        approved_at = now + timedelta(seconds=hit.auto_approval_delay_s)
        values = {"status": "Submitted", "submitted_at": now, "auto_approval_at": approved_at, "answer": answer}
        _change(connection, assignment, "AssignmentSubmitted", now, **values)
    settled = assignments.find_assignment(connection, assignment_id)
    if settled is None or settled.status not in HANDED_IN:
        raise Refused(
            "AssignmentNotActive",
            _(
                "This task was returned, or its time ran out before it was handed in. Its place may be free again: "
                "open the list of tasks and accept it once more."
            ),
        )
    return settled


def _change(connection: Connection, assignment: WorkAssignment, event: str, now: datetime, **values: Any) -> None:
    """Change what a worker still holds, and note the event; whatever has changed meanwhile stays."""
    if assignments.change_assignment(connection, assignment.assignment_id, ("Accepted",), **values):
        note(connection, event, _hit_of(connection, assignment), now, assignment.assignment_id)


def _hit_of(connection: Connection, assignment: WorkAssignment) -> PostedHit:
    hit = hits.find_hit(connection, assignment.hit_id)
    if hit is None:
        raise NoSuchHit(assignment.hit_id)
    return hit


def _tell_what_ended(connection: Connection, hit: PostedHit, now: datetime) -> None:
    if hit.expires_at <= now and not hit.expiry_told:
        note(connection, "HITExpired", hit, hit.expires_at)
        hits.change_hit(connection, hit.hit_id, expiry_told=True)
    if hit.status_at(now) in ("Reviewable", "Reviewing") and not hit.reviewable_told:
        note(connection, "HITReviewable", hit, now)
        hits.change_hit(connection, hit.hit_id, reviewable_told=True)
