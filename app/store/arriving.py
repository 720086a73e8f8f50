"""A worker arrives: who it is, whether there is work, and which trials are reserved."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

import numpy as np
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.sealing import worker_key
from app.store.asked import closed_pairs, spare_pairs
from app.store.clock import now_of
from app.store.database import one_at_a_time
from app.store.events import PAUSED, fact
from app.store.hits import HitFacts, slots_of
from app.store.identities import sealing_of
from app.store.outlook import worth_asking
from app.store.share import clips_of, heard_clips, share_done, worn_out
from app.store.slot_votes import less_slots
from app.store.standing import HANDED_IN, standings
from app.store.steps import StepName, failed_any
from app.store.work import Rules, Work, work_of
from app.tables import AssignmentRow, HitRow, JudgmentRow, PaymentRow, TrialRow, WorkerRow
from hits.allocate import fill
from hits.batch import Hits, rate_of, with_repeats
from hits.judgment import ASKED_ROLES, Slot
from hits.pay import Pay
from hits.recruiting import Arrival

#: Returned assignments of a HIT that are still reserved here, beyond those that the platform can have given out.
RETURNS_TOLERATED = 2

RefusedWhy = Literal["unknown-hit", "not-invited", "screened-out", "nothing-open", "hit-taken", "paused"]


class WorkRefused(ValueError):
    """A worker can't begin: the sentence is for the worker to read, the reason for the page's next step."""

    def __init__(self, sentence: str, reason: RefusedWhy) -> None:
        super().__init__(sentence)
        self.reason: RefusedWhy = reason


def find_hit(session: Session, platform_hit_id: str, pay: Pay) -> HitFacts | None:
    """What a worker may know of a HIT; None where it is not ours or not open."""
    row = _open_hit(session, platform_hit_id)
    if row is None or fact(session, PAUSED) is not None:
        return None
    minutes = max(1, round(row.trials_per_hit * pay.expected_s_per_trial / 60))
    return HitFacts(row.hit_id, row.trials_per_hit, row.reward_minor, minutes)


def _open_hit(session: Session, platform_hit_id: str) -> HitRow | None:
    return session.scalar(
        select(HitRow).where(HitRow.platform_hit_id == platform_hit_id, HitRow.state.in_(("open", "sent")))
    )


def meets_pause(session: Session, arrival: Arrival, platform: str, secret_key: str, *, reports: bool) -> bool:
    """Whether a HIT could be begun but for a pause of its study; not for a worker who began it before."""
    if fact(session, PAUSED) is None or _open_hit(session, arrival.hit_id) is None:
        return False
    if arrival.worker_id is None:
        return True
    return _known(session, worker_key(platform, arrival.worker_id, secret_key), arrival, reports=reports) is None


def begin(
    session: Session,
    arrival: Arrival,
    *,
    rules: Rules,
    secret_key: str,
    rng: np.random.Generator,
    now: datetime,
    required: Mapping[StepName, timedelta | None] = MappingProxyType({}),
    reports: bool = True,
) -> Work:
    """Make or resume the record of an assignment, and reserve its trials.

    Where the platform does not report, nobody but us counts places, and a worker has one go at a HIT, under whichever
    assignment id.

    Raises:
        WorkRefused: unknown or closed HIT, a worker who is not invited on, did enough or failed a required step before,
            or nothing left to ask this worker.
    """
    assert arrival.assignment_id is not None  # a preview never gets here
    assert arrival.worker_id is not None
    key = worker_key(rules.hits.platform, arrival.worker_id, secret_key)
    one_at_a_time(session, f"worker {key}")  # who comes in two windows begins once
    known = _known(session, key, arrival, reports=reports)
    if known is not None:
        return work_of(session, known.assignment_id)
    hit = _let_in(session, key, arrival, rules, now, required, reports=reports)
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
    again = _repeatable(session, key) if rules.hits.repeats_per_hit else []
    if hit.policy == "fixed":
        slots = _fixed(session, key, hit, rules.hits, now)
        slots = with_repeats(slots, again, rules.hits, rng) if slots else []
    else:
        slots = _fill(session, key, rules, rng, now, again)
    if not slots:
        raise WorkRefused(
            "There is nothing left in this study that you have not heard already. Please return this task.",
            "nothing-open",
        )
    row.accepted_at = max(now, now_of(session))  # what was said until then has chosen its pairs
    _reserve(session, row, slots, rules.hits, rng)
    return work_of(session, row.assignment_id)


def _let_in(
    session: Session,
    key: str,
    arrival: Arrival,
    rules: Rules,
    now: datetime,
    required: Mapping[StepName, timedelta | None],
    *,
    reports: bool,
) -> HitRow:
    """The HIT that a worker may begin.

    Raises:
        WorkRefused: why not.
    """
    hit = _open_hit(session, arrival.hit_id)
    if hit is None:
        raise WorkRefused("This task is not open any more.", "unknown-hit")
    if fact(session, PAUSED) is not None:  # whoever began goes on
        raise WorkRefused("This study takes a break. Please come back later.", "paused")
    worker = _meet(session, key, arrival, rules, now)
    if not worker.trusted or share_done(session, key, rules.hits, now):
        raise WorkRefused(
            "You have already done your share of this study, and everything you did is paid. Thank you!", "not-invited"
        )
    if failed_any(session, key, required, now):
        raise WorkRefused("This study needs something else than what was found before. Thank you!", "screened-out")
    one_at_a_time(session, f"hit {hit.hit_id}")  # its places are counted
    _require_room(session, hit, arrival.assignment_id or "", now, reports=reports)
    return hit


def _known(session: Session, key: str, arrival: Arrival, *, reports: bool) -> AssignmentRow | None:
    """What a worker began before under this arrival's ids."""
    theirs = select(AssignmentRow).where(AssignmentRow.worker == key)
    if reports:
        return session.scalar(theirs.where(AssignmentRow.platform_assignment_id == arrival.assignment_id))
    theirs = theirs.join(HitRow, HitRow.hit_id == AssignmentRow.hit_id)
    return session.scalars(theirs.where(HitRow.platform_hit_id == arrival.hit_id)).first()


