"""Open the marketplace's database, and read or write in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

BUSY_TIMEOUT_S = 30  # writers queue; longer than any transaction here takes


class StoreUnavailable(RuntimeError):
    """The database can't be reached, or stayed locked for too long; nothing was written."""

    def __init__(self, database: str, reason: str) -> None:
        super().__init__(f"the marketplace's database {database} can't be used now: {reason}; try again")


class Store:
    """A database: SQLite by `sqlite:///path`, PostgreSQL by `postgresql://...`. Close it with `close`."""

    def __init__(self, database_url: str) -> None:
        self._engine = _open(database_url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state of things."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def one_state(self) -> Iterator[Connection]:
        """A transaction that sees all tables as they are at this moment, whatever others write meanwhile."""
        with self._engine.connect() as plain:
            level = {"isolation_level": "REPEATABLE READ"} if self._engine.dialect.name == "postgresql" else {}
            connection = plain.execution_options(marketplace_writes=False, **level)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: all of it or nothing. On SQLite it holds the write lock from its first moment,
        so that what it read is still true when it writes."""
        with self._transaction(write=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        try:
            with self._engine.connect() as plain:
                connection = plain.execution_options(marketplace_writes=write)
                with connection.begin():
                    yield connection
        except OperationalError as error:
            raise StoreUnavailable(self._engine.url.render_as_string(), str(error.orig)) from error

    def has_tables(self) -> bool:
        """Whether the first revision was ever applied."""
        with self.read() as connection:
            return bool(inspect(connection).has_table("requesters"))

    def close(self) -> None:
        """Close all connections; the store opens new ones when it is used again (after a fork, for one)."""
        self._engine.dispose()


def _open(database_url: str) -> Engine:
    url = make_url(database_url)
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver's guess
    for pragma in ("journal_mode = WAL", f"busy_timeout = {BUSY_TIMEOUT_S * 1000}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("marketplace_writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
