"""ESC-50: 2,000 environmental recordings of 5 s in 50 classes.

Get it from github.com/karolpiczak/ESC-50 (`audio/*.wav`, `meta/esc50.csv`). Licence: CC BY-NC 3.0 as a whole, CC BY 3.0
for the ESC-10 part; credits for each clip are in its LICENSE. Cite: K. J. Piczak, "ESC: Dataset for Environmental Sound
Classification", ACM Multimedia 2015.

The paper uses three of its five groups (section 4.1). Short sounds are padded with digital silence, which is cut off;
some are clipped, which `check` tells.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from pipelines.corpora.base import Problem
from pipelines.sounds.base import Family, Sound, SoundBank, SoundsNotFound

#: Classes are numbered by group of ten.
FAMILY_BY_TENS: dict[int, Family] = {1: "nat", 2: "hum", 3: "int"}
#: Section 4.2 finds that these change what people hear, so they never count as background.
EMOTIONAL: dict[int, Family] = {20: "baby-cry", 26: "laugh"}
COLUMNS = {"filename", "target", "category"}


class Esc50(SoundBank):
    """The natural, human and interior sounds of ESC-50, in its own layout."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._table = root / "meta" / "esc50.csv"
        if not self._table.is_file() or not (root / "audio").is_dir():
            raise SoundsNotFound("ESC-50", root, "expected meta/esc50.csv and audio/; point at the folder with both")
        with self._table.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = csv.DictReader(file)
            try:
                if not set(rows.fieldnames or ()) >= COLUMNS:
                    raise SoundsNotFound("ESC-50", root, f"{self._table} lacks one of the columns {sorted(COLUMNS)}")
                self._rows = sorted(rows, key=lambda row: str(row["filename"]))
            except csv.Error as error:
                where = f"{self._table} can't be read from line {rows.line_num} on ({error})"
                raise SoundsNotFound("ESC-50", root, f"{where}; fetch it again") from error

    def listed(self) -> Iterator[Sound | Problem]:
        """The sounds of the classes 10 to 39, by file name."""
        for row in self._rows:
            name, target = Path(row["filename"] or "").name, row["target"] or ""
            if not name or not target.isdecimal():
                where = f"{self._table} has a row with the file {row['filename']!r} and the target {row['target']!r}"
                yield Problem(self._table, f"{where}; expected a file name and a class number")
                continue
            family = EMOTIONAL.get(int(target)) or FAMILY_BY_TENS.get(int(target) // 10)
            if family:
                path = self.root / "audio" / name
                source = (row.get("src_file") or "").strip() or None  # the Freesound recording
                yield Sound(path.stem, path, family, row["category"] or "unnamed", source=source)
