"""TESS, the Toronto Emotional Speech Set: "Say the word ..." with 200 words by 2 women in 7 emotions, 2,800 recordings.

Get it from doi.org/10.5683/SP2/E8H2MF. Licence: CC BY-NC-ND 4.0. Cite: Pichora-Fuller, Dupuis, "Toronto emotional
speech set (TESS)", Scholars Portal Dataverse, 2020.

All is read from the file name, since copies spell their folders in many ways. Activation and valence are mapped from
the category.
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

SUFFIXES = (".wav",)
#: One file of the publisher, OA_bite_neutral.wav, lacks a letter.
SPEAKERS = {"OAF": "OAF", "OA": "OAF", "YAF": "YAF"}
CATEGORIES = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "ps": "pleasant surprise",
    "sad": "sadness",
}
FILE_NAME = re.compile(
    rf"(?P<speaker>{'|'.join(SPEAKERS)})_(?P<word>[a-z]+)_(?P<emotion>{'|'.join(CATEGORIES)})", re.IGNORECASE | re.ASCII
)


class Tess(Corpus):
    """TESS, in whatever folders."""

    PUBLISHED: ClassVar[Published | None] = Published(
        source="Pichora-Fuller and Dupuis, Scholars Portal Dataverse, 2020",
        clips=2800,
        by_speaker={"OAF": 1400, "YAF": 1400},
        by_gender={"female": 2800},
        by_category=dict.fromkeys(CATEGORIES.values(), 400),
    )

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not any(FILE_NAME.fullmatch(path.stem) for path in files_below(root, SUFFIXES)):
            raise CorpusNotFound("TESS", root, "expected files such as OAF_angry/OAF_back_angry.wav below it")

    def listed(self) -> Iterator[Clip | Problem]:
        """Each recording by file name, and a Problem for each that can't be used."""
        for path in files_below(self.root, SUFFIXES):
            named = FILE_NAME.fullmatch(path.stem)
            if named is None:
                expected = "a name such as OAF_back_angry.wav"
                yield Problem(path, f"{path} is not named as TESS names its files; expected {expected}")
            else:
                yield _clip(path, named)


def _clip(path: Path, named: re.Match[str]) -> Clip:
    speaker, word, emotion = SPEAKERS[named["speaker"].upper()], named["word"].lower(), named["emotion"].lower()
    category = CATEGORIES[emotion]
    activation, valence = PLACE_BY_CATEGORY[category]
    return Clip(
        clip_id=f"{speaker}_{word}_{emotion}",
        path=path,
        speaker=speaker,
        gender="female",
        activation=activation,
        valence=valence,
        category=category,
        transcript=f"Say the word {word}.",
        language="en",
        ratings="mapped",
    )
