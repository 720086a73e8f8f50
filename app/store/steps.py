"""What a worker went through before the first trial: one row a worker and step, good for all the study's HITs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.identities import own_id
from app.tables import StepRow, WorkerRow
from hits.hearing.headphones import Test, passes

StepName: TypeAlias = Literal["sound-check", "headphones", "qualification", "practice"]
StepState: TypeAlias = Literal["open", "passed", "failed"]


@dataclass(frozen=True)
class Step:
    """How far a worker got in one step.

    Attributes:
        asked: what only the server knows of the round that is open, such as the number of tones.
        found: what came of every round so far, the oldest first.
    """

    worker: str
    step: StepName
    assignment_id: str
    state: StepState
    asked: Mapping[str, Any]
    found: tuple[Mapping[str, Any], ...]
    opened_at: datetime
    settled_at: datetime | None


def step_of(session: Session, worker: str, step: StepName) -> Step | None:
    """How far a worker got in a step; None where it was never begun."""
    row = session.get(StepRow, (worker, step))
    return None if row is None else _as_step(row)


def step_to_change(session: Session, worker: str, step: StepName) -> Step | None:
    """How far a worker got in a step, for whoever is about to change it: others who are wait until that is kept."""
    session.get_one(WorkerRow, worker, with_for_update={"key_share": True})  # there before the step's own row is
    return step_of(session, worker, step)


def open_step(
    session: Session, worker: str, assignment_id: str, step: StepName, asked: Mapping[str, Any], now: datetime
) -> Step:
    """Begin a step, or its next round: `asked` is kept for the answer. What came of earlier rounds stays."""
    row = session.get(StepRow, (worker, step), with_for_update=True)
    if row is None:
        row = StepRow(worker=worker, step=step, assignment_id=assignment_id, found=[], opened_at=now)
        session.add(row)
    if row.settled_at is not None:  # it ran out, and is gone through once more
        row.opened_at = now
    row.assignment_id, row.state, row.asked, row.settled_at = assignment_id, "open", dict(asked), None
    session.flush()
    return _as_step(row)


def note_round(
    session: Session,
    worker: str,
    step: StepName,
    found: Mapping[str, Any],
    now: datetime,
    *,
    settled: Literal["passed", "failed"] | None = None,
) -> Step:
    """Keep what came of the open round; with `settled`, the step is over."""
    row = session.get_one(StepRow, (worker, step), with_for_update=True)
    row.found = [*row.found, {**found, "at": now.isoformat(timespec="seconds")}]
    row.asked = {}
    if settled is not None:
        row.state, row.settled_at = settled, now
    session.flush()
    return _as_step(row)


def settled_steps(session: Session, worker: str, now: datetime, runs_out: Mapping[str, timedelta]) -> dict[str, str]:
    """The state of every step that is over, by its name; what has run out is not over any more.

    What depends on the device may be tried once more after its time, whatever came of it: people buy headphones.

    Args:
        session: a session.
        worker: whose steps.
        now: the moment of asking.
        runs_out: for how long what came of a step stays so, where it does not for ever.
    """
    return {
        row.step: row.state
        for row in session.scalars(select(StepRow).where(StepRow.worker == worker, StepRow.settled_at.is_not(None)))
        if row.settled_at is not None and (row.step not in runs_out or row.settled_at + runs_out[row.step] > now)
    }


def failed_any(session: Session, worker: str, steps: Mapping[StepName, timedelta | None], now: datetime) -> bool:
    """Whether a worker failed one of these steps, and may not try it again yet.

    Args:
        session: a session.
        worker: who comes.
        steps: for how long each of them bars whoever failed it; None for ever.
        now: the moment of asking.
    """
    failed = select(StepRow).where(StepRow.worker == worker, StepRow.step.in_(steps), StepRow.state == "failed")
    for row in session.scalars(failed):
        lasts = steps[row.step]  # type: ignore[index]
        if lasts is None or (row.settled_at is not None and row.settled_at + lasts > now):
            return True
    return False


def without_headphones(session: Session, min_right: int) -> frozenset[str]:
    """Workers, by hash, who were asked for headphones and never heard what only headphones let hear.

    Whoever went on without the check, where it was optional, is one of them.

    Args:
        session: a session.
        min_right: rounds of each test that must be right.
    """
    rows = session.scalars(select(StepRow).where(StepRow.step == "headphones", StepRow.settled_at.is_not(None)))
    return frozenset(row.worker for row in rows if not _heard_by_headphones(row.found, min_right))


def _heard_by_headphones(found: Iterable[Mapping[str, Any]], min_right: int) -> bool:
    """Whether one attempt passed both of its tests."""
    attempts: dict[int, dict[Test, int]] = {}
    for one in found:
        if "attempt" in one and not one.get("skipped"):
            attempts.setdefault(one["attempt"], {})[one["test"]] = one["right"]
    return any(passes(right, min_right) for right in attempts.values())


@dataclass(frozen=True)
class Untold:
    """A worker whose step is over, which the platform does not know yet, by the platform's own id."""

    worker: str
    platform_worker_id: str
    found: tuple[Mapping[str, Any], ...]


def untold_steps(session: Session, step: StepName) -> list[Untold]:
    """Workers of whose step the platform is still to be told; who was forgotten can't be named to it any more.

    Those whose id no key opens wait.
    """
    query = (
        select(StepRow, WorkerRow.platform_worker_id)
        .join(WorkerRow, WorkerRow.worker == StepRow.worker)
        .where(
            StepRow.step == step,
            StepRow.settled_at.is_not(None),
            StepRow.told_at.is_(None),
            WorkerRow.platform_worker_id.is_not(None),
        )
        .order_by(StepRow.settled_at, StepRow.worker)
    )
    known = ((row, own_id(session, kept)) for row, kept in session.execute(query))
    return [Untold(row.worker, platform_id, tuple(row.found)) for row, platform_id in known if platform_id]


def mark_told(session: Session, worker: str, step: StepName, now: datetime) -> None:
    """Take it that the platform knows."""
    session.get_one(StepRow, (worker, step), with_for_update=True).told_at = now


def asked_under(session: Session, step: StepName, round_id: str) -> Mapping[str, Any] | None:
    """What only the server knows of an open round: for rehearsals, whose listeners must know it. Never for a page."""
    rows = session.scalars(select(StepRow).where(StepRow.step == step, StepRow.state == "open"))
    return next((dict(row.asked) for row in rows if row.asked.get("round_id") == round_id), None)


def _as_step(row: StepRow) -> Step:
    return Step(
        row.worker,
        row.step,  # type: ignore[arg-type]
        row.assignment_id,
        row.state,  # type: ignore[arg-type]
        dict(row.asked),
        tuple(row.found),
        row.opened_at,
        row.settled_at,
    )
