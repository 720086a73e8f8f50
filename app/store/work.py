"""A worker's way through a HIT that was begun: open a trial, answer it, finish."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.store.asked import is_closed
from app.store.clock import now_of
from app.store.standing import standings
from app.tables import AssignmentRow, HitRow, JudgmentRow, PairRow, TrialRow, WorkerRow
from hits.allocate import votes_wanted
from hits.batch import Hits
from hits.judgment import ASKED_ROLES, Said
from hits.listening import Listened, Listening, require_heard
from hits.pay import Pay
from hits.quality import Mark, Quality, check_passed, weighed_by_checks


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
    platform_hit_id: str
    submit_to: str | None
    expires_at: datetime
    hit_token: str


#: Asked for each page, so one statement, which is put together once.
_trials = select(func.count()).where(TrialRow.assignment_id == AssignmentRow.assignment_id)
_WORK = (
    select(
        AssignmentRow.assignment_id,
        AssignmentRow.hit_id,
        AssignmentRow.worker,
        AssignmentRow.state,
        AssignmentRow.platform_assignment_id,
        AssignmentRow.submit_to,
        AssignmentRow.expires_at,
        HitRow.reward_minor,
        HitRow.platform_hit_id,
        HitRow.token,
        WorkerRow.simulated,
        _trials.scalar_subquery().label("trials"),
        _trials.where(TrialRow.state == "answered").scalar_subquery().label("answered"),
    )
    .join(HitRow, HitRow.hit_id == AssignmentRow.hit_id)
    .join(WorkerRow, WorkerRow.worker == AssignmentRow.worker)
    .where(AssignmentRow.assignment_id == bindparam("assignment_id"))
)


def work(session: Session, assignment_id: str) -> Work | None:
    """An assignment by our own id; `expired` where its time is over and it was not finished."""
    row = session.execute(_WORK, {"assignment_id": assignment_id}).one_or_none()
    if row is None:
        return None
    return Work(
        assignment_id=row.assignment_id,
        hit_id=row.hit_id,
        worker=row.worker,
        state="expired" if row.state == "accepted" and row.expires_at < now_of(session) else row.state,
        trials=row.trials,
        answered=row.answered,
        reward_minor=row.reward_minor,
        simulated=row.simulated,
        platform_assignment_id=row.platform_assignment_id,
        platform_hit_id=row.platform_hit_id or "",
        submit_to=row.submit_to,
        expires_at=row.expires_at,
        hit_token=row.token,
    )


def work_of(session: Session, assignment_id: str) -> Work:
    """An assignment that is there."""
    found = work(session, assignment_id)
    assert found is not None
    return found


#: A trial that nobody else changes meanwhile.
_ANSWERED = (
    select(TrialRow, PairRow, AssignmentRow)
    .join(PairRow, PairRow.pair_id == TrialRow.pair_id)
    .join(AssignmentRow, AssignmentRow.assignment_id == TrialRow.assignment_id)
    .where(TrialRow.trial_id == bindparam("trial_id"))
    .with_for_update(of=TrialRow)
    .execution_options(populate_existing=True)
)
#: What is known of a worker by checks; nobody else changes it meanwhile.
_MARK = (
    select(WorkerRow.checks_answered, WorkerRow.checks_passed, WorkerRow.trusted, WorkerRow.distrusted_because)
    .where(WorkerRow.worker == bindparam("of"))
    .with_for_update(key_share=True)  # who begins a HIT meanwhile names the worker, and changes nothing
)
_BEFORE = (
    select(JudgmentRow.judgment_id)
    .where(JudgmentRow.worker == bindparam("worker"), JudgmentRow.pair_id == bindparam("pair_id"))
    .limit(1)
)
_LEFT = (
    select(TrialRow.trial_id)
    .where(TrialRow.assignment_id == bindparam("assignment_id"), TrialRow.state != "answered")
    .limit(1)
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
    met = session.execute(_ANSWERED, {"trial_id": trial_id}).one_or_none()
    if met is None or met[0].assignment_id != assignment_id or not hmac.compare_digest(met[0].nonce, nonce):
        raise TrialClosed("This answer belongs to another page. Please go on with the trial that is shown now.")
    row, pair, assignment = met
    if row.state == "answered":
        return
    if row.state == "released":
        raise TrialClosed("This task was left. Please open it from the platform's list once more.")
    if row.opened_at is None:
        raise TrialClosed("This trial was not opened yet. Please go on with the trial that is shown now.")
    elapsed_s = (now - row.opened_at).total_seconds()
    lengths_s = (pair.original_length_s, pair.noisy_length_s)
    first_s, second_s = lengths_s if row.order == "original-first" else lengths_s[::-1]
    require_heard(listened, (first_s, second_s), elapsed_s, rules.listening)
    mark = session.execute(_MARK, {"of": assignment.worker}).one()  # one answer of a worker after the other
    # A HIT that was given back and accepted again, or a check that stands in two HITs: no second vote.
    before = session.scalar(_BEFORE, {"worker": assignment.worker, "pair_id": row.pair_id})
    role = row.role if before is None else "repeat"
    decided = _decided(session, row.pair_id, rules, now)  # for every role, so that none answers faster
    late = role in ASKED_ROLES and decided
    session.add(_judgment(row, assignment.worker, role, said, listened, elapsed_s, now, late=late))
    row.state, row.answered_at = "answered", now
    session.flush()
    _weigh(session, assignment.worker, mark, row.role == "check", pair.condition, said, rules.quality)
    if session.scalar(_LEFT, {"assignment_id": assignment_id}) is None and assignment.state == "accepted":
        assignment.state, assignment.finished_at = "finished", now


def _judgment(
    row: TrialRow,
    worker: str,
    role: str,
    said: Said,
    listened: Listened,
    elapsed_s: float,
    now: datetime,
    *,
    late: bool,
) -> JudgmentRow:
    return JudgmentRow(
        judgment_id=secrets.token_hex(10),
        trial_id=row.trial_id,
        pair_id=row.pair_id,
        worker=worker,
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
        late=late,
    )


def _decided(session: Session, pair_id: str, rules: Rules, now: datetime) -> bool:
    """Whether a pair had all the votes it was to get before this one, or its condition is closed."""
    return is_closed(session, pair_id) or all(
        votes_wanted(found, rules.hits) == 0 for found in standings(session, now, [pair_id])
    )


_REMARK = (
    update(WorkerRow)
    .where(WorkerRow.worker == bindparam("of"))
    .values({name: bindparam(name) for name in ("checks_answered", "checks_passed", "trusted", "distrusted_because")})
    .execution_options(synchronize_session=False)
)


def _weigh(
    session: Session,
    worker: str,
    row: Row[*tuple[Any, ...]],
    is_check: bool,
    condition: str,
    said: Said,
    rule: Quality,
) -> None:
    """Count a check. The other roles take the same statements, so that the time of an answer tells nothing."""
    answered = row.checks_answered + is_check
    passed = row.checks_passed + (is_check and check_passed(condition, said))
    before = Mark(row.trusted, row.distrusted_because)
    mark = weighed_by_checks(before, passed, answered, rule) if is_check else before
    session.execute(
        _REMARK,
        {
            "of": worker,
            "checks_answered": answered,
            "checks_passed": passed,
            "trusted": mark.trusted,
            "distrusted_because": mark.because,
        },
    )


def finish(session: Session, assignment_id: str, comment: str) -> Work:
    """Keep a worker's closing words; answers were kept one by one."""
    row = session.get_one(AssignmentRow, assignment_id)
    if comment and comment not in row.comment:  # a second one adds to the first, an empty one takes nothing away
        row.comment = f"{row.comment}\n{comment}".strip()[:2000]
    session.flush()
    return work_of(session, assignment_id)
