"""What a person decides of a worker, of work and of its pay: written down, before and after a platform is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.clock import now_of
from app.store.identities import own_id
from app.store.money import committed_minor, drop_whole, keep_payment, plan_payments, reward_left, work_done
from app.store.review import end_review
from app.tables import AssignmentRow, HitRow, PaymentRow, WorkerRow
from hits.ledger import AFTER_ALL, Payment, PaymentState, payment_key
from hits.pay import OverCap, Pay, fee_minor
from hits.quality import Mark, Quality, weighed_by_checks
from hits.review import review_ends

SHORTEST_REASON = 5
LONGEST_REASON = 1000
SETTLED = ("approved", "rejected")

#: Why a rejection drops what was planned.
REJECTED = "the assignment was rejected"


class HandRefused(ValueError):
    """What was asked for can't be done as things stand: why, for the researcher to read."""


@dataclass(frozen=True)
class Subject:
    """An assignment as the platform's calls need it."""

    assignment_id: str
    platform_assignment_id: str
    platform_worker_id: str
    platform: str
    worker: str
    state: str


def subject(session: Session, assignment_id: str) -> Subject:
    """The assignment that something is asked about.

    Raises:
        HandRefused: there is none of that name.
    """
    found = session.execute(
        select(AssignmentRow, HitRow.platform, WorkerRow.platform_worker_id)
        .join(HitRow, HitRow.hit_id == AssignmentRow.hit_id)
        .join(WorkerRow, WorkerRow.worker == AssignmentRow.worker)
        .where(AssignmentRow.assignment_id == assignment_id)
    ).one_or_none()
    if found is None:
        raise HandRefused(f"there is no assignment {assignment_id}")
    row, platform, platform_worker_id = found
    return Subject(
        assignment_id, row.platform_assignment_id, own_id(session, platform_worker_id), platform, row.worker, row.state
    )


def plan_bonus(
    session: Session, wish_id: int, assignment_id: str, amount_minor: int, reason: str, by: str | None, pay: Pay
) -> str:
    """Write a bonus down under a key that follows from its wish, so that one wish pays once; the key.

    Raises:
        HandRefused: no such assignment, or the same amount with the same words was given for it before.
        OverCap: it would exceed the study's cap.
    """
    about = subject(session, assignment_id)
    key = payment_key(about.platform, about.platform_assignment_id, f"bonus/{wish_id}")  # type: ignore[arg-type]
    if session.get(PaymentRow, key) is not None:
        return key
    given = select(PaymentRow.key).where(
        PaymentRow.assignment_id == assignment_id,
        PaymentRow.kind != "reward",
        PaymentRow.amount_minor == amount_minor,
        PaymentRow.reason == reason,
        PaymentRow.state != "dropped",
    )
    if session.scalar(given) is not None:  # the platform's books could not tell the two apart
        raise HandRefused(
            "a bonus of this amount with these words was given for this assignment before; if a second one is meant, "
            "give it other words"
        )
    committed, fee = committed_minor(session, pay), fee_minor(amount_minor, pay)
    if committed + amount_minor + fee > pay.cap_minor:
        raise OverCap(amount_minor + fee, committed, pay)
    payment = Payment(key, "bonus", about.platform_assignment_id, about.platform_worker_id, amount_minor, reason=reason)
    plan_payments(session, assignment_id, [payment], pay)
    session.flush()
    session.get_one(PaymentRow, key).made_by = by
    return key


def plan_reward(session: Session, assignment_id: str, by: str | None, pay: Pay) -> str:
    """Write the reward of an assignment down, if it is not; plan it once more, if it was refused; its key.

    Nothing of it waits for review any more. Of rejected work all that the rejection dropped is owed again.

    Raises:
        HandRefused: it was never handed in, as far as the platform says.
    """
    about = subject(session, assignment_id)
    if about.state not in ("submitted", *SETTLED):
        raise HandRefused(
            f"assignment {assignment_id} is {about.state}: the platform does not say that it was handed in"
        )
    done = work_done(session, assignment_id)
    payment = done.payment("reward", done.reward_minor)
    row = session.get(PaymentRow, payment.key)
    if row is None:
        plan_payments(session, assignment_id, [payment], pay)
        session.flush()
        session.get_one(PaymentRow, payment.key).made_by = by
    elif row.state == "refused":
        row.state, row.note, row.changed_at = "planned", f"asked again; before: {row.note}", now_of(session)
    if about.state == "rejected":
        _owe_after_all(session, assignment_id)
    end_review(session, assignment_id, by or "a researcher")
    return payment.key


