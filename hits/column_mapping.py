"""Which column of a table is which field of a judgment: said on the command line, kept in a small TOML file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hits.judgment import RATED, Answer, Order, Scale
from pipelines.clip import Role
from pipelines.whole_file import write_whole

NUMBER = "{n}"  # in a column's name: one for each pair of an assignment
PLATFORM = "mturk"  # under whose name workers' ids are hashed if nothing else is said

#: Where a field stands if nothing else is said: as MTurk named its columns; else under its own name.
USUAL = {
    "worker": "WorkerId",
    "assignment_id": "AssignmentId",
    "hit": "HITId",
    "status": "AssignmentStatus",
    "accepted_at": "AcceptTime",
    "submitted_at": "SubmitTime",
    "work_s": "WorkTimeInSeconds",
}
NEEDED = ("pair_id", "activation", "valence")
EVERYWHERE = ("worker", *NEEDED, "submitted_at")  # without these no row is a judgment
OF_PAIR = ("clip_id", "condition", "family", "snr_db", "role")
TRUTHS = ("used", "late", "simulated")
FIELDS = (*NEEDED, *OF_PAIR, "order", *RATED, "scale", "listened_s", "elapsed_s", *TRUTHS, *USUAL)
WORDS: Mapping[str, tuple[str, ...]] = {
    "activation": get_args(Answer),
    "valence": get_args(Answer),
    "role": get_args(Role),
    "order": get_args(Order),
    "scale": get_args(Scale),
    **dict.fromkeys(TRUTHS, ("true", "false")),
}


class MappingWrong(ValueError):
    """What is said of the columns can't be used."""


class ColumnMapping(BaseModel):
    """Which column of a file is which field of a judgment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str] = Field({}, description="field = column, none if empty; {n} counts pairs of an assignment")
    values: dict[str, dict[str, str]] = Field({}, description="of a field: what stands in the file = what it means")
    always: dict[str, str] = Field({}, description="fields that are the same in every row")
    zone: str | None = Field(None, description="of times that name none, such as America/Los_Angeles")
    platform: str = Field(PLATFORM, pattern=r"^[a-z0-9_-]{1,40}$", description="whose ids the workers' are")

    @field_validator("columns", "values", "always")
    @classmethod
    def _known(cls, said: dict[str, object]) -> dict[str, object]:
        unknown = [name for name in said if name not in FIELDS]
        if unknown:
            raise ValueError(f"no field {', '.join(unknown)}; there are {', '.join(FIELDS)}")
        return said

    @field_validator("zone")
    @classmethod
    def _found(cls, zone: str | None) -> str | None:
        try:
            ZoneInfo(zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("the name of a time zone, such as America/Los_Angeles") from error
        return zone

    def fitted(self, columns: Collection[str]) -> ColumnMapping:
        """The same for one table: every field that it has, by what is said, as MTurk named it, or by its own name.

        Raises:
            MappingWrong: the table lacks a column that is named, or nothing says where a needed field stands.
        """
        has = f"the table has {', '.join(columns)}"
        lacking = [one for one in self.columns.values() if one and NUMBER not in one and one not in columns]
        if lacking:
            raise MappingWrong(f"there is no column {', '.join(lacking)}; {has}")
        found = {name: column for name, column in self.columns.items() if column}
        for name in FIELDS:
            if name not in self.columns and name not in self.always:
                found |= next(({name: one} for one in (USUAL.get(name, name), name) if one in columns), {})
        missing = [name for name in EVERYWHERE if name not in found and name not in self.always]
        if missing:
            raise MappingWrong(
                f"nobody says in which column {', '.join(missing)} stands; say it with --map COLUMN=FIELD, or in "
                f"import.toml; {has}"
            )
        return self.model_copy(update={"columns": found})


def read_mapping(path: Path, more: Iterable[str] = (), **also: str | None) -> ColumnMapping:
    """What a file says of the columns; what is said beside it wins: `column=field` pairs, and settings by name.

    Raises:
        MappingWrong: it is no TOML, or names unknown fields.
    """
    said: dict[str, object] = {}
    try:
        if path.exists():
            said = tomllib.loads(path.read_text(encoding="utf-8"))
        mapping = ColumnMapping.model_validate(said)
        columns = dict(mapping.columns)
        for pair in more:
            column, equals, name = pair.rpartition("=")
            if not equals or not column:
                raise MappingWrong(f"{pair!r} is no column=field, such as 'Input.pair=pair_id'")
            columns[name.strip()] = column.strip()
        settings = {name: value for name, value in also.items() if value is not None}
        mapping = ColumnMapping.model_validate({**mapping.model_dump(), **settings, "columns": columns})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingWrong(f"{path} is no TOML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise MappingWrong(f"the columns can't be read: {wrong}") from error
    return mapping


def write_mapping(mapping: ColumnMapping, path: Path) -> None:
    """Keep what is said of the columns, for the next batch."""
    settings = {"zone": mapping.zone, "platform": None if mapping.platform == PLATFORM else mapping.platform}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items() if value is not None]
    lines += [""] if lines else []
    tables = {"columns": mapping.columns, "always": mapping.always}
    tables |= {f"values.{name}": meant for name, meant in mapping.values.items()}
    for name, table in tables.items():
        if table:
            lines += [f"[{name}]", *(f"{_quoted(key)} = {_quoted(value)}" for key, value in table.items()), ""]
    write_whole(path, "\n".join(lines))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
