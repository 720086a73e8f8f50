"""HITs, with the counts of their assignments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, insert, or_, select, update

from app.marketplace.records import TAKEN, PostedHit
from app.marketplace.tables import assignments, hits, memberships


def _hits_with_counts() -> Select[Any]:
    counts = (
        select(func.count())
        .where(assignments.c.hit_id == hits.c.hit_id, assignments.c.status == status)
        .correlate(hits)
        .scalar_subquery()
        .label(status.lower())
        for status in TAKEN
    )
    return select(hits, *counts)


def add_hit(connection: Connection, hit: dict[str, Any]) -> None:
    """Write a new HIT, a value for each column."""
    connection.execute(insert(hits).values(hit))


def find_hit(connection: Connection, hit_id: str) -> PostedHit | None:
    """The HIT with that id."""
    row = connection.execute(_hits_with_counts().where(hits.c.hit_id == hit_id)).one_or_none()
    return None if row is None else PostedHit(**row._mapping)


def lock_hit(connection: Connection, hit_id: str) -> PostedHit | None:
    """The HIT with that id, whose places no other transaction may give away meanwhile."""
    connection.execute(select(hits.c.hit_id).where(hits.c.hit_id == hit_id).with_for_update())
    return find_hit(connection, hit_id)


def hit_id_of_token(connection: Connection, access_key_id: str, token: str) -> str | None:
    """The HIT that this requester made with that token."""
    found = connection.execute(
        select(hits.c.hit_id).where(hits.c.access_key_id == access_key_id, hits.c.unique_request_token == token)
    ).scalar_one_or_none()
    return None if found is None else str(found)


def page_of_hits(
    connection: Connection, access_key_id: str, after: tuple[datetime, str] | None, limit: int
) -> list[PostedHit]:
    """A requester's HITs, newest first, from behind that one on."""
    chosen = _hits_with_counts().where(hits.c.access_key_id == access_key_id, hits.c.deleted_at.is_(None))
    if after is not None:
        made_at, hit_id = after
        behind = or_(hits.c.created_at < made_at, and_(hits.c.created_at == made_at, hits.c.hit_id < hit_id))
        chosen = chosen.where(behind)
    rows = connection.execute(chosen.order_by(hits.c.created_at.desc(), hits.c.hit_id.desc()).limit(limit))
    return [PostedHit(**row._mapping) for row in rows]


def hits_open_to(connection: Connection, worker_id: str, now: datetime, limit: int) -> list[PostedHit]:
    """What this worker may accept now, oldest first: of those who invited them, not done yet, with a place left."""
    mine = select(memberships.c.access_key_id).where(memberships.c.worker_id == worker_id)
    begun = select(assignments.c.hit_id).where(assignments.c.worker_id == worker_id, assignments.c.status.in_(TAKEN))
    taken = (
        select(func.count())
        .where(assignments.c.hit_id == hits.c.hit_id, assignments.c.status.in_(TAKEN))
        .correlate(hits)
        .scalar_subquery()
    )
    chosen = _hits_with_counts().where(
        hits.c.access_key_id.in_(mine),
        hits.c.deleted_at.is_(None),
        hits.c.expires_at > now,
        hits.c.hit_id.not_in(begun),
        taken < hits.c.max_assignments,
    )
    ordered = chosen.order_by(hits.c.created_at, hits.c.hit_id).limit(limit)
    return [PostedHit(**row._mapping) for row in connection.execute(ordered)]


def set_expiration(connection: Connection, hit_id: str, expires_at: datetime) -> None:
    """Move the moment from which nobody can accept the HIT."""
    connection.execute(update(hits).where(hits.c.hit_id == hit_id).values(expires_at=expires_at))


def delete_hit(connection: Connection, hit_id: str, now: datetime) -> None:
    """Dispose of a HIT; its assignments and payments stay on the books."""
    connection.execute(update(hits).where(hits.c.hit_id == hit_id).values(deleted_at=now))
