"""A worker leaves before handing in, or is let go: what was done is paid, what was not goes to others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.store.events import note_event
from app.store.hits import LONGEST_HAND_IN, find_assignment
from app.store.money import FOR_PART, drop_whole, plan_payments, reward_left, work_done
from app.tables import AssignmentRow, HitRow, JudgmentRow, PaymentRow, TrialRow
from hits.collect import part_minor, payments_for_part
from hits.pay import Pay
from hits.recruiting import PlatformAssignment

AT_WORK = ("accepted", "finished")


@dataclass(frozen=True)
class SoFar:
    """What leaving comes to. Money in minor units.

    Attributes:
        done: pairs that were answered, deleted or not.
        left_minor: what leaving earns, or has earned.
        whole_minor: what handing it in earns at least, for the time until now.
        deleted: whether the answers are gone.
    """

    done: int
    trials: int
    left_minor: int
    whole_minor: int
    deleted: bool


def so_far(session: Session, assignment_id: str, pay: Pay) -> SoFar:
    """What was done of an assignment, and what it earns; of one that was left, what was planned for it."""
    row = session.get_one(AssignmentRow, assignment_id)
    work = work_done(session, assignment_id)
    planned = select(PaymentRow.amount_minor).where(
        PaymentRow.assignment_id == assignment_id, PaymentRow.kind.in_(FOR_PART), PaymentRow.state != "dropped"
    )
    part = part_minor(work, pay)
    return SoFar(
        done=len(work.seconds_by_trial),
        trials=work.trials,
        left_minor=part if row.state in AT_WORK else sum(session.scalars(planned)),
        whole_minor=max(work.reward_minor, part),
        deleted=row.answers_deleted,
    )


def leave(session: Session, assignment_id: str, *, delete_answers: bool, pay: Pay, now: datetime) -> bool:
    """Leave an assignment: pay for what was done is planned, and what was not done is released. Whether it is left now.

    Leaving again changes nothing, but that answers which were kept at first can still be deleted. What was handed in,
    let go or ran out stays as it is.
    """
    row, trials = _hold(session, assignment_id)
    if row.state in AT_WORK and not (row.state == "accepted" and row.expires_at < now):
        done = _end(session, row, trials, "withdrawn", "partial", pay)
        note_event(session, "left", f"assignment {assignment_id} was left after {done} of {len(trials)} pairs")
    if row.state != "withdrawn":
        return False
    if delete_answers and not row.answers_deleted:
        _delete_answers(session, row, trials)
        note_event(session, "left", f"the answers of assignment {assignment_id} were deleted at its worker's wish")
    return True


def screen_out(session: Session, assignment_id: str, *, pay: Pay) -> None:
    """Let a worker go who did not pass a step: the time that it took is paid, the pairs go to others. Once."""
    row, trials = _hold(session, assignment_id)
    if row.state == "accepted":
        _end(session, row, trials, "screened-out", "screening", pay)
        note_event(session, "screened-out", f"the worker of assignment {assignment_id} did not pass a step")


def give_back(session: Session, seen: PlatformAssignment, *, pay: Pay) -> bool:
    """Take it over that a worker has returned an assignment, or ran out of time, as the platform says. Once.

    What was done is paid where the study pays for unfinished work, and what was not goes to others.
    """
    known = find_assignment(session, seen)
    if known is None:
        return False
    row, trials = _hold(session, known.assignment_id)
    handed_back = row.state == "submitted" and seen.state == "returned" and not reward_left(session, row.assignment_id)
    if handed_back:  # it was handed in, and taken back at our request before it was paid
        drop_whole(session, row.assignment_id, "it was returned")
    elif row.state not in AT_WORK:
        return False
    done = _end(session, row, trials, seen.state, "partial" if pay.pay_unfinished else None, pay)
    note_event(
        session, seen.state, f"assignment {row.assignment_id} is {seen.state} after {done} of {len(trials)} pairs"
    )
    return True


def settle_run_out(session: Session, platform_hit_id: str, *, pay: Pay, now: datetime) -> int:
    """Settle a HIT's assignments whose time ran out and that were never handed in; how many are paid for a part.

    To be called after everything that was handed in was taken over.
    """
    run_out = (
        select(AssignmentRow.assignment_id)
        .join(HitRow)
        .where(
            HitRow.platform_hit_id == platform_hit_id,
            AssignmentRow.state.in_(AT_WORK),
            AssignmentRow.expires_at < now - LONGEST_HAND_IN,
        )
    )
    paid = 0
    for assignment_id in list(session.scalars(run_out)):
        row, trials = _hold(session, assignment_id)
        if pay.pay_unfinished:
            due = payments_for_part(work_done(session, assignment_id), "partial", pay)
            paid += plan_payments(session, assignment_id, due, pay)
        row.state = "expired"
        _release(trials)
    return paid


def _hold(session: Session, assignment_id: str) -> tuple[AssignmentRow, list[TrialRow]]:
    """An assignment and its trials, in nobody else's hands until the transaction ends: trials first, as answers do."""
    ours = select(TrialRow).where(TrialRow.assignment_id == assignment_id).order_by(TrialRow.position)
    fresh = {"populate_existing": True}
    trials = list(session.scalars(ours.with_for_update().execution_options(**fresh)))
    row = session.get_one(AssignmentRow, assignment_id, with_for_update=True, populate_existing=True)
    return row, trials


def _end(
    session: Session,
    row: AssignmentRow,
    trials: list[TrialRow],
    state: str,
    kind: Literal["partial", "screening"] | None,
    pay: Pay,
) -> int:
    """End an assignment that is not handed in, and plan its pay with it; the number of pairs that were answered."""
    work = work_done(session, row.assignment_id)
    if kind is not None:
        plan_payments(session, row.assignment_id, payments_for_part(work, kind, pay), pay)
    row.state = state
    _release(trials)
    return len(work.seconds_by_trial)


def _release(trials: list[TrialRow]) -> None:
    for trial in trials:
        if trial.state != "answered":
            trial.state = "released"


def _delete_answers(session: Session, row: AssignmentRow, trials: list[TrialRow]) -> None:
    """Times stay, since pay follows from them, and so do the tallies of checks, or leaving would wash them off."""
    session.execute(delete(JudgmentRow).where(JudgmentRow.assignment_id == row.assignment_id))
    for trial in trials:
        trial.state = "released"
    row.comment, row.answers_deleted = "", True
