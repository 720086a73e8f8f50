"""MUSAN: music, speech and noise, 109 hours in all, at 16 kHz.

Get it from openslr.org/17 (`music/`, `speech/` and `noise/` with a folder for each source, and `ANNOTATIONS` in those).
Licence: CC BY 4.0 as a whole; each file has its own in its folder's LICENSE. Cite: D. Snyder, G. Chen, D. Povey,
"MUSAN: A Music, Speech, and Noise Corpus", arXiv:1510.08484.

Files of minutes are listed as excerpts of 20 s, one after the other; what is left over is dropped where it is shorter
than 5 s. The families are `music`, `speech` (each recording a speaker of its own, which is what is known of them) and
`noise`, by the folder a file lies in and nothing else: nobody says which noises are natural, human or interior. Files
whose annotation names laughing or crying are left out, as everywhere. Music with singing is left out, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.corpora.base import Problem
from pipelines.files_below import header_length_s, sound_files
from pipelines.sounds.base import Sound, SoundBank, SoundsNotFound

FAMILIES_HERE = ("music", "speech", "noise")
EXCERPT_S = 20.0
REST_S = 5.0
ANNOTATIONS = "ANNOTATIONS"
VOCALS = 2  # the column of a music annotation (name, genres, vocals Y/N, artist ...) that tells of singing


class Musan(SoundBank):
    """The three folders of MUSAN, in excerpts."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not any((root / family).is_dir() for family in FAMILIES_HERE):
            raise SoundsNotFound("MUSAN", root, "expected the folders music, speech and noise, or one of them")

    def listed(self) -> Iterator[Sound | Problem]:
        """The excerpts of every file, by folder and name."""
        for family in FAMILIES_HERE:
            said = _annotations(self.root / family)
            for path in sound_files(self.root / family):
                annotation = said.get(path.stem, [])
                if family == "music" and annotation[VOCALS : VOCALS + 1] == ["Y"]:
                    continue
                category = " ".join(annotation[1:]) if family == "noise" else path.parent.name
                yield from _excerpts(path, family, category or path.parent.name)


def _annotations(folder: Path) -> dict[str, list[str]]:
    """What the annotations below a folder say of each file: the words of its line, by its name."""
    found = {}
    for table in sorted(folder.rglob(ANNOTATIONS)):
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if words:
                found[words[0]] = words
    return found


def _excerpts(path: Path, family: str, category: str) -> Iterator[Sound | Problem]:
    length_s = header_length_s(path)
    if length_s is None:
        yield Problem(path, f"{path} does not say how long it lasts; fetch the file again")
        return
    speaker = path.stem if family == "speech" else None
    starts = [0.0, *(EXCERPT_S * number for number in range(1, int((length_s - REST_S) // EXCERPT_S) + 1))]
    for start_s in starts:
        end_s = min(start_s + EXCERPT_S, length_s)
        yield Sound(f"{path.stem}@{start_s:g}", path, family, category, start_s, end_s, speaker=speaker)
