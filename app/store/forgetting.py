"""Forget who a worker is: the platform's id goes, and a random name takes the place of the hash everywhere."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.store.events import note_event
from app.store.hits import LONGEST_HAND_IN
from app.store.identities import own_id, sealing_of
from app.tables import (
    AssignmentRow,
    Base,
    EventRow,
    JudgmentRow,
    PaymentRow,
    PayoutRow,
    PlatformNewsRow,
    TrialRow,
    WishRow,
    WorkerRow,
)

AT_WORK = ("accepted", "finished")
WAIVABLE = ("planned", "refused")  # nothing has left yet
MOVING = ("sent", "unknown")
PAYING_WISHES = ("approve", "bonus", "settle")
WAIVED = "waived when the worker was forgotten"


class CantForget(ValueError):
    """A worker can't be forgotten now: why, and what to do."""


@dataclass(frozen=True)
class Forgotten:
    """What forgetting one worker came to. Money in minor units.

    Attributes:
        worker: the random name that stands for the worker from now on.
        judgments: those that are kept under it.
        deleted: those that were deleted.
        waived_minor: what was owed, and will not be paid.
    """

    worker: str
    judgments: int
    deleted: int
    waived_minor: int


def find_worker(session: Session, said: str) -> WorkerRow | None:
    """A worker by the platform's id or by the hash; None where there is none, or none any more."""
    row = session.get(WorkerRow, said)
    if row is not None:
        return row
    platforms = session.scalars(select(WorkerRow.platform).distinct()).all()
    keys = [sealing_of(session).worker_key(platform, said) for platform in platforms]
    return session.scalar(select(WorkerRow).where(WorkerRow.worker.in_(keys)).limit(1))


def forget(
    session: Session,
    said: str,
    *,
    now: datetime,
    with_answers: bool = False,
    waive: bool = False,
    booked: bool = False,
) -> Forgotten:
    """Forget a worker; what was answered stays, under a name that leads nowhere.

    Args:
        session: a writing session; the caller holds the hands' lock, so that nothing is being paid meanwhile.
        said: the platform's id, or the hash.
        now: the moment.
        with_answers: delete the answers, too; their pairs are asked of others.
        waive: let go of what is owed, and of what may still be handed in after it was left.
        booked: confirmed payments are booked by the platform, and stay owed until they are paid out by hand.

    Raises:
        CantForget: nobody of that name; a task is open or waits for a person; or money is owed, wished or on its way.
    """
    row = find_worker(session, said)
    if row is None:
        raise CantForget("no worker of this study has that id or hash; one that was forgotten has neither any more")
    if row.platform_worker_id is None:
        raise CantForget(f"worker {row.worker} is forgotten already: the platform's id is not kept any more")
    _require_no_task(session, row.worker, now, waive=waive)
    _require_no_wish(session, row.worker)
    waived_minor = _settle_owed(session, row.worker, waive=waive)
    if booked and not row.simulated:
        waived_minor += _settle_booked(session, row.worker, now, waive=waive)
    deleted = _delete_answers(session, row.worker) if with_answers else 0
    _empty_comments(session, row.worker)
    worker = _rename(session, row)
    kept = session.scalar(select(func.count()).select_from(JudgmentRow).where(JudgmentRow.worker == worker)) or 0
    note_event(session, "forgotten", _news(deleted, waived_minor))
    return Forgotten(worker, kept, deleted, waived_minor)


def _news(deleted: int, waived_minor: int) -> str:
    gone = f"; {deleted} answers were deleted" if deleted else ""
    waived = f"; {waived_minor} cents that were owed were waived" if waived_minor else ""
    return f"a worker was forgotten{gone}{waived}"


