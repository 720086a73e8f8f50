"""Workers' own ids in the database: sealed in one column of one table, and found by their hash alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.sealing import MARK, Sealing
from app.store.database import Database
from app.tables import JudgmentRow, WorkerRow


def sealing_of(session: Session) -> Sealing:
    """The keys of the study that a session belongs to."""
    sealing: Sealing = session.info["sealing"]()
    return sealing


def own_id(session: Session, kept: str | None) -> str:
    """A worker's id as the platform knows it; empty where it was forgotten, or no key opens it."""
    return "" if kept is None else sealing_of(session).open(kept) or ""


def platform_worker_id(session: Session, worker: str) -> str:
    """A worker's id as the platform knows it, by our hash; empty where it was forgotten, or no key opens it."""
    return own_id(session, session.get_one(WorkerRow, worker).platform_worker_id)


def nameless(session: Session, words: str) -> str:
    """A platform's words with our hash in the place of each worker's id, for notes that anybody reads."""
    platforms = session.scalars(select(WorkerRow.platform).distinct()).all()
    sealing = sealing_of(session)
    keys = {sealing.worker_key(platform, word): word for platform in platforms for word in re.findall(r"[\w-]+", words)}
    for worker in session.scalars(select(WorkerRow.worker).where(WorkerRow.worker.in_(keys))):
        words = re.sub(rf"(?<![\w-]){re.escape(keys[worker])}(?![\w-])", worker, words)
    return words


@dataclass(frozen=True)
class Sealed:
    """What came of sealing.

    Attributes:
        now: ids that were sealed by this call.
        shut: ids that no key opens; they stay as they are.
    """

    now: int
    shut: int


def seal_ids(database: Database) -> Sealed:
    """Seal every id that is kept plain or under an older key: all of them or, where anything fails, none.

    What stood there before is overwritten in an embedded database's files, not only let go of.
    """
    now = shut = 0
    with database.writing(overwriting=True) as session:
        sealing = sealing_of(session)
        for row in session.scalars(select(WorkerRow).where(WorkerRow.platform_worker_id.is_not(None))):
            kept = row.platform_worker_id or ""
            if sealing.is_newest(kept):
                continue
            plain = sealing.open(kept)
            if plain is None:
                shut += 1
            else:
                row.platform_worker_id, now = sealing.seal(plain), now + 1
    if now:
        database.wipe_log()
    return Sealed(now, shut)


def plain_ids(session: Session) -> bool:
    """Whether ids from before they were sealed are there."""
    plain = select(WorkerRow.worker).where(
        WorkerRow.platform_worker_id.is_not(None), WorkerRow.platform_worker_id.not_like(f"{MARK}%")
    )
    return session.scalar(plain.limit(1)) is not None


def shut_ids(session: Session) -> int:
    """How many ids no key opens; pay by a worker's id waits for the key."""
    kept = session.scalars(select(WorkerRow.platform_worker_id).where(WorkerRow.platform_worker_id.is_not(None)))
    sealing = sealing_of(session)
    return sum(sealing.open(one or "") is None for one in kept)


@dataclass(frozen=True)
class KeptWorker:
    """What a command lists of a worker; the platform's id is not in it.

    Attributes:
        because: why the worker is not used, or what a person said.
        id_kept: whether the platform's id is sealed here, was forgotten, or can't be opened.
    """

    worker: str
    first_seen_at: datetime
    judgments: int
    used: bool
    because: str
    id_kept: Literal["sealed", "forgotten", "shut"]


def kept_workers(session: Session) -> list[KeptWorker]:
    """Every worker, who came first first."""
    told = select(JudgmentRow.worker, func.count()).group_by(JudgmentRow.worker)
    judgments = dict(session.execute(told).all())
    sealing = sealing_of(session)

    def state(kept: str | None) -> Literal["sealed", "forgotten", "shut"]:
        if kept is None:
            return "forgotten"
        return "shut" if sealing.open(kept) is None else "sealed"

    rows = session.scalars(select(WorkerRow).order_by(WorkerRow.first_seen_at, WorkerRow.worker))
    return [
        KeptWorker(
            row.worker,
            row.first_seen_at,
            judgments.get(row.worker, 0),
            row.trusted,
            row.distrusted_because,
            state(row.platform_worker_id),
        )
        for row in rows
    ]
