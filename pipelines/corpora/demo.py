"""The demo's corpus: spoken by espeak-ng, in a folder with `clips.jsonl` and `wav/`.

`pipelines.demo.speech` makes the folder. Voices and ratings are simulated, and every clip says so. The first line of
`clips.jsonl` names the format; every other line is one clip: the fields of `pipelines.clip.Clip`, with `file`
(relative to `wav/`) in place of its path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.clip import Clip, Phone, Word
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem

FORMAT = "earwitness demo corpus"
FILE_NAME = "clips.jsonl"


class DemoCorpus(Corpus):
    """Utterances that `pipelines.demo.speech` made."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        try:
            with (root / FILE_NAME).open(encoding="utf-8") as file:
                named = json.loads(file.readline())["format"]
        except (OSError, ValueError, KeyError, TypeError):
            named = None
        if named != FORMAT:
            raise CorpusNotFound("demo", root, f"expected {FILE_NAME} with the format {FORMAT!r} in its first line")

    def listed(self) -> Iterator[Clip | Problem]:
        """Each utterance in the order of the list, and a Problem for each that can't be used."""
        lines = (self.root / FILE_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines[1:], start=2):
            yield self._read_one(number, line)

    def _read_one(self, number: int, line: str) -> Clip | Problem:
        try:
            return _clip(self.root, json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            path = self.root / FILE_NAME
            return Problem(path, f"{path}, line {number}, describes no clip ({error}); make the demo's corpus anew")


def _clip(root: Path, row: dict[str, Any]) -> Clip:
    path = root / "wav" / Path(row.pop("file")).name
    words = tuple(Word(*word) for word in row.pop("words"))
    phones = tuple(Phone(*phone) for phone in row.pop("phones"))
    return Clip(**row, path=path, words=words, phones=phones, language="en", simulated=True, ratings="simulated")
