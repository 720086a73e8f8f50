"""The file judgments.csv: its columns, and how it is written (docs/judgments.md)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pipelines.whole_file import writing_whole

#: Every column of judgments.csv, in the order in which they are written.
COLUMNS = (
    "judgment_id",
    "pair_id",
    "clip_id",
    "condition",
    "family",
    "snr_db",
    "role",
    "worker",
    "assignment_id",
    "order",
    "activation",
    "valence",
    "activation_rating",
    "valence_rating",
    "original_activation_rating",
    "original_valence_rating",
    "scale",
    "listened_s",
    "elapsed_s",
    "submitted_at",
    "used",
    "late",
    "simulated",
)


#: Columns that older files lack, and what stands there in their place.
LATER = {"original_activation_rating": "", "original_valence_rating": "", "scale": "manikins"}


class RowRefused(ValueError):
    """A row can't be written: its columns or its time are not those of judgments.csv."""

    def __init__(self, judgment_id: object, found: str, expected: str) -> None:
        super().__init__(f"judgment {judgment_id!r} has {found}; judgments.csv needs {expected}")


def write_judgments(rows: Iterable[Mapping[str, object]], path: Path) -> int:
    """Write judgments in the order of their times, then ids: the same rows make the same bytes.

    The file appears whole or not at all.

    Args:
        rows: one mapping a judgment with exactly the keys of `COLUMNS`; `submitted_at` a datetime that knows its
            zone or ISO 8601 text that names it; None where a value is absent (snr_db, the ratings).
        path: where the file goes; an older one is replaced.

    Returns:
        How many judgments were written.

    Raises:
        RowRefused: a row has other columns, or a time without a zone.
        DiskFull: there is no room for it.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_judgments([], Path(folder) / "judgments.csv")
    0
    """
    written = sorted(map(_row, rows), key=lambda row: (row[COLUMNS.index("submitted_at")], row[0]))
    with writing_whole(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows(written)
        text.detach()  # all of it is written; the file is still to be closed by its owner
    return len(written)


def kept_judgments(path: Path) -> list[dict[str, object]]:
    """The judgments of a file as they stand there, ready to be written again; none where there is no file.

    Raises:
        RowRefused: it has other columns.
    """
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [{**LATER, **row} for row in csv.DictReader(file)]
    for row in rows:
        _row(row)
    return [dict(row) for row in rows]


def _row(row: Mapping[str, object]) -> list[str]:
    if set(row) != set(COLUMNS):
        missing = [name for name in COLUMNS if name not in row]
        unknown = sorted(set(row) - set(COLUMNS))
        found = f"no {', '.join(missing)}" if missing else f"the unknown columns {', '.join(unknown)}"
        raise RowRefused(row.get("judgment_id"), found, f"exactly {', '.join(COLUMNS)}")
    time = _utc(row["submitted_at"], row["judgment_id"])
    return [time if name == "submitted_at" else _text(row[name]) for name in COLUMNS]


def _utc(value: object, judgment_id: object) -> str:
    """Always six decimals and +00:00, so that times sort as text."""
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise RowRefused(judgment_id, f"submitted_at {value!r}", "a time such as 2026-01-31T12:00:00+00:00") from None
    if time.tzinfo is None:
        raise RowRefused(judgment_id, f"submitted_at {value!r} without a zone", "a time in UTC")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
