"""Which column of an old batch is which field of a judgment: said on the command line, kept in a small TOML file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hits.judgment import RATED, Answer, Order, Scale
from pipelines.clip import Role
from pipelines.whole_file import write_whole

NUMBER = "{n}"  # in a column's name: one for each pair of an assignment

#: Where a field stands if nothing else is said: as MTurk named its columns.
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
OF_PAIR = ("clip_id", "condition", "family", "snr_db", "role")
FIELDS = (*NEEDED, *OF_PAIR, "order", *RATED, "scale", "listened_s", "elapsed_s", *USUAL)
WORDS: Mapping[str, tuple[str, ...]] = {
    "activation": get_args(Answer),
    "valence": get_args(Answer),
    "role": get_args(Role),
    "order": get_args(Order),
    "scale": get_args(Scale),
}


class MappingWrong(ValueError):
    """What is said of the columns can't be used."""


class ColumnMapping(BaseModel):
    """Which column of a file is which field of a judgment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str] = Field({}, description="field = column; {n} in it counts the pairs of an assignment")
    values: dict[str, dict[str, str]] = Field({}, description="of a field: what stands in the file = what it means")
    always: dict[str, str] = Field({}, description="fields that are the same in every row")
    zone: str | None = Field(None, description="of times that name none, such as America/Los_Angeles")

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

    def column(self, name: str) -> str | None:
        """The column of a field, as it is said or as MTurk named it; None where there is none."""
        return self.columns.get(name, USUAL.get(name))


def read_mapping(path: Path, more: Iterable[str] = ()) -> ColumnMapping:
    """What a file says of the columns, and `column=field` pairs beside it, which win.

    Raises:
        MappingWrong: it is no TOML, names unknown fields, or lacks what every judgment needs.
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
        mapping = ColumnMapping.model_validate({**mapping.model_dump(), "columns": columns})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingWrong(f"{path} is no TOML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise MappingWrong(f"the columns can't be read: {wrong}") from error
    missing = [name for name in NEEDED if name not in mapping.columns and name not in mapping.always]
    if missing:
        raise MappingWrong(
            f"nobody says in which column {', '.join(missing)} stands; say it with --map COLUMN=FIELD, or in {path}"
        )
    return mapping


def write_mapping(mapping: ColumnMapping, path: Path) -> None:
    """Keep what is said of the columns, for the next batch."""
    lines = [] if mapping.zone is None else [f"zone = {json.dumps(mapping.zone)}", ""]
    tables = {"columns": mapping.columns, "always": mapping.always}
    tables |= {f"values.{name}": meant for name, meant in mapping.values.items()}
    for name, table in tables.items():
        if table:
            lines += [f"[{name}]", *(f"{_quoted(key)} = {_quoted(value)}" for key, value in table.items()), ""]
    write_whole(path, "\n".join(lines))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
