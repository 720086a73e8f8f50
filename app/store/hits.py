"""HITs: planned, sent, open, closed; and the assignments that platforms report."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from app.store.clock import now_of
from app.store.events import fact, keep_fact
from app.store.identities import sealing_of
from app.tables import AssignmentRow, HitRow, SlotRow, WorkerRow
from hits.batch import Hits
from hits.judgment import Hit, Policy, Slot
from hits.pay import Pay, reward_minor
from hits.recruiting import PlatformAssignment

#: How long after its time an assignment may still turn out to have been handed in.
LONGEST_HAND_IN = timedelta(days=1)

#: Assignments that nobody is at work on any more, and that were not handed in as far as is known.
LEFT = ("withdrawn", "screened-out", "returned", "expired")


@dataclass(frozen=True)
class HitFacts:
    """What a worker may know of a HIT before accepting it."""

    hit_id: str
    trials: int
    reward_minor: int
    minutes: int


def plan_hits(session: Session, hits: Iterable[Hit], study: str, design: Hits, pay: Pay) -> int:
    """Write HITs down before any platform hears of them; the number written.

    Tokens name the study and its database: a second study of that name is not given the HITs of the first.
    """
    mark = _mark(session)
    count = 0
    for hit in hits:
        session.add(
            HitRow(
                hit_id=hit.hit_id,
                platform=design.platform,
                token=f"{study[:40]}-{mark}-{hit.hit_id}",
                policy=hit.policy,
                state="planned",
                trials_per_hit=hit.trials_per_hit,
                assignments_wanted=hit.assignments_wanted,
                reward_minor=reward_minor(hit.trials_per_hit, pay),
                created_at=now_of(session),
            )
        )
        session.flush()  # slots point at it
        session.add_all(
            SlotRow(hit_id=hit.hit_id, position=position, pair_id=slot.pair_id, role=slot.role, order=slot.order)
            for position, slot in enumerate(hit.slots)
        )
        count += 1
    return count


def _mark(session: Session) -> str:
    """Eight digits that no other study's database has, drawn once."""
    kept = fact(session, "mark") or {"hex": secrets.token_hex(4)}
    keep_fact(session, "mark", kept)
    return str(kept["hex"])


def unsent_hits(session: Session) -> list[tuple[Hit, str]]:
    """HITs that may not be out yet, with their tokens: planned, or sent and never answered (the token settles it)."""
    rows = session.scalars(select(HitRow).where(HitRow.state.in_(("planned", "sent"))).order_by(HitRow.hit_id))
    return [(_hit(session, row), row.token) for row in rows]


def is_sent(session: Session, hit_id: str) -> bool:
    """Whether a HIT may be out though nobody saw that it is."""
    return session.get_one(HitRow, hit_id).state == "sent"


def _hit(session: Session, row: HitRow) -> Hit:
    policy: Policy = "fixed" if row.policy == "fixed" else "adaptive"
    return Hit(row.hit_id, policy, row.trials_per_hit, row.assignments_wanted, tuple(slots_of(session, row.hit_id)))


def slots_of(session: Session, hit_id: str) -> list[Slot]:
    """The slots of a fixed HIT in their order; empty for an adaptive one."""
    rows = session.scalars(select(SlotRow).where(SlotRow.hit_id == hit_id).order_by(SlotRow.position))
    return [Slot(row.pair_id, row.role, row.order) for row in rows]  # type: ignore[arg-type]


def mark_sent(session: Session, hit_ids: Sequence[str]) -> None:
    """These HITs are about to be published."""
    session.execute(update(HitRow).where(HitRow.hit_id.in_(hit_ids), HitRow.state == "planned").values(state="sent"))


def mark_open(session: Session, hit_id: str, platform_hit_id: str, lifetime_s: int) -> None:
    """The platform has the HIT."""
    now = now_of(session)
    session.execute(
        update(HitRow)
        .where(HitRow.hit_id == hit_id)
        .values(
            state="open",
            platform_hit_id=platform_hit_id,
            opened_at=now,
            closes_at=now + timedelta(seconds=lifetime_s),
        )
    )


def mark_closed(session: Session, platform_hit_id: str) -> None:
    """The HIT is off the shelf."""
    session.execute(update(HitRow).where(HitRow.platform_hit_id == platform_hit_id).values(state="closed"))


