"""A study's database as one file, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, inspect, select

from app.archive import ArchiveWrong, Header, OnStep, write_archive
from app.restoring import restore
from app.store.database import Database
from app.store.revisions import configuration, newest_revision
from app.tables import Base, LockRow

MOMENTARY = ("locks",)  # who has the one pair of hands just now


class InUse(RuntimeError):
    """A database is to be replaced under somebody who works on it."""


def back_up(database: Database, path: Path, notes: Mapping[str, str], on_step: OnStep) -> Header:
    """Write a study's database into a file, as it is at this moment, while others go on working on it.

    Raises:
        DiskFull: there is no room for it.
    """
    with database.one_state() as connection:
        return write_archive(
            connection,
            Base.metadata,
            path,
            kind="study",
            revision=newest_revision(database),
            notes=notes,
            left_out=MOMENTARY,
            on_step=on_step,
        )


def count_rows(database: Database) -> int:
    """How many rows a backup would have about now."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in MOMENTARY]
    with database.reading() as session:
        return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def bring_back(
    database: Database, path: Path, header: Header, *, force: bool, on_step: OnStep = lambda _done: None
) -> None:
    """Make a study's database what a backup holds.

    Raises:
        ArchiveWrong: it is of a revision that this version does not know, or its rows do not fit.
        NotEmpty: there are rows, and it is not forced.
        InUse: somebody works on it.
    """
    known = {script.revision for script in ScriptDirectory.from_config(configuration(database)).walk_revisions()}
    if header.revision not in known:
        raise ArchiveWrong(path, f"its tables are at revision {header.revision}, which only a newer version knows")
    _require_idle(database)
    config = configuration(database)

    def to_revision(engine: Engine, revision: str) -> None:
        config.attributes["engine"] = engine
        command.upgrade(config, revision)

    database.dispose()
    url = database.url.render_as_string(hide_password=False)
    restore(path, header, url, to_revision, force=force, on_step=on_step)


def _require_idle(database: Database) -> None:
    if database.engine.dialect.name == "sqlite" and not Path(database.url.database or "").exists():
        return
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("locks"):
            return
    with database.reading() as session:
        holder = session.scalar(select(LockRow.holder).where(LockRow.expires_at > datetime.now(UTC)))
    if holder is not None:
        raise InUse(f"{holder} is at work on this database; stop `earwitness serve` and `earwitness run` first")


def notes_on(folder: Path, secret_key: str) -> dict[str, str]:
    """What a backup notes of the files beside the database: hashes, by which a restore sees whether they fit."""
    notes = {"keys": hashlib.sha256(f"earwitness backup/{secret_key}".encode()).hexdigest()[:16]}
    for name in ("study.toml", "pairs/manifest.jsonl"):
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                notes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return notes
