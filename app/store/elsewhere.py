"""Rows of somebody else's database: one query, in a transaction that can't write, read row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hits.foreign_table import ForeignTable, Row, as_text, begun, header_of

AT_ONCE = 2_000  # rows that are in memory
#: What SQLite lets a statement do here. Everything else, such as opening another file, is denied by SQLite itself.
ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)


class QueryRefused(ValueError):
    """A query can't be asked of another database; the sentence holds no password."""


@contextmanager
def foreign_rows(url: str, query: str) -> Iterator[ForeignTable]:
    """What a query gives, as a table that can be read while the block lasts.

    Nothing is written there: SQLite opens the file read-only and denies all but reading, PostgreSQL begins a read-only
    transaction with one cursor in it, which takes one statement that selects, and the transaction is rolled back.

    Args:
        url: as SQLAlchemy writes it, `sqlite:///file.db` or `postgresql://user@host/name`.
        query: one statement that selects; its columns are those of the table.

    Raises:
        QueryRefused: the URL can't be used, or the database refuses the query.
        TableWrong: two columns of the query have one name, or there is no row.
    """
    engine, place = _engine(url)
    try:
        with _in_a_sentence(place):
            connection = engine.connect()
        with closing(connection), closing(_asked(connection, query, place)) as found:  # the first rolls back
            yield _table(found, place)
    finally:
        engine.dispose()


@contextmanager
def _in_a_sentence(place: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Warning) as error:  # the second for two statements, up to Python 3.11
        reason = " ".join(str(getattr(error, "orig", None) or error).split())  # without the statement and its values
        raise QueryRefused(f"{place} refuses: {reason}") from None


def _engine(url: str) -> tuple[Engine, str]:
    """What reaches a database for reading alone, and its place in words without who asks and by which password."""
    try:
        where = make_url(url)
    except (ArgumentError, ValueError):
        raise QueryRefused(
            "the database URL can't be read; expected one such as sqlite:////data/votes.db or "
            "postgresql://user@host/name"
        ) from None
    kind = where.get_backend_name()
    if kind == "sqlite":
        return _sqlite(where)
    place = f"the database {where.database or ''} on {where.host or 'this machine'}"
    if kind != "postgresql":
        raise QueryRefused(
            f"{place} is of the kind {kind}; SQLite and PostgreSQL can be asked, from others export a CSV"
        )
    try:
        return create_engine(where, hide_parameters=True).execution_options(postgresql_readonly=True), place
    except ImportError:
        raise QueryRefused(f"{place} can't be reached without a driver; install earwitness[postgresql]") from None
    except (SQLAlchemyError, TypeError):
        raise QueryRefused(f"{place} can't be reached: its URL has options that nobody knows") from None


def _sqlite(where: URL) -> tuple[Engine, str]:
    path = Path(where.database or "")
    if not path.is_file():
        raise QueryRefused(f"there is no database file {path}")
    engine = create_engine(
        "sqlite://",
        poolclass=NullPool,
        creator=lambda: sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True),
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _read_alone(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_authorizer(lambda act, *_: sqlite3.SQLITE_OK if act in ALLOWED else sqlite3.SQLITE_DENY)

    return engine, str(path)


def _asked(connection: Connection, query: str, place: str) -> CursorResult[Any]:
    with _in_a_sentence(place):
        found = connection.execution_options(stream_results=True, yield_per=AT_ONCE).execute(text(_plain(query)))
    if not found.returns_rows:
        raise QueryRefused(f"{place}: the query gives no rows; expected one that begins with SELECT")
    return found


def _table(found: CursorResult[Any], place: str) -> ForeignTable:
    header = header_of(list(found.keys()), "the query's result")

    def rows() -> Iterator[Row]:
        with _in_a_sentence(place):
            for number, values in enumerate(found, start=1):
                yield Row(f"row {number}", dict(zip(header, map(as_text, values), strict=True)))

    return ForeignTable(header, begun(rows(), "the query's result"))


def _plain(query: str) -> str:
    """One statement without its last semicolon; colons in it are no parameters."""
    return query.strip().rstrip(";").replace(":", "\\:")
