"""What a worker brings along: counts of work, statements, qualifications; and who is blocked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from app.marketplace.records import HANDED_IN, Block, Worker
from app.marketplace.requirements import Standing, share_approved
from app.marketplace.store.qualifications import qualifications_of_worker
from app.marketplace.system_types import ADULT, NUMBER_APPROVED, PERCENT_APPROVED
from app.marketplace.tables import assignments, worker_blocks


def standing_of(connection: Connection, worker: Worker) -> Standing:
    """What requirements are held against."""
    counted = connection.execute(
        select(assignments.c.status, func.count())
        .where(assignments.c.worker_id == worker.worker_id, assignments.c.status.in_(HANDED_IN))
        .group_by(assignments.c.status)
    )
    counts = {str(status): int(number) for status, number in counted}
    approved = counts.get("Approved", 0)
    values = {type_id: held.value for type_id, held in qualifications_of_worker(connection, worker.worker_id).items()}
    values[NUMBER_APPROVED] = approved
    values[PERCENT_APPROVED] = share_approved(sum(counts.values()), approved, counts.get("Rejected", 0))
    if worker.adult:
        values[ADULT] = 1
    return Standing(values, worker.country, worker.subdivision)


def block(connection: Connection, access_key_id: str, worker_id: str, reason: str, now: datetime) -> None:
    """Keep a worker from a requester's HITs; a second time renews the reason. The purse is locked."""
    unblock(connection, access_key_id, worker_id)
    connection.execute(
        insert(worker_blocks).values(access_key_id=access_key_id, worker_id=worker_id, reason=reason, blocked_at=now)
    )


def unblock(connection: Connection, access_key_id: str, worker_id: str) -> None:
    """Let a worker in again."""
    connection.execute(
        delete(worker_blocks).where(
            worker_blocks.c.access_key_id == access_key_id, worker_blocks.c.worker_id == worker_id
        )
    )


def is_blocked(connection: Connection, access_key_id: str, worker_id: str) -> bool:
    """Whether that requester has blocked this worker."""
    chosen = select(worker_blocks.c.worker_id).where(
        worker_blocks.c.access_key_id == access_key_id, worker_blocks.c.worker_id == worker_id
    )
    return connection.execute(chosen).first() is not None


def page_of_blocks(
    connection: Connection, access_key_id: str, after: tuple[datetime, str] | None, limit: int
) -> list[Block]:
    """Whom a requester has blocked, in the order of blocking."""
    table = worker_blocks.c
    chosen = select(worker_blocks).where(table.access_key_id == access_key_id)
    if after is not None:
        when, worker_id = after
        same = (table.blocked_at == when) & (table.worker_id > worker_id)
        chosen = chosen.where((table.blocked_at > when) | same)
    ordered = chosen.order_by(table.blocked_at, table.worker_id).limit(limit)
    return [Block(**row._mapping) for row in connection.execute(ordered)]
