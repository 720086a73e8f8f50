"""BAUM-1s: spontaneous Turkish speech on video, 31 people, 13 emotions and states of mind, 1,222 videos.

Get it from its authors (`BAUM1s_MP4 - All/s001/S001_001.mp4`, `Annotations_BAUM1s.xlsx`). Licence: free for
research. Cite: Zhalehpour, Onder, Akhtar, Erdem, "BAUM-1: A Spontaneous Audio-Visual Face Database of Affective and
Mental States", IEEE Transactions on Affective Computing 8(3), 2017.

What a video shows is the emotion's code in the sheet, since words such as "con" stand for two of them. A row whose
word says another emotion than its code (S015_007) can't be used. The acted part, BAUM-1a, is another corpus and is
not read. Activation and valence are mapped from the category.
"""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from zipfile import BadZipFile

from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip, Gender
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem, Published
from pipelines.files_below import files_below

SHEET_NAME = "annotations_baum1s.xlsx"
ACTED = "baum1a"  # what the names of the acted part's folders begin with
NAME_COLUMN, WORD_COLUMN, CODE_COLUMN = 3, 4, 5
#: What openpyxl lets through of a broken sheet: errors of zip, of XML, and of whatever it makes of them.
SHEET_BROKEN = (
    BadZipFile, zlib.error, OSError, EOFError, RuntimeError,
    SyntaxError, LookupError, ValueError, TypeError, AttributeError,
)  # fmt: skip
#: By code, in the publisher's order.
CATEGORIES = (
    "anger", "boredom", "bothered", "concentrating", "contempt", "disgust", "fear",
    "happiness", "neutral", "sadness", "surprise", "thinking", "unsure",
)  # fmt: skip
WORD_LETTERS = 3  # by which a word is compared with its code: sheets write "con" as well as "Contempt"
FILE_NAME = re.compile(r"(?P<speaker>S\d{3})_\d+", re.ASCII)
GENDERS: dict[str, Gender] = {"f": "female", "female": "female", "m": "male", "male": "male"}


class Baum1s(Corpus):
    """The spontaneous part of BAUM-1."""

    PUBLISHED: ClassVar[Published | None] = Published(
        source="Zhalehpour and others, IEEE Transactions on Affective Computing 8(3), 2017", clips=1222
    )

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        sheets = [path for path in files_below(root, (".xlsx",)) if path.name.casefold() == SHEET_NAME]
        if not sheets:
            raise CorpusNotFound("BAUM-1s", root, "expected Annotations_BAUM1s.xlsx in it, beside the videos")
        self._sheet = sheets[0]

    def listed(self) -> Iterator[Clip | Problem]:
        """Each video by its row in the sheet; a Problem for each row without video, and each video without row."""
        rows = read_sheet(self._sheet)
        if isinstance(rows, Problem):
            yield rows
            return
        described: set[str] = set()
        videos = [path for path in files_below(self.root, (".mp4",)) if not self._acted(path)]
        path_by_name = {path.stem.upper(): path for path in reversed(videos)}
        for number, row in rows:
            clip = read_row(row, f"{self._sheet}, row {number},", path_by_name)
            described.add(_name(row))
            yield clip if isinstance(clip, Clip) else Problem(self._sheet, clip)
        for path in videos:
            if path.stem.upper() not in described:
                yield Problem(path, f"{path} has no row in {self._sheet}, so nobody knows its emotion; it is left out")
            elif path != path_by_name[path.stem.upper()]:
                yield Problem(path, f"{path} is {path_by_name[path.stem.upper()]} once more; it is left out")

    def _acted(self, path: Path) -> bool:
        return any(part.casefold().startswith(ACTED) for part in path.relative_to(self.root).parts)


def read_sheet(path: Path) -> list[tuple[int, Sequence[object]]] | Problem:
    """The rows of the first sheet below its heading, with their numbers, empty ones left out; or why there are none."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # what Excel adds for the eye
            book = load_workbook(path, read_only=True, data_only=True)
            rows = list(enumerate(book.worksheets[0].iter_rows(values_only=True), start=1))
            book.close()
    except SHEET_BROKEN as error:
        return Problem(path, f"{path} can't be read as a sheet ({type(error).__name__}: {error}); fetch it again")
    return [(number, row) for number, row in rows[1:] if any(cell is not None for cell in row)]


def read_row(row: Sequence[object], place: str, path_by_name: Mapping[str, Path]) -> Clip | str:
    """The clip that a row of the sheet describes, or, as a sentence, why it describes none.

    Args:
        row: its cells, of whatever kinds a sheet can hold.
        place: where the row stands, as the beginning of a sentence.
        path_by_name: the videos, by their names in capitals.
    """
    name, category = _name(row), _category(row)
    named = FILE_NAME.fullmatch(name)
    if named is None:
        return f"{place} names the clip {name!r}; expected a name such as S001_001"
    if name not in path_by_name:
        return f"{place} names {name}, but there is no {name}.mp4; fetch it again, or leave it out"
    if category is None:
        code = f"found {_text(row, CODE_COLUMN)!r}, expected 1 to {len(CATEGORIES)}"
        return f"{place} gives {name} no known code of an emotion: {code}; it is left out"
    word = _text(row, WORD_COLUMN)
    if word and word.casefold()[:WORD_LETTERS] != category[:WORD_LETTERS]:
        return f"{place} calls {name} {word!r}, but its code says {category}; it is left out"
    activation, valence = PLACE_BY_CATEGORY[category]
    return Clip(
        clip_id=name,
        path=path_by_name[name],
        speaker=named["speaker"],
        gender=_gender(row),
        activation=activation,
        valence=valence,
        category=category,
        language="tr",
        ratings="mapped",
    )


def _name(row: Sequence[object]) -> str:
    return _text(row, NAME_COLUMN).upper().removesuffix(".MP4")


def _category(row: Sequence[object]) -> str | None:
    code = _text(row, CODE_COLUMN).removesuffix(".0")
    by_code = {str(number): category for number, category in enumerate(CATEGORIES, start=1)}
    return by_code.get(code)


def _gender(row: Sequence[object]) -> Gender:
    """Of whoever speaks, from whichever other cell says it: the sheet's order of columns is not published."""
    others: Iterable[int] = (at for at in range(len(row)) if at not in (NAME_COLUMN, WORD_COLUMN, CODE_COLUMN))
    said = [GENDERS[text] for text in (_text(row, at).casefold() for at in others) if text in GENDERS]
    return said[0] if said else "unknown"


def _text(row: Sequence[object], at: int) -> str:
    return "" if at >= len(row) or row[at] is None else str(row[at]).strip()
