"""A table of judgments from elsewhere: its columns, and its rows as text, one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain


class TableWrong(ValueError):
    """A table can't be read at all: where it is, and why."""

    def __init__(self, where: object, why: str) -> None:
        super().__init__(f"{where} can't be read: {why}; docs/importing.md says what can")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, by column.

    Attributes:
        place: where it stands, in words.
        values: text by column, blanks around it taken off.
        wrong: what is wrong with it as a whole, as a sentence's end; whoever asks for its values refuses it.
    """

    place: str
    values: Mapping[str, str]
    wrong: str = ""


@dataclass(frozen=True)
class ForeignTable:
    """A table from elsewhere.

    Attributes:
        columns: every column that any row has.
        rows: to be read once; they come as they are asked for, so that a long table needs no memory.
        notes: what should be said aloud of how it was read.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]
    notes: tuple[str, ...] = ()


def begun(rows: Iterator[Row], where: object) -> Iterator[Row]:
    """The same rows, of which there is at least one.

    Raises:
        TableWrong: there is none.
    """
    first = next(rows, None)
    if first is None:
        raise TableWrong(where, "there is no judgment in it")
    return chain([first], rows)


def header_of(names: Sequence[str], where: object) -> tuple[str, ...]:
    """The columns of a table whose rows are read by their places.

    Raises:
        TableWrong: a column has no name, or two have the same, so that nobody knows which is meant.
    """
    if not all(names) or len(set(names)) < len(names) or len(names) < 2:
        raise TableWrong(where, "it does not begin with a header of columns with a name each")
    return tuple(names)


def as_text(value: object) -> str:
    """A value of a table that knows types, as a CSV would have it; nothing for what is absent.

    >>> as_text(17.0), as_text(True), as_text(None), as_text(float("nan")), as_text(2.5), as_text(" yes ")
    ('17', 'true', '', '', '2.5', 'yes')
    """
    if value is None or value != value:  # only what is no number (or no time) differs from itself
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # ids become such numbers wherever one of them is missing
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value.is_finite() else ""
    if isinstance(value, date):  # a moment is one, too
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace").strip()
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value).strip()
