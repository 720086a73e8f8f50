"""The trials of an assignment as their pages need them: which is asked, which comes next, which sound they have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session, aliased

from app.tables import AssignmentRow, PairRow, TrialRow
from hits.judgment import Rate


@dataclass(frozen=True)
class OpenTrial:
    """A trial as its page needs it. Paths are relative to the study's `pairs` folder."""

    trial_id: str
    assignment_id: str
    nonce: str
    position: int  # from 1
    total: int
    first_path: Path
    second_path: Path
    first_length_s: float
    second_length_s: float
    opened_at: datetime | None
    noisy_is: Literal["first", "second"]
    rate: Rate


# Asked for each page and each clip: one statement, which is put together once.
_every = aliased(TrialRow)
_total = select(func.count()).where(_every.assignment_id == TrialRow.assignment_id).scalar_subquery()
_trials = select(
    TrialRow.trial_id,
    TrialRow.assignment_id,
    TrialRow.nonce,
    TrialRow.position,
    TrialRow.order,
    TrialRow.rate,
    TrialRow.opened_at,
    PairRow.original_path,
    PairRow.original_length_s,
    PairRow.noisy_path,
    PairRow.noisy_length_s,
    _total.label("total"),
).join(PairRow, PairRow.pair_id == TrialRow.pair_id)
_BY_ID = _trials.where(TrialRow.trial_id == bindparam("trial_id"))
_UNANSWERED = (
    _trials.where(TrialRow.assignment_id == bindparam("assignment_id"), TrialRow.state != "answered")
    .order_by(TrialRow.position)
    .limit(2)
)
#: What an answer can be for: nothing once the assignment is over.
_ASKED = (
    _trials.join(AssignmentRow, AssignmentRow.assignment_id == TrialRow.assignment_id)
    .where(TrialRow.assignment_id == bindparam("assignment_id"), TrialRow.state != "answered")
    .where(AssignmentRow.state == "accepted", AssignmentRow.expires_at >= bindparam("now"))
    .order_by(TrialRow.position)
    .limit(1)
)


_earlier = select(_every.trial_id).where(
    _every.assignment_id == TrialRow.assignment_id,
    _every.position < TrialRow.position,
    _every.state != "answered",
)


def trial(session: Session, trial_id: str) -> OpenTrial | None:
    """A trial by its id, whatever its state."""
    row = session.execute(_BY_ID, {"trial_id": trial_id}).one_or_none()
    return None if row is None else _open_trial(row)


def asked_and_coming(session: Session, assignment_id: str) -> tuple[OpenTrial | None, OpenTrial | None]:
    """The first unanswered trial of an assignment and the one after it, opened or not; None for what is not there."""
    rows = session.execute(_UNANSWERED, {"assignment_id": assignment_id}).all()
    asked, coming, *_ = *(_open_trial(row) for row in rows), None, None
    return asked, coming


def asked_trial(session: Session, assignment_id: str, now: datetime) -> OpenTrial | None:
    """The trial that an answer can be for; None where its page was not opened yet, and when the work is over."""
    row = session.execute(_ASKED, {"assignment_id": assignment_id, "now": now}).one_or_none()
    return None if row is None or row.opened_at is None else _open_trial(row)


def open_trial(session: Session, trial_id: str, now: datetime) -> bool:
    """Open a trial whose page is shown for the first time; whether it was this call that did.

    One that its worker opened or left in another window meanwhile stays as it is, as does one that comes later again.
    """
    opened = update(TrialRow).where(
        TrialRow.trial_id == trial_id, TrialRow.state == "reserved", TrialRow.opened_at.is_(None), ~_earlier.exists()
    )
    changed = session.execute(
        opened.values(state="open", opened_at=now), execution_options={"synchronize_session": False}
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def condition_of(session: Session, trial_id: str) -> tuple[str, str] | None:
    """Pair and condition behind a trial: for rehearsals, whose listeners must know what is true. Never for a page."""
    row = session.execute(
        select(PairRow.pair_id, PairRow.condition).join(TrialRow).where(TrialRow.trial_id == trial_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def _open_trial(row: Row[*tuple[Any, ...]]) -> OpenTrial:
    original = (Path(row.original_path), row.original_length_s)
    noisy = (Path(row.noisy_path), row.noisy_length_s)
    first, second = (original, noisy) if row.order == "original-first" else (noisy, original)
    return OpenTrial(
        trial_id=row.trial_id,
        assignment_id=row.assignment_id,
        nonce=row.nonce,
        position=row.position,
        total=row.total,
        first_path=first[0],
        second_path=second[0],
        first_length_s=first[1],
        second_length_s=second[1],
        opened_at=row.opened_at,
        noisy_is="second" if row.order == "original-first" else "first",
        rate="both" if row.rate == "both" else "noisy-if-different",
    )
