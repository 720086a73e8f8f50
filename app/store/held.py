"""HITs that are held back on their platform while a study is paused; their time on the shelf stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.store.events import drop_fact, keep_fact
from app.store.hits import published_ids
from app.tables import FactRow, HitRow

NAME = "held "  # the fact that a HIT is held back, with the platform's id of it behind


@dataclass(frozen=True)
class Held:
    """A HIT that is held back; how long it stays on the shelf if it is let go now, and until when."""

    platform_hit_id: str
    left_s: int
    closes_at: datetime


@dataclass(frozen=True)
class AllHeld:
    """Every HIT that is held back; of those that were closed meanwhile, the platform's ids."""

    is_open: Sequence[Held]
    closed: Sequence[str]


def to_hold(session: Session) -> list[str]:
    """The platform's ids of the open HITs that are not held back yet."""
    held = _held_since(session)
    return [hit_id for hit_id in published_ids(session, open_only=True) if hit_id not in held]


def hold(session: Session, platform_hit_id: str, now: datetime) -> None:
    """The platform lets nobody new begin this HIT."""
    keep_fact(session, NAME + platform_hit_id, {"at": now.isoformat()})


def held_hits(session: Session, now: datetime) -> AllHeld:
    """The HITs that are held back, open ones with as much time on the shelf as they had left."""
    since = _held_since(session)
    rows = session.execute(select(HitRow.platform_hit_id, HitRow.closes_at).where(HitRow.state == "open"))
    ends = {hit_id: ends_at for hit_id, ends_at in rows if hit_id and ends_at}
    is_open = []
    for hit_id in ends.keys() & since.keys():
        left = max(ends[hit_id] - since[hit_id], timedelta(0))
        is_open.append(Held(hit_id, int(left.total_seconds()), now + left))
    return AllHeld(is_open, sorted(since.keys() - ends.keys()))


def let_go(session: Session, held: Held) -> None:
    """The platform lets people begin this HIT again."""
    found = update(HitRow).where(HitRow.platform_hit_id == held.platform_hit_id)
    session.execute(found.values(closes_at=held.closes_at))
    drop_fact(session, NAME + held.platform_hit_id)


def forget_closed(session: Session, platform_hit_ids: Sequence[str]) -> None:
    """These HITs left the shelf for good while they were held back."""
    for platform_hit_id in platform_hit_ids:
        drop_fact(session, NAME + platform_hit_id)


def _held_since(session: Session) -> dict[str, datetime]:
    named = select(FactRow).where(FactRow.name.startswith(NAME, autoescape=True)).order_by(FactRow.name)
    return {row.name.removeprefix(NAME): datetime.fromisoformat(str(row.value["at"])) for row in session.scalars(named)}
