"""A worker's way through a HIT that was begun: open a trial, answer it, finish."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from app.store.clock import now_of
from app.store.conditions import is_closed
from app.store.identities import own_id
from app.store.standing import standings
from app.tables import AssignmentRow, HitRow, JudgmentRow, PairRow, TrialRow, WorkerRow
from hits.allocate import votes_wanted
from hits.batch import Hits
from hits.judgment import ASKED_ROLES, Rate, Said
from hits.listening import Listened, Listening, require_heard
from hits.pay import Pay
from hits.quality import Mark, Quality, check_passed, weighed_by_checks

#: How many trials of an assignment are in which state: asked several times for each page, so put together once.
TALLY = select(TrialRow.state, func.count()).where(TrialRow.assignment_id == bindparam("of")).group_by(TrialRow.state)


class TrialClosed(ValueError):
    """An answer came for a trial that is not open to this assignment."""


@dataclass(frozen=True)
class Rules:
    """The parts of a study that a worker's way depends on."""

    hits: Hits
    pay: Pay
    listening: Listening
    quality: Quality


@dataclass(frozen=True)
class Work:
    """An assignment as its worker's pages need it."""

    assignment_id: str
    hit_id: str
    worker: str
    state: str
    trials: int
    answered: int
    reward_minor: int
    simulated: bool
    platform_assignment_id: str
    platform_worker_id: str
    platform_hit_id: str
    submit_to: str | None
    expires_at: datetime
    hit_token: str


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


def work(session: Session, assignment_id: str) -> Work | None:
    """An assignment by our own id."""
    together = select(AssignmentRow, HitRow, WorkerRow).join(HitRow).join(WorkerRow)  # one question instead of three
    met = session.execute(together.where(AssignmentRow.assignment_id == assignment_id)).one_or_none()
    return None if met is None else as_work(session, met[0])


def as_work(session: Session, row: AssignmentRow) -> Work:
    """An assignment as its pages need it; `expired` where its time is over and it was not finished."""
    hit = session.get_one(HitRow, row.hit_id)
    worker = session.get_one(WorkerRow, row.worker)
    total, answered = _counts(session, row.assignment_id)
    return Work(
        assignment_id=row.assignment_id,
        hit_id=row.hit_id,
        worker=row.worker,
        state="expired" if row.state == "accepted" and row.expires_at < now_of(session) else row.state,
        trials=total,
        answered=answered,
        reward_minor=hit.reward_minor,
        simulated=worker.simulated,
        platform_assignment_id=row.platform_assignment_id,
        platform_worker_id=own_id(session, worker.platform_worker_id),
        platform_hit_id=hit.platform_hit_id or "",
        submit_to=row.submit_to,
        expires_at=row.expires_at,
        hit_token=hit.token,
    )


def _counts(session: Session, assignment_id: str) -> tuple[int, int]:
    by_state = dict(session.execute(TALLY, {"of": assignment_id}).all())
    return sum(by_state.values()), by_state.get("answered", 0)


def next_trial(session: Session, assignment_id: str, now: datetime) -> OpenTrial | None:
    """The next unanswered trial, opened by this call if it was not; None when all are answered."""
    row = _unanswered(session, assignment_id)
    if row is None:
        return None
    if row.opened_at is None:
        session.refresh(row, with_for_update=True)  # its worker may be leaving in another window
        if row.state == "reserved":
            row.state, row.opened_at = "open", now
    return _open_trial(session, row)


def asked_trial(session: Session, assignment_id: str) -> OpenTrial | None:
    """The trial that an answer can be for; None where its page was not opened yet, and when all are answered."""
    row = _unanswered(session, assignment_id)
    return None if row is None or row.opened_at is None else _open_trial(session, row)


def _unanswered(session: Session, assignment_id: str) -> TrialRow | None:
    met = session.execute(
        select(TrialRow, PairRow)
        .join(PairRow)
        .where(TrialRow.assignment_id == assignment_id, TrialRow.state != "answered")
        .order_by(TrialRow.position)
        .limit(1)
    ).one_or_none()
    return None if met is None else met[0]


def trial_after(session: Session, opened: OpenTrial) -> OpenTrial | None:
    """The trial that comes after an open one, which stays closed; None for the last."""
    coming = (
        select(TrialRow, PairRow)
        .join(PairRow)
        .where(
            TrialRow.assignment_id == opened.assignment_id,
            TrialRow.position > opened.position,
            TrialRow.state != "answered",
        )
    )
    met = session.execute(coming.order_by(TrialRow.position).limit(1)).one_or_none()
    return None if met is None else _open_trial(session, met[0])


def trial(session: Session, trial_id: str) -> OpenTrial | None:
    """A trial by its id, whatever its state."""
    met = session.execute(select(TrialRow, PairRow).join(PairRow).where(TrialRow.trial_id == trial_id)).one_or_none()
    return None if met is None else _open_trial(session, met[0])


