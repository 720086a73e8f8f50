"""Which columns of an audformat database say what of a recording, and the values that they give."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.bins import RATED_FROM, RATED_TO

if TYPE_CHECKING:
    from audformat import Column, Database, Scheme

#: What a column, or else its scheme, is called that says a thing: its name or the part after the last dot, best first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "category": ("emotion", "category", "categories"),
    "activation": ("activation", "arousal"),
    "valence": ("valence",),
    "dominance": ("dominance",),
    "speaker": ("speaker", "speaker_id"),
    "gender": ("gender", "sex"),
    "language": ("language",),
    "transcript": ("transcription", "transcript", "text"),
    "session": ("session",),
}
RATED = ("activation", "valence", "dominance")
#: Whatever one of these is known of, is a clip.
EMOTIONAL = ("category", *RATED)
#: What may be known of a speaker instead of a recording.
OF_SPEAKER = ("gender", "language")
#: What labels of a scheme spell out: a sentence for its number, say.
LABELLED = ("transcript",)
PREFERRED = "gold_standard"  # in the name of a table: what raters came to together


class Piece(NamedTuple):
    """A media file of a database, or a segment of one, in seconds."""

    file: str
    start_s: float = 0.0
    end_s: float | None = None


@dataclass
class Answers:
    """What the tables say of each piece, by quantity, from the best column on; and what of it can't be used."""

    by_quantity: dict[str, list[Mapping[Piece, object]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    files: set[Piece] = field(default_factory=set)
    #: The rows of tables of segments that know something of an emotion.
    segments: set[Piece] = field(default_factory=set)

    def of(self, quantity: str, piece: Piece) -> object:
        """What is said of a piece, or else of its whole file; None where nobody says anything."""
        for answers in self.by_quantity.get(quantity, ()):
            for asked in (piece, Piece(piece.file)):
                if asked in answers:
                    return answers[asked]
        return None

    def pieces(self) -> list[Piece]:
        """Every clip, in order: the segments with an emotion, or else the files with one, or else all files."""
        emotional = {piece for name in EMOTIONAL for answers in self.by_quantity.get(name, ()) for piece in answers}
        chosen = self.segments or emotional or self.files
        return sorted(chosen, key=lambda piece: (piece.file, piece.start_s, piece.end_s or math.inf))


class _Found(NamedTuple):
    """A column that answers, with what it is called in full."""

    place: str
    column: Column
    scheme: Scheme | None
    of_segments: bool


def read_columns(db: Database) -> Answers:
    """Read every column that says something of `COLUMNS`; what can't be read becomes a problem, and never raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the library's use of pandas
        return _read_columns(db)


def _read_columns(db: Database) -> Answers:
    answers = Answers()
    tables = [table_id for table_id in db.tables if _is_readable(db, table_id, answers)]
    for quantity in COLUMNS:
        for found in _columns_of(db, tables, quantity):
            said = _answers(quantity, found, answers.problems)
            answers.by_quantity.setdefault(quantity, []).append(said)
            if quantity in EMOTIONAL and found.of_segments:
                answers.segments |= said.keys()
    for found in _columns_of(db, tables, "speaker"):
        for quantity in OF_SPEAKER:
            answers.by_quantity.setdefault(quantity, []).append(_by_field(found, COLUMNS[quantity]))
    return answers


def _is_readable(db: Database, table_id: str, answers: Answers) -> bool:
    try:
        answers.files |= {Piece(str(file)) for file in db[table_id].files}
    except Exception as error:  # noqa: BLE001  # whatever the library makes of a broken file, the others are read
        answers.problems.append(f"table {table_id} can't be read ({type(error).__name__}: {error}); it is left out")
        return False
    return True


def _columns_of(db: Database, tables: list[str], quantity: str) -> list[_Found]:
    """The columns that say a thing, best first: by name, then by table."""
    names = COLUMNS[quantity]
    ranked: list[tuple[tuple[int, bool, int], _Found]] = []
    for table_id in tables:
        for column_id, column in db[table_id].columns.items():
            called = [part.casefold().rpartition(".")[2] for part in (column_id, column.scheme_id or "")]
            ranks = [names.index(name) for name in called if name in names]
            if ranks:
                scheme = db.schemes[column.scheme_id] if column.scheme_id else None
                rank = (ranks[0], PREFERRED not in table_id, len(ranked))
                is_of_segments = db[table_id].type == "segmented"
                ranked.append((rank, _Found(f"{table_id}.{column_id}", column, scheme, is_of_segments)))
    return [found for _, found in sorted(ranked, key=lambda one: one[0])]


def _answers(quantity: str, found: _Found, problems: list[str]) -> Mapping[Piece, object]:
    if quantity in RATED:
        return _ratings(found, problems)
    said = _by_field(found, COLUMNS[quantity]) if quantity in LABELLED else {}
    return said or dict(_values(found.column.get))


def _by_field(found: _Found, fields: tuple[str, ...]) -> dict[Piece, object]:
    """What the labels of a column's scheme say of each value in one of some fields; empty where they say nothing."""
    for name in fields:
        try:
            return dict(_values(found.column.get, map=name))
        except (ValueError, TypeError):  # no labels, none with this field, or values of several kinds in it
            continue
    return {}


def _ratings(found: _Found, problems: list[str]) -> dict[Piece, object]:
    """Ratings brought from their scheme's scale to 1..5."""
    scale = _scale(found.scheme)
    if scale is None:
        problems.append(f"{found.place} has no scheme with a minimum and a maximum, so it can't be put on 1 to 5")
        return {}
    lowest, highest = scale
    ratings: dict[Piece, object] = {}
    for piece, value in _values(found.column.get):
        rating = float(value)
        if lowest <= rating <= highest:
            ratings[piece] = RATED_FROM + (RATED_TO - RATED_FROM) * (rating - lowest) / (highest - lowest)
        else:
            problems.append(f"{found.place} gives {piece.file} {value}; expected {lowest:g} to {highest:g}")
    return ratings


def _scale(scheme: Scheme | None) -> tuple[float, float] | None:
    """The ends of a scheme of numbers; those of its labels where it lists the numbers instead."""
    if scheme is None or not scheme.is_numeric:
        return None
    ends = [end for end in (scheme.minimum, scheme.maximum) if end is not None]
    numbers = ends if len(ends) == 2 or scheme.labels is None else scheme.labels_as_list
    return (float(min(numbers)), float(max(numbers))) if len(set(numbers)) > 1 else None


def _values(get: Callable[..., Any], **how: str) -> Iterator[tuple[Piece, Any]]:
    """Each piece of a column with its value, missing ones left out."""
    import pandas as pd

    for index, value in get(**how).items():
        if pd.api.types.is_scalar(value) and not pd.isna(value):
            file, *times = index if isinstance(index, tuple) else (index,)
            times_s: list[float | None] = [
                None if pd.isna(time) else float(time.total_seconds()) for time in times
            ] or [None, None]
            yield Piece(str(file), times_s[0] or 0.0, times_s[1]), value
