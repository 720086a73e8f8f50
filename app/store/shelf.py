"""Which HITs should leave the shelf: all once the study is shut, else those that ask about nothing that is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.store.asked import closed_pairs
from app.store.hits import LEFT, published_ids
from app.store.missing import votes_still_open
from app.tables import AssignmentRow, HitRow, SlotRow
from hits.batch import Hits, open_hits_needed
from hits.judgment import ASKED_ROLES


def to_take_down(session: Session, design: Hits, now: datetime, *, shut: bool) -> list[str]:
    """The platform's ids of open HITs that should let nobody in; planned ones that ask about nothing are closed.

    Args:
        session: a writing session.
        design: the study's design.
        now: the moment of asking.
        shut: the study was closed, or its last day is over.
    """
    if shut:
        return published_ids(session, open_only=True)
    closed = closed_pairs(session)
    if not closed:
        return []
    rows = session.scalars(select(HitRow).where(HitRow.state.in_(("planned", "open"))).order_by(HitRow.hit_id)).all()
    idle = [*_asking_nothing(session, rows, closed), *_surplus(session, rows, design, now)]
    for row in idle:
        row.state = "closed" if row.state == "planned" else row.state
    return [row.platform_hit_id for row in idle if row.state == "open" and row.platform_hit_id]


def _asking_nothing(session: Session, rows: Sequence[HitRow], closed: frozenset[str]) -> list[HitRow]:
    asked: dict[str, list[str]] = {}
    slots = select(SlotRow.hit_id, SlotRow.pair_id).where(SlotRow.role.in_(ASKED_ROLES))
    for hit_id, pair_id in session.execute(slots):
        asked.setdefault(hit_id, []).append(pair_id)
    return [row for row in rows if row.policy == "fixed" and closed.issuperset(asked.get(row.hit_id, []))]


def _surplus(session: Session, rows: Sequence[HitRow], design: Hits, now: datetime) -> list[HitRow]:
    """HITs of one place in nobody's hands, beyond those that the votes which are still open need."""
    busy = or_(AssignmentRow.state != "accepted", AssignmentRow.expires_at > now)
    taken = set(session.scalars(select(AssignmentRow.hit_id).where(AssignmentRow.state.not_in(LEFT), busy)))
    free = [row for row in rows if row.policy == "adaptive" and row.assignments_wanted == 1 and row.hit_id not in taken]
    free.sort(key=lambda row: row.state != "open")  # those that are out stay out, if any do
    return free[open_hits_needed(votes_still_open(session, design, now), 0, design) :]
