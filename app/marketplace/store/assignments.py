"""Assignments: taken, handed in, decided, run out; each change is one conditional update, so none happens twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, insert, or_, select, update

from app.marketplace.records import TAKEN, AssignmentStatus, WorkAssignment
from app.marketplace.tables import assignments, hits


def _assignments() -> Select[Any]:
    return select(assignments, hits.c.access_key_id).join(hits, hits.c.hit_id == assignments.c.hit_id)


def add_assignment(connection: Connection, assignment: dict[str, Any]) -> None:
    """Write a new assignment, a value for each column that is not empty."""
    connection.execute(insert(assignments).values(assignment))


def find_assignment(connection: Connection, assignment_id: str) -> WorkAssignment | None:
    """The assignment with that id."""
    row = connection.execute(_assignments().where(assignments.c.assignment_id == assignment_id)).one_or_none()
    return None if row is None else WorkAssignment(**row._mapping)


def place_of(connection: Connection, worker_id: str, hit_id: str) -> WorkAssignment | None:
    """The assignment by which this worker holds a place in that HIT."""
    row = connection.execute(
        _assignments().where(
            assignments.c.worker_id == worker_id,
            assignments.c.hit_id == hit_id,
            assignments.c.status.in_(TAKEN),
        )
    ).one_or_none()
    return None if row is None else WorkAssignment(**row._mapping)


def assignments_of_worker(connection: Connection, worker_id: str, limit: int) -> list[tuple[WorkAssignment, str, int]]:
    """A worker's assignments, newest first, each with its HIT's title and reward in minor units."""
    chosen = (
        _assignments()
        .add_columns(hits.c.title, hits.c.reward_minor)
        .where(assignments.c.worker_id == worker_id)
        .order_by(assignments.c.accepted_at.desc(), assignments.c.assignment_id)
        .limit(limit)
    )
    found = []
    for row in connection.execute(chosen):
        values = dict(row._mapping)
        title, reward_minor = values.pop("title"), values.pop("reward_minor")
        found.append((WorkAssignment(**values), title, reward_minor))
    return found


def page_of_assignments(
    connection: Connection,
    hit_id: str,
    statuses: tuple[str, ...],
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[WorkAssignment]:
    """A HIT's assignments in those states, in the order in which they came in, from behind that one on."""
    chosen = _assignments().where(assignments.c.hit_id == hit_id, assignments.c.status.in_(statuses))
    if after is not None:
        when, assignment_id = after
        same = and_(assignments.c.submitted_at == when, assignments.c.assignment_id > assignment_id)
        chosen = chosen.where(or_(assignments.c.submitted_at > when, same))
    ordered = chosen.order_by(assignments.c.submitted_at, assignments.c.assignment_id).limit(limit)
    return [WorkAssignment(**row._mapping) for row in connection.execute(ordered)]


def change_assignment(
    connection: Connection,
    assignment_id: str,
    was: tuple[AssignmentStatus, ...],
    **values: Any,
) -> bool:
    """Set columns of an assignment that is still in one of those states; False when it no longer is."""
    changed = connection.execute(
        update(assignments)
        .where(assignments.c.assignment_id == assignment_id, assignments.c.status.in_(was))
        .values(values)
    )
    return changed.rowcount == 1


def anything_due(connection: Connection, now: datetime, grace_s: int) -> bool:
    """Whether an assignment has run out, or waits for its automatic approval."""
    chosen = select(assignments.c.assignment_id).where(or_(_run_out(now, grace_s), _auto_approvable(now)))
    return connection.execute(chosen.limit(1)).first() is not None


def overdue(connection: Connection, now: datetime, grace_s: int) -> list[WorkAssignment]:
    """Assignments of workers who ran out of time."""
    return [WorkAssignment(**row._mapping) for row in connection.execute(_assignments().where(_run_out(now, grace_s)))]


def due_for_approval(connection: Connection, now: datetime) -> list[WorkAssignment]:
    """Assignments whose time for a decision is over."""
    return [WorkAssignment(**row._mapping) for row in connection.execute(_assignments().where(_auto_approvable(now)))]


def _run_out(now: datetime, grace_s: int) -> ColumnElement[bool]:
    return and_(assignments.c.status == "Accepted", assignments.c.deadline < now - timedelta(seconds=grace_s))


def _auto_approvable(now: datetime) -> ColumnElement[bool]:
    return and_(assignments.c.status == "Submitted", assignments.c.auto_approval_at <= now)
