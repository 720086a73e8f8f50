"""Any database in audEERING's format: a folder with `db.yaml`, tables (`db.<table>.csv` or `.parquet`), and media.

Get them with audEERING's tool audb, or write your own with its library audformat. Licence and citation are those of
each database.

Columns are found by their names (`pipelines.labels.audformat`). Ratings are measured where a column gives activation
(arousal), valence or dominance, brought from the ends of its scheme to 1..5; else activation and valence are mapped
from the emotion. Clips are the segments with an emotion or a rating, else the files with one, else all files. A table
that is stored as a pickle is run by the library when it is read, so take such databases from people you trust.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip, Gender
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem
from pipelines.labels.audformat import COLUMNS, EMOTIONAL, Answers, Piece, read_columns

Ratings: TypeAlias = Literal["measured", "mapped", "none"]

HEADER = "db.yaml"
#: How databases call what has another name here.
CATEGORIES = {
    "afraid": "fear",
    "angry": "anger",
    "bored": "boredom",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "excited": "excitement",
    "fearful": "fear",
    "frustrated": "frustration",
    "happy": "happiness",
    "joy": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
}
GENDERS: dict[str, Gender] = {"female": "female", "f": "female", "male": "male", "m": "male"}
#: ISO 639-1 for the languages of well-known emotional speech; any other keeps the three letters of ISO 639-3.
TWO_LETTERS = {
    "ara": "ar", "cat": "ca", "ces": "cs", "cmn": "zh", "dan": "da", "deu": "de", "ell": "el", "eng": "en", "est": "et",
    "fas": "fa", "fin": "fi", "fra": "fr", "heb": "he", "hin": "hi", "hun": "hu", "ita": "it", "jpn": "ja", "kor": "ko",
    "nld": "nl", "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru", "spa": "es", "swe": "sv", "tur": "tr", "urd": "ur",
    "zho": "zh",
}  # fmt: skip
NOBODY = "unknown"  # who speaks where no column says it


class Audformat(Corpus):
    """A database in audEERING's format."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not (root / HEADER).is_file():
            raise CorpusNotFound("audformat", root, f"expected {HEADER} in it, with tables and media beside it")

    def listed(self) -> Iterator[Clip | Problem]:
        """Each segment or file, and a Problem for each table, column or row that can't be used."""
        from audformat import Database

        header = self.root / HEADER
        try:
            db = Database.load(str(self.root))
        except Exception as error:  # noqa: BLE001  # whatever the library makes of a broken header, it is one problem
            yield Problem(header, f"{header} can't be read ({type(error).__name__}: {error}); fetch it again")
            return
        answers = read_columns(db)
        languages = [str(language) for language in db.languages]
        yield from self._problems(answers)
        for piece in answers.pieces():
            yield self._clip(answers, piece, languages[0] if len(languages) == 1 else "und")

    def _problems(self, answers: Answers) -> Iterator[Problem]:
        """What the database lacks as a whole."""
        sentences = list(answers.problems)
        if not answers.files:
            sentences.append("no table names a file")
        elif not any(answers.by_quantity.get(name) for name in EMOTIONAL):
            sentences.append("no column gives an emotion, activation, valence or dominance; clips have no ratings")
        if answers.files and not answers.by_quantity.get("speaker"):
            sentences.append(f"no column says who speaks, so all clips count as one speaker, {NOBODY!r}")
        if strange := _without_place(answers):
            sentences.append(f"these emotions have no place in activation and valence: {', '.join(strange)}")
        for sentence in sentences:
            yield Problem(self.root / HEADER, f"{self.root / HEADER}: {sentence}")

    def _clip(self, answers: Answers, piece: Piece, language: str) -> Clip | Problem:
        path = self.root / piece.file
        said = {name: answers.of(name, piece) for name in COLUMNS}
        if said["speaker"] is None and answers.by_quantity.get("speaker"):
            return Problem(path, f"{path} has no speaker in {self.root / HEADER}; it is left out")
        activation, valence, ratings = _ratings(said)
        return Clip(
            clip_id=_clip_id(piece),
            path=path,
            speaker=_text(said["speaker"]) or NOBODY,
            gender=GENDERS.get((_text(said["gender"]) or "").casefold(), "unknown"),
            session=_text(said["session"]),
            activation=activation,
            valence=valence,
            dominance=_number(said["dominance"]),
            category=_category(said["category"]),
            transcript=_text(said["transcript"]),
            language=_language(_text(said["language"]) or language),
            start_s=piece.start_s,
            end_s=piece.end_s,
            ratings=ratings,
        )


def _ratings(said: Mapping[str, object]) -> tuple[float | None, float | None, Ratings]:
    """Activation and valence as raters gave them, or else as the emotion has them; the two are never mixed."""
    activation, valence = _number(said["activation"]), _number(said["valence"])
    if activation is not None or valence is not None:
        return activation, valence, "measured"
    place = PLACE_BY_CATEGORY.get(_category(said["category"]) or "")
    return (place.activation, place.valence, "mapped") if place else (None, None, "none")


def _without_place(answers: Answers) -> list[str]:
    """Emotions that say nothing of activation and valence, in a database that has no ratings either."""
    if answers.by_quantity.get("activation") or answers.by_quantity.get("valence"):
        return []
    known = {_category(said) for column in answers.by_quantity.get("category", ()) for said in column.values()}
    return sorted(category for category in known if category and category not in PLACE_BY_CATEGORY)


def _clip_id(piece: Piece) -> str:
    if piece == Piece(piece.file):
        return piece.file
    end = "end" if piece.end_s is None else f"{piece.end_s:.6g}"
    return f"{piece.file} {piece.start_s:.6g}-{end}"


def _text(value: object) -> str | None:
    return None if value is None else str(value).strip() or None


def _number(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _category(value: object) -> str | None:
    name = (_text(value) or "").casefold()
    return CATEGORIES.get(name, name) or None


def _language(code: str) -> str:
    return TWO_LETTERS.get(code, code)
