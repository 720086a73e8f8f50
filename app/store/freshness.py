"""Whether anything has changed of what judgments say and which of them count."""

from __future__ import annotations

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from app.store.standing import confirmed
from app.tables import AssignmentRow, JudgmentRow, WorkerRow


def state_of_judgments(session: Session) -> tuple[object, ...]:
    """Something that is the same as long as no judgment came, was taken back, or came to count or not to count."""
    counting = and_(WorkerRow.trusted, confirmed())
    together = (
        select(func.count(), func.max(JudgmentRow.submitted_at), func.sum(case((counting, 1), else_=0)))
        .join(WorkerRow, WorkerRow.worker == JudgmentRow.worker)
        .join(AssignmentRow, AssignmentRow.assignment_id == JudgmentRow.assignment_id)
    )
    distrusted = select(WorkerRow.worker).where(WorkerRow.trusted.is_(False)).order_by(WorkerRow.worker)
    states = select(AssignmentRow.state, func.count()).group_by(AssignmentRow.state).order_by(AssignmentRow.state)
    return (*session.execute(together).one(), *session.scalars(distrusted), *map(tuple, session.execute(states)))
