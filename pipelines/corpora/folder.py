"""Any folder of sound with a table, `clips.csv`, that says who speaks in each file and what is known of it.

For speech that was published nowhere, or in a layout of its own. Licence and citation are those of the sound.

The table has a row for each clip. `file` (relative to the folder, inside of it) and `speaker` must be there; `clip_id`,
`gender`, `session`, `activation`, `valence`, `dominance`, `category`, `transcript`, `language`, `start_s` and `end_s`
may be. Ratings are on 1..5. A category alone is mapped to activation and valence where `pipelines.circumplex` knows it,
and such a clip says so (`ratings="mapped"`).
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from math import isfinite, nan
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pipelines.bins import RATED_FROM, RATED_TO
from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip, Gender
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem
from pipelines.files_below import PathOutside, path_below, sound_files

TABLE = "clips.csv"
REQUIRED = ("file", "speaker")
OPTIONAL = (
    "clip_id", "gender", "session", "activation", "valence", "dominance", "category", "transcript", "language",
    "start_s", "end_s",
)  # fmt: skip
GENDERS: Mapping[str, Gender] = {
    "": "unknown", "unknown": "unknown", "female": "female", "f": "female", "male": "male", "m": "male",
}  # fmt: skip
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
NAMED = 3  # files that are named in a sentence that counts them

#: The cells of a row by the name of their column, without spaces at their ends.
Row: TypeAlias = Mapping[str, str]


class RowWrong(ValueError):
    """A row of the table describes no clip: what was found in it, and what was expected."""


class Table(NamedTuple):
    """The names of the columns, and each row with the number of its line; or why a row can't be read."""

    columns: list[str]
    rows: list[tuple[int, Row | RowWrong]]


class Folder(Corpus):
    """A folder of sound with `clips.csv`: UTF-8, names in the first line; commas, semicolons or tabs between cells."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        _read_table(root)

    def listed(self) -> Iterator[Clip | Problem]:
        """Each row in the order of the table; a Problem for each that is no clip, and for sound without a row."""
        path, table = self.root / TABLE, _read_table(self.root)
        yield from _not_read(path, table.columns)
        line_by_id: dict[str, int] = {}
        for number, row in table.rows:
            try:
                clip = _clip(self.root, row)
            except RowWrong as error:
                yield Problem(path, f"{path}, line {number}, {error}")
                continue
            first = line_by_id.setdefault(clip.clip_id, number)
            if first == number:
                yield clip
            else:
                taken = f"has the clip_id {clip.clip_id!r}, as line {first} has; expected another"
                yield Problem(path, f"{path}, line {number}, {taken}")
        yield from _without_row(self.root, [row["file"] for _, row in table.rows if not isinstance(row, RowWrong)])


def _read_table(root: Path) -> Table:
    """The table of a folder.

    Raises:
        CorpusNotFound: there is none, it is no UTF-8 text, or has not the columns it needs.
    """
    wanted = f"expected {TABLE} with the columns {' and '.join(REQUIRED)}"
    try:
        text = (root / TABLE).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CorpusNotFound("folder", root, f"{wanted} ({error.strerror})") from error
    except UnicodeDecodeError as error:
        found = f"a byte {error.object[error.start]:#04x} at {error.start}"
        raise CorpusNotFound("folder", root, f"{wanted} as UTF-8, found {found}") from error
    lines = _lines(text)
    _, names = next(lines, (1, []))
    columns = [] if isinstance(names, RowWrong) else [name.strip().casefold() for name in names]
    if not set(REQUIRED) <= set(columns) or len(set(columns)) < len(columns):
        raise CorpusNotFound("folder", root, f"{wanted}, each once, found {', '.join(columns)[:200] or 'none'}")
    return Table(columns, [(number, _row(columns, cells)) for number, cells in lines if cells])


def _lines(text: str) -> Iterator[tuple[int, list[str] | RowWrong]]:
    """The cells of each row, with the number of the line on which it begins."""
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, RowWrong(f"can't be read ({error}); expected quotes round cells, and two for one inside")


def _row(columns: list[str], cells: list[str] | RowWrong) -> Row | RowWrong:
    if isinstance(cells, RowWrong):
        return cells
    if len(cells) > len(columns):
        return RowWrong(
            f"has {len(cells)} cells for {len(columns)} columns; put quotes round cells with a comma inside"
        )
    return dict.fromkeys([*REQUIRED, *OPTIONAL], "") | dict(zip(columns, map(str.strip, cells), strict=False))


def _clip(root: Path, row: Row | RowWrong) -> Clip:
    """The clip that a row describes.

    Raises:
        RowWrong: it describes none.
    """
    if isinstance(row, RowWrong):
        raise row
    path, (start_s, end_s) = _path_inside(root, row["file"]), _piece(row)
    gender = GENDERS.get(row["gender"].casefold())
    if gender is None:
        raise RowWrong(f"has the gender {row['gender']!r}; expected female, male or nothing")
    if not row["speaker"]:
        raise RowWrong("names no speaker; expected a name or number in every row")
    if row["language"] and not LANGUAGE.fullmatch(row["language"]):
        raise RowWrong(f"has the language {row['language']!r}; expected an ISO 639 code such as en or pt-BR")
    activation, valence, dominance = (_rating(row, name) for name in ("activation", "valence", "dominance"))
    place = PLACE_BY_CATEGORY.get(row["category"].casefold()) if activation is valence is None else None
    return Clip(
        clip_id=row["clip_id"] or _usual_id(root, path, start_s),
        path=path,
        speaker=row["speaker"],
        gender=gender,
        session=row["session"] or None,
        activation=place.activation if place else activation,
        valence=place.valence if place else valence,
        dominance=dominance,
        category=row["category"] or None,
        transcript=row["transcript"] or None,
        language=row["language"] or "und",
        start_s=start_s,
        end_s=end_s,
        ratings="mapped" if place else "none" if activation is valence is None else "measured",
    )


def _path_inside(root: Path, file: str) -> Path:
    """The path of a row's file; a table may come from elsewhere, so it reaches nothing outside of its folder."""
    if not file:
        raise RowWrong("names no file; expected a path inside the folder")
    try:
        path = path_below(root, file)
        there = path.is_file()
    except PathOutside as error:
        raise RowWrong(f"names a file that is refused: {error}") from error
    except (OSError, RuntimeError) as error:  # too long a name, links in a circle
        raise RowWrong(f"names the file {file[:80]!r}, which can't be looked for ({error}); expected a path") from error
    if not there:
        raise RowWrong(f"names the file {file[:80]!r}, which is not in {root}; expected a file of sound")
    return path


