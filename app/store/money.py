"""The ledger: what is owed, how far each payment got, what is committed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.clock import now_of
from app.store.events import note_event
from app.store.hits import LEFT
from app.store.identities import own_id
from app.store.rounds import rounds_within
from app.tables import AssignmentRow, HitRow, PaymentRow, StepRow, TrialRow, WorkerRow
from hits.collect import Work
from hits.ledger import Payment
from hits.pay import Pay, fee_minor, reward_fee_minor

#: Bonuses for a part of what was not handed in.
FOR_PART = ("partial", "screening")
#: What is paid for the whole.
FOR_WHOLE = ("reward", "top-up")


def work_done(session: Session, assignment_id: str) -> Work:
    """An assignment as pay sees it: its reward, and the seconds spent on each answered trial and on what came before.

    Trials keep their times when their answers are deleted, so that whoever deletes them is paid all the same.
    """
    row = session.get_one(AssignmentRow, assignment_id)
    hit = session.get_one(HitRow, row.hit_id)
    worker = session.get_one(WorkerRow, row.worker)
    trials = session.execute(
        select(TrialRow.opened_at, TrialRow.answered_at)
        .where(TrialRow.assignment_id == assignment_id)
        .order_by(TrialRow.position)
    ).all()
    before = select(func.sum(PaymentRow.amount_minor)).where(
        PaymentRow.assignment_id == assignment_id,
        PaymentRow.kind.in_(FOR_PART),
        PaymentRow.state.in_(("sent", "unknown", "confirmed")),
    )
    return Work(
        platform=hit.platform,
        platform_assignment_id=row.platform_assignment_id,
        platform_worker_id=own_id(session, worker.platform_worker_id),
        reward_minor=hit.reward_minor,
        trials=len(trials),
        seconds_by_trial=tuple(
            (answered - opened).total_seconds() for opened, answered in trials if opened and answered
        ),
        seconds_by_round=seconds_by_round(session, row),
        paid_before_minor=session.scalar(before) or 0,
    )


def seconds_by_round(session: Session, row: AssignmentRow) -> tuple[float, ...]:
    """The time that a worker gave to each round of a step during an assignment: sound check, headphones and so on.

    Steps belong to workers; a round is of the assignment that was begun last before it.
    """
    steps = session.scalars(select(StepRow).where(StepRow.worker == row.worker).order_by(StepRow.opened_at))
    later = select(func.min(AssignmentRow.accepted_at))
    later = later.where(AssignmentRow.worker == row.worker, AssignmentRow.accepted_at > row.accepted_at)
    return rounds_within(steps, row.accepted_at, session.scalar(later) or datetime.max.replace(tzinfo=UTC))


def plan_payments(session: Session, assignment_id: str, payments: list[Payment], pay: Pay) -> int:
    """Write down what is owed; the number that was new. What is written already stays as it is."""
    now = now_of(session)
    new = 0
    hit = session.get_one(HitRow, session.get_one(AssignmentRow, assignment_id).hit_id)
    for payment in payments:
        rewards = payment.kind == "reward"
        if session.get(PaymentRow, payment.key) is None:
            session.add(
                PaymentRow(
                    key=payment.key,
                    kind=payment.kind,
                    assignment_id=assignment_id,
                    amount_minor=payment.amount_minor,
                    fee_minor=reward_fee_minor(payment.amount_minor, hit.assignments_wanted, pay)
                    if rewards
                    else fee_minor(payment.amount_minor, pay),
                    state=payment.state,
                    reason=payment.reason,
                    planned_at=now,
                    changed_at=now,
                )
            )
            new += 1
    return new


def payments_in(session: Session, *states: str) -> list[Payment]:
    """Payments in these states, those of a kind together."""
    rows = session.execute(
        select(PaymentRow, AssignmentRow.platform_assignment_id, WorkerRow.platform_worker_id)
        .join(AssignmentRow, AssignmentRow.assignment_id == PaymentRow.assignment_id)
        .join(WorkerRow, WorkerRow.worker == AssignmentRow.worker)
        .where(PaymentRow.state.in_(states))
        .order_by(PaymentRow.kind, PaymentRow.planned_at, PaymentRow.key)
    ).all()
    return [
        Payment(
            key=row.key,
            kind=row.kind,  # type: ignore[arg-type]
            platform_assignment_id=assignment,
            platform_worker_id=own_id(session, worker),
            amount_minor=row.amount_minor,
            state=row.state,  # type: ignore[arg-type]
            note=row.note,
            reason=row.reason,
            handle=row.handle,
        )
        for row, assignment, worker in rows
    ]


def to_be_sent(session: Session, in_review: Collection[str] = ()) -> tuple[list[Payment], int]:
    """The planned payments that can be sent now, and how many wait because no key opens their worker's id.

    A reward needs no such id, so it never waits for one; the note of what waits says why.

    Args:
        session: a writing session.
        in_review: keys of those that are not to be sent yet.
    """
    planned = [payment for payment in payments_in(session, "planned") if payment.key not in in_review]
    waiting = [payment for payment in planned if payment.kind != "reward" and not payment.platform_worker_id]
    for payment in waiting:
        session.get_one(PaymentRow, payment.key).note = "waits for the key that opens the worker's id"
    return [payment for payment in planned if payment not in waiting], len(waiting)


def count_alike(session: Session, payment: Payment) -> int:
    """Other bonuses of the same amount for the same assignment that have left, or may have."""
    own = session.get_one(PaymentRow, payment.key)
    others = select(func.count()).where(
        PaymentRow.assignment_id == own.assignment_id,
        PaymentRow.key != own.key,
        PaymentRow.kind != "reward",
        PaymentRow.amount_minor == own.amount_minor,
        PaymentRow.state.in_(("sent", "unknown", "confirmed")),
    )
    return session.scalar(others) or 0


def keep_payment(session: Session, payment: Payment) -> None:
    """Keep a payment's new state; a confirmed reward makes its assignment approved."""
    row = session.get_one(PaymentRow, payment.key)
    row.state, row.note, row.handle, row.changed_at = payment.state, payment.note, payment.handle, now_of(session)
    if payment.state == "confirmed" and payment.kind == "reward":
        session.get_one(AssignmentRow, row.assignment_id).state = "approved"


