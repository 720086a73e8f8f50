"""The demo's sounds: synthesised, three families, in a folder with `sounds.jsonl` and `wav/`.

`pipelines.demo_sounds` makes the folder. Nothing in it was recorded, so every sound is marked as simulated. Own sounds
can be laid out in the same way: a first line that names the format, then one object a line with `sound_id`, `family`
(`nat`, `hum` or `int`), `category` and `file` (relative to `wav/`).
"""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.audio import Samples
from pipelines.corpora.base import Problem
from pipelines.sounds.base import FAMILIES, Family, Sound, SoundBank, SoundsNotFound, read_trimmed, usable

FORMAT = "earwitness demo sounds"
FILE_NAME = "sounds.jsonl"
CHECKED_AT_HZ = 16000


class DemoSounds(SoundBank):
    """Sounds that `pipelines.demo_sounds` made."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        expected = f"expected {FILE_NAME} with the format {FORMAT!r} in its first line"
        try:
            first, *lines = (root / FILE_NAME).read_text(encoding="utf-8").splitlines()
            if json.loads(first)["format"] != FORMAT:
                raise SoundsNotFound("demo", root, expected)
            listed = [_sound(root, json.loads(line)) for line in lines]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SoundsNotFound("demo", root, expected) from error
        self._sounds, self._problems = usable(listed, CHECKED_AT_HZ)
        self._path_by_id = {sound.sound_id: sound.path for sound in self._sounds}

    def sounds(self, family: Family) -> tuple[Sound, ...]:
        """All usable sounds of a family, in the order of the list."""
        return tuple(sound for sound in self._sounds if sound.family == family)

    def problems(self) -> tuple[Problem, ...]:
        """The files that can't be used: missing, corrupt, silent."""
        return self._problems

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        """A sound at a rate; shape (time,), read-only."""
        return read_trimmed(self._path_by_id[sound_id], sample_rate_hz)


def _sound(root: Path, row: dict[str, str]) -> Sound:
    family: Family = next(family for family in FAMILIES if family == row["family"])
    path = root / "wav" / Path(row["file"]).name
    return Sound(row["sound_id"], path, family, row["category"], simulated=True)
