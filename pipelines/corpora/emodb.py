"""EmoDB, the Berlin Database of Emotional Speech: German acted speech, 10 actors, 10 sentences, 7 emotions, 535 files.

Get it from emodb.bilderbar.info (`wav/03a01Fa.wav`; `lablaut/` with phone labels is optional). Licence: CC BY 4.0 as
its authors list it. Cite: Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss, "A Database of German Emotional Speech",
Interspeech 2005.

The corpus has categories only. Activation and valence are a mapping from the category, not a measurement, and every
clip says so (`ratings="mapped"`); see `pipelines.circumplex`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip, Gender, Phone
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem, Published

CATEGORIES = {
    "W": "anger",
    "A": "fear",
    "F": "happiness",
    "E": "disgust",
    "N": "neutral",
    "L": "boredom",
    "T": "sadness",
}
GENDERS: dict[str, Gender] = {
    "03": "male", "08": "female", "09": "female", "10": "male", "11": "male",
    "12": "male", "13": "female", "14": "female", "15": "male", "16": "female",
}  # fmt: skip
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",  # codespell:ignore sie
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",  # codespell:ignore unter
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",  # codespell:ignore sie
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",  # codespell:ignore sie
}
FILE_NAME = re.compile(r"(?P<speaker>\d\d)(?P<text>[ab]\d\d)(?P<emotion>[A-Z])(?P<take>[a-z])")
#: `time -1 label`; what follows a blank, +, - or ( describes how the phone was spoken.
LABEL = re.compile(r"\s*(?P<onset_s>\d+\.\d+)\s+-?\d+ ?(?P<symbol>[^\s+\-(]*)")
END = "."  # the label that ends the speech


CLIPS_BY_SPEAKER = {
    "03": 49, "08": 58, "09": 43, "10": 38, "11": 55, "12": 35, "13": 61, "14": 69, "15": 56, "16": 71,
}  # fmt: skip


class EmoDB(Corpus):
    """EmoDB in its publisher's layout."""

    PUBLISHED = Published(
        source="counted from the file names of the complete set of 535",
        clips=535,
        by_speaker=CLIPS_BY_SPEAKER,
        by_gender={"female": 302, "male": 233},
        by_category={
            "anger": 127, "boredom": 81, "disgust": 46, "fear": 69, "happiness": 71, "neutral": 79, "sadness": 62,
        },
    )  # fmt: skip

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not any((root / "wav").glob("*.wav")):
            raise CorpusNotFound(
                "EmoDB", root, "expected wav/ with files such as 03a01Fa.wav; point at the folder above"
            )

    def listed(self) -> Iterator[Clip | Problem]:
        """Each recording by file name, and a Problem for each that can't be used."""
        for path in sorted((self.root / "wav").glob("*.wav")):
            if not path.name.startswith("._"):  # what macOS leaves in copied folders
                yield self._read_one(path)

    def _read_one(self, path: Path) -> Clip | Problem:
        named = FILE_NAME.fullmatch(path.stem)
        if not named or named["emotion"] not in CATEGORIES:
            return Problem(path, f"{path} is not named as EmoDB names its files; expected a name such as 03a01Fa.wav")
        category = CATEGORIES[named["emotion"]]
        activation, valence = PLACE_BY_CATEGORY[category]
        return Clip(
            clip_id=path.stem,
            path=path,
            speaker=named["speaker"],
            gender=GENDERS.get(named["speaker"], "unknown"),
            activation=activation,
            valence=valence,
            category=category,
            transcript=SENTENCES.get(named["text"]),
            phones=self._phones(path.stem),
            language="de",
            ratings="mapped",
        )

    def _phones(self, stem: str) -> tuple[Phone, ...]:
        """The phones of a recording, none where it has no labels."""
        path = self.root / "lablaut" / f"{stem}xx.lablaut"
        return read_lablaut(path.read_bytes()) if path.is_file() else ()


def read_lablaut(content: bytes) -> tuple[Phone, ...]:
    r"""Phones from an xlabel file of EmoDB, whose times are onsets: a phone lasts until the next label.

    A label without a symbol only says how the phone before it goes on, so it begins no phone.

    >>> read_lablaut(b"signal x\n#\n 0.1 -1 d\n 0.2 -1 e\t+lar\n 0.3 -1 \t-lar\n 0.4 -1 .\n")
    (Phone(symbol='d', start_s=0.1, end_s=0.2), Phone(symbol='e', start_s=0.2, end_s=0.4))
    """
    _, _, body = content.decode("latin-1").partition("#\n")
    labels = [(float(label["onset_s"]), label["symbol"]) for label in map(LABEL.match, body.splitlines()) if label]
    spoken = [(onset_s, symbol) for onset_s, symbol in labels if symbol]
    # The last label is the one that ends the speech, so it begins no phone, whatever it is called.
    return tuple(
        Phone(symbol, start_s, end_s)
        for (start_s, symbol), (end_s, _) in pairwise(spoken)
        if symbol != END and end_s > start_s
    )
