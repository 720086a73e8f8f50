"""What happened, for the researcher to read; and facts that must not change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.store.clock import now_of
from app.tables import EventRow, FactRow

LAUNCHED = "launched"  # the fact that a researcher said yes to spending
PAUSED = "paused"  # the fact that a researcher lets nobody begin for a while
CLOSED = "closed"  # the fact that a researcher took the study off the shelf; publishing again ends it


@dataclass(frozen=True)
class Event:
    """Something that happened, and who did it; nobody where it came by rule or by a worker."""

    event_id: int
    at: datetime
    kind: str
    text: str
    researcher: str | None


def note_event(session: Session, kind: str, text: str, researcher: str | None = None) -> None:
    """Write down that something happened, now; by whose hand, where it was somebody's."""
    session.add(EventRow(at=now_of(session), kind=kind, text=text, researcher=researcher))


def latest_events(
    session: Session, limit: int | None = None, *, kind: str = "", by_hand: bool = False, before: int | None = None
) -> list[Event]:
    """The latest events, newest first.

    Args:
        session: where they are kept.
        limit: how many at most; None for all.
        kind: of one kind only.
        by_hand: only what researchers did.
        before: only those that came before the event of this id.
    """
    query = select(EventRow).order_by(EventRow.event_id.desc()).limit(limit)
    if kind:
        query = query.where(EventRow.kind == kind)
    if by_hand:
        query = query.where(EventRow.researcher.is_not(None))
    if before is not None:
        query = query.where(EventRow.event_id < before)
    return [Event(row.event_id, row.at, row.kind, row.text, row.researcher) for row in session.scalars(query)]


def events_naming(session: Session, word: str, limit: int) -> list[Event]:
    """The latest events whose text has that word in it, newest first."""
    query = select(EventRow).where(EventRow.text.contains(word, autoescape=True))
    rows = session.scalars(query.order_by(EventRow.event_id.desc()).limit(limit))
    return [Event(row.event_id, row.at, row.kind, row.text, row.researcher) for row in rows]


def event_kinds(session: Session) -> list[str]:
    """The kinds of what happened so far."""
    return list(session.scalars(select(EventRow.kind).distinct().order_by(EventRow.kind)))


_FACT = select(FactRow.value).where(FactRow.name == bindparam("name"))


def fact(session: Session, name: str) -> dict[str, object] | None:
    """A fact that was kept; None where it was not."""
    return session.scalar(_FACT, {"name": name})


def keep_fact(session: Session, name: str, value: dict[str, object]) -> None:
    """Keep a fact, in place of an older one of that name."""
    session.merge(FactRow(name=name, value=value))


def drop_fact(session: Session, name: str) -> None:
    """Forget a fact, if it was kept."""
    row = session.get(FactRow, name)
    if row is not None:
        session.delete(row)
