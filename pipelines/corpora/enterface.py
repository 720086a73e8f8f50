"""eNTERFACE'05: 44 people of 14 nationalities say five English sentences in each of six emotions, about 1,290 videos.

Get it from enterface.net/enterface05. Licence: free for research. Cite: Martin, Kotsia, Macq, Pitas, "The eNTERFACE'05
Audio-Visual Emotion Database", ICDE Workshops 2006.

Speaker, emotion and sentence are taken from the folders (`subject 1/anger/sentence 1/s1_an_1.avi`), since file names
are irregular. Subject 6 has one video an emotion, without sentences. Four in five subjects are men, but nobody says
which. Activation and valence are mapped from the category.
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
#: Where two words stand in one sentence ("him (her)"), nobody knows which was said.
SENTENCES: dict[str, tuple[str | None, ...]] = {
    "anger": (
        "What??? No, no, no, listen! I need this money!",
        "I don't care about your coffee! Please serve me!",
        "I can have you fired you know!",
        "Is your coffee more important than my money?",
        "You're getting paid to work, not drink coffee!",
    ),
    "disgust": (
        "That's horrible! I'll never eat noodles again.",
        "Something is moving inside my plate.",
        "Aaaaah a cockroach!!!",
        "Eeeek, this is disgusting!!!",
        "That's gross!",
    ),
    "fear": (
        "Oh my god, there is someone in the house!",
        "Someone is climbing up the stairs.",
        "Please don't kill me...",
        "I'm not alone! Go away!",
        "I have nothing to give you! Please don't hurt me!",
    ),
    "happiness": (
        "That's great, I'm rich now!!!",
        "I won: this is great! I'm so happy!!",
        "Wahoo... This is so great.",
        "I'm so lucky!",
        "I'm so excited!",
    ),
    "sadness": (
        "Life won't be the same now.",
        "Oh no, tell me this is not true, please!",
        "Everything was so perfect! I just don't understand!",
        None,
        None,
    ),
    "surprise": (
        "You have never told me that!",
        "I didn't expect that!",
        "Wahoo, I would never have believed this!",
        "I never saw that coming!",
        "Oh my God, that's so weird!",
    ),
}
SUBJECT = re.compile(r"subject[ _-]*0*(\d+)", re.IGNORECASE | re.ASCII)
SENTENCE = re.compile(r"sentence[ _-]*([1-5])", re.IGNORECASE | re.ASCII)
NUMBER_AT_END = re.compile(r".*_([1-5])")


class Enterface(Corpus):
    """eNTERFACE'05 with its irregular folders."""

    PUBLISHED: ClassVar[Published | None] = Published(
        source="the literature on eNTERFACE'05, which counts 1,263 to 1,293", clips=1290
    )

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not any(self._folders_say(path) for path in files_below(root, SUFFIXES)):
            raise CorpusNotFound("eNTERFACE'05", root, "expected subject 1/anger/sentence 1/s1_an_1.avi ... below it")

    def listed(self) -> Iterator[Clip | Problem]:
        """Each video by its folders, and a Problem for each that can't be used."""
        for path in files_below(self.root, SUFFIXES):
            said = self._folders_say(path)
            if said is None:
                expected = "a folder such as subject 1/anger/sentence 1"
                yield Problem(path, f"{path} lies in no folder that says speaker and emotion; expected {expected}")
            else:
                yield _clip(path, *said)

    def _folders_say(self, path: Path) -> tuple[str, str, int | None] | None:
        """Speaker, emotion and number of the sentence (None where there is none); None where folders are silent."""
        folders = (self.root.name, *path.relative_to(self.root).parts[:-1])
        subjects = [found[1] for found in map(SUBJECT.fullmatch, folders) if found]
        emotions = [name.casefold() for name in folders if name.casefold() in SENTENCES]
        if not subjects or not emotions:
            return None
        numbers = [found[1] for found in map(SENTENCE.fullmatch, folders) if found]
        at_end = NUMBER_AT_END.fullmatch(path.stem)
        if not numbers and at_end:
            numbers = [at_end[1]]
        return subjects[-1], emotions[-1], int(numbers[-1]) if numbers else None


def _clip(path: Path, subject: str, category: str, sentence: int | None) -> Clip:
    activation, valence = PLACE_BY_CATEGORY[category]
    return Clip(
        clip_id=f"s{subject:0>2}_{category}" + (f"_{sentence}" if sentence else ""),
        path=path,
        speaker=subject,
        activation=activation,
        valence=valence,
        category=category,
        transcript=SENTENCES[category][sentence - 1] if sentence else None,
        language="en",
        ratings="mapped",
    )
