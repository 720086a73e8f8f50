"""A whole database as one file: a zip of JSON lines that either kind of database can be filled from."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

from sqlalchemy import Connection, Date, DateTime, MetaData, Table, func, select
from sqlalchemy.types import TypeDecorator, TypeEngine

from pipelines.whole_file import writing_whole

FORMAT = "earwitness-backup"
VERSION = 1
HEADER = "backup.json"
AT_ONCE = 1000  # rows that are read or written together

Kind: TypeAlias = Literal["study", "marketplace"]
OnStep: TypeAlias = Callable[[int], None]


class ArchiveWrong(ValueError):
    """A file is no backup, is damaged, or was made by a newer version."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} can't be restored: {why}")


@dataclass(frozen=True)
class Header:
    """What a backup says of itself.

    Attributes:
        kind: whose tables they are.
        revision: of the tables.
        made_at: when the backup was begun, ISO 8601 in UTC.
        counts: rows by table.
        sha256: of each table's lines.
        notes: what else was noted, such as hashes of the study's files.
    """

    kind: Kind
    revision: str
    made_at: str
    counts: Mapping[str, int]
    sha256: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(self.counts.values())


def write_archive(
    connection: Connection,
    metadata: MetaData,
    path: Path,
    *,
    kind: Kind,
    revision: str,
    notes: Mapping[str, str],
    left_out: Collection[str] = (),
    on_step: OnStep = lambda _done: None,
) -> Header:
    """Write every row of every table into a file, which appears whole or not at all.

    Args:
        connection: in a transaction that sees one state of all tables.
        metadata: the tables, at their newest revision.
        path: where the file goes; an older one is replaced.
        kind: whose tables they are.
        revision: of the tables.
        notes: kept with it.
        left_out: tables that say nothing once the moment is over.
        on_step: told how many rows are written.

    Raises:
        DiskFull: there is no room for it.
    """
    counts: dict[str, int] = {}
    sums: dict[str, str] = {}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    with writing_whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        done = 0
        for table in (table for table in metadata.sorted_tables if table.name not in left_out):
            with archive.open(_member(table.name), "w", force_zip64=True) as member:
                counts[table.name], sums[table.name] = _write_table(
                    connection, table, member, partial(_further, on_step, done)
                )
            done += counts[table.name]
        header = Header(kind, revision, made_at, counts, sums, dict(notes))
        archive.writestr(HEADER, json.dumps({"format": FORMAT, "version": VERSION, **asdict(header)}, indent=1))
    return header


def _further(on_step: OnStep, before: int, rows: int) -> None:
    on_step(before + rows)


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


def _write_table(connection: Connection, table: Table, member: IO[bytes], on_step: OnStep) -> tuple[int, str]:
    """The rows of one table, in the order of its key; how many, and the hash of their lines."""
    summed, count = hashlib.sha256(), 0
    rows = connection.execution_options(yield_per=AT_ONCE).execute(select(table).order_by(*table.primary_key.columns))
    for row in rows:
        values = {column.name: _plain(value) for column, value in zip(table.columns, row, strict=True)}
        line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        member.write(line)
        summed.update(line)
        count += 1
        if count % AT_ONCE == 0:
            on_step(count)
    on_step(count)
    return count, summed.hexdigest()


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value


def read_header(path: Path) -> Header:
    """What a backup says of itself, once every line of it was found as it was written.

    Raises:
        FileNotFoundError: there is none.
        ArchiveWrong: it is no backup, damaged, or made by a newer version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            said = json.loads(archive.read(HEADER))
            if said.pop("format", None) != FORMAT:
                raise ArchiveWrong(path, "it is no backup of earwitness")
            if (version := said.pop("version")) != VERSION:
                raise ArchiveWrong(
                    path, f"it has version {version}, and this release reads {VERSION}; take a newer one"
                )
            header = Header(**said)
            for table, wanted in header.sha256.items():
                if _sum(archive, table) != wanted:
                    raise ArchiveWrong(path, f"the rows of {table} are not those that were written; it is damaged")
    except (zipfile.BadZipFile, KeyError, TypeError, json.JSONDecodeError, EOFError) as error:
        raise ArchiveWrong(path, f"it is no backup of earwitness, or damaged ({error})") from error
    return header


def _sum(archive: zipfile.ZipFile, table: str) -> str:
    with archive.open(_member(table)) as member:
        return hashlib.file_digest(member, "sha256").hexdigest()  # type: ignore[arg-type]


def fill(connection: Connection, path: Path, header: Header, on_step: OnStep = lambda _done: None) -> None:
    """Put a backup's rows into empty tables of its revision, and count them.

    Args:
        connection: in a transaction of the database that is to be filled.
        path: the backup.
        header: what it says of itself.
        on_step: told how many rows are in.

    Raises:
        ArchiveWrong: the tables do not fit, or hold another number of rows in the end.
    """
    metadata = MetaData()
    metadata.reflect(connection)
    done = 0
    with zipfile.ZipFile(path) as archive:
        for table in (table for table in metadata.sorted_tables if table.name in header.counts):
            for rows in _batches(archive, table):
                connection.execute(table.insert(), rows)
                done += len(rows)
                on_step(done)
            _go_on_counting(connection, table)
    for name, wanted in header.counts.items():
        table = metadata.tables.get(name)  # type: ignore[assignment]
        found = 0 if table is None else connection.scalar(select(func.count()).select_from(table))
        if found != wanted:
            raise ArchiveWrong(path, f"{name} should have {wanted} rows, and has {found}")


def _batches(archive: zipfile.ZipFile, table: Table) -> Iterator[list[dict[str, Any]]]:
    reads = {column.name: _reader(column.type) for column in table.columns}
    batch: list[dict[str, Any]] = []
    with archive.open(_member(table.name)) as member:
        for line in member:
            batch.append({name: reads[name](value) for name, value in json.loads(line).items()})
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
    if batch:
        yield batch


def _reader(kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    """How a value of a column is read back from JSON."""
    plain = kind.impl if isinstance(kind, TypeDecorator) else kind
    if isinstance(plain, DateTime):
        return lambda value: None if value is None else datetime.fromisoformat(value)
    if isinstance(plain, Date):
        return lambda value: None if value is None else date.fromisoformat(value)
    return lambda value: value


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number the next row after the last; SQLite looks by itself."""
    counted = table.autoincrement_column
    if connection.dialect.name != "postgresql" or counted is None or counted.server_default is None:
        return
    last = select(func.max(counted)).scalar_subquery()
    name = func.pg_get_serial_sequence(table.fullname, counted.name)
    connection.execute(select(func.setval(name, func.coalesce(last, 1), last.is_not(None))))