def _require_room(session: Session, hit: HitRow, platform_assignment_id: str, now: datetime, *, reports: bool) -> None:
    """Refuse more arrivals than a platform would send: the ids stand in a URL, which anybody can write.

    An assignment id that comes with another worker was returned by the one before. Whoever left takes up room until the
    platform has paid for it: made-up ids run up no debts.
    """
    owed = select(PaymentRow.key).where(
        PaymentRow.assignment_id == AssignmentRow.assignment_id, PaymentRow.state != "confirmed"
    )
    gone = AssignmentRow.state.in_(("withdrawn", "screened-out"))
    live = select(AssignmentRow).where(
        AssignmentRow.hit_id == hit.hit_id,
        AssignmentRow.expires_at > now,
        or_(AssignmentRow.state == "accepted", and_(gone, owed.exists())),
    )
    others = []
    for row in session.scalars(live):
        if row.platform_assignment_id == platform_assignment_id:
            row.expires_at = now
        else:
            others.append(row)
    if not reports and len(others) + _handed_in(session, hit) >= hit.assignments_wanted:
        raise WorkRefused("Everybody whom this study needs is here already. Thank you for coming!", "unknown-hit")
    if len(others) >= hit.assignments_wanted + RETURNS_TOLERATED:
        raise WorkRefused("This task is in other hands already. Please return it and take another.", "hit-taken")


def _handed_in(session: Session, hit: HitRow) -> int:
    done = select(func.count()).select_from(AssignmentRow).where(AssignmentRow.hit_id == hit.hit_id)
    return session.scalar(done.where(AssignmentRow.state.in_(("finished", *HANDED_IN)))) or 0


def _meet(session: Session, key: str, arrival: Arrival, rules: Rules, now: datetime) -> WorkerRow:
    worker = session.get(WorkerRow, key)
    if worker is None:
        worker = WorkerRow(
            worker=key,
            platform=rules.hits.platform,
            platform_worker_id=sealing_of(session).seal(arrival.worker_id or ""),
            simulated=arrival.simulated,
            checks_answered=0,
            checks_passed=0,
            trusted=True,
            first_seen_at=now,
        )
        session.add(worker)
        session.flush()
    return worker


def _fill(
    session: Session, key: str, rules: Rules, rng: np.random.Generator, now: datetime, again: list[str]
) -> list[Slot]:
    held = select(TrialRow.pair_id).join(AssignmentRow).where(AssignmentRow.worker == key)
    held = held.where(or_(TrialRow.state != "released", TrialRow.opened_at.is_not(None)))  # it may have been heard
    heard = heard_clips(session, key, now)
    closed, spare = closed_pairs(session), spare_pairs(session)
    met = frozenset(session.scalars(held)) | closed | worn_out(session, heard, rules.hits)
    # Two workers must not be handed the same vote. All that concerns this one alone was asked before: others wait now.
    one_at_a_time(session, "begin")
    if rules.hits.policy == "fixed":  # it replaces votes that fixed HITs did not bring
        found = less_slots(session, standings(session, now), now)
    else:
        found = worth_asking(session, met | spare, rules.hits, rng, now, closed | spare)
    return fill(found, met, rules.hits, rng, again, heard, spare)


def _fixed(session: Session, key: str, hit: HitRow, design: Hits, now: datetime) -> list[Slot]:
    """The slots of a HIT whose pairs were chosen before, without those of closed conditions.

    Empty where the worker would hear an utterance more often than the design allows, or nothing is asked any more.
    """
    one_at_a_time(session, "begin")  # an answer that is taken back was handed on to nobody
    closed = closed_pairs(session)
    slots = [slot for slot in slots_of(session, hit.hit_id) if slot.pair_id not in closed]
    asked = [slot.pair_id for slot in slots if slot.role in ASKED_ROLES]
    if design.max_per_clip is not None:
        times = Counter(heard_clips(session, key, now))
        times.update(clips_of(session, asked).values())
        if max(times.values(), default=0) > design.max_per_clip:
            return []
    return [] if closed and not asked else slots


def _repeatable(session: Session, key: str) -> list[str]:
    """Pairs that a worker has judged once, in an assignment before, and was never handed as a repeat."""
    handed = select(TrialRow.pair_id).join(AssignmentRow)
    handed = handed.where(AssignmentRow.worker == key, TrialRow.role == "repeat")
    told = select(JudgmentRow.pair_id).where(JudgmentRow.worker == key, JudgmentRow.pair_id.not_in(handed))
    told = told.group_by(JudgmentRow.pair_id).having(func.count() == 1, func.max(JudgmentRow.role).in_(ASKED_ROLES))
    return list(session.scalars(told.order_by(JudgmentRow.pair_id)))


def _reserve(session: Session, row: AssignmentRow, slots: list[Slot], design: Hits, rng: np.random.Generator) -> None:
    session.add_all(
        TrialRow(
            trial_id=secrets.token_urlsafe(12),
            assignment_id=row.assignment_id,
            position=position,
            pair_id=slot.pair_id,
            role=slot.role,
            order=slot.order,
            rate=rate_of(design, rng),
            state="reserved",
            nonce=secrets.token_urlsafe(12),
        )
        for position, slot in enumerate(slots, start=1)
    )
    session.flush()
