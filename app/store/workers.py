"""Workers as a researcher sees them: their time, their pay an hour, and how carefully they listened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.clock import now_of
from app.store.rounds import rounds_within
from app.store.trust import answered
from app.tables import AssignmentRow, PaymentRow, StepRow, TrialRow, WorkerRow
from hits.pay import Pay, active_s, minor_per_major
from hits.quality import BY_RULE, Mark
from hits.quality_figures import Figures, figures_by_worker

AT_WORK = ("accepted", "finished")  # nothing is owed for it yet
NO_FIGURES = Figures(0, 0, None, None, 0, 0, None)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class Earned:
    """Time and money of one worker, put together row by row. Money in minor units, fees left out.

    Attributes:
        active_s: time at work on all pages, one left open counted up to the study's limit.
        due_s: the part of it that is over, so that its pay is due.
        owed_minor: planned or on its way.
    """

    assignments: int = 0
    trials: int = 0
    active_s: float = 0.0
    due_s: float = 0.0
    paid_minor: int = 0
    owed_minor: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class WorkerFacts:
    """One worker as the table of workers has it."""

    worker: str
    simulated: bool
    first_seen_at: datetime
    language: str | None
    checks_answered: int
    checks_passed: int
    trusted: bool
    because: str
    earned: Earned
    figures: Figures

    @property
    def wage_minor(self) -> float | None:
        """What was paid an hour of the work that is over; None where none is."""
        return self.earned.paid_minor * 3600 / self.earned.due_s if self.earned.due_s else None

    @property
    def wage_to_be_minor(self) -> float | None:
        """The same once all that is planned has arrived."""
        whole = self.earned.paid_minor + self.earned.owed_minor
        return whole * 3600 / self.earned.due_s if self.earned.due_s else None

    def under(self, pay: Pay) -> bool:
        """Whether even all that is planned leaves the worker under the study's wage."""
        wage = self.wage_to_be_minor
        return wage is not None and wage < minor_per_major(pay.currency) * pay.wage_per_hour - 0.5

    @property
    def why(self) -> str:
        """Why the worker is invited on, or is not."""
        if Mark(self.trusted, self.because).by_hand:
            return f"by hand, {self.because}"
        if self.because:
            return self.because.removeprefix(BY_RULE)
        if not self.checks_answered:
            return "no check answered yet"
        return f"{self.checks_passed} of {self.checks_answered} checks passed"


def worker_facts(session: Session, pay: Pay) -> list[WorkerFacts]:
    """Every worker, the latest first, in as many statements for ten as for ten thousand."""
    earned, figures = _earned(session, pay), figures_by_worker(answered(session, now_of(session)))
    rows = session.scalars(select(WorkerRow).order_by(WorkerRow.first_seen_at.desc(), WorkerRow.worker))
    return [
        WorkerFacts(
            worker=row.worker,
            simulated=row.simulated,
            first_seen_at=row.first_seen_at,
            language=row.language,
            checks_answered=row.checks_answered,
            checks_passed=row.checks_passed,
            trusted=row.trusted,
            because=row.distrusted_because,
            earned=earned.get(row.worker, Earned()),
            figures=figures.get(row.worker, NO_FIGURES),
        )
        for row in rows
    ]


@dataclass
class _Begun:
    """An assignment while its pages are counted."""

    worker: str
    accepted_at: datetime
    over: bool
    seconds: list[float] = field(default_factory=list)


def _earned(session: Session, pay: Pay) -> dict[str, Earned]:
    begun = _begun(session)
    pages = select(TrialRow.assignment_id, TrialRow.opened_at, TrialRow.answered_at)
    earned: dict[str, Earned] = defaultdict(Earned)
    for assignment_id, opened_at, answered_at in session.execute(pages):
        if answered_at is None:
            continue
        one = begun[assignment_id]
        theirs = earned[one.worker]
        theirs.trials += 1
        theirs.last_at = max(theirs.last_at or answered_at, answered_at)
        if opened_at is not None:
            one.seconds.append((answered_at - opened_at).total_seconds())
    for one in begun.values():
        theirs, worked_s = earned[one.worker], active_s(one.seconds, pay)
        theirs.assignments += 1
        theirs.active_s += worked_s
        theirs.due_s += worked_s if one.over else 0.0
    _add_pay(session, begun, earned)
    return earned


def _begun(session: Session) -> dict[str, _Begun]:
    """Every assignment with the seconds of the rounds before its first trial."""
    steps: dict[str, list[StepRow]] = defaultdict(list)
    for step in session.scalars(select(StepRow).order_by(StepRow.opened_at)):
        steps[step.worker].append(step)
    columns = AssignmentRow.assignment_id, AssignmentRow.worker, AssignmentRow.accepted_at, AssignmentRow.state
    begun: dict[str, _Begun] = {}
    until: dict[str, datetime] = {}
    for assignment_id, worker, accepted_at, state in session.execute(
        select(*columns).order_by(AssignmentRow.accepted_at.desc())
    ):
        rounds = rounds_within(steps.get(worker, ()), accepted_at, until.get(worker, NEVER))
        begun[assignment_id] = _Begun(worker, accepted_at, state not in AT_WORK, list(rounds))
        until[worker] = accepted_at
    return begun


def _add_pay(session: Session, begun: Mapping[str, _Begun], earned: Mapping[str, Earned]) -> None:
    for assignment_id, state, amount_minor in session.execute(
        select(PaymentRow.assignment_id, PaymentRow.state, PaymentRow.amount_minor)
    ):
        theirs = earned[begun[assignment_id].worker]
        if state == "confirmed":
            theirs.paid_minor += amount_minor
        elif state != "dropped":
            theirs.owed_minor += amount_minor


def known_worker(session: Session, worker: str) -> bool:
    """Whether a worker of this study has that hash."""
    return session.get(WorkerRow, worker) is not None


def workers_now(session: Session, now: datetime) -> int:
    """How many workers are at work: begun, and their time is not over."""
    at_work = select(AssignmentRow.worker).where(AssignmentRow.state == "accepted", AssignmentRow.expires_at > now)
    return len(set(session.scalars(at_work)))
