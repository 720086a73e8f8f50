"""Assignments as a researcher sees them: each trial as its worker saw it, and what happened to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.store.events import events_naming
from app.store.ledger import payments
from app.tables import AssignmentRow, HitRow, JudgmentRow, PairRow, StepRow, TrialRow, WorkerRow

MOST_EVENTS = 50


@dataclass(frozen=True)
class AssignmentFacts:
    """One worker's go at one HIT. Money in minor units."""

    assignment_id: str
    hit_id: str
    worker: str
    state: str
    platform: str
    platform_assignment_id: str
    simulated: bool
    reward_minor: int
    trials: int
    answered: int
    comment: str
    rejected_because: str
    answers_deleted: bool
    accepted_at: datetime
    finished_at: datetime | None
    submitted_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True)
class Heard:
    """One trial as its worker saw it, and what was said; None where it was not answered, or the answer was deleted.

    Attributes:
        clips: what was heard first and second: which of the two it was, and how long it is.
        ratings: of the noisy clip, then of the original: activation and valence.
    """

    trial_id: str
    position: int
    pair_id: str
    condition: str
    role: str
    rate: str
    state: str
    clips: tuple[tuple[str, float], tuple[str, float]]
    opened_at: datetime | None
    answered_at: datetime | None
    activation: str | None
    valence: str | None
    ratings: tuple[tuple[float | None, float | None], tuple[float | None, float | None]]
    listened_s: float | None
    elapsed_s: float | None
    late: bool


@dataclass(frozen=True)
class StepFacts:
    """How a step before the first trial ended."""

    step: str
    state: str
    rounds: int
    opened_at: datetime
    settled_at: datetime | None


def assignments(session: Session, *, worker: str | None = None, limit: int | None = None) -> list[AssignmentFacts]:
    """All assignments, or one worker's, the latest first."""
    query = _assignments().order_by(AssignmentRow.accepted_at.desc(), AssignmentRow.assignment_id).limit(limit)
    if worker is not None:
        query = query.where(AssignmentRow.worker == worker)
    return [_as_facts(*row) for row in session.execute(query)]


def assignment(session: Session, assignment_id: str) -> AssignmentFacts | None:
    """One assignment; None where there is none of that name."""
    found = session.execute(_assignments().where(AssignmentRow.assignment_id == assignment_id)).one_or_none()
    return None if found is None else _as_facts(*found)


def _assignments() -> Select[AssignmentRow, str, int, bool, Any, Any]:
    asked = (
        select(
            TrialRow.assignment_id,
            func.count().label("trials"),
            func.count(TrialRow.answered_at).label("answered"),
        )
        .group_by(TrialRow.assignment_id)
        .subquery()
    )
    return (
        select(
            AssignmentRow,
            HitRow.platform,
            HitRow.reward_minor,
            WorkerRow.simulated,
            func.coalesce(asked.c.trials, 0),
            func.coalesce(asked.c.answered, 0),
        )
        .join(HitRow, HitRow.hit_id == AssignmentRow.hit_id)
        .join(WorkerRow, WorkerRow.worker == AssignmentRow.worker)
        .outerjoin(asked, asked.c.assignment_id == AssignmentRow.assignment_id)
    )


def _as_facts(
    row: AssignmentRow, platform: str, reward_minor: int, simulated: bool, trials: int, answered: int
) -> AssignmentFacts:
    return AssignmentFacts(
        assignment_id=row.assignment_id,
        hit_id=row.hit_id,
        worker=row.worker,
        state=row.state,
        platform=platform,
        platform_assignment_id=row.platform_assignment_id,
        simulated=simulated,
        reward_minor=reward_minor,
        trials=trials,
        answered=answered,
        comment=row.comment,
        rejected_because=row.rejected_because,
        answers_deleted=row.answers_deleted,
        accepted_at=row.accepted_at,
        finished_at=row.finished_at,
        submitted_at=row.submitted_at,
        expires_at=row.expires_at,
    )


def trials_heard(session: Session, assignment_id: str) -> list[Heard]:
    """Every trial of an assignment, in the order in which it was asked."""
    query = (
        select(TrialRow, PairRow, JudgmentRow)
        .join(PairRow, PairRow.pair_id == TrialRow.pair_id)
        .outerjoin(JudgmentRow, JudgmentRow.trial_id == TrialRow.trial_id)
        .where(TrialRow.assignment_id == assignment_id)
        .order_by(TrialRow.position)
    )
    return [_as_heard(*row) for row in session.execute(query)]


def _as_heard(trial: TrialRow, pair: PairRow, said: JudgmentRow | None) -> Heard:
    original, noisy = ("original", pair.original_length_s), ("noisy", pair.noisy_length_s)
    return Heard(
        trial_id=trial.trial_id,
        position=trial.position,
        pair_id=pair.pair_id,
        condition=pair.condition,
        role=said.role if said else trial.role,
        rate=trial.rate,
        state=trial.state,
        clips=(original, noisy) if trial.order == "original-first" else (noisy, original),
        opened_at=trial.opened_at,
        answered_at=trial.answered_at,
        activation=said.activation if said else None,
        valence=said.valence if said else None,
        ratings=(
            (said.activation_rating, said.valence_rating) if said else (None, None),
            (said.original_activation_rating, said.original_valence_rating) if said else (None, None),
        ),
        listened_s=said.listened_s if said else None,
        elapsed_s=said.elapsed_s if said else None,
        late=bool(said and said.late),
    )


def steps_taken(session: Session, worker: str) -> list[StepFacts]:
    """What a worker went through before the first trial."""
    rows = session.scalars(select(StepRow).where(StepRow.worker == worker).order_by(StepRow.opened_at))
    return [StepFacts(row.step, row.state, len(row.found), row.opened_at, row.settled_at) for row in rows]


def history(session: Session, facts: AssignmentFacts) -> Sequence[tuple[datetime, str]]:
    """What happened to an assignment, in order: its own moments, its payments, and events that name it."""
    moments = [
        (facts.accepted_at, "begun"),
        (facts.finished_at, "every trial answered"),
        (facts.submitted_at, "handed in, as the platform says"),
    ]
    moments += [
        (row["at"], f"{row['kind']}: {row['state']}" + (f" ({row['note']})" if row["note"] else ""))
        for row in payments(session, assignment_id=facts.assignment_id)
    ]
    moments += [(one.at, one.text) for one in events_naming(session, facts.assignment_id, MOST_EVENTS)]
    return sorted((at, text) for at, text in moments if at is not None)
