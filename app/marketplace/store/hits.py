"""HITs, with the counts of their assignments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Text,
    and_,
    cast,
    func,
    insert,
    or_,
    select,
    update,
)

from app.marketplace.records import TAKEN, PostedHit
from app.marketplace.tables import assignments, hits, memberships, notification_settings, worker_blocks


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
    return _newest_first(connection, chosen, after, limit)


def hits_open_to(connection: Connection, worker_id: str, now: datetime, limit: int) -> list[PostedHit]:
    """What this worker may accept now, oldest first: of those who invited them, not done yet, with a place left."""
    mine = select(memberships.c.access_key_id).where(memberships.c.worker_id == worker_id)
    begun = select(assignments.c.hit_id).where(assignments.c.worker_id == worker_id, assignments.c.status.in_(TAKEN))
    blocked = select(worker_blocks.c.access_key_id).where(worker_blocks.c.worker_id == worker_id)
    chosen = _hits_with_counts().where(
        hits.c.access_key_id.in_(mine),
        hits.c.access_key_id.not_in(blocked),
        hits.c.deleted_at.is_(None),
        hits.c.expires_at > now,
        hits.c.hit_id.not_in(begun),
        _count(TAKEN) < hits.c.max_assignments,
    )
    ordered = chosen.order_by(hits.c.created_at, hits.c.hit_id).limit(limit)
    return [PostedHit(**row._mapping) for row in connection.execute(ordered)]


def change_hit(connection: Connection, hit_id: str, **values: Any) -> None:
    """Set columns of a HIT."""
    connection.execute(update(hits).where(hits.c.hit_id == hit_id).values(values))


def page_of_reviewable(
    connection: Connection,
    access_key_id: str,
    *,
    hit_type_id: str | None,
    reviewing: bool,
    now: datetime,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[PostedHit]:
    """A requester's HITs to which nothing more can come, newest first; those under review, or the others."""
    chosen = _hits_with_counts().where(
        hits.c.access_key_id == access_key_id, hits.c.reviewing.is_(reviewing), _is_reviewable(now)
    )
    if hit_type_id is not None:
        chosen = chosen.where(hits.c.hit_type_id == hit_type_id)
    return _newest_first(connection, chosen, after, limit)


def page_of_hits_asking_for(
    connection: Connection,
    access_key_id: str,
    qualification_type_id: str,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[PostedHit]:
    """A requester's HITs with a requirement of that type, newest first."""
    asked = cast(hits.c.qualification_requirements, Text).contains(f'"{qualification_type_id}"', autoescape=True)
    chosen = _hits_with_counts().where(hits.c.access_key_id == access_key_id, hits.c.deleted_at.is_(None), asked)
    return _newest_first(connection, chosen, after, limit)


def hits_to_tell(connection: Connection, now: datetime, limit: int) -> list[PostedHit]:
    """HITs that have ended without their requester being told, of those that asked to be."""
    listening = select(notification_settings.c.hit_type_id).where(notification_settings.c.active.is_(True))
    expired = and_(hits.c.expires_at <= now, hits.c.expiry_told.is_(False))
    over = and_(_is_reviewable(now), hits.c.reviewable_told.is_(False))
    chosen = _hits_with_counts().where(
        hits.c.hit_type_id.in_(listening), hits.c.deleted_at.is_(None), or_(expired, over)
    )
    return [PostedHit(**row._mapping) for row in connection.execute(chosen.limit(limit))]


def _newest_first(
    connection: Connection, chosen: Select[Any], after: tuple[datetime, str] | None, limit: int
) -> list[PostedHit]:
    if after is not None:
        made_at, hit_id = after
        behind = or_(hits.c.created_at < made_at, and_(hits.c.created_at == made_at, hits.c.hit_id < hit_id))
        chosen = chosen.where(behind)
    rows = connection.execute(chosen.order_by(hits.c.created_at.desc(), hits.c.hit_id.desc()).limit(limit))
    return [PostedHit(**row._mapping) for row in rows]


def _count(statuses: tuple[str, ...]) -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(assignments.c.hit_id == hits.c.hit_id, assignments.c.status.in_(statuses))
        .correlate(hits)
        .scalar_subquery()
    )


def _is_reviewable(now: datetime) -> ColumnElement[bool]:
    """PostedHit.status_at, said in SQL: nobody works on it, and nobody can accept it."""
    full_or_over = or_(hits.c.expires_at <= now, _count(TAKEN) >= hits.c.max_assignments)
    return and_(hits.c.deleted_at.is_(None), _count(("Accepted",)) == 0, full_or_over)
