"""Votes that HITs of the policy `fixed` still bring: each of their places that is free is a vote for each slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.store.hits import LEFT
from app.store.standing import SETTLING
from app.tables import AssignmentRow, HitRow, SlotRow
from hits.allocate import Standing


def slot_votes(session: Session, now: datetime) -> dict[str, int]:
    """By pair, the votes that will come from free places of HITs that are planned or out.

    A place is taken by whoever is at work on it, may have handed it in, or did. A platform offers a place again once
    it was returned or its time is over; one whose work is not used, it does not.
    """
    free = _free_places(session, now)
    votes: dict[str, int] = {}
    slots = select(SlotRow.hit_id, SlotRow.pair_id).where(SlotRow.hit_id.in_(free), SlotRow.role != "check")
    for hit_id, pair_id in session.execute(slots):
        votes[pair_id] = votes.get(pair_id, 0) + free[hit_id]
    return votes


def _free_places(session: Session, now: datetime) -> dict[str, int]:
    """The free places of every fixed HIT that has any."""
    taken = select(AssignmentRow.hit_id, func.count()).where(
        AssignmentRow.state.not_in(LEFT),
        or_(AssignmentRow.state.in_(("submitted", "approved", "rejected")), AssignmentRow.expires_at > now - SETTLING),
    )
    by_hit = dict(session.execute(taken.group_by(AssignmentRow.hit_id)).all())
    out = select(HitRow.hit_id, HitRow.assignments_wanted).where(HitRow.policy == "fixed", HitRow.state != "closed")
    free = {hit_id: wanted - by_hit.get(hit_id, 0) for hit_id, wanted in session.execute(out)}
    return {hit_id: places for hit_id, places in free.items() if places > 0}


def less_slots(session: Session, found: Sequence[Standing], now: datetime) -> list[Standing]:
    """Where pairs stand, with the votes that fixed HITs will bring counted as on their way."""
    coming = slot_votes(session, now)
    return [replace(one, reserved=one.reserved + coming.get(one.pair_id, 0)) for one in found]
