"""The demo's sounds: synthesised, three families, in a folder with `sounds.jsonl` and `wav/`.

`pipelines.demo.sounds` makes the folder. Nothing in it was recorded, so every sound is marked as simulated. Own sounds
can be laid out in the same way: a first line that names the format, then one object a line with `sound_id`, `family`
(`nat`, `hum`, `int`, `laugh` ...), `category` and `file` (relative to `wav/`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pipelines.corpora.base import Problem
from pipelines.sounds.base import Sound, SoundBank, SoundsNotFound

FORMAT = "earwitness demo sounds"
FILE_NAME = "sounds.jsonl"


class DemoSounds(SoundBank):
    """Sounds that `pipelines.demo.sounds` made."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        expected = f"expected {FILE_NAME} with the format {FORMAT!r} in its first line"
        try:
            first, *lines = (root / FILE_NAME).read_text(encoding="utf-8").splitlines()
            if json.loads(first)["format"] != FORMAT:
                raise SoundsNotFound("demo", root, expected)
            self._sounds = [_sound(root, json.loads(line)) for line in lines]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SoundsNotFound("demo", root, expected) from error

    def listed(self) -> Iterator[Sound | Problem]:
        """The sounds in the order of the list."""
        yield from self._sounds


def _sound(root: Path, row: dict[str, str]) -> Sound:
    path = root / "wav" / Path(row["file"]).name
    return Sound(row["sound_id"], path, row["family"], row["category"], simulated=True)
