"""What happened, for the researcher to read; and facts that must not change."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.tables import EventRow, FactRow


def note_event(session: Session, kind: str, text: str) -> None:
    """Write down that something happened, now."""
    session.add(EventRow(at=datetime.now(UTC), kind=kind, text=text))


def fact(session: Session, name: str) -> dict[str, object] | None:
    """A fact that was kept; None where it was not."""
    row = session.get(FactRow, name)
    return None if row is None else row.value


def keep_fact(session: Session, name: str, value: dict[str, object]) -> None:
    """Keep a fact, in place of an older one of that name."""
    session.merge(FactRow(name=name, value=value))


def drop_fact(session: Session, name: str) -> None:
    """Forget a fact, if it was kept."""
    row = session.get(FactRow, name)
    if row is not None:
        session.delete(row)
