"""Which payments wait for a person's look at the work, and until when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.tables import AssignmentRow, PaymentRow
from hits.pay import Pay
from hits.review import review_ends

#: What is paid by rule for work that was handed in. A person's bonus and the pay for a part never wait.
WAITS = ("reward", "top-up")


def waiting_until(
    session: Session, pay: Pay, now: datetime, *, assignment_id: str | None = None
) -> dict[str, tuple[str, datetime]]:
    """The planned payments that wait for review, by key: of which kind, and until when.

    Args:
        session: where the ledger is.
        pay: of the study.
        now: the moment of asking.
        assignment_id: of one assignment only.
    """
    if not pay.review_for_h:
        return {}
    query = (
        select(PaymentRow.key, PaymentRow.kind, AssignmentRow.submitted_at, PaymentRow.planned_at)
        .join(AssignmentRow, AssignmentRow.assignment_id == PaymentRow.assignment_id)
        .where(PaymentRow.state == "planned", PaymentRow.kind.in_(WAITS), PaymentRow.made_by.is_(None))
    )
    if assignment_id is not None:
        query = query.where(PaymentRow.assignment_id == assignment_id)
    ends = {
        key: (kind, review_ends(handed_in_at or planned_at, planned_at, pay, now))
        for key, kind, handed_in_at, planned_at in session.execute(query)
    }
    return {key: (kind, until) for key, (kind, until) in ends.items() if until is not None}


def to_review_until(session: Session, assignment_id: str, pay: Pay, now: datetime) -> datetime | None:
    """Until when a person may look at an assignment before it is paid; None where none of it waits."""
    if pay.mode == "money":
        waiting = waiting_until(session, pay, now, assignment_id=assignment_id)
        return max((until for kind, until in waiting.values() if kind == "reward"), default=None)
    row = session.get_one(AssignmentRow, assignment_id)
    if row.state != "submitted" or row.submitted_at is None:
        return None
    return review_ends(row.submitted_at, row.submitted_at, pay, now)


def end_review(session: Session, assignment_id: str, by: str) -> None:
    """A person has looked, and it is to be paid now."""
    rows = select(PaymentRow).where(
        PaymentRow.assignment_id == assignment_id, PaymentRow.state == "planned", PaymentRow.kind.in_(WAITS)
    )
    for row in session.scalars(rows):
        row.made_by = row.made_by or by
