"""Workers' requests for qualifications, with their tests."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from app.marketplace.records import Wish, WishStatus
from app.marketplace.tables import qualification_requests, qualification_types


def add_wish(connection: Connection, wish: Wish) -> None:
    """Write a new request."""
    connection.execute(insert(qualification_requests).values(asdict(wish)))


def find_wish(connection: Connection, request_id: str) -> Wish | None:
    """The request with that id."""
    row = connection.execute(
        select(qualification_requests).where(qualification_requests.c.request_id == request_id)
    ).one_or_none()
    return None if row is None else Wish(**row._mapping)


def wishes_of_worker(connection: Connection, worker_id: str) -> list[Wish]:
    """All requests of a worker, newest first."""
    chosen = select(qualification_requests).where(qualification_requests.c.worker_id == worker_id)
    ordered = chosen.order_by(qualification_requests.c.begun_at.desc(), qualification_requests.c.request_id)
    return [Wish(**row._mapping) for row in connection.execute(ordered)]


def change_wish(connection: Connection, request_id: str, was: WishStatus, **values: Any) -> bool:
    """Set columns of a request that is still in that state; False when it no longer is."""
    changed = connection.execute(
        update(qualification_requests)
        .where(qualification_requests.c.request_id == request_id, qualification_requests.c.status == was)
        .values(values)
    )
    return changed.rowcount == 1


def settle_pending(connection: Connection, qualification_type_id: str, worker_id: str | None, now: WishStatus) -> None:
    """End the pending requests for a type, of one worker or of all."""
    chosen = update(qualification_requests).where(
        qualification_requests.c.qualification_type_id == qualification_type_id,
        qualification_requests.c.status == "Pending",
    )
    if worker_id is not None:
        chosen = chosen.where(qualification_requests.c.worker_id == worker_id)
    connection.execute(chosen.values(status=now))


def page_of_pending(
    connection: Connection,
    owner: str,
    qualification_type_id: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Wish]:
    """What waits for a requester's decision, in the order in which it came."""
    table = qualification_requests.c
    owned = select(qualification_types.c.qualification_type_id).where(qualification_types.c.access_key_id == owner)
    chosen = select(qualification_requests).where(table.status == "Pending", table.qualification_type_id.in_(owned))
    if qualification_type_id is not None:
        chosen = chosen.where(table.qualification_type_id == qualification_type_id)
    if after is not None:
        when, what = after
        same = and_(table.submitted_at == when, table.request_id > what)
        chosen = chosen.where(or_(table.submitted_at > when, same))
    ordered = chosen.order_by(table.submitted_at, table.request_id).limit(limit)
    return [Wish(**row._mapping) for row in connection.execute(ordered)]
