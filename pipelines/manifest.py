"""The manifest: pairs as a file, one JSON object a line (the schema is in docs/manifest.md)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from io import FileIO
from pathlib import Path
from types import NoneType
from typing import Any, NoReturn, TypeAlias, get_args

from pipelines.clip import Pair, Role
from pipelines.whole_file import NO_ROOM, DiskFull, write_whole

FORMAT = "earwitness pairs"
VERSION = 2
FILE_NAME = "manifest.jsonl"
#: What a field may hold, by how its dataclass annotates it.
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "str": str, "Role": str, "Path": Path, "bool": bool, "int": int, "float": (int, float),
    "float | None": (int, float, NoneType), "tuple[str, ...]": tuple, "Params": dict, "Mapping[str, Any]": dict,
    "Mapping[str, str | float | bool | None]": dict,
}  # fmt: skip


class ManifestWrong(ValueError):
    """A manifest, or one of its lines, is not what it should be: which line, what was found, what was expected."""

    def __init__(self, path: Path, line: int, found: str, expected: str) -> None:
        super().__init__(f"{path}, line {line}: found {found}; expected {expected}")
        self.path, self.line = path, line


@dataclass(frozen=True)
class Header:
    """The first line: what the pairs were made from, so that a second run knows whether it may go on.

    The two hashes are SHA-256 of what the corpus says of its clips, and of the list of sounds.
    """

    seed: int
    design: Mapping[str, Any]
    clips_sha256: str
    sounds_sha256: str


@dataclass(frozen=True)
class Refusal:
    """A pair that could not be made: its clip can't carry the condition, or could not be read."""

    pair_id: str
    clip_id: str
    condition: str
    #: What the clip lacks.
    reason: str

    @property
    def sentence(self) -> str:
        """Which clip could not be made into what, and why."""
        return f"clip {self.clip_id} can't be paired under {self.condition}: {self.reason}"


Entry: TypeAlias = Pair | Refusal


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def line_of(entry: Header | Entry) -> str:
    """One line of the manifest, with its newline; the same entry gives the same bytes."""
    if isinstance(entry, Header):
        return _json({"format": FORMAT, "version": VERSION, **asdict(entry)}) + "\n"
    if isinstance(entry, Refusal):
        return _json({"refused": asdict(entry)}) + "\n"
    row = {field.name: getattr(entry, field.name) for field in fields(Pair)}
    row |= {name: row[name].as_posix() for name in ("original_path", "noisy_path")}
    row |= {"params": dict(entry.params), "clip": dict(entry.clip), "sound_ids": list(entry.sound_ids)}
    row |= {"sound_sha256s": list(entry.sound_sha256s)}
    return _json(row) + "\n"


def read_header(path: Path) -> Header:
    """The first line of a manifest.

    Raises:
        FileNotFoundError: there is no manifest.
        ManifestWrong: it is not a manifest, or one of another version.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline()
    row = _object(path, 1, first)
    if row.get("format") != FORMAT:
        raise ManifestWrong(path, 1, f"the format {row.get('format')!r}", f"{FORMAT!r}, as `pairs make` writes it")
    if row.get("version") != VERSION:
        raise ManifestWrong(path, 1, f"version {row.get('version')!r}", f"{VERSION}; make the pairs anew")
    try:
        header = Header(**{field.name: row[field.name] for field in fields(Header)})
    except KeyError as missing:
        raise ManifestWrong(path, 1, f"no {missing}", "it to say what the pairs were made from") from missing
    _refuse_other_kinds(path, 1, header)
    return header


def read_entries(path: Path) -> Iterator[Entry]:
    """Each pair and each refusal of a manifest, in its order.

    Raises:
        FileNotFoundError: there is no manifest.
        ManifestWrong: a line is broken, its number is in the sentence.
    """
    read_header(path)
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if number > 1:
                yield _entry(path, number, line)


def read_manifest(path: Path) -> Iterator[Pair]:
    """Each pair of a manifest (or of the folder that holds one), in its order; refusals are left out.

    Raises:
        FileNotFoundError: there is no manifest.
        ManifestWrong: a line is broken, its number is in the sentence.
    """
    path = path / FILE_NAME if path.is_dir() else path
    return (entry for entry in read_entries(path) if isinstance(entry, Pair))


def write_manifest(path: Path, header: Header, entries: Iterator[Entry] | list[Entry]) -> None:
    """Write a manifest at once; it is there whole or not at all."""
    write_whole(path, "".join([line_of(header), *map(line_of, entries)]).encode())


def append(file: FileIO, entries: Sequence[Header | Entry]) -> None:
    """Add lines to an open manifest, and wait until the disk has them.

    Args:
        file: opened without a buffer, so that what found no room is not tried again behind our back.
        entries: what to add; nothing is written for none.

    Raises:
        DiskFull: there is no room for it; a part of it may be there, see `drop_broken_end`.
    """
    if not entries:
        return
    lines = "".join(map(line_of, entries)).encode()
    try:
        if file.write(lines) < len(lines):
            raise DiskFull(Path(str(file.name)))
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull(Path(str(file.name))) from error
        raise


def drop_broken_end(path: Path) -> None:
    """Cut off a last line without its newline: what a killed run leaves behind."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ManifestWrong(path, number, f"{line.strip()[:60]!r}", "a JSON object a line") from error
    if not isinstance(row, dict):
        raise ManifestWrong(path, number, f"{line.strip()[:60]!r}", "a JSON object a line")
    return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _refuse_other_kinds(path: Path, number: int, entry: Header | Entry) -> None:
    """Stop at a value of another kind than its field, since nothing that reads a manifest looks again."""
    for field in fields(entry):
        value = getattr(entry, field.name)
        if not isinstance(value, KINDS[str(field.type)]):
            raise ManifestWrong(path, number, f"{value!r:.60} as {field.name}", f"a value of the kind {field.type}")
        if isinstance(value, Path) and (value.is_absolute() or ".." in value.parts or "\0" in str(value)):
            raise ManifestWrong(path, number, f"the {field.name} {str(value)[:60]!r}", "a path below the folder")


def _entry(path: Path, number: int, line: str) -> Entry:
    row = _object(path, number, line)
    try:
        if "refused" in row:
            refusal = Refusal(**row["refused"])
            _refuse_other_kinds(path, number, refusal)
            return refusal
        pair = Pair(
            **row
            | {name: Path(row[name]) for name in ("original_path", "noisy_path")}
            | {name: tuple(row[name]) for name in ("sound_ids", "sound_sha256s")}
        )
    except (KeyError, TypeError) as error:
        raise ManifestWrong(path, number, f"a pair with wrong fields ({error})", "those of docs/manifest.md") from error
    _refuse_other_kinds(path, number, pair)
    if pair.role not in get_args(Role):
        raise ManifestWrong(path, number, f"the role {pair.role!r}", f"one of {', '.join(get_args(Role))}")
    return pair
