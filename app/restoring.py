"""Restore a backup: fill new tables beside the old ones, then put them in their place in one step."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Engine, MetaData, create_engine, inspect, text
from sqlalchemy.engine import make_url

from app.archive import Header, OnStep, fill

ASIDE = "earwitness_restoring"  # the schema in which a restored PostgreSQL database is put together

ToRevision = Callable[[Engine, str], None]


class NotEmpty(ValueError):
    """A database that is to be filled from a backup has rows of its own."""

    def __init__(self, url: URL, rows: str) -> None:
        super().__init__(
            f"{url.render_as_string(hide_password=True)} is not empty (there are {rows}); take a backup of it and give "
            "--force to replace all of it, or name another database"
        )


def restore(
    path: Path,
    header: Header,
    database_url: str,
    to_revision: ToRevision,
    *,
    force: bool = False,
    on_step: OnStep = lambda _done: None,
) -> None:
    """Make a database what a backup holds; it is the old one until it is the new one, whatever stops the machine.

    Args:
        path: the backup.
        header: what it says of itself.
        database_url: where it goes. Nobody may be at work on it.
        to_revision: brings the tables of an engine to a revision, or to `head`.
        force: replace what is there.
        on_step: told how many rows are in.

    Raises:
        NotEmpty: there are rows, and it is not forced.
        ArchiveWrong: the rows do not fit.
    """
    url = make_url(database_url)
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if not force:
        _require_empty(url, header)
    build = _beside_sqlite if url.get_backend_name() == "sqlite" else _beside_postgresql
    build(url, lambda engine: _build(engine, path, header, to_revision, on_step))


def _build(engine: Engine, path: Path, header: Header, to_revision: ToRevision, on_step: OnStep) -> None:
    to_revision(engine, header.revision)
    with engine.begin() as connection:
        fill(connection, path, header, on_step)
    to_revision(engine, "head")


def _require_empty(url: URL, header: Header) -> None:
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            known = set(inspect(connection).get_table_names()) & set(header.counts)
            for table in sorted(known):
                if connection.execute(text(f'SELECT 1 FROM "{table}" LIMIT 1')).first():  # noqa: S608 -- our own names
                    raise NotEmpty(url, f"rows in {table}")
    finally:
        engine.dispose()


def _beside_sqlite(url: URL, build: Callable[[Engine], None]) -> None:
    """A new file, moved over the old one."""
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.restoring")
    aside.unlink(missing_ok=True)
    engine = create_engine(url.set(database=str(aside)))
    try:
        build(engine)
    except BaseException:
        engine.dispose()
        aside.unlink(missing_ok=True)
        raise
    engine.dispose()
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    if path.exists():
        with closing(sqlite3.connect(path)) as old:  # all that is in its log goes into the file, until it is replaced
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    for log in ("-wal", "-shm"):  # the new file must not read the old one's
        path.with_name(path.name + log).unlink(missing_ok=True)
    aside.replace(path)


def _beside_postgresql(url: URL, build: Callable[[Engine], None]) -> None:
    """New tables in a schema of their own, which change places with the old ones in one transaction."""
    main = create_engine(url)
    aside = create_engine(url, connect_args={"options": f"-csearch_path={ASIDE}"})
    try:
        with main.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE"))
            connection.execute(text(f"CREATE SCHEMA {ASIDE}"))
        build(aside)
        new = MetaData()
        new.reflect(aside)
        with main.begin() as connection:
            place = connection.execute(text("SELECT current_schema()")).scalar_one()
            for table in new.tables:
                connection.execute(text(f'DROP TABLE IF EXISTS "{place}"."{table}" CASCADE'))
            for table in new.tables:
                connection.execute(text(f'ALTER TABLE {ASIDE}."{table}" SET SCHEMA "{place}"'))
            connection.execute(text(f"DROP SCHEMA {ASIDE} CASCADE"))
    finally:
        aside.dispose()
        main.dispose()
