"""What platforms said by themselves: kept once, and read by the one pair of hands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.store.database import Database
from app.tables import AssignmentRow, HitRow, PlatformNewsRow
from hits.recruiting import News

LINK_KEYS = "link keys"  # the fact that holds the platform's public keys


def keep_news(database: Database, platform: str, news: News, now: datetime) -> bool:
    """Keep which HIT and which assignment a platform spoke of; False where it had said so before.

    Its own words go no further: they may name people, and looking is what settles.
    """
    news_id = f"{platform}/{news.news_id}"
    detail = {"hit": news.platform_hit_id, "assignment": news.assignment_id}
    try:
        with database.writing() as session:
            if session.get(PlatformNewsRow, news_id) is not None:
                return False
            session.add(PlatformNewsRow(news_id=news_id, platform=platform, at=now, kind=news.kind, detail=detail))
    except IntegrityError:  # the same message, at the same moment
        return False
    return True


def waiting_news(session: Session) -> tuple[list[str], list[str]]:
    """The ids of news that nobody has acted on, and the platform's ids of our HITs that they are about."""
    rows = list(session.scalars(select(PlatformNewsRow).where(PlatformNewsRow.handled_at.is_(None))))
    hits = [row.detail.get("hit") for row in rows]
    assignments = [row.detail.get("assignment") for row in rows]
    about = (
        select(HitRow.platform_hit_id)
        .outerjoin(AssignmentRow, AssignmentRow.hit_id == HitRow.hit_id)
        .where(or_(HitRow.platform_hit_id.in_(hits), AssignmentRow.platform_assignment_id.in_(assignments)))
        .distinct()
    )
    return [row.news_id for row in rows], [hit_id for hit_id in session.scalars(about) if hit_id] if rows else []


def mark_handled(session: Session, news_ids: Sequence[str], now: datetime) -> None:
    """These news were acted on: what they were about need not be known any more."""
    handled = update(PlatformNewsRow).where(PlatformNewsRow.news_id.in_(news_ids))
    session.execute(handled.values(handled_at=now, detail={}))
