"""The one pair of hands: a lock in the database, so that one process at a time calls a platform."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.store.database import Database
from app.tables import LockRow

LEASE = timedelta(seconds=90)
PATIENCE_S = LEASE.total_seconds() + 10  # a holder that was killed is outwaited


class HandsBusy(RuntimeError):
    """Another process holds the lock, and kept it for longer than the caller would wait."""


class Hands:
    """The held lock: `renew` it during long work, so that it does not run out under the holder."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    def renew(self) -> None:
        """Hold on for another lease.

        Raises:
            HandsBusy: the lease ran out and another process took the lock; stop at once.
        """
        with self._database.writing() as session:
            held = session.execute(
                update(LockRow)
                .where(LockRow.name == "hands", LockRow.holder == self._holder)
                .values(expires_at=datetime.now(UTC) + LEASE)
            )
            if held.rowcount != 1:  # type: ignore[attr-defined]
                raise HandsBusy("the lock ran out and another process took it; this one stops here")


@contextmanager
def hands(
    database: Database, wait_s: float = PATIENCE_S, on_wait: Callable[[str], None] | None = None
) -> Iterator[Hands]:
    """Hold the lock for the length of the block.

    Args:
        database: the study's database.
        wait_s: how long to wait for another holder.
        on_wait: told once, with a sentence, when there is somebody to wait for.

    Raises:
        HandsBusy: still held by another process after `wait_s`.
    """
    me = f"process {os.getpid()} on {socket.gethostname()} ({secrets.token_hex(4)})"
    give_up_at = time.monotonic() + wait_s
    told = False
    while (other := _try(database, me)) is not None:
        if time.monotonic() > give_up_at:
            raise HandsBusy(f"{other} is talking to the platform and did not finish within {wait_s:g} s; try again")
        if on_wait and not told:
            on_wait(f"waiting for {other}, which is talking to the platform")
            told = True
        time.sleep(0.2)
    try:
        yield Hands(database, me)
    finally:
        with database.writing() as session:
            session.execute(delete(LockRow).where(LockRow.name == "hands", LockRow.holder == me))


def _try(database: Database, me: str) -> str | None:
    """Take the lock; the holder's name where it is taken."""
    now = datetime.now(UTC)
    try:
        with database.writing() as session:
            session.execute(delete(LockRow).where(LockRow.name == "hands", LockRow.expires_at < now))
            other = session.scalar(select(LockRow.holder).where(LockRow.name == "hands"))
            if other is None:
                session.execute(insert(LockRow).values(name="hands", holder=me, expires_at=now + LEASE))
            return other
    except IntegrityError:  # somebody inserted between our look and our insert (PostgreSQL)
        return "another process"
