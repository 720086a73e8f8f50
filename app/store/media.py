"""Clips in object storage: what lies there, and which copy of a clip a worker has not met yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.store.work import OpenTrial
from app.tables import AssignmentRow, MediaRow, PairRow, TrialRow


@dataclass(frozen=True)
class Stored:
    """One variant of a clip as it was put into storage; its path is relative to the study's `pairs` folder."""

    path: str
    variant: int
    object_key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Serving:
    """A clip that a worker is to hear, how often its path came before for this worker, and the objects to choose from.

    Attributes:
        keys: of its objects, by variant; empty where it was not uploaded.
    """

    path: str
    before: int
    keys: tuple[str, ...]


def all_stored(session: Session) -> list[Stored]:
    """Everything that was put into storage."""
    rows = session.scalars(select(MediaRow).order_by(MediaRow.object_key))
    return [Stored(row.path, row.variant, row.object_key, row.sha256, row.size_bytes) for row in rows]


def keep_stored(session: Session, stored: Iterable[Stored], now: datetime) -> None:
    """Note what lies in storage; what was noted under the same path and variant gives way."""
    for one in stored:
        session.merge(MediaRow(**asdict(one), uploaded_at=now))


def forget_stored(session: Session) -> None:
    """Forget all of it: pages hand out clips from the app again."""
    session.execute(delete(MediaRow))


def servings(session: Session, worker: str, trial: OpenTrial) -> tuple[Serving, ...]:
    """Both clips of a trial, the first one first, as this worker meets them.

    Trials are counted in the order in which the worker got them, whatever their state, so that a page that is loaded
    again says the same. One that is not kept, such as a practice trial, counts as the last.
    """
    both = (str(trial.first_path), str(trial.second_path))
    met = [path for trial_id, paths in _met(session, worker, both, trial.trial_id) for path in paths]
    rows = session.scalars(select(MediaRow).where(MediaRow.path.in_(both)).order_by(MediaRow.variant)).all()
    keys = {path: tuple(row.object_key for row in rows if row.path == path) for path in both}
    first, second = both
    before = met.count(first), met.count(second) + (first == second)
    return Serving(first, before[0], keys[first]), Serving(second, before[1], keys[second])


def _met(session: Session, worker: str, paths: tuple[str, str], until: str) -> Iterable[tuple[str, tuple[str, str]]]:
    """The worker's trials with one of those clips that came before a trial, and their clips."""
    rows = session.execute(
        select(TrialRow.trial_id, PairRow.original_path, PairRow.noisy_path)
        .join(PairRow, PairRow.pair_id == TrialRow.pair_id)
        .join(AssignmentRow, AssignmentRow.assignment_id == TrialRow.assignment_id)
        .where(AssignmentRow.worker == worker, or_(PairRow.original_path.in_(paths), PairRow.noisy_path.in_(paths)))
        .order_by(AssignmentRow.accepted_at, AssignmentRow.assignment_id, TrialRow.position)
    )
    for trial_id, original, noisy in rows:
        if trial_id == until:
            return
        yield trial_id, (original, noisy)