def _owe_after_all(session: Session, assignment_id: str) -> None:
    for row in session.scalars(select(PaymentRow).where(PaymentRow.assignment_id == assignment_id)):
        if row.state == "dropped" and row.note == REJECTED:
            row.state, row.note, row.changed_at = "planned", AFTER_ALL, now_of(session)
        if row.kind == "reward" and row.state == "planned":
            row.reason = AFTER_ALL  # so that the platform is told that its rejection is taken back


def require_rejectable(session: Session, assignment_id: str, pay: Pay, wished_at: datetime) -> Subject:
    """The assignment, if it could be rejected when that was wished: while it was to be reviewed, before it is paid.

    What is not paid by rule, since nothing was answered, is a person's to accept or reject for as long as it is open.

    Raises:
        HandRefused: it was not handed in, its time for review was over, or its reward is paid or on its way.
    """
    about = subject(session, assignment_id)
    if about.state not in ("submitted", "rejected"):
        raise HandRefused(f"assignment {assignment_id} is {about.state}; only what was handed in can be rejected")
    if reward_left(session, assignment_id):
        raise HandRefused(f"the reward of assignment {assignment_id} is paid or on its way; it can't be taken back")
    reward = session.scalar(
        select(PaymentRow).where(PaymentRow.assignment_id == assignment_id, PaymentRow.kind == "reward")
    )
    if reward is None or about.state == "rejected":  # no rule pays it, or it is said once more
        return about
    handed_in_at = session.get_one(AssignmentRow, assignment_id).submitted_at or reward.planned_at
    if review_ends(handed_in_at, reward.planned_at, pay, wished_at) is None:
        raise HandRefused(
            f"the time to review assignment {assignment_id} is over (pay.review_for_h is {pay.review_for_h:g} h), so "
            "it is paid; if its data should not be used, invite its worker on no longer"
        )
    return about


def note_rejection(session: Session, assignment_id: str, reason: str) -> None:
    """The platform took a rejection: the work is not paid by rule and not used."""
    row = session.get_one(AssignmentRow, assignment_id)
    row.state, row.rejected_because = "rejected", reason
    drop_whole(session, assignment_id, REJECTED)


def settle_payment(session: Session, key: str, *, paid: bool, by: str | None) -> str:
    """Settle a payment of unknown outcome by what a person found out: it was paid, or it is planned anew. In words.

    Raises:
        HandRefused: there is none, or its outcome is known by now.
    """
    row = session.get(PaymentRow, key)
    if row is None or row.state != "unknown":
        raise HandRefused("there is no such payment" if row is None else f"this payment is {row.state} by now")
    about = subject(session, row.assignment_id)
    before = Payment(
        key,
        row.kind,  # type: ignore[arg-type]
        about.platform_assignment_id,
        about.platform_worker_id,
        row.amount_minor,
        "unknown",
        row.note,
        row.reason,
        row.handle,
    )
    state: PaymentState = "confirmed" if paid else "planned"
    found = "it was paid" if paid else "it was not paid, so it is sent again"
    keep_payment(session, before.step(state, f"{by or 'a researcher'} found out: {found}"))
    return found


def payment_standing(session: Session, key: str) -> tuple[str, str] | None:
    """State and note of a payment; None where there is none."""
    row = session.get(PaymentRow, key)
    return None if row is None else (row.state, row.note)


def set_trust(session: Session, worker: str, *, trusted: bool | None, because: str, rule: Quality, by: str) -> None:
    """Use a worker's judgments and invite the worker on, or not, whatever the checks say; None gives it back to them.

    A reason that begins with a person's name says that a person decided: no rule changes it as long as it stands.

    Raises:
        HandRefused: no such worker, or no reason.
    """
    row = session.get(WorkerRow, worker, with_for_update={"key_share": True})
    if row is None:
        raise HandRefused(f"there is no worker {worker}")
    if trusted is None:
        mark = weighed_by_checks(Mark(trusted=True), row.checks_passed, row.checks_answered, rule)
        row.trusted, row.distrusted_because = mark.trusted, mark.because
        return
    if len(because.strip()) < SHORTEST_REASON:
        raise HandRefused(f"please give a reason of {SHORTEST_REASON} characters at least")
    row.trusted, row.distrusted_because = trusted, f"{by}: {because.strip()}"[:LONGEST_REASON]


def platform_worker_ids(session: Session, workers: list[str] | None) -> dict[str, str]:
    """The platform's ids by worker, for messages; None for everybody who is invited on. Forgotten ones are left out."""
    query = select(WorkerRow.worker, WorkerRow.platform_worker_id).where(WorkerRow.platform_worker_id.is_not(None))
    query = query.where(WorkerRow.trusted) if workers is None else query.where(WorkerRow.worker.in_(workers))
    met = ((worker, own_id(session, kept)) for worker, kept in session.execute(query.order_by(WorkerRow.worker)))
    return {worker: known for worker, known in met if known}
