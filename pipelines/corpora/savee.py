"""SAVEE: British English acted speech, 4 men, 7 emotions, 480 recordings.

Get it from kahlan.eps.surrey.ac.uk/savee (on request). Licence: free for research. Cite: Haq, Jackson, "Speaker-
dependent audio-visual emotion recognition", AVSP 2009.

Read are `AudioData/DC/a01.wav`, flat copies with names such as `DC_a01.wav`, and `AudioVisualClip/DC/a1.avi` where a
take has no wav. Activation and valence are mapped from the category.
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

SUFFIXES = (".wav", ".avi")
SPEAKERS = ("DC", "JE", "JK", "KL")
CATEGORIES = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
FILE_NAME = re.compile(
    rf"(?:(?P<speaker>{'|'.join(SPEAKERS)})_)?(?P<emotion>sa|su|[adfhn])(?P<number>\d{{1,2}})", re.IGNORECASE | re.ASCII
)
Take = tuple[str, str, int]


class Savee(Corpus):
    """SAVEE in its publisher's folders, or flat."""

    PUBLISHED: ClassVar[Published | None] = Published(
        source="Haq and Jackson, AVSP 2009",
        clips=480,
        by_speaker=dict.fromkeys(SPEAKERS, 120),
        by_gender={"male": 480},
        by_category={name: 120 if name == "neutral" else 60 for name in CATEGORIES.values()},
    )

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not any(_take(path) for path in files_below(root, SUFFIXES)):
            raise CorpusNotFound("SAVEE", root, "expected files such as AudioData/DC/a01.wav or DC_a01.wav below it")

    def listed(self) -> Iterator[Clip | Problem]:
        """Each take by file name, and a Problem for each file that can't be used."""
        files = files_below(self.root, SUFFIXES)
        heard_alone = {_take(path) for path in files if path.suffix.casefold() == ".wav"}
        for path in files:
            take = _take(path)
            if take is None:
                expected = "a name such as sa01.wav in a folder DC, JE, JK or KL, or such as DC_sa01.wav"
                yield Problem(path, f"{path} is not named as SAVEE names its files; expected {expected}")
            elif path.suffix.casefold() == ".wav" or take not in heard_alone:
                yield _clip(path, take)


def _take(path: Path) -> Take | None:
    """Who speaks, the letters of the emotion, and the number; None where the name does not say all of it."""
    named = FILE_NAME.fullmatch(path.stem)
    if named is None:
        return None
    speaker = (named["speaker"] or path.parent.name).upper()
    return (speaker, named["emotion"].lower(), int(named["number"])) if speaker in SPEAKERS else None


def _clip(path: Path, take: Take) -> Clip:
    speaker, letters, number = take
    category = CATEGORIES[letters]
    activation, valence = PLACE_BY_CATEGORY[category]
    return Clip(
        clip_id=f"{speaker}_{letters}{number:02}",
        path=path,
        speaker=speaker,
        gender="male",
        activation=activation,
        valence=valence,
        category=category,
        language="en",
        ratings="mapped",
    )