def _require_no_task(session: Session, worker: str, now: datetime, *, waive: bool) -> None:
    for task in session.scalars(select(AssignmentRow).where(AssignmentRow.worker == worker)):
        ends_at = task.expires_at + LONGEST_HAND_IN
        until = f"{ends_at:%Y-%m-%d %H:%M} UTC"
        if task.state in AT_WORK and ends_at > now:
            raise CantForget(
                f"the worker has a task that may be handed in until {until}, and nobody would know whom to pay; "
                "forget the worker after that"
            )
        if task.state in AT_WORK:
            raise CantForget(
                "the worker has a task of which nobody knows yet whether it was handed in; look first "
                "(`earwitness hits collect`), or nobody would know whom to pay"
            )
        if task.state == "submitted" and not _has_reward(session, task.assignment_id):
            raise CantForget(
                "the worker handed in a task that was neither accepted nor rejected yet; do that first, on the "
                f"assignment's page (assignment {task.assignment_id})"
            )
        if task.state in ("withdrawn", "screened-out") and ends_at > now and not waive:
            raise CantForget(
                f"the worker left a task that may still be handed in until {until}; forget the worker after that, or "
                "now with --waive, and it will not be paid if it is"
            )


def _has_reward(session: Session, assignment_id: str) -> bool:
    rewards = select(PaymentRow.key).where(PaymentRow.assignment_id == assignment_id, PaymentRow.kind == "reward")
    return session.scalar(rewards.limit(1)) is not None


def _require_no_wish(session: Session, worker: str) -> None:
    tasks = set(session.scalars(select(AssignmentRow.assignment_id).where(AssignmentRow.worker == worker)))
    keys = set(session.scalars(select(PaymentRow.key).where(PaymentRow.assignment_id.in_(tasks))))
    waiting = select(WishRow).where(WishRow.state == "waiting", WishRow.kind.in_(PAYING_WISHES))
    for wish in session.scalars(waiting):
        if wish.detail.get("assignment_id") in tasks or wish.detail.get("key") in keys:
            raise CantForget(
                f"a researcher has asked for pay for the worker ({wish.kind}), which is not done yet; `earwitness run` "
                "does it with its next turn, and then the worker can be forgotten"
            )


def _settle_owed(session: Session, worker: str, *, waive: bool) -> int:
    """Let go of what is owed, where that is allowed; how much it was."""
    theirs = select(PaymentRow).join(AssignmentRow).where(AssignmentRow.worker == worker)
    moving = sum(row.amount_minor for row in session.scalars(theirs.where(PaymentRow.state.in_(MOVING))))
    if moving:
        raise CantForget(
            f"{moving / 100:.2f} to the worker is on its way, and its outcome is not known yet; settle it first "
            "(`earwitness hits pay`)"
        )
    owed = session.scalars(theirs.where(PaymentRow.state.in_(WAIVABLE))).all()
    total = sum(row.amount_minor for row in owed)
    if total and not waive:
        raise CantForget(
            f"the worker is owed {total / 100:.2f}; pay it first (`earwitness hits pay`, or `earwitness payouts` "
            "where it is paid out by hand), or let go of it with --waive if the worker wants that"
        )
    for row in owed:
        row.state, row.note = "dropped", WAIVED
    return total


def _settle_booked(session: Session, worker: str, now: datetime, *, waive: bool) -> int:
    """Let go of what a marketplace booked and nobody has paid out, where that is allowed; how much it was."""
    theirs = select(PaymentRow).join(AssignmentRow).where(AssignmentRow.worker == worker)
    owed = theirs.where(PaymentRow.state == "confirmed", PaymentRow.payout_id.is_(None), PaymentRow.amount_minor > 0)
    rows = session.scalars(owed).all()
    total = sum(row.amount_minor for row in rows)
    if total and not waive:
        raise CantForget(
            f"{total / 100:.2f} is booked for the worker and not paid out yet; pay it out first (`earwitness payouts "
            "export`, then `earwitness payouts paid`), or let go of it with --waive if the worker wants that"
        )
    if rows:  # a payout of nothing, so that nobody lists them as owed
        payout = PayoutRow(
            payout_id=secrets.token_hex(8),
            worker=worker,
            amount_minor=0,
            reference=WAIVED,
            paid_on=now.date(),
            made_at=now,
        )
        session.add(payout)
        session.flush()
        for row in rows:
            row.payout_id = payout.payout_id
    return total


def _delete_answers(session: Session, worker: str) -> int:
    ours = select(AssignmentRow.assignment_id).where(AssignmentRow.worker == worker).scalar_subquery()
    gone = session.execute(delete(JudgmentRow).where(JudgmentRow.worker == worker))
    session.execute(update(TrialRow).where(TrialRow.assignment_id.in_(ours)).values(state="released"))
    session.execute(update(AssignmentRow).where(AssignmentRow.worker == worker).values(answers_deleted=True))
    return gone.rowcount  # type: ignore[attr-defined, no-any-return]


