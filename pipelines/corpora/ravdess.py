"""RAVDESS: two sentences spoken by 24 actors in 8 emotions, 1,440 recordings in North American English.

Get it from zenodo.org/records/1188976 (`Audio_Speech_Actors_01-24.zip` is all that is needed; videos are read too).
Licence: CC BY-NC-SA 4.0. Cite: Livingstone, Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song
(RAVDESS)", PLoS ONE 13(5), 2018.

Song is left out, and one Problem says how much of it there was. A take whose sound is there as wav and as video is
read once, from the wav; videos without sound (modality 02) are the same takes once more. Activation and valence are
mapped from the category.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem, Published
from pipelines.files_below import files_below

SUFFIXES = (".wav", ".mp4")
FILE_NAME = re.compile(
    r"(?P<modality>0[1-3])-(?P<take>(?P<channel>0[12])-(?P<emotion>0[1-8])-0[12]-(?P<statement>0[12])-0[12]"
    r"-(?P<actor>0[1-9]|1\d|2[0-4]))"
)
BEST_FIRST = ("03", "01")  # sound alone, then sound with a picture
SONG = "02"
CATEGORIES = {
    "01": "neutral",
    "02": "calm",
    "03": "happiness",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
STATEMENTS = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}


class Ravdess(Corpus):
    """The spoken part of RAVDESS, its folders nested or not."""

    PUBLISHED: ClassVar[Published | None] = Published(
        source="Livingstone and Russo, PLoS ONE 13(5), 2018 (speech)",
        clips=1440,
        by_speaker={f"{actor:02}": 60 for actor in range(1, 25)},
        by_gender={"female": 720, "male": 720},
        by_category={name: 96 if name == "neutral" else 192 for name in CATEGORIES.values()},
    )

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not any(FILE_NAME.fullmatch(path.stem) for path in files_below(root, SUFFIXES)):
            raise CorpusNotFound("RAVDESS", root, "expected files such as Actor_01/03-01-01-01-01-01-01.wav below it")

    def listed(self) -> Iterator[Clip | Problem]:
        """Each take by file name, and a Problem for each file that can't be used."""
        takes: dict[str, list[tuple[Path, re.Match[str]]]] = defaultdict(list)
        songs = 0
        for path in files_below(self.root, SUFFIXES):
            named = FILE_NAME.fullmatch(path.stem)
            if named is None:
                expected = "a name such as 03-01-05-01-02-01-12.wav"
                yield Problem(path, f"{path} is not named as RAVDESS names its files; expected {expected}")
            elif named["channel"] == SONG:
                songs += 1
            else:
                takes[named["take"]].append((path, named))
        for recordings in takes.values():
            yield from _sound_of(recordings)
        if songs:
            yield Problem(self.root, f"{self.root} holds {songs} files of song; they are left out, only speech is read")


def _sound_of(recordings: list[tuple[Path, re.Match[str]]]) -> Iterator[Clip | Problem]:
    """The clips of one take (several where a file lies there twice), from the modality that suits best."""
    for modality in BEST_FIRST:
        clips = [_clip(path, named) for path, named in recordings if named["modality"] == modality]
        if clips:
            yield from clips
            return
    path = recordings[0][0]
    yield Problem(path, f"{path} is a video without sound, and its take is nowhere with sound; it is left out")


def _clip(path: Path, named: re.Match[str]) -> Clip:
    category = CATEGORIES[named["emotion"]]
    activation, valence = PLACE_BY_CATEGORY[category]
    return Clip(
        clip_id=path.stem,
        path=path,
        speaker=named["actor"],
        gender="male" if int(named["actor"]) % 2 else "female",
        activation=activation,
        valence=valence,
        category=category,
        transcript=STATEMENTS[named["statement"]],
        language="en",
        ratings="mapped",
    )
