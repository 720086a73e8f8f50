"""HITs with many places: one is planned, and grows for as long as votes are open."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.events import fact, keep_fact
from app.store.hits import plan_hits
from app.tables import HitRow
from hits.batch import Hits
from hits.judgment import Hit
from hits.pay import Pay


def plan_or_grow(session: Session, hits: Sequence[Hit], study: str, design: Hits, pay: Pay) -> int:
    """Write HITs down as places of the one that is out already; as HITs of their own where none is. The new HITs."""
    row = session.scalar(
        select(HitRow)
        .where(HitRow.policy == "adaptive", HitRow.state != "closed")
        .order_by(HitRow.hit_id.desc())
        .limit(1)
    )
    if row is None:
        return plan_hits(session, hits, study, design, pay)
    row.assignments_wanted += sum(hit.assignments_wanted for hit in hits)
    return 0


def places_due(session: Session) -> list[tuple[str, int]]:
    """The platform's ids of open HITs whose places it may not know of yet, and how many they are to be.

    The number is written down before the platform is asked, and what it has agreed to afterwards, so that nothing gets
    lost between the two.
    """
    rows = session.scalars(select(HitRow).where(HitRow.state == "open", HitRow.policy == "adaptive"))
    wanted = [(row.platform_hit_id, row.assignments_wanted) for row in rows if row.platform_hit_id]
    return [
        (hit_id, places) for hit_id, places in wanted if (fact(session, _name(hit_id)) or {}).get("places") != places
    ]


def keep_places(session: Session, platform_hit_id: str, places: int) -> None:
    """The platform has agreed to so many places."""
    keep_fact(session, _name(platform_hit_id), {"places": places})


def _name(platform_hit_id: str) -> str:
    return f"places of {platform_hit_id}"
