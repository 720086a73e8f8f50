"""A worker's way through a HIT: arrive, open a trial, answer it, finish."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.database import one_at_a_time
from app.store.hits import HitFacts, slots_of
from app.store.standing import standings
from app.tables import AssignmentRow, HitRow, JudgmentRow, PairRow, TrialRow, WorkerRow
from hits.allocate import fill, votes_wanted
from hits.batch import Hits
from hits.judgment import Said, Slot
from hits.listening import Listened, Listening, require_heard
from hits.pay import Pay
from hits.platforms.base import Arrival
from hits.quality import Quality, check_passed, is_trusted

#: Returned assignments of a HIT that are still reserved here, beyond those that the platform can have given out.
RETURNS_TOLERATED = 2

RefusedWhy = Literal["unknown-hit", "not-invited", "nothing-open", "hit-taken"]


class WorkRefused(ValueError):
    """A worker can't begin: the sentence is for the worker to read, the reason for the page's next step."""

    def __init__(self, sentence: str, reason: RefusedWhy) -> None:
        super().__init__(sentence)
        self.reason: RefusedWhy = reason


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


def worker_key(platform: str, platform_worker_id: str, secret_key: str) -> str:
    """The keyed hash that stands for a worker everywhere but in one table."""
    message = f"{platform}/{platform_worker_id}".encode()
    return "w" + hmac.new(secret_key.encode(), message, hashlib.sha256).hexdigest()[:15]


def find_hit(session: Session, platform_hit_id: str, pay: Pay) -> HitFacts | None:
    """What a worker may know of a HIT; None where it is not ours or not open."""
    row = _open_hit(session, platform_hit_id)
    if row is None:
        return None
    minutes = max(1, round(row.trials_per_hit * pay.expected_s_per_trial / 60))
    return HitFacts(row.hit_id, row.trials_per_hit, row.reward_minor, minutes)


def _open_hit(session: Session, platform_hit_id: str) -> HitRow | None:
    return session.scalar(
        select(HitRow).where(HitRow.platform_hit_id == platform_hit_id, HitRow.state.in_(("open", "sent")))
    )


def begin(
    session: Session,
    arrival: Arrival,
    *,
    rules: Rules,
    secret_key: str,
    rng: np.random.Generator,
    now: datetime,
) -> Work:
    """Make or resume the record of an assignment, and reserve its trials.

    Raises:
        WorkRefused: unknown or closed HIT, a worker who is not invited on, or nothing left to ask this worker.
    """
    assert arrival.assignment_id is not None  # a preview never gets here
    assert arrival.worker_id is not None
    one_at_a_time(session, "begin")  # two workers must not be handed the same vote
    key = worker_key(rules.hits.platform, arrival.worker_id, secret_key)
    known = session.scalar(
        select(AssignmentRow).where(
            AssignmentRow.platform_assignment_id == arrival.assignment_id, AssignmentRow.worker == key
        )
    )
    if known is not None:
        return _work(session, known)
    hit = _open_hit(session, arrival.hit_id)
    if hit is None:
        raise WorkRefused("This task is not open any more.", "unknown-hit")
    worker = _meet(session, key, arrival, rules, now)
    if not worker.trusted:
        raise WorkRefused(
            "You have already done your share of this study, and everything you did is paid. Thank you!", "not-invited"
        )
    _require_room(session, hit, arrival.assignment_id, now)
    slots = slots_of(session, hit.hit_id) if hit.policy == "fixed" else _fill(session, key, rules, rng, now)
    if not slots:
        raise WorkRefused(
            "There is nothing left in this study that you have not heard already. Please return this task.",
            "nothing-open",
        )
    row = AssignmentRow(
        assignment_id=secrets.token_hex(12),
        hit_id=hit.hit_id,
        worker=key,
        platform_assignment_id=arrival.assignment_id,
        submit_to=arrival.submit_to,
        state="accepted",
        accepted_at=now,
        expires_at=now + timedelta(seconds=rules.hits.assignment_duration_s),
    )
    session.add(row)
    session.flush()
    _reserve(session, row, slots)
    return _work(session, row)


def _require_room(session: Session, hit: HitRow, platform_assignment_id: str, now: datetime) -> None:
    """Refuse more arrivals than a platform would send: the ids stand in a URL, which anybody can write.

    An assignment id that comes with another worker was returned by the one before.
    """
    live = select(AssignmentRow).where(
        AssignmentRow.hit_id == hit.hit_id, AssignmentRow.state == "accepted", AssignmentRow.expires_at > now
    )
    others = []
    for row in session.scalars(live):
        if row.platform_assignment_id == platform_assignment_id:
            row.expires_at = now
        else:
            others.append(row)
    if len(others) >= hit.assignments_wanted + RETURNS_TOLERATED:
        raise WorkRefused("This task is in other hands already. Please return it and take another.", "hit-taken")


def _meet(session: Session, key: str, arrival: Arrival, rules: Rules, now: datetime) -> WorkerRow:
    worker = session.get(WorkerRow, key)
    if worker is None:
        worker = WorkerRow(
            worker=key,
            platform=rules.hits.platform,
            platform_worker_id=arrival.worker_id or "",
            simulated=arrival.simulated,
            checks_answered=0,
            checks_passed=0,
            trusted=True,
            first_seen_at=now,
        )
        session.add(worker)
        session.flush()
    return worker


def _fill(session: Session, key: str, rules: Rules, rng: np.random.Generator, now: datetime) -> list[Slot]:
    held = select(TrialRow.pair_id).join(AssignmentRow).where(AssignmentRow.worker == key)
    return fill(standings(session, now), frozenset(session.scalars(held)), rules.hits, rng)


def _reserve(session: Session, row: AssignmentRow, slots: list[Slot]) -> None:
    session.add_all(
        TrialRow(
            trial_id=secrets.token_urlsafe(12),
            assignment_id=row.assignment_id,
            position=position,
            pair_id=slot.pair_id,
            role=slot.role,
            order=slot.order,
            state="reserved",
            nonce=secrets.token_urlsafe(12),
        )
        for position, slot in enumerate(slots, start=1)
    )
    session.flush()


def work(session: Session, assignment_id: str) -> Work | None:
    """An assignment by our own id."""
    row = session.get(AssignmentRow, assignment_id)
    return None if row is None else _work(session, row)


def _work(session: Session, row: AssignmentRow) -> Work:
    hit = session.get_one(HitRow, row.hit_id)
    worker = session.get_one(WorkerRow, row.worker)
    total, answered = _counts(session, row.assignment_id)
    return Work(
        assignment_id=row.assignment_id,
        hit_id=row.hit_id,
        worker=row.worker,
        state="expired" if row.state == "accepted" and row.expires_at < datetime.now(UTC) else row.state,
        trials=total,
        answered=answered,
        reward_minor=hit.reward_minor,
        simulated=worker.simulated,
        platform_assignment_id=row.platform_assignment_id,
        platform_worker_id=worker.platform_worker_id,
        platform_hit_id=hit.platform_hit_id or "",
        submit_to=row.submit_to,
    )


def _counts(session: Session, assignment_id: str) -> tuple[int, int]:
    tally = select(TrialRow.state, func.count()).where(TrialRow.assignment_id == assignment_id)
    by_state = dict(session.execute(tally.group_by(TrialRow.state)).all())
    return sum(by_state.values()), by_state.get("answered", 0)


def next_trial(session: Session, assignment_id: str, now: datetime) -> OpenTrial | None:
    """The next unanswered trial, opened by this call if it was not; None when all are answered."""
    row = session.scalar(
        select(TrialRow)
        .where(TrialRow.assignment_id == assignment_id, TrialRow.state != "answered")
        .order_by(TrialRow.position)
        .limit(1)
    )
    if row is None:
        return None
    if row.opened_at is None:
        row.state, row.opened_at = "open", now
    return _open_trial(session, row)


def trial(session: Session, trial_id: str) -> OpenTrial | None:
    """A trial by its id, whatever its state."""
    row = session.get(TrialRow, trial_id)
    return None if row is None else _open_trial(session, row)


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
        TrialClosed: no such trial in this assignment, never opened, or another nonce.
        NotHeard: the clips were not heard.
    """
    row = session.get(TrialRow, trial_id, with_for_update=True)
    if row is None or row.assignment_id != assignment_id or not hmac.compare_digest(row.nonce, nonce):
        raise TrialClosed("This answer belongs to another page. Please go on with the trial that is shown now.")
    if row.state == "answered":
        return
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
    late = role not in ("check", "repeat") and _decided(session, row.pair_id, rules, now)
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
            listened_s=listened.total_s,
            elapsed_s=elapsed_s,
            submitted_at=now,
            late=late,
        )
    )
    row.state, row.answered_at = "answered", now
    session.flush()
    if row.role == "check":
        _weigh_check(session, assignment.worker, row.pair_id, said, rules.quality)
    total, answered = _counts(session, row.assignment_id)
    if answered == total and assignment.state == "accepted":
        assignment.state, assignment.finished_at = "finished", now