def _empty_comments(session: Session, worker: str) -> None:
    session.execute(update(AssignmentRow).where(AssignmentRow.worker == worker).values(comment=""))


def _rename(session: Session, row: WorkerRow) -> str:
    """Put a random name in the place of the hash, wherever it stands; the platform's ids of the work go, too."""
    old, new = row.worker, "w" + secrets.token_hex(8)[:15]
    swapped = {old: new}
    if plain := own_id(session, row.platform_worker_id):
        swapped[plain] = "forgotten"
    columns = {column.key: getattr(row, column.key) for column in WorkerRow.__table__.columns}
    session.add(WorkerRow(**{**columns, "worker": new, "platform_worker_id": None, "language": None}))
    session.flush()
    for task in session.scalars(select(AssignmentRow).where(AssignmentRow.worker == old)):
        swapped[task.platform_assignment_id] = f"forgotten-{secrets.token_hex(8)}"
        task.platform_assignment_id = swapped[task.platform_assignment_id]
    session.flush()
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column is WorkerRow.__table__.c.worker for key in column.foreign_keys):
                session.execute(update(table).where(column == old).values({column: new}))
    session.expire_all()
    session.execute(delete(WorkerRow).where(WorkerRow.worker == old))
    _swap_in_texts(session, new, swapped)
    return new


def _swap_in_texts(session: Session, worker: str, swapped: Mapping[str, str]) -> None:
    """Take the names out of what was noted on the way."""
    for old in swapped:
        for event in session.scalars(select(EventRow).where(EventRow.text.contains(old, autoescape=True))):
            event.text = _swap(event.text, swapped)
    paid = select(PaymentRow).join(AssignmentRow).where(AssignmentRow.worker == worker)
    for payment in session.scalars(paid):
        payment.note, payment.reason = _swap(payment.note, swapped), _swap(payment.reason, swapped)
    for wish in session.scalars(select(WishRow)):
        wish.note, wish.detail = _swap(wish.note, swapped), _swap_in_values(wish.detail, swapped)
    for news in session.scalars(select(PlatformNewsRow)):
        news.detail = _swap_in_values(news.detail, swapped)


def _swap(text: str, swapped: Mapping[str, str]) -> str:
    for old, new in swapped.items():  # whole words: W1 is not in W12
        text = re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-])", new, text)
    return text


def _swap_in_values(found: Any, swapped: Mapping[str, str]) -> Any:
    """JSON with the names taken out of its texts; its keys are ours."""
    if isinstance(found, dict):
        return {key: _swap_in_values(value, swapped) for key, value in found.items()}
    if isinstance(found, list):
        return [_swap_in_values(value, swapped) for value in found]
    return _swap(found, swapped) if isinstance(found, str) else found


def forget_older(session: Session, days: int, now: datetime, *, booked: bool = False) -> int:
    """Forget every worker with whom all was settled so many days ago; how many they are.

    `booked` as in `forget`.
    """
    cutoff = now - timedelta(days=days)
    late_work = select(AssignmentRow.worker).where(AssignmentRow.expires_at > cutoff)
    open_pay = select(AssignmentRow.worker).join(PaymentRow, PaymentRow.assignment_id == AssignmentRow.assignment_id)
    open_pay = open_pay.where(PaymentRow.state.in_((*WAIVABLE, *MOVING)) | (PaymentRow.changed_at > cutoff))
    late_payout = select(PayoutRow.worker).where(PayoutRow.made_at > cutoff)
    at_work = select(AssignmentRow.worker).where(AssignmentRow.state.in_(AT_WORK))
    due = select(WorkerRow.worker).where(
        WorkerRow.platform_worker_id.is_not(None),
        WorkerRow.first_seen_at <= cutoff,
        *(WorkerRow.worker.not_in(busy) for busy in (late_work, open_pay, late_payout, at_work)),
    )
    forgotten = 0
    for worker in session.scalars(due).all():
        try:
            forget(session, worker, now=now, booked=booked)
        except CantForget:  # something is open after all: once it is settled
            continue
        forgotten += 1
    return forgotten
