"""What is to be told, and not told yet."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from app.marketplace.records import Event
from app.marketplace.tables import events


def add_event(connection: Connection, event: Event) -> None:
    """Write a new event."""
    connection.execute(insert(events).values(asdict(event)))


def due_events(connection: Connection, now: datetime, limit: int) -> list[Event]:
    """Events whose delivery is to be tried now, oldest first."""
    chosen = select(events).where(events.c.next_attempt_at <= now)
    ordered = chosen.order_by(events.c.occurred_at, events.c.event_id).limit(limit)
    return [Event(**row._mapping) for row in connection.execute(ordered)]


def anything_left(connection: Connection) -> bool:
    """Whether something waits to be told, now or later."""
    return connection.execute(select(events.c.event_id).limit(1)).first() is not None


def claim(connection: Connection, event: Event, until: datetime) -> bool:
    """Take an event, so that no other process delivers it meanwhile; False when another one was faster."""
    claimed = connection.execute(
        update(events)
        .where(events.c.event_id == event.event_id, events.c.next_attempt_at == event.next_attempt_at)
        .values(next_attempt_at=until, attempts=event.attempts + 1)
    )
    return claimed.rowcount == 1


def put_off(connection: Connection, event_id: str, until: datetime) -> None:
    """Try again then."""
    connection.execute(update(events).where(events.c.event_id == event_id).values(next_attempt_at=until))


def remove_event(connection: Connection, event_id: str) -> None:
    """Forget an event: it has arrived, or was tried for long enough."""
    connection.execute(delete(events).where(events.c.event_id == event_id))
