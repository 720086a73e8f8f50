"""Many rows of judgments.csv in little memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hits.judgments_csv import COLUMNS


class Rows(Sequence[dict[str, object]]):
    """Rows of judgments.csv, kept as their values alone: of a million, a third of the memory."""

    def __init__(self) -> None:
        self._kept: list[tuple[object, ...]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[dict[str, object]]:
        return (dict(zip(COLUMNS, values, strict=True)) for values in self._kept)

    def __getitem__(self, place: Any) -> Any:
        kept = self._kept[place]
        if isinstance(place, slice):
            return [dict(zip(COLUMNS, values, strict=True)) for values in kept]
        return dict(zip(COLUMNS, kept, strict=True))

    def add(self, row: Mapping[str, object]) -> None:
        """Keep one."""
        self._kept.append(tuple(row[name] for name in COLUMNS))
