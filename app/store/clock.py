"""What time it is for a study: the machine's time, or that of a rehearsal, which runs faster."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy.orm import Session

#: Gives the time, in UTC.
Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def now_of(session: Session) -> datetime:
    """What time it is in the database that a session belongs to."""
    clock: Clock = session.info.get("clock", utc_now)
    return clock()
