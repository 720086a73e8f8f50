"""Payouts: what is owed to each worker where no platform moves the money, and what the paying office has paid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.events import note_event
from app.store.identities import own_id
from app.store.money import keep_payment, payments_in
from app.tables import AssignmentRow, HitRow, PaymentRow, PayoutRow, WorkerRow
from hits.pay import money

#: What a payment has to be for a payout: confirmed in a marketplace's books, or planned where nobody keeps any.
Owed: TypeAlias = Literal["confirmed", "planned"]


@dataclass(frozen=True)
class Balance:
    """What is owed to one worker now. The id stands for exactly these payments.

    Attributes:
        platform_worker_id: for the paying office; empty where it was forgotten, or no key opens it.
        keys: of the payments, in the order in which they came to be owed.
    """

    payout_id: str
    worker: str
    platform_worker_id: str
    amount_minor: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Paid:
    """What the paying office says that it has paid to one worker.

    Attributes:
        payout_id: of the balance as it was exported; empty for all that is owed now.
        amount_minor: None where nobody says.
        where: how messages name it, such as its line of a file.
    """

    worker: str
    payout_id: str
    amount_minor: int | None
    reference: str
    paid_on: date
    where: str


class PayoutsDisagree(ValueError):
    """What was paid is not what is owed: every line, and nothing was written down."""

    def __init__(self, wrong: Sequence[str]) -> None:
        lines = "1 line does" if len(wrong) == 1 else f"{len(wrong)} lines do"
        super().__init__(f"{lines} not agree with what is owed; nothing was marked as paid:\n" + "\n".join(wrong))


def balances(session: Session, platform: str, owed: Owed) -> list[Balance]:
    """What is owed to each worker, simulated ones left out.

    Args:
        session: where the ledger is.
        platform: whose work.
        owed: `confirmed` where a marketplace books payments, `planned` where nobody does.
    """
    found = []
    for worker, rows in _open(session, platform, owed).items():
        keys = tuple(row.key for row in rows)
        kept = session.get_one(WorkerRow, worker).platform_worker_id
        amount = sum(row.amount_minor for row in rows)
        found.append(Balance(_payout_id(worker, keys), worker, own_id(session, kept), amount, keys))
    return found


def credits_earned(session: Session, platform: str) -> list[tuple[str, str, int]]:
    """Worker, platform's id and HITs that were handed in, for course credit; simulated workers left out."""
    done = (
        select(WorkerRow.worker, WorkerRow.platform_worker_id, func.count())
        .join(AssignmentRow, AssignmentRow.worker == WorkerRow.worker)
        .where(WorkerRow.platform == platform, WorkerRow.simulated.is_(False))
        .where(AssignmentRow.state.in_(("submitted", "approved")))
        .group_by(WorkerRow.worker, WorkerRow.platform_worker_id)
        .order_by(WorkerRow.worker)
    )
    return [(worker, own_id(session, kept), count) for worker, kept, count in session.execute(done)]


def mark_paid(
    session: Session, paid: Iterable[Paid], platform: str, owed: Owed, currency: str, by: str | None = None
) -> int:
    """Mark balances as paid, all or none; what was marked before stays as it is. The number that was new.

    Raises:
        PayoutsDisagree: an amount, a worker or a payout is not what is owed.
    """
    open_rows = _open(session, platform, owed)
    new: list[tuple[Paid, list[PaymentRow]]] = []
    wrong = []
    for one in paid:
        if _known(session, one) or any(_same(one, other) for other, _ in new):
            continue
        rows = _settled_by(one, open_rows.get(one.worker, []))
        amount = sum(row.amount_minor for row in rows)
        if not rows:
            wrong.append(f"{one.where}: nothing is owed to {one.worker} under that payout; export what is owed anew")
        elif one.amount_minor is not None and one.amount_minor != amount:
            said, right = money(one.amount_minor, currency), money(amount, currency)
            wrong.append(f"{one.where}: {said} were paid to {one.worker}, and {right} are owed")
        else:
            open_rows[one.worker] = [row for row in open_rows[one.worker] if row not in rows]
            new.append((one, rows))
    if wrong:
        raise PayoutsDisagree(wrong)
    for one, rows in new:
        _write(session, one, rows, currency, by)
    return len(new)


def _open(session: Session, platform: str, owed: Owed) -> dict[str, list[PaymentRow]]:
    """Payments that no payout covers, by worker, in the order in which they came to be owed."""
    query = (
        select(PaymentRow, AssignmentRow.worker)
        .join(AssignmentRow, AssignmentRow.assignment_id == PaymentRow.assignment_id)
        .join(HitRow, HitRow.hit_id == AssignmentRow.hit_id)
        .join(WorkerRow, WorkerRow.worker == AssignmentRow.worker)
        .where(HitRow.platform == platform, WorkerRow.simulated.is_(False))
        .where(PaymentRow.state == owed, PaymentRow.payout_id.is_(None), PaymentRow.amount_minor > 0)
        .order_by(AssignmentRow.worker, PaymentRow.changed_at, PaymentRow.key)
    )
    found: dict[str, list[PaymentRow]] = {}
    for row, worker in session.execute(query):
        found.setdefault(worker, []).append(row)
    return found


def _payout_id(worker: str, keys: Sequence[str]) -> str:
    return hashlib.sha256("/".join((worker, *keys)).encode()).hexdigest()[:16]


def _known(session: Session, one: Paid) -> bool:
    """Whether this was marked before: the same balance, or the same reference and day where none is named."""
    if one.payout_id:
        return session.get(PayoutRow, one.payout_id) is not None
    marked = select(PayoutRow.payout_id).where(
        PayoutRow.worker == one.worker, PayoutRow.reference == one.reference, PayoutRow.paid_on == one.paid_on
    )
    return session.scalar(marked.limit(1)) is not None


def _same(one: Paid, other: Paid) -> bool:
    return bool(one.payout_id) and one.payout_id == other.payout_id


def _settled_by(one: Paid, rows: Sequence[PaymentRow]) -> list[PaymentRow]:
    """The payments that a payout covers: all, or those that were owed when it was exported. More may be owed since."""
    if not one.payout_id:
        return list(rows)
    for count in range(1, len(rows) + 1):
        if _payout_id(one.worker, [row.key for row in rows[:count]]) == one.payout_id:
            return list(rows[:count])
    return []


def _write(session: Session, one: Paid, rows: Sequence[PaymentRow], currency: str, by: str | None) -> None:
    payout_id = one.payout_id or _payout_id(one.worker, [row.key for row in rows])
    amount = sum(row.amount_minor for row in rows)
    session.add(
        PayoutRow(
            payout_id=payout_id,
            worker=one.worker,
            amount_minor=amount,
            reference=one.reference,
            paid_on=one.paid_on,
            made_by=by,
            made_at=datetime.now(UTC),
        )
    )
    session.flush()
    planned = {payment.key: payment for payment in payments_in(session, "planned")}
    for row in rows:
        row.payout_id = payout_id
        if row.key in planned:
            keep_payment(session, planned[row.key].step("sent").step("confirmed", "paid out by hand"))
    note_event(session, "payout", f"{money(amount, currency)} paid out to {one.worker}: {one.reference}", by)
