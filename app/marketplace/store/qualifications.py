"""Qualification types, and who has them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from app.marketplace.records import Qualification, QualificationType
from app.marketplace.tables import memberships, qualification_types, qualifications


def add_type(connection: Connection, made: QualificationType) -> None:
    """Write a new qualification type."""
    connection.execute(insert(qualification_types).values(asdict(made)))


def find_type(connection: Connection, qualification_type_id: str) -> QualificationType | None:
    """The qualification type with that id, unless it was deleted."""
    chosen = select(qualification_types).where(
        qualification_types.c.qualification_type_id == qualification_type_id, qualification_types.c.deleted_at.is_(None)
    )
    row = connection.execute(chosen).one_or_none()
    return None if row is None else QualificationType(**row._mapping)


def lock_type(connection: Connection, qualification_type_id: str) -> QualificationType | None:
    """The qualification type with that id, which no other transaction changes or grants meanwhile."""
    connection.execute(
        select(qualification_types.c.name)
        .where(qualification_types.c.qualification_type_id == qualification_type_id)
        .with_for_update()
    )
    return find_type(connection, qualification_type_id)


def name_is_taken(connection: Connection, access_key_id: str, name: str) -> bool:
    """Whether this requester has a qualification type of that name."""
    chosen = select(qualification_types.c.name).where(
        qualification_types.c.access_key_id == access_key_id,
        qualification_types.c.name == name,
        qualification_types.c.deleted_at.is_(None),
    )
    return connection.execute(chosen).first() is not None


def change_type(connection: Connection, qualification_type_id: str, values: dict[str, Any]) -> None:
    """Set columns of a qualification type."""
    connection.execute(
        update(qualification_types)
        .where(qualification_types.c.qualification_type_id == qualification_type_id)
        .values(values)
    )


def page_of_types(
    connection: Connection,
    *,
    owner: str | None,
    words: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[QualificationType]:
    """Qualification types, oldest first: of one owner or of all, with those words in name, description or keywords."""
    table = qualification_types.c
    chosen = select(qualification_types).where(table.deleted_at.is_(None))
    if owner is not None:
        chosen = chosen.where(table.access_key_id == owner)
    if words:
        found = (column.icontains(words, autoescape=True) for column in (table.name, table.description, table.keywords))
        chosen = chosen.where(or_(*found))
    if after is not None:
        chosen = chosen.where(_behind(table.created_at, table.qualification_type_id, after))
    ordered = chosen.order_by(table.created_at, table.qualification_type_id).limit(limit)
    return [QualificationType(**row._mapping) for row in connection.execute(ordered)]


def types_for_worker(connection: Connection, worker_id: str, limit: int) -> list[QualificationType]:
    """The active qualification types of those for whom this worker works, by name."""
    mine = select(memberships.c.access_key_id).where(memberships.c.worker_id == worker_id)
    table = qualification_types.c
    chosen = select(qualification_types).where(
        table.deleted_at.is_(None), table.active.is_(True), table.access_key_id.in_(mine)
    )
    ordered = chosen.order_by(table.name, table.qualification_type_id).limit(limit)
    return [QualificationType(**row._mapping) for row in connection.execute(ordered)]


def find_qualification(connection: Connection, qualification_type_id: str, worker_id: str) -> Qualification | None:
    """What this worker has of that type, revoked or not."""
    row = connection.execute(select(qualifications).where(_of(qualification_type_id, worker_id))).one_or_none()
    return None if row is None else Qualification(**row._mapping)


def put_qualification(connection: Connection, given: Qualification) -> None:
    """Write what a worker has of a type, in place of what was there; the type is locked."""
    connection.execute(delete(qualifications).where(_of(given.qualification_type_id, given.worker_id)))
    connection.execute(insert(qualifications).values(asdict(given)))


def page_of_holders(
    connection: Connection,
    qualification_type_id: str,
    *,
    granted: bool,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Qualification]:
    """Who has a type, or had it, in the order of granting."""
    table = qualifications.c
    chosen = select(qualifications).where(
        table.qualification_type_id == qualification_type_id, table.granted.is_(granted)
    )
    if after is not None:
        chosen = chosen.where(_behind(table.granted_at, table.worker_id, after))
    ordered = chosen.order_by(table.granted_at, table.worker_id).limit(limit)
    return [Qualification(**row._mapping) for row in connection.execute(ordered)]


def qualifications_of_worker(connection: Connection, worker_id: str) -> dict[str, Qualification]:
    """Everything that this worker has now, by type."""
    chosen = select(qualifications).where(qualifications.c.worker_id == worker_id, qualifications.c.granted.is_(True))
    found = (Qualification(**row._mapping) for row in connection.execute(chosen))
    return {one.qualification_type_id: one for one in found}


def _of(qualification_type_id: str, worker_id: str) -> ColumnElement[bool]:
    table = qualifications.c
    return and_(table.qualification_type_id == qualification_type_id, table.worker_id == worker_id)


def _behind(
    moment: ColumnElement[datetime], name: ColumnElement[str], after: tuple[datetime, str]
) -> ColumnElement[bool]:
    when, what = after
    return or_(moment > when, and_(moment == when, name > what))