def _usual_id(root: Path, path: Path, start_s: float) -> str:
    name = path.relative_to(root).with_suffix("").as_posix()
    return f"{name}@{start_s:g}" if start_s else name


def _piece(row: Row) -> tuple[float, float | None]:
    """From when to when a clip lasts in its file, in seconds; None for the end of the file."""
    start_s, end_s = _number(row, "start_s"), _number(row, "end_s")
    for name, second in (("start_s", start_s), ("end_s", end_s)):
        if second is not None and second < 0:
            raise RowWrong(f"has the {name} {row[name]!r}; expected seconds from the start of the file")
    if end_s is not None and end_s <= (start_s or 0.0):
        raise RowWrong(f"starts at {start_s or 0.0} s and ends at {end_s} s; expected a later end_s")
    return start_s or 0.0, end_s


def _rating(row: Row, name: str) -> float | None:
    rating = _number(row, name)
    if rating is not None and not RATED_FROM <= rating <= RATED_TO:
        raise RowWrong(f"has the {name} {row[name]!r}; expected a mean on 1 to 5, or nothing")
    return rating


def _number(row: Row, name: str) -> float | None:
    if not row[name]:
        return None
    try:
        number = float(row[name])
    except ValueError:
        number = nan
    if not isfinite(number):
        raise RowWrong(f"has the {name} {row[name][:40]!r}; expected a number with a point, or nothing")
    return number


def _not_read(path: Path, columns: list[str]) -> Iterator[Problem]:
    """A Problem where columns are not read, since a misspelt one would be missed by nobody."""
    unknown = [name for name in columns if name not in {*REQUIRED, *OPTIONAL}]
    near = sorted({hint for name in unknown for hint in get_close_matches(name, OPTIONAL, n=1)})
    if unknown:
        hint = f"did you mean {', '.join(near)}?" if near else f"known are: {', '.join([*REQUIRED, *OPTIONAL])}"
        yield Problem(path, f"{path} has the columns {', '.join(map(repr, unknown))[:200]}, which are not read; {hint}")


def _without_row(root: Path, files: list[str]) -> Iterator[Problem]:
    """One Problem for all sound that the table does not name, since a table may be a choice."""
    named = {os.path.normpath(file) for file in files}
    here = (str(path.relative_to(root)) for path in sound_files(root))
    left = [name for name in here if name not in named]
    if left:
        first = ", ".join(left[:NAMED])
        sentence = f"{root} holds {len(left)} files of sound that {TABLE} does not name (first: {first})"
        yield Problem(root, f"{sentence}; add rows for them if they belong to the corpus")
