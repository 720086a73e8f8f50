"""Messages from requesters to workers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from app.marketplace.records import Message
from app.marketplace.tables import messages, requesters


def add_message(connection: Connection, message: Message) -> None:
    """Write a new message."""
    connection.execute(insert(messages).values(asdict(message)))


def messages_of_worker(connection: Connection, worker_id: str, limit: int) -> list[tuple[Message, str]]:
    """What a worker was sent, newest first, each with its sender's name."""
    chosen = (
        select(messages, requesters.c.name.label("sender"))
        .join(requesters, requesters.c.access_key_id == messages.c.access_key_id)
        .where(messages.c.worker_id == worker_id)
        .order_by(messages.c.sent_at.desc(), messages.c.message_id)
        .limit(limit)
    )
    found = []
    for row in connection.execute(chosen):
        values = dict(row._mapping)
        sender = values.pop("sender")
        found.append((Message(**values), sender))
    return found


def unread(connection: Connection, worker_id: str) -> int:
    """How many messages this worker has not seen."""
    chosen = select(func.count()).where(messages.c.worker_id == worker_id, messages.c.read_at.is_(None))
    return int(connection.execute(chosen).scalar_one())


def mark_read(connection: Connection, worker_id: str, now: datetime) -> None:
    """Note that a worker has seen all messages so far."""
    unseen = (messages.c.worker_id == worker_id) & messages.c.read_at.is_(None)
    connection.execute(update(messages).where(unseen).values(read_at=now))
