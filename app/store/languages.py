"""The language in which a worker reads the pages, on every device and in every task."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.tables import AssignmentRow, WorkerRow


def language_of_worker(session: Session, worker: str) -> str | None:
    """What a worker chose; None where nothing was chosen, or the worker is not known yet."""
    return session.scalar(select(WorkerRow.language).where(WorkerRow.worker == worker))


def language_of_assignment(session: Session, assignment_id: str) -> str | None:
    """What the worker of an assignment chose; None where nothing was chosen."""
    chosen = select(WorkerRow.language).join(AssignmentRow, AssignmentRow.worker == WorkerRow.worker)
    return session.scalar(chosen.where(AssignmentRow.assignment_id == assignment_id))


def keep_language(session: Session, assignment_id: str, language: str) -> None:
    """Keep what the worker of an assignment chose; an assignment that is not known changes nothing."""
    row = session.get(AssignmentRow, assignment_id)
    if row is not None:
        session.get_one(WorkerRow, row.worker).language = language
