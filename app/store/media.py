"""Clips in object storage: what lies there, and which copy of a clip a worker has not met yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.store.trials import OpenTrial
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
    """A clip that a worker is to hear, and the objects to choose from.

    Attributes:
        turns: one for each time that the worker heard the clip, the last for now: how many had been given the same
            pair by then.
        keys: of its objects, by variant; empty where it was not uploaded.
    """

    path: str
    turns: tuple[int, ...]
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """The object whose turn it is: what the worker has not met, and then what others of the same pair have not.

        >>> [Serving("a", turns, ("x", "y", "z")).key for turns in ((0,), (1,), (1, 1), (1, 1, 1))]
        ['x', 'y', 'z', 'x']
        """
        met: list[int] = []
        for turn in self.turns:
            coming = [(turn + step) % len(self.keys) for step in range(len(self.keys))]
            met.append(min(coming, key=met.count))
        return self.keys[met[-1]]


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


def servings(session: Session, worker: str, trial: OpenTrial) -> tuple[Serving, Serving]:
    """Both clips of a trial, the first one first, as this worker meets them.

    Trials are counted in the order in which workers got them, whatever their state, so that a page that is loaded again
    says the same. One that is not kept, such as a practice trial, counts as the last of its worker.
    """
    both = (str(trial.first_path), str(trial.second_path))
    turns: dict[str, list[int]] = {path: [] for path in both}
    for turn, *paths in _met(session, worker, both, trial.trial_id):
        for place, path in enumerate(paths):  # the two of an identical pair are one clip
            if path in turns:
                turns[path].append(turn + place * (paths[0] == paths[1]))
    rows = session.scalars(select(MediaRow).where(MediaRow.path.in_(both)).order_by(MediaRow.variant)).all()
    keys = {path: tuple(row.object_key for row in rows if row.path == path) for path in both}
    first, second = both
    of_first = turns[first][:-1] if first == second else turns[first]
    return Serving(first, tuple(of_first), keys[first]), Serving(second, tuple(turns[second]), keys[second])


def _met(session: Session, worker: str, paths: tuple[str, str], until: str) -> Iterable[tuple[int, str, str]]:
    """The worker's trials with one of those clips up to a trial: how many had the pair before, and the two clips."""
    earlier, theirs = aliased(TrialRow), aliased(AssignmentRow)
    before = (
        select(func.count())
        .select_from(earlier)
        .join(theirs, theirs.assignment_id == earlier.assignment_id)
        .where(
            earlier.pair_id == TrialRow.pair_id,
            tuple_(theirs.accepted_at, theirs.assignment_id)
            < tuple_(AssignmentRow.accepted_at, AssignmentRow.assignment_id),
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(TrialRow.trial_id, before, PairRow.original_path, PairRow.noisy_path)
        .join(PairRow, PairRow.pair_id == TrialRow.pair_id)
        .join(AssignmentRow, AssignmentRow.assignment_id == TrialRow.assignment_id)
        .where(AssignmentRow.worker == worker, or_(PairRow.original_path.in_(paths), PairRow.noisy_path.in_(paths)))
        .order_by(AssignmentRow.accepted_at, AssignmentRow.assignment_id, TrialRow.position)
    )
    for trial_id, turn, original, noisy in rows:
        yield turn, original, noisy
        if trial_id == until:
            return
    yield 0, *paths