def _judged_before(session: Session, worker: str, pair_id: str) -> bool:
    told = select(JudgmentRow.judgment_id).where(JudgmentRow.worker == worker, JudgmentRow.pair_id == pair_id)
    return session.scalar(told.limit(1)) is not None


def _decided(session: Session, pair_id: str, rules: Rules, now: datetime) -> bool:
    """Whether a pair had all the votes it was to get before this one."""
    return all(votes_wanted(found, rules.hits) == 0 for found in standings(session, now, pair_id=pair_id))


def _weigh_check(session: Session, worker: str, pair_id: str, said: Said, rule: Quality) -> None:
    row = session.get_one(WorkerRow, worker, with_for_update=True)
    condition = session.get_one(PairRow, pair_id).condition
    row.checks_answered += 1
    row.checks_passed += check_passed(condition, said)
    row.trusted = is_trusted(row.checks_passed, row.checks_answered, rule)


def finish(session: Session, assignment_id: str, comment: str) -> Work:
    """Keep a worker's closing words; answers were kept one by one."""
    row = session.get_one(AssignmentRow, assignment_id)
    row.comment = comment[:2000]
    return _work(session, row)


def earned_so_far_minor(answered: int, trials: int, reward_minor: int) -> int:
    """What a worker has earned by now, of the reward of the HIT.

    >>> earned_so_far_minor(5, 10, 63)
    31
    """
    return reward_minor * answered // max(1, trials)
