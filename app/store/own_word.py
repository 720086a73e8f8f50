"""What the study itself says of work, where a platform says nothing or pays nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.store.clock import now_of
from app.store.identities import own_id
from app.tables import AssignmentRow, HitRow, WorkerRow
from hits.pay import Pay
from hits.recruiting import PlatformAssignment
from hits.review import review_ends


def finished_work(session: Session, platform_hit_id: str) -> list[PlatformAssignment]:
    """The assignments of a HIT whose trials were all answered, as if the platform had said that they are handed in."""
    rows = session.execute(
        select(AssignmentRow, WorkerRow.platform_worker_id)
        .join(HitRow, HitRow.hit_id == AssignmentRow.hit_id)
        .join(WorkerRow, WorkerRow.worker == AssignmentRow.worker)
        .where(HitRow.platform_hit_id == platform_hit_id, AssignmentRow.state == "finished")
        .order_by(AssignmentRow.finished_at, AssignmentRow.assignment_id)
    )
    return [
        PlatformAssignment(
            row.platform_assignment_id,
            platform_hit_id,
            own_id(session, worker),
            "submitted",
            row.finished_at or now_of(session),
        )
        for row, worker in rows
    ]


def unaccepted(session: Session, pay: Pay, now: datetime) -> list[tuple[str, str]]:
    """What was handed in, not yet accepted and not to be reviewed any more: our assignment id and the platform's."""
    query = select(AssignmentRow).where(AssignmentRow.state == "submitted").order_by(AssignmentRow.submitted_at)
    return [
        (row.assignment_id, row.platform_assignment_id)
        for row in session.scalars(query)
        if row.submitted_at is None or review_ends(row.submitted_at, row.submitted_at, pay, now) is None
    ]


def mark_accepted(session: Session, assignment_ids: Sequence[str]) -> None:
    """The platform accepted these."""
    handed_in = update(AssignmentRow).where(AssignmentRow.assignment_id.in_(assignment_ids))
    session.execute(handed_in.where(AssignmentRow.state == "submitted").values(state="approved"))


class NoWork(ValueError):
    """A worker has handed nothing in that a bonus could be for."""


def latest_work(session: Session, worker: str) -> str:
    """What a worker handed in last: our assignment id.

    Raises:
        NoWork: no such worker, or nothing was handed in.
    """
    done = select(AssignmentRow.assignment_id).where(
        AssignmentRow.worker == worker, AssignmentRow.state.in_(("submitted", "approved", "rejected"))
    )
    found = session.scalars(done.order_by(AssignmentRow.submitted_at.desc())).first()
    if found is None:
        raise NoWork(
            f"worker {worker} has handed nothing in; workers are named by their hash, as the dashboard shows it"
        )
    return found
