"""What a report is made of: sections, and the blocks that they hold; the template knows how each kind looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, TypeAlias

import pandas as pd

from analysis.tables import Table


@dataclass(frozen=True)
class Words:
    """A paragraph; text, not HTML."""

    kind: ClassVar[str] = "words"
    text: str


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Listed:
    """Sentences as a list."""

    kind: ClassVar[str] = "listed"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """Words and what is said of them."""

    kind: ClassVar[str] = "terms"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plot:
    """A picture in two widths, with the sentences that say how to read it, and the files that hold it."""

    kind: ClassVar[str] = "plot"
    wide: str
    narrow: str
    caption: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Code:
    """Lines to be copied as they are."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Html:
    """What another room wrote; taken as it is."""

    kind: ClassVar[str] = "html"
    html: str


@dataclass(frozen=True)
class Folded:
    """Blocks that readers open; in print they are open."""

    kind: ClassVar[str] = "folded"
    summary: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Words | Heading | Listed | Terms | Plot | Code | Html | Folded | Table


@dataclass(frozen=True)
class Section:
    """A part of the report, and the CSV files that lie beside it, by name.

    Raises:
        ValueError: it has a table whose file it does not bring.
    """

    name: str  # its id in the page
    title: str
    blocks: tuple[Block, ...]
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = {block.file for block in _tables(self.blocks)} - {None, *self.files}
        if missing:
            raise ValueError(f"the section {self.name} has tables without their files: {sorted(map(str, missing))}")


def _tables(blocks: Iterable[Block]) -> Iterable[Table]:
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Folded):
            yield from _tables(block.blocks)


def csv_of(rows: Iterable[Any], columns: type) -> str:
    """Rows of a dataclass as CSV in full precision, with a header even where there is none; what is absent is empty."""
    names = [column.name for column in fields(columns)]
    return csv_text(pd.DataFrame([asdict(row) for row in rows], columns=names))


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV, the same bytes on every machine."""
    return str(table.to_csv(index=False, lineterminator="\n"))
