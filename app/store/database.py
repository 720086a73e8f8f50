"""The study's database: open it, read in it, write in it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.orm import Session

from app.sealing import Sealing
from app.store.clock import Clock, utc_now
from app.store.outlook import Outlook

BUSY_TIMEOUT_S = 30
RESTED_S = 1.0  # a line to a server that rested for as long may be dead


class DatabaseUnusable(RuntimeError):
    """The database can't be opened, or is not at the revision that this version needs."""


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path}"


class NoKeys(RuntimeError):
    """A database was opened without the study's keys, and a worker's id was asked for."""

    def __init__(self) -> None:
        super().__init__("the database was opened without the study's keys; workers' ids can't be sealed or opened")


def _without_keys() -> Sealing:
    raise NoKeys


class Database:
    """An engine with two ways in: `reading` and `writing`. Safe to open in many processes at once.

    Args:
        url: where it is.
        sealing: gives the study's keys, once they are needed; without it no worker's id can be read or written.
        clock: by which everything in it is timed.

    Raises:
        DatabaseUnusable: the URL is none.
    """

    def __init__(self, url: str, sealing: Callable[[], Sealing] = _without_keys, clock: Clock = utc_now) -> None:
        try:
            self.url = make_url(url)
            # An error in a log names no values: they may be somebody's
            self.engine: Engine = create_engine(self.url, hide_parameters=True)
        except (ArgumentError, ImportError) as error:
            raise DatabaseUnusable(f"the database URL can't be used: {error}") from error
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            alone: dict[str, str] = {}
        else:
            event.listen(self.engine, "checkin", _note_rest)
            event.listen(self.engine, "checkout", partial(_wake, self.engine))
            alone = {"isolation_level": "AUTOCOMMIT"}  # a statement is a state there, with a transaction or without
        self._ways = {
            True: self.engine.execution_options(earwitness_writes=True),
            False: self.engine.execution_options(earwitness_writes=False, **alone),
        }
        self._writer = RLock()
        self._clock = clock
        # Of this process, for whoever gets a session
        self._info = {"outlook": Outlook(), "sealing": cache(sealing), "clock": clock}

    def now(self) -> datetime:
        """What time it is for the study, in UTC."""
        return self._clock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that writes nothing. On SQLite it sees one state of the tables, on PostgreSQL one a statement."""
        with Session(self._ways[False], info=self._info) as session:
            yield session

    @contextmanager
    def one_state(self) -> Iterator[Connection]:
        """A connection that sees all tables as they are at this moment, whatever others write meanwhile."""
        with self._ways[False].connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():  # SQLite's log gives one state to every reader
                yield connection

    @contextmanager
    def writing(self, *, overwriting: bool = False) -> Iterator[Session]:
        """A session in one transaction: all of it is kept at the end, or nothing of it.

        On SQLite the write lock is taken at the start, so two writers queue instead of failing half-way.

        Args:
            overwriting: what goes is overwritten in an embedded database's file, not only let go of.
        """
        with self._turn(), Session(self._ways[True], info=self._info) as session, session.begin():
            if overwriting and self.engine.dialect.name == "sqlite":
                session.connection().exec_driver_sql("PRAGMA secure_delete = ON")
            yield session

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Threads of one process queue here for SQLite's lock, which lets a newcomer pass those who wait long."""
        if self.engine.dialect.name != "sqlite":
            yield
            return
        taken = self._writer.acquire(timeout=BUSY_TIMEOUT_S)  # then SQLite itself says that it is busy
        try:
            yield
        finally:
            if taken:
                self._writer.release()

    def require_tables(self) -> None:
        """Refuse a database that is unreachable or was never upgraded.

        Raises:
            DatabaseUnusable: with the command that mends it.
        """
        try:
            with self.engine.connect() as connection:
                known = inspect(connection).get_table_names()
        except DBAPIError as error:
            shown = self.url.render_as_string(hide_password=True)
            raise DatabaseUnusable(f"the database {shown} can't be opened: {error.orig}") from error
        if "alembic_version" not in known:
            raise DatabaseUnusable(
                f"the database {self.url.render_as_string(hide_password=True)} has no tables yet; "
                "run `earwitness db upgrade`"
            )

    def revision(self) -> str | None:
        """The revision that the tables are at; None for an empty database."""
        try:
            with self.engine.connect() as connection:
                return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        except (OperationalError, DBAPIError):
            return None

    def wipe_log(self) -> None:
        """Leave nothing in an embedded database's log of what was overwritten; readers that hold it keep it a while."""
        if self.engine.dialect.name == "sqlite":
            with closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def dispose(self) -> None:
        """Close every connection; call it before a fork, and at the end."""
        self.engine.dispose()


def one_at_a_time(session: Session, what: str) -> None:
    """From here to the end of its transaction, nobody else does the same: SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": f"earwitness/{what}"})


def _note_rest(_connection: Any, record: Any) -> None:
    record.info["rests_since"] = time.monotonic()


def _wake(engine: Engine, connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a server that was not asked for a while whether it is still there; else a new line is opened."""
    if time.monotonic() - record.info.get("rests_since", 0.0) < RESTED_S:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as gone:
        raise DisconnectionError from gone


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Readers beside one writer, foreign keys, patience."""
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver's guess
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_TIMEOUT_S * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: a read that turns into a write half-way can't be queued by SQLite."""
    writes = connection.get_execution_options().get("earwitness_writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")
