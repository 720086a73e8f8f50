"""ESC-50: 2,000 environmental recordings of 5 s in 50 classes.

Get it from github.com/karolpiczak/ESC-50 (`audio/*.wav`, `meta/esc50.csv`). Licence: CC BY-NC 3.0 as a whole, CC BY 3.0
for the ESC-10 part; credits for each clip are in its LICENSE. Cite: K. J. Piczak, "ESC: Dataset for Environmental Sound
Classification", ACM Multimedia 2015.

The paper uses three of its five groups (section 4.1). Short sounds are padded with digital silence, which is cut off.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from pipelines.audio import Samples
from pipelines.corpora.base import Problem
from pipelines.sounds.base import Family, Sound, SoundBank, SoundsNotFound, read_trimmed, usable

#: Classes are numbered by group of ten.
FAMILY_BY_TENS: dict[int, Family] = {1: "nat", 2: "hum", 3: "int"}
#: Section 4.2 finds that these change what people hear, so they never count as background.
EMOTIONAL = {20: "crying_baby", 26: "laughing"}
COLUMNS = {"filename", "target", "category"}
CHECKED_AT_HZ = 16000  # the rate at which files are first read, which is the study's usual one


class Esc50(SoundBank):
    """The natural, human and interior sounds of ESC-50, in its own layout."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        table = root / "meta" / "esc50.csv"
        if not table.is_file() or not (root / "audio").is_dir():
            raise SoundsNotFound("ESC-50", root, "expected meta/esc50.csv and audio/; point at the folder with both")
        listed = sorted(self._listed(table), key=lambda sound: sound.sound_id)
        if not listed:
            raise SoundsNotFound("ESC-50", root, "its table lists no sound of the classes 10 to 39")
        self._sounds, self._problems = usable(listed, CHECKED_AT_HZ)
        self._path_by_id = {sound.sound_id: sound.path for sound in self._sounds}

    def _listed(self, table: Path) -> Iterator[Sound]:
        with table.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = csv.DictReader(file)
            if not set(rows.fieldnames or ()) >= COLUMNS:
                raise SoundsNotFound("ESC-50", self.root, f"{table} lacks one of the columns {sorted(COLUMNS)}")
            for row in rows:
                target = int(row["target"]) if (row["target"] or "").isdigit() else -1
                family = FAMILY_BY_TENS.get(target // 10)
                if family and target not in EMOTIONAL:
                    path = self.root / "audio" / Path(row["filename"]).name
                    yield Sound(path.stem, path, family, row["category"])

    def sounds(self, family: Family) -> tuple[Sound, ...]:
        """All usable sounds of a family, by file name."""
        return tuple(sound for sound in self._sounds if sound.family == family)

    def problems(self) -> tuple[Problem, ...]:
        """The files that can't be used: missing, corrupt, silent."""
        return self._problems

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        """A sound at a rate, without its padding; shape (time,), read-only."""
        return read_trimmed(self._path_by_id[sound_id], sample_rate_hz)
