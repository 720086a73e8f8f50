"""Requesters, their balance, and the invites that they give out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, ScalarSelect, case, func, insert, select, update

from app.marketplace.records import TAKEN, Invite, Requester
from app.marketplace.tables import assignments, hits, invites, payments, requesters


def add_requester(connection: Connection, requester: Requester) -> None:
    """Write a new requester."""
    connection.execute(insert(requesters).values(asdict(requester)))


def find_requester(connection: Connection, access_key_id: str) -> Requester | None:
    """The requester with that key."""
    row = connection.execute(select(requesters).where(requesters.c.access_key_id == access_key_id)).one_or_none()
    return None if row is None else Requester(**row._mapping)


def all_requesters(connection: Connection) -> list[Requester]:
    """Every requester, by name."""
    ordered = select(requesters).order_by(requesters.c.name, requesters.c.access_key_id)
    return [Requester(**row._mapping) for row in connection.execute(ordered)]


def lock_purse(connection: Connection, access_key_id: str) -> None:
    """Wait until no other transaction spends this requester's money (SQLite's writers wait for one another anyway)."""
    connection.execute(
        select(requesters.c.access_key_id).where(requesters.c.access_key_id == access_key_id).with_for_update()
    )


def spent_minor(connection: Connection, access_key_id: str) -> int:
    """Rewards and bonuses paid, with their fees."""
    total = func.coalesce(func.sum(payments.c.amount_minor + payments.c.fee_minor), 0)
    return int(connection.execute(select(total).where(payments.c.access_key_id == access_key_id)).scalar_one())


def held_minor(connection: Connection, access_key_id: str, now: datetime) -> int:
    """What open HITs may still cost: places that can be taken, and work that is not decided yet, with fees."""
    taken = _count_assignments(TAKEN)
    undecided = _count_assignments(("Accepted", "Submitted"))
    open_places = case((hits.c.expires_at > now, hits.c.max_assignments - taken), else_=0)
    cost = (hits.c.reward_minor + hits.c.fee_minor) * (undecided + open_places)
    chosen = select(func.coalesce(func.sum(cost), 0)).where(
        hits.c.access_key_id == access_key_id, hits.c.deleted_at.is_(None)
    )
    return int(connection.execute(chosen).scalar_one())


def _count_assignments(statuses: tuple[str, ...]) -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(assignments.c.hit_id == hits.c.hit_id, assignments.c.status.in_(statuses))
        .correlate(hits)
        .scalar_subquery()
    )


def add_invite(connection: Connection, invite: Invite) -> None:
    """Write a new invite."""
    connection.execute(insert(invites).values(asdict(invite)))


def find_invite(connection: Connection, code: str) -> Invite | None:
    """The invite with that code."""
    row = connection.execute(select(invites).where(invites.c.code == code)).one_or_none()
    return None if row is None else Invite(**row._mapping)


def use_invite(connection: Connection, code: str) -> bool:
    """Count one use; False when all are used up."""
    free = (invites.c.uses_allowed.is_(None)) | (invites.c.uses_made < invites.c.uses_allowed)
    counted = connection.execute(
        update(invites).where(invites.c.code == code, free).values(uses_made=invites.c.uses_made + 1)
    )
    return counted.rowcount == 1
