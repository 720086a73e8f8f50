"""Workers, and for whom they work."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from app.marketplace.records import Worker
from app.marketplace.tables import memberships, workers


def add_worker(connection: Connection, worker: Worker) -> None:
    """Write a new worker."""
    connection.execute(insert(workers).values(asdict(worker)))


def find_worker(connection: Connection, worker_id: str) -> Worker | None:
    """The worker with that id."""
    row = connection.execute(select(workers).where(workers.c.worker_id == worker_id)).one_or_none()
    return None if row is None else Worker(**row._mapping)


def works_for(connection: Connection, worker_id: str, access_key_id: str) -> bool:
    """Whether that requester has invited this worker."""
    chosen = select(memberships.c.worker_id).where(
        memberships.c.worker_id == worker_id, memberships.c.access_key_id == access_key_id
    )
    return connection.execute(chosen).first() is not None


def join(connection: Connection, worker_id: str, access_key_id: str, invite_code: str, now: datetime) -> None:
    """Note that a worker came in by an invite."""
    connection.execute(
        insert(memberships).values(
            worker_id=worker_id, access_key_id=access_key_id, invite_code=invite_code, joined_at=now
        )
    )


def keep_statement(
    connection: Connection, worker_id: str, *, country: str | None, subdivision: str | None, adult: bool
) -> None:
    """Write what a worker says of themselves."""
    values = {"country": country, "subdivision": subdivision, "adult": adult}
    connection.execute(update(workers).where(workers.c.worker_id == worker_id).values(values))
