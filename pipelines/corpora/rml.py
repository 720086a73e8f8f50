"""RML: acted speech on video, 8 people, 6 emotions, 6 languages, 720 videos.

Get it from the Ryerson Multimedia Lab (rml.ryerson.ca, on request). Licence: free for research. Cite: Wang, Guan,
"Recognizing Human Emotional State From Audiovisual Signals", IEEE Transactions on Multimedia 10(5), 2008.

Read are `rml-1/s1/an1.avi` and, where a speaker has a folder for each language, `s1/mandarin/an1.avi`. Who speaks
which language elsewhere is not published, and neither is who is a woman. Activation and valence are mapped from the
category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem, Published
from pipelines.files_below import files_below

SUFFIXES = (".avi",)
CATEGORIES = {
    "an": "anger",
    "di": "disgust",
    "fe": "fear",
    "ha": "happiness",
    "sa": "sadness",
    "su": "surprise",
}
LANGUAGES = {
    "english": "en",
    "mandarin": "zh",
    "chinese": "zh",
    "urdu": "ur",
    "punjabi": "pa",
    "persian": "fa",
    "italian": "it",
}
SPEAKER = re.compile(r"s0*([1-9]\d*)", re.IGNORECASE | re.ASCII)
FILE_NAME = re.compile(rf"(?P<emotion>{'|'.join(CATEGORIES)})[ _-]?0*(?P<number>\d+)", re.IGNORECASE | re.ASCII)


class Rml(Corpus):
    """RML in its publisher's folders."""

    PUBLISHED: ClassVar[Published | None] = Published(
        source="the page of the RML emotion database", clips=720, by_category=dict.fromkeys(CATEGORIES.values(), 120)
    )

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not any(isinstance(self._read_one(path), Clip) for path in files_below(root, SUFFIXES)):
            raise CorpusNotFound("RML", root, "expected files such as rml-1/s1/an1.avi below it")

    def listed(self) -> Iterator[Clip | Problem]:
        """Each video by folder and file name, and a Problem for each that can't be used."""
        yield from map(self._read_one, files_below(self.root, SUFFIXES))

    def _read_one(self, path: Path) -> Clip | Problem:
        folders = (self.root.name, *path.relative_to(self.root).parts[:-1])
        speakers = [(at, found[1]) for at, found in enumerate(map(SPEAKER.fullmatch, folders)) if found]
        named = FILE_NAME.fullmatch(path.stem)
        if not speakers or named is None:
            expected = "a name such as an1.avi in a folder s1 to s8"
            return Problem(path, f"{path} is not named as RML names its files; expected {expected}")
        at, speaker = speakers[-1]
        deeper = [folder.casefold() for folder in folders[at + 1 :]]
        emotion = named["emotion"].lower()
        category = CATEGORIES[emotion]
        activation, valence = PLACE_BY_CATEGORY[category]
        return Clip(
            clip_id="_".join((f"s{speaker}", *deeper, f"{emotion}{named['number']}")),
            path=path,
            speaker=f"s{speaker}",
            activation=activation,
            valence=valence,
            category=category,
            language=next((LANGUAGES[folder] for folder in deeper if folder in LANGUAGES), "und"),
            ratings="mapped",
        )