def close_run_out(session: Session, before: datetime) -> int:
    """Close the open HITs whose time on the shelf was over by then; how many they were."""
    closed = session.execute(
        update(HitRow).where(HitRow.state == "open", HitRow.closes_at < before).values(state="closed")
    )
    return closed.rowcount  # type: ignore[attr-defined, no-any-return]


def published_ids(session: Session, *, open_only: bool = False) -> list[str]:
    """The platform's ids of the HITs that are, or ever were, out."""
    query = select(HitRow.platform_hit_id).where(HitRow.platform_hit_id.is_not(None)).order_by(HitRow.hit_id)
    if open_only:
        query = query.where(HitRow.state == "open")
    return [hit_id for hit_id in session.scalars(query) if hit_id]


def unsettled_ids(session: Session) -> list[str]:
    """The platform's ids of HITs with assignments that may have been handed in since the last look.

    A HIT can be left alone once everything of it is approved or rejected, or its time is long over. Whoever left has
    the task for as long as it lasts, and may hand it in all the same.
    """
    waiting = (
        select(AssignmentRow.hit_id)
        .where(
            or_(
                AssignmentRow.state.in_(("accepted", "finished", "submitted")),
                and_(AssignmentRow.state.in_(LEFT), AssignmentRow.expires_at > now_of(session) - LONGEST_HAND_IN),
            )
        )
        .scalar_subquery()
    )
    query = (
        select(HitRow.platform_hit_id)
        .where(HitRow.platform_hit_id.is_not(None), HitRow.hit_id.in_(waiting))
        .order_by(HitRow.hit_id)
    )
    return [hit_id for hit_id in session.scalars(query) if hit_id]


def token_of(session: Session, platform_hit_id: str) -> str:
    """The token of a HIT by the platform's id."""
    return session.scalars(select(HitRow.token).where(HitRow.platform_hit_id == platform_hit_id)).one()


def run_out_ids(session: Session, before: datetime) -> list[str]:
    """The platform's ids of the open HITs whose time on the shelf was over by then."""
    query = select(HitRow.platform_hit_id).where(HitRow.state == "open", HitRow.closes_at < before)
    return [hit_id for hit_id in session.scalars(query.order_by(HitRow.hit_id)) if hit_id]


def platform_hit_of(session: Session, platform_assignment_id: str) -> str:
    """The platform's id of the HIT that an assignment belongs to."""
    query = select(HitRow.platform_hit_id).join(AssignmentRow, AssignmentRow.hit_id == HitRow.hit_id)
    return session.scalars(query.where(AssignmentRow.platform_assignment_id == platform_assignment_id)).first() or ""


def count_hits(session: Session) -> int:
    """How many HITs were ever planned."""
    return session.scalar(select(func.count()).select_from(HitRow)) or 0


def find_assignment(session: Session, seen: PlatformAssignment) -> AssignmentRow | None:
    """Our record of an assignment that the platform speaks of; None where we never met it."""
    sealing = sealing_of(session)
    begun = (
        select(AssignmentRow, WorkerRow.platform)
        .join(WorkerRow, WorkerRow.worker == AssignmentRow.worker)
        .where(AssignmentRow.platform_assignment_id == seen.assignment_id)
    )
    theirs = (  # somebody else may have come under that id
        row for row, platform in session.execute(begun) if sealing.worker_key(platform, seen.worker_id) == row.worker
    )
    return next(theirs, None)


def record_submission(session: Session, seen: PlatformAssignment, *, stays_open: bool = False) -> AssignmentRow | None:
    """Take over what the platform says of an assignment; None where we never met it.

    Args:
        session: the database.
        seen: as the platform has it.
        stays_open: the HIT is not closed once all of its places are taken: it may grow.
    """
    row = find_assignment(session, seen)
    if row is None:
        return None
    if row.state in ("accepted", "finished", "withdrawn", "expired"):  # the platform alone knows
        row.state = "submitted"
    row.submitted_at = row.submitted_at or seen.submitted_at
    session.flush()
    if not stays_open:
        _close_when_full(session, row.hit_id)
    return row


def _close_when_full(session: Session, hit_id: str) -> None:
    """A HIT whose assignments are all handed in is off the shelf by itself."""
    hit = session.get_one(HitRow, hit_id)
    handed_in = session.scalar(
        select(func.count())
        .select_from(AssignmentRow)
        .where(AssignmentRow.hit_id == hit_id, AssignmentRow.state.in_(("submitted", "approved", "rejected")))
    )
    if hit.state == "open" and (handed_in or 0) >= hit.assignments_wanted:
        hit.state = "closed"
