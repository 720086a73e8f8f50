"""The ledger: what is owed, how far each payment got, what is committed."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.tables import AssignmentRow, HitRow, JudgmentRow, PaymentRow, TrialRow, WorkerRow
from hits.collect import Work
from hits.ledger import Payment
from hits.pay import Pay, fee_minor


def work_done(session: Session, assignment_id: str) -> Work:
    """An assignment as pay sees it: its reward, and the seconds spent on each answered trial."""
    row = session.get_one(AssignmentRow, assignment_id)
    hit = session.get_one(HitRow, row.hit_id)
    worker = session.get_one(WorkerRow, row.worker)
    seconds = session.scalars(
        select(JudgmentRow.elapsed_s).where(JudgmentRow.assignment_id == assignment_id).order_by(JudgmentRow.trial_id)
    )
    trials = session.scalar(select(func.count()).select_from(TrialRow).where(TrialRow.assignment_id == assignment_id))
    return Work(
        platform=hit.platform,
        platform_assignment_id=row.platform_assignment_id,
        platform_worker_id=worker.platform_worker_id or "",
        reward_minor=hit.reward_minor,
        trials=trials or 0,
        seconds_by_trial=tuple(seconds),
    )


def plan_payments(session: Session, assignment_id: str, payments: list[Payment], pay: Pay) -> int:
    """Write down what is owed; the number that was new. What is written already stays as it is."""
    now = datetime.now(UTC)
    new = 0
    for payment in payments:
        if session.get(PaymentRow, payment.key) is None:
            session.add(
                PaymentRow(
                    key=payment.key,
                    kind=payment.kind,
                    assignment_id=assignment_id,
                    amount_minor=payment.amount_minor,
                    fee_minor=fee_minor(payment.amount_minor, pay),
                    state=payment.state,
                    planned_at=now,
                    changed_at=now,
                )
            )
            new += 1
    return new


def payments_in(session: Session, *states: str) -> list[Payment]:
    """Payments in these states, rewards before top-ups."""
    rows = session.execute(
        select(PaymentRow, AssignmentRow.platform_assignment_id, WorkerRow.platform_worker_id)
        .join(AssignmentRow, AssignmentRow.assignment_id == PaymentRow.assignment_id)
        .join(WorkerRow, WorkerRow.worker == AssignmentRow.worker)
        .where(PaymentRow.state.in_(states))
        .order_by(PaymentRow.kind, PaymentRow.planned_at, PaymentRow.key)
    ).all()
    return [
        Payment(row.key, row.kind, assignment, worker, row.amount_minor, row.state, row.note)  # type: ignore[arg-type]
        for row, assignment, worker in rows
    ]


def keep_payment(session: Session, payment: Payment) -> None:
    """Keep a payment's new state; a confirmed reward makes its assignment approved."""
    row = session.get_one(PaymentRow, payment.key)
    row.state, row.note, row.changed_at = payment.state, payment.note, datetime.now(UTC)
    if payment.state == "confirmed" and payment.kind == "reward":
        session.get_one(AssignmentRow, row.assignment_id).state = "approved"


def spent_minor(session: Session) -> tuple[int, int]:
    """(confirmed, on its way) with fees, from the ledger."""
    total = func.coalesce(func.sum(PaymentRow.amount_minor + PaymentRow.fee_minor), 0)
    confirmed = session.scalar(select(total).where(PaymentRow.state == "confirmed")) or 0
    pending = session.scalar(select(total).where(PaymentRow.state != "confirmed")) or 0
    return int(confirmed), int(pending)


def committed_minor(session: Session, pay: Pay) -> int:
    """What is committed in all, with fees: the ledger, and the rewards of assignments that are still to come.

    A closed HIT commits only what its assignments still hold; one that is out commits all that it asks for.
    """
    confirmed, pending = spent_minor(session)
    by_hit = select(AssignmentRow.hit_id, func.count()).group_by(AssignmentRow.hit_id)
    begun = dict(session.execute(by_hit).all())
    paid_for = by_hit.join(PaymentRow, PaymentRow.assignment_id == AssignmentRow.assignment_id)
    rewarded = session.execute(paid_for.where(PaymentRow.kind == "reward"))
    in_ledger = dict(rewarded.all())
    to_come = 0
    for hit in session.scalars(select(HitRow)):
        asked = begun.get(hit.hit_id, 0) if hit.state == "closed" else hit.assignments_wanted
        left = max(0, asked - in_ledger.get(hit.hit_id, 0))
        to_come += left * (hit.reward_minor + fee_minor(hit.reward_minor, pay))
    return confirmed + pending + to_come
