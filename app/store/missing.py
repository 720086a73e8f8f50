"""Which votes a study still misses, how many will come from HITs that are out, and so whether it is over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.asked import asked_so_far, closed_pairs, spare_pairs
from app.store.hits import LEFT
from app.store.slot_votes import less_slots
from app.store.standing import standings
from app.tables import AssignmentRow, HitRow
from hits.allocate import Standing, votes_free, votes_wanted
from hits.batch import Hits
from hits.judgment import ASKED_ROLES


def is_decided(standing: Standing, hits: Hits) -> bool:
    """Whether a pair has the votes it was to get."""
    return votes_wanted(standing, hits) == 0


def votes_still_open(session: Session, hits: Hits, now: datetime) -> int:
    """Judgments that HITs which are filled on arrival should still collect, reserved ones left out.

    Under `fixed` these replace what was not used, or not handed in while a HIT was on the shelf.
    """
    return sum(votes_free(standing, hits) for standing in less_slots(session, _still_asked(session, now), now))


def votes_still_missing(session: Session, hits: Hits, now: datetime) -> int:
    """Judgments that pairs still miss, whether or not somebody is at work on them."""
    return sum(votes_wanted(standing, hits) for standing in _still_asked(session, now))


def is_complete(session: Session, hits: Hits, now: datetime) -> bool:
    """Whether no pair misses a judgment, and no more pairs will be asked about."""
    found = asked_so_far(session)
    return (found is None or found.finished) and not votes_still_missing(session, hits, now)


def _still_asked(session: Session, now: datetime) -> list[Standing]:
    """Where every pair stands that is asked about so far."""
    unasked = closed_pairs(session) | spare_pairs(session)
    return [one for one in standings(session, now) if one.role in ASKED_ROLES and one.pair_id not in unasked]


def trials_out(session: Session, hits: Hits, now: datetime) -> int:
    """Trials, checks not counted, in adaptive HITs that are planned or out and in nobody's hands."""
    taken = (
        select(func.count())
        .select_from(AssignmentRow)
        .where(
            AssignmentRow.hit_id == HitRow.hit_id,
            AssignmentRow.state.not_in(LEFT),
            (AssignmentRow.state != "accepted") | (AssignmentRow.expires_at > now),
        )
        .correlate(HitRow)
        .scalar_subquery()
    )
    places = select(HitRow.assignments_wanted, taken).where(HitRow.policy == "adaptive", HitRow.state != "closed")
    left = sum(max(0, int(wanted) - int(begun)) for wanted, begun in session.execute(places))
    return left * hits.asked_per_hit