def drop_parts(session: Session, assignment_id: str) -> None:
    """Let go of a bonus for a part that has not left yet: the whole was handed in, and is paid as such."""
    waiting = select(PaymentRow).where(PaymentRow.assignment_id == assignment_id, PaymentRow.kind.in_(FOR_PART))
    for row in session.scalars(waiting.where(PaymentRow.state.in_(("planned", "refused")))):
        row.state, row.note, row.changed_at = "dropped", "the whole was handed in after all", now_of(session)
        note_event(session, "pay", f"payment {row.key} was dropped: {row.note}")


def drop_whole(session: Session, assignment_id: str, why: str) -> None:
    """Let go of what the whole of an assignment was to be paid, as far as it has not left."""
    waiting = select(PaymentRow).where(
        PaymentRow.assignment_id == assignment_id,
        PaymentRow.kind.in_(FOR_WHOLE),
        PaymentRow.state.in_(("planned", "refused")),
    )
    for row in session.scalars(waiting):
        row.state, row.note, row.changed_at = "dropped", why, now_of(session)


def reward_left(session: Session, assignment_id: str) -> bool:
    """Whether the reward of an assignment is paid, or may be."""
    left = select(PaymentRow.key).where(
        PaymentRow.assignment_id == assignment_id,
        PaymentRow.kind == "reward",
        PaymentRow.state.in_(("sent", "unknown", "confirmed")),
    )
    return session.scalar(left) is not None


def spent_minor(session: Session) -> tuple[int, int]:
    """(confirmed, on its way) with fees, from the ledger."""
    total = func.coalesce(func.sum(PaymentRow.amount_minor + PaymentRow.fee_minor), 0)
    confirmed = session.scalar(select(total).where(PaymentRow.state == "confirmed")) or 0
    pending = session.scalar(select(total).where(PaymentRow.state.not_in(("confirmed", "dropped")))) or 0
    return int(confirmed), int(pending)


def committed_minor(session: Session, pay: Pay) -> int:
    """What is committed in all, with fees: the ledger, and the rewards of assignments that are still to come.

    A closed HIT commits only what its assignments still hold; one that is out commits all that it asks for. What was
    left is in the ledger with the part that was done, and its place in the HIT is open again.
    """
    confirmed, pending = spent_minor(session)
    by_hit = select(AssignmentRow.hit_id, func.count()).group_by(AssignmentRow.hit_id)
    begun = dict(session.execute(by_hit.where(AssignmentRow.state.not_in(LEFT))).all())
    paid_for = by_hit.join(PaymentRow, PaymentRow.assignment_id == AssignmentRow.assignment_id)
    rewarded = session.execute(paid_for.where(PaymentRow.kind == "reward"))
    in_ledger = dict(rewarded.all())
    to_come = 0
    for hit in session.scalars(select(HitRow)):
        asked = begun.get(hit.hit_id, 0) if hit.state == "closed" else hit.assignments_wanted
        left = max(0, asked - in_ledger.get(hit.hit_id, 0))
        to_come += left * (hit.reward_minor + reward_fee_minor(hit.reward_minor, hit.assignments_wanted, pay))
    return confirmed + pending + to_come
