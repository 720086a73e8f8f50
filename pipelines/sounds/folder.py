"""Any folder of sounds: a sub-folder for each family, or a table `sounds.csv` that says what each file is.

Without a table, `nat/rain/1.wav` is of the family `nat` and the category `rain`, and so is `nat/rain.wav`; in `speech`
and `filler`, the folder in between names the speaker. With one, its columns are `file` (a path below the folder),
`family`, and, where they are known, `category`, `start_s`, `end_s` (a piece of a longer file) and `speaker`. Families
that the study's own noises ask for are named in `pipelines.sounds.base`; conditions of one's own can ask for others.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.corpora.base import Problem
from pipelines.files_below import PathOutside, path_below, sound_files
from pipelines.sounds.base import Sound, SoundBank, SoundsNotFound

TABLE = "sounds.csv"
NEEDED = {"file", "family"}
SPOKEN = ("speech", "filler")
FAMILY_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class RowWrong(ValueError):
    """A row of the table says nothing usable; its sentence names the row."""


class SoundFolder(SoundBank):
    """The sounds of a folder that somebody made."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._table = root / TABLE
        expected = f"expected a sub-folder for each family with files of sound in it, or a table {TABLE}"
        if not root.is_dir():
            raise SoundsNotFound("folder of", root, expected)
        if self._table.is_file():
            lacking = NEEDED - _columns(root, self._table)
            if lacking:
                raise SoundsNotFound("folder of", root, f"{self._table} lacks the columns {sorted(lacking)}")
        elif not any(path.parent != root for path in sound_files(root)):
            raise SoundsNotFound("folder of", root, expected)

    def listed(self) -> Iterator[Sound | Problem]:
        """The sounds of the table in its order, or of the sub-folders by path."""
        if not self._table.is_file():
            yield from self._by_folder()
            return
        with self._table.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            rows = csv.DictReader(file)
            while rows.fieldnames:
                number = rows.line_num + 1
                try:
                    yield _sound(self.root, next(rows))
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Problem(self._table, f"{self._table}, line {number}: can't be read ({error}); mend the row")
                except (RowWrong, PathOutside) as error:
                    yield Problem(self._table, f"{self._table}, line {number}: {error}")

    def _by_folder(self) -> Iterator[Sound | Problem]:
        for path in sound_files(self.root):
            family, *between = path.relative_to(self.root).parts[:-1] or ("",)
            if not FAMILY_NAME.fullmatch(family):
                where = f"{path} lies in {family!r}" if family else f"{path} lies in no sub-folder"
                yield Problem(path, f"{where}; expected one named by a family, in small letters, digits and dashes")
                continue
            sound_id = path.relative_to(self.root).as_posix()
            category = "/".join(between) or path.stem
            yield Sound(sound_id, path, family, category, speaker=category if between and family in SPOKEN else None)


def _columns(root: Path, table: Path) -> set[str]:
    with table.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        try:
            return set(csv.DictReader(file).fieldnames or ())
        except csv.Error as error:
            raise SoundsNotFound("folder of", root, f"the first line of {table} can't be read ({error})") from error


def _sound(root: Path, row: Mapping[str, str | None]) -> Sound:
    name, family = (row["file"] or "").strip(), (row["family"] or "").strip()
    if not name:
        raise RowWrong("no file is named; expected a path below the folder")
    if not FAMILY_NAME.fullmatch(family):
        raise RowWrong(f"the family is {family!r}; expected small letters, digits and dashes, such as nat or laugh")
    path = path_below(root, name)
    start_s, end_s = _seconds(row, "start_s") or 0.0, _seconds(row, "end_s")
    if end_s is not None and end_s <= start_s:
        raise RowWrong(f"{name} would end at {end_s:g} s, before it begins at {start_s:g} s")
    category, speaker = ((row.get(column) or "").strip() for column in ("category", "speaker"))
    piece = "" if end_s is None and not start_s else f"@{start_s:g}-{'' if end_s is None else f'{end_s:g}'}"
    return Sound(f"{name}{piece}", path, family, category or path.stem, start_s, end_s, speaker=speaker or None)


def _seconds(row: Mapping[str, str | None], column: str) -> float | None:
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise RowWrong(f"{column} is {text!r}; expected a number of seconds, or nothing")
    return value
