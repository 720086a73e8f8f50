"""Payments: rewards and bonuses, as they were made."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, or_, select

from app.marketplace.records import Payment
from app.marketplace.tables import assignments, payments


def add_payment(connection: Connection, payment: Payment) -> None:
    """Write a payment."""
    connection.execute(insert(payments).values(asdict(payment)))


def payment_of_token(connection: Connection, access_key_id: str, token: str) -> Payment | None:
    """The bonus that this requester sent with that token."""
    row = connection.execute(
        select(payments).where(payments.c.access_key_id == access_key_id, payments.c.unique_request_token == token)
    ).one_or_none()
    return None if row is None else Payment(**row._mapping)


def page_of_bonuses(
    connection: Connection,
    *,
    hit_id: str | None,
    assignment_id: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Payment]:
    """The bonuses of a HIT or of an assignment, in the order of payment, from behind that one on."""
    chosen = select(payments).where(payments.c.kind == "bonus")
    if assignment_id is not None:
        chosen = chosen.where(payments.c.assignment_id == assignment_id)
    if hit_id is not None:
        of_hit = select(assignments.c.assignment_id).where(assignments.c.hit_id == hit_id)
        chosen = chosen.where(payments.c.assignment_id.in_(of_hit))
    if after is not None:
        when, payment_id = after
        same = and_(payments.c.paid_at == when, payments.c.payment_id > payment_id)
        chosen = chosen.where(or_(payments.c.paid_at > when, same))
    ordered = chosen.order_by(payments.c.paid_at, payments.c.payment_id).limit(limit)
    return [Payment(**row._mapping) for row in connection.execute(ordered)]


def payments_of_worker(connection: Connection, worker_id: str, limit: int) -> list[Payment]:
    """What a worker was paid, newest first."""
    chosen = select(payments).where(payments.c.worker_id == worker_id).order_by(payments.c.paid_at.desc()).limit(limit)
    return [Payment(**row._mapping) for row in connection.execute(chosen)]


def earned_minor(connection: Connection, worker_id: str) -> int:
    """All that a worker was paid."""
    total = func.coalesce(func.sum(payments.c.amount_minor), 0)
    return int(connection.execute(select(total).where(payments.c.worker_id == worker_id)).scalar_one())
