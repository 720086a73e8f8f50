"""The ledger as a researcher reads it: every payment, unknown ones on top, then what was refused, then the rest."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.tables import AssignmentRow, PaymentRow

#: Every column of ledger.csv, in the order in which they are written.
COLUMNS = (
    "key",
    "state",
    "kind",
    "amount_minor",
    "fee_minor",
    "worker",
    "assignment_id",
    "planned_at",
    "at",
    "made_by",
    "reason",
    "note",
)


def payments(
    session: Session, *, assignment_id: str | None = None, worker: str | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """The ledger, payments of unknown outcome on top, refused ones next, then the latest. Money in minor units."""
    first = case((PaymentRow.state == "unknown", 0), (PaymentRow.state == "refused", 1), else_=2)
    query = (
        select(PaymentRow, AssignmentRow.worker)
        .join(AssignmentRow, AssignmentRow.assignment_id == PaymentRow.assignment_id)
        .order_by(first, PaymentRow.changed_at.desc(), PaymentRow.key)
        .limit(limit)
    )
    if assignment_id is not None:
        query = query.where(PaymentRow.assignment_id == assignment_id)
    if worker is not None:
        query = query.where(AssignmentRow.worker == worker)
    return [_as_row(row, whose) for row, whose in session.execute(query)]


def payments_by_state(session: Session) -> dict[str, int]:
    """How many payments are in which state."""
    counts = select(PaymentRow.state, func.count()).group_by(PaymentRow.state).order_by(PaymentRow.state)
    return dict(session.execute(counts).all())


def _as_row(row: PaymentRow, worker: str) -> dict[str, Any]:
    return {
        "key": row.key,
        "kind": row.kind,
        "amount_minor": row.amount_minor,
        "fee_minor": row.fee_minor,
        "state": row.state,
        "note": row.note,
        "reason": row.reason,
        "made_by": row.made_by,
        "worker": worker,
        "assignment_id": row.assignment_id,
        "planned_at": row.planned_at,
        "at": row.changed_at,
    }
