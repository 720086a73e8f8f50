"""What tests of leaving do and look at."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.store import work as store
from app.store.leaving import leave
from app.store.ledger import payments
from app.store.steps import note_round, open_step
from app.tables import AssignmentRow, PaymentRow, TrialRow
from hits.judgment import Said
from hits.pay import Pay

SAME = Said("same", "same")


PAY = Pay(fees="mturk")  # 9.45 an hour: 16 cents for the first minute


def walk_out(study: object, begun: store.Work, *, delete: bool = False, pay: Pay = PAY) -> bool:
    with study.database.writing() as session:
        return leave(session, begun.assignment_id, delete_answers=delete, pay=pay, now=study.now)


def ledger(study: object) -> list[tuple[str, int, str]]:
    with study.database.reading() as session:
        rows = sorted(payments(session), key=lambda row: row["kind"])
        return [(row["kind"], row["amount_minor"], row["state"]) for row in rows]


def state(study: object, begun: store.Work) -> str:
    with study.database.reading() as session:
        return session.get_one(AssignmentRow, begun.assignment_id).state


def trial_states(study: object, begun: store.Work) -> list[str]:
    with study.database.reading() as session:
        rows = select(TrialRow.state).where(TrialRow.assignment_id == begun.assignment_id)
        return list(session.scalars(rows.order_by(TrialRow.position)))


def confirm(study: object) -> None:
    """As if the platform had paid all that is planned."""
    with study.database.writing() as session:
        for row in session.scalars(select(PaymentRow)):
            row.state = "confirmed"


def go_through(study: object, begun: store.Work, *seconds: float, settled: str = "passed") -> None:
    """A step of several rounds, each of which takes so long."""
    for number, lasted in enumerate(seconds, start=1):
        with study.database.writing() as session:
            open_step(session, begun.worker, begun.assignment_id, "sound-check", {"tones": 3}, study.now)
        study.now += timedelta(seconds=lasted)
        with study.database.writing() as session:
            over = settled if number == len(seconds) else None
            note_round(session, begun.worker, "sound-check", {"right": True}, study.now, settled=over)
