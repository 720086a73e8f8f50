"""A small database as audformat writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import audformat
import pandas as pd

from tests.pipelines.layouts.sound import write_voice

FILES = ["audio/1.wav", "audio/2.wav", "audio/3.wav"]
SPEAKERS = ["ann", "ann", "bob"]


def make(root: Path) -> Path:
    """Three files: who speaks in one table, what raters heard in another, gender in a third."""
    db = database(speakers=SPEAKERS)
    add(db, "emotion", "emotion", ["anger", "joy", "neutral"], audformat.Scheme(labels=["anger", "joy", "neutral"]))
    add(db, "emotion", "arousal", [1.0, 0.5, 0.0], audformat.Scheme("float", minimum=-1, maximum=1))
    add(db, "emotion", "valence", [-1.0, 1.0, 0.0], audformat.Scheme("float", minimum=-1, maximum=1))
    return save(db, root)


def database(speakers: Sequence[str | None] = (), languages: Sequence[str] = ("deu",)) -> audformat.Database:
    """A database of three files in German; with speakers, whose gender and language a table tells."""
    db = audformat.Database("mini", languages=list(languages))
    db["files"] = audformat.Table(audformat.filewise_index(FILES))
    if speakers:
        db["speaker"] = audformat.MiscTable(pd.Index(["ann", "bob"], name="speaker", dtype="string"))
        db["speaker"]["gender"] = audformat.Column()
        db["speaker"]["gender"].set(["female", "male"])
        add(db, "files", "speaker", speakers, audformat.Scheme("str", labels="speaker"))
    return db


def add(
    db: audformat.Database,
    table: str,
    column: str,
    values: Sequence[object],
    scheme: audformat.Scheme | None = None,
    *,
    index: pd.Index | None = None,
) -> None:
    """Put a column into a table (of all files, where no index is given), with a scheme of the same name."""
    if table not in db:
        db[table] = audformat.Table(audformat.filewise_index(FILES) if index is None else index)
    if scheme is not None:
        db.schemes[column] = scheme
    db[table][column] = audformat.Column(scheme_id=column if scheme is not None else None)
    db[table][column].set(list(values))


def save(db: audformat.Database, root: Path) -> Path:
    """Write it with its sound; tables as CSV."""
    for file in FILES:
        write_voice(root / file, 2.0)
    db.save(str(root), storage_format="csv")
    return root