def condition_of(session: Session, trial_id: str) -> tuple[str, str] | None:
    """Pair and condition behind a trial: for rehearsals, whose listeners must know what is true. Never for a page."""
    row = session.execute(
        select(PairRow.pair_id, PairRow.condition).join(TrialRow).where(TrialRow.trial_id == trial_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def _open_trial(session: Session, row: TrialRow) -> OpenTrial:
    pair = session.get_one(PairRow, row.pair_id)
    total, _ = _counts(session, row.assignment_id)
    original = (Path(pair.original_path), pair.original_length_s)
    noisy = (Path(pair.noisy_path), pair.noisy_length_s)
    first, second = (original, noisy) if row.order == "original-first" else (noisy, original)
    return OpenTrial(
        trial_id=row.trial_id,
        assignment_id=row.assignment_id,
        nonce=row.nonce,
        position=row.position,
        total=total,
        first_path=first[0],
        second_path=second[0],
        first_length_s=first[1],
        second_length_s=second[1],
        opened_at=row.opened_at,
        noisy_is="second" if row.order == "original-first" else "first",
        rate="both" if row.rate == "both" else "noisy-if-different",
    )


def answer(
    session: Session,
    assignment_id: str,
    trial_id: str,
    nonce: str,
    said: Said,
    listened: Listened,
    *,
    rules: Rules,
    now: datetime,
) -> None:
    """Keep what was said of a trial. The same answer again changes nothing.

    Raises:
        TrialClosed: no such trial in this assignment, never opened, released, or another nonce.
        NotHeard: the clips were not heard.
    """
    row = session.get(TrialRow, trial_id, with_for_update=True)
    if row is None or row.assignment_id != assignment_id or not hmac.compare_digest(row.nonce, nonce):
        raise TrialClosed("This answer belongs to another page. Please go on with the trial that is shown now.")
    if row.state == "answered":
        return
    if row.state == "released":
        raise TrialClosed("This task was left. Please open it from the platform's list once more.")
    if row.opened_at is None:
        raise TrialClosed("This trial was not opened yet. Please go on with the trial that is shown now.")
    seen = _open_trial(session, row)
    elapsed_s = (now - row.opened_at).total_seconds()
    require_heard(listened, (seen.first_length_s, seen.second_length_s), elapsed_s, rules.listening)
    _keep(session, row, said, listened, elapsed_s, rules=rules, now=now)


def _keep(
    session: Session,
    row: TrialRow,
    said: Said,
    listened: Listened,
    elapsed_s: float,
    *,
    rules: Rules,
    now: datetime,
) -> None:
    assignment = session.get_one(AssignmentRow, row.assignment_id)
    # A HIT that was given back and accepted again, or a check that stands in two HITs: no second vote.
    role = "repeat" if _judged_before(session, assignment.worker, row.pair_id) else row.role
    decided = _decided(session, row.pair_id, rules, now)  # for every role, so that none answers faster
    session.add(
        JudgmentRow(
            judgment_id=secrets.token_hex(10),
            trial_id=row.trial_id,
            pair_id=row.pair_id,
            worker=assignment.worker,
            assignment_id=row.assignment_id,
            role=role,
            order=row.order,
            activation=said.activation,
            valence=said.valence,
            activation_rating=said.activation_rating,
            valence_rating=said.valence_rating,
            original_activation_rating=said.original_activation_rating,
            original_valence_rating=said.original_valence_rating,
            scale=said.scale,
            listened_s=listened.total_s,
            elapsed_s=elapsed_s,
            submitted_at=now,
            late=role in ASKED_ROLES and decided,
        )
    )
    row.state, row.answered_at = "answered", now
    session.flush()
    _weigh(session, assignment.worker, row, said, rules.quality)
    total, answered = _counts(session, row.assignment_id)
    if answered == total and assignment.state == "accepted":
        assignment.state, assignment.finished_at = "finished", now


def _judged_before(session: Session, worker: str, pair_id: str) -> bool:
    told = select(JudgmentRow.judgment_id).where(JudgmentRow.worker == worker, JudgmentRow.pair_id == pair_id)
    return session.scalar(told.limit(1)) is not None


def _decided(session: Session, pair_id: str, rules: Rules, now: datetime) -> bool:
    """Whether a pair had all the votes it was to get before this one, or its condition is closed."""
    return is_closed(session, pair_id) or all(
        votes_wanted(found, rules.hits) == 0 for found in standings(session, now, [pair_id])
    )


def _weigh(session: Session, worker: str, trial: TrialRow, said: Said, rule: Quality) -> None:
    """Count a check. The other roles take the same statements, so that the time of an answer tells nothing."""
    row = session.get_one(WorkerRow, worker, with_for_update=True)
    condition = session.get_one(PairRow, trial.pair_id).condition
    is_check = trial.role == "check"
    answered = row.checks_answered + is_check
    passed = row.checks_passed + (is_check and check_passed(condition, said))
    before = Mark(row.trusted, row.distrusted_because)
    mark = weighed_by_checks(before, passed, answered, rule) if is_check else before
    session.execute(
        update(WorkerRow)
        .where(WorkerRow.worker == worker)
        .values(checks_answered=answered, checks_passed=passed, trusted=mark.trusted, distrusted_because=mark.because)
    )


def finish(session: Session, assignment_id: str, comment: str) -> Work:
    """Keep a worker's closing words; answers were kept one by one."""
    row = session.get_one(AssignmentRow, assignment_id)
    if comment and comment not in row.comment:  # a second one adds to the first, an empty one takes nothing away
        row.comment = f"{row.comment}\n{comment}".strip()[:2000]
    return as_work(session, row)
