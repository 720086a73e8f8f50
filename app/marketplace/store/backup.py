"""The marketplace's database as one file."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from app.archive import Header, OnStep, write_archive
from app.marketplace.tables import metadata


def write(connection: Connection, path: Path, revision: str, on_step: OnStep) -> Header:
    """Write every table into a file.

    Args:
        connection: in a transaction that sees one state of all tables.
        path: where the file goes; an older one is replaced.
        revision: of the tables.
        on_step: told how many rows are written.

    Raises:
        DiskFull: there is no room for it.
    """
    return write_archive(connection, metadata, path, kind="marketplace", revision=revision, notes={}, on_step=on_step)
