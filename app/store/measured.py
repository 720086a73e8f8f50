"""What a study's own work says of the work to come: how long trials take, how people answer, what parts cost."""

from __future__ import annotations

from statistics import median

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.store.money import FOR_PART
from app.tables import AssignmentRow, JudgmentRow, PaymentRow, TrialRow, WorkerRow
from hits.bill import Measured
from hits.judgment import ASKED_ROLES
from hits.pay import Pay

HANDED_IN = ("submitted", "approved", "rejected")


def measure(session: Session, pay: Pay, *, simulated: bool) -> Measured:
    """What the judgments so far say of time and cost.

    Args:
        session: where they are.
        pay: how long a page that is left open counts.
        simulated: whether the study is, so that simulated listeners' time counts; of people it says nothing.
    """
    people = select(WorkerRow.worker).where(WorkerRow.simulated.is_(False))
    ours = AssignmentRow.worker.in_(select(WorkerRow.worker) if simulated else people)
    answered = select(TrialRow.opened_at, TrialRow.answered_at).join(AssignmentRow)
    answered = answered.where(ours, TrialRow.opened_at.is_not(None), TrialRow.answered_at.is_not(None))
    seconds = [
        min((until - since).total_seconds(), pay.longest_paid_s_per_trial)
        for since, until in session.execute(answered).all()
        if since and until
    ]
    if not seconds:
        return Measured()
    handed_in = select(func.count()).select_from(AssignmentRow).where(ours, AssignmentRow.state.in_(HANDED_IN))
    parts = select(func.coalesce(func.sum(PaymentRow.amount_minor), 0)).join(AssignmentRow)
    parts = parts.where(ours, PaymentRow.kind.in_(FOR_PART), PaymentRow.state != "dropped")
    return Measured(
        s_per_trial=median(seconds),
        different=_different(session),
        parts_minor=(session.scalar(parts) or 0) / max(1, session.scalar(handed_in) or 0),
        trials=len(seconds),
    )


def _different(session: Session) -> float | None:
    """The share of answers 'different', both dimensions taken together."""
    said = [
        func.sum(case((column == "different", 1), else_=0)) for column in (JudgmentRow.activation, JudgmentRow.valence)
    ]
    asked = select(func.count(), *said).where(JudgmentRow.role.in_(ASKED_ROLES))
    count, *different = session.execute(asked).one()
    return sum(different) / (2 * count) if count else None
