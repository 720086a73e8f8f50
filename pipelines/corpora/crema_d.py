"""CREMA-D: 91 actors speak 12 English sentences in six emotions; 7,442 clips with votes of the crowd.

Get it from github.com/CheyneyComputerScience/CREMA-D with Git LFS, without which the sound is missing; point at the
folder with `AudioWAV`. Licence: Open Database License 1.0, contents under the Database Contents License 1.0. Cite: Cao,
Cooper, Keutmann, Gur, Nenkova, Verma, "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", IEEE Transactions
on Affective Computing 5(4), 2014.

A clip's category is what most people heard in the voice alone (`VoiceVote` of `processedResults/summaryTable.csv`),
since people here hear and don't see; where that vote is tied or missing, it is the emotion that the actor intended,
which the file name gives. `CremaD(root, category_by="intended")` takes it everywhere, and `read_votes` gives all votes.
Activation and valence are mapped from the category, not measured (`ratings="mapped"`; see `pipelines.circumplex`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip, Gender
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem, Published
from pipelines.files_below import files_below

CategoryBy: TypeAlias = Literal["voice", "face", "multimodal", "intended"]

CATEGORIES = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
CATEGORY_BY_VOTE = {code[0]: category for code, category in CATEGORIES.items()}
SENTENCES = {
    "DFA": "Don't forget a jacket.",
    "IEO": "It's eleven o'clock.",
    "IOM": "I'm on my way to the meeting.",
    "ITH": "I think I have a doctor's appointment.",
    "ITS": "I think I've seen this before.",
    "IWL": "I would like a new alarm clock.",
    "IWW": "I wonder what this is about.",
    "MTI": "Maybe tomorrow it will be cold.",
    "TAI": "The airplane is almost full.",
    "TIE": "That is exactly what happened.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
GENDERS: Mapping[str, Gender] = {"Female": "female", "Male": "male"}
FILE_NAME = re.compile(r"(?P<actor>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<level>LO|MD|HI|XX)")
VOTE_COLUMNS = {"voice": "VoiceVote", "face": "FaceVote", "multimodal": "MultiModalVote"}
#: What is known of the published files. Raters were played MP3 and video, so votes on broken ones are void as well.
BROKEN = {
    "1064_IEO_DIS_MD": "its MP3 and video, which were rated, last a minute",
    "1064_TIE_SAD_XX": "it was published without a duration",
    "1076_MTI_NEU_XX": "its MP3 and video, which were rated, are broken",
    "1076_MTI_SAD_XX": "it is silent, and so is its MP3, which was rated",
}
#: Names under which the same recording is found; nobody says which of the two emotions was meant.
SAME_RECORDINGS = (
    ("1006_TIE_HAP_XX", "1006_TIE_NEU_XX"),
    ("1013_WSI_DIS_XX", "1013_WSI_SAD_XX"),
    ("1017_IWW_ANG_XX", "1017_IWW_FEA_XX"),
)
NAMED = 3  # missing files that are named in a sentence that counts them


@dataclass(frozen=True)
class Votes:
    """What most raters voted of one clip by what they were given: categories, several where the vote was tied."""

    voice: tuple[str, ...]
    face: tuple[str, ...]
    multimodal: tuple[str, ...]


class CremaD(Corpus):
    """CREMA-D in its publisher's layout."""

    PUBLISHED = Published(
        source="the files of the repository, by the emotion that the actor intended",
        clips=7442,
        by_category={
            "anger": 1271, "disgust": 1271, "fear": 1271, "happiness": 1271, "neutral": 1087, "sadness": 1271,
        },
    )  # fmt: skip

    def __init__(self, root: Path, category_by: CategoryBy = "voice") -> None:
        super().__init__(root)
        self.category_by = category_by
        self._paths = files_below(root / "AudioWAV", [".wav"])
        if not self._paths:
            raise CorpusNotFound(
                "CREMA-D", root, "expected AudioWAV/ with files such as 1001_DFA_ANG_XX.wav; point at the folder above"
            )

    def listed(self) -> Iterator[Clip | Problem]:
        """Each clip by file name, and a Problem for each file or row that can't be used."""
        gender_by_actor, problems = _genders(self.root)
        votes_by_stem, more_problems = read_votes(self.root)
        yield from [*problems, *more_problems]
        for path in self._paths:
            yield from self._read_one(path, gender_by_actor, votes_by_stem)
        yield from _without_sound(self.root, {path.stem for path in self._paths})

    def _read_one(
        self, path: Path, gender_by_actor: Mapping[str, Gender], votes_by_stem: Mapping[str, Votes]
    ) -> Iterator[Clip | Problem]:
        named = FILE_NAME.fullmatch(path.stem)
        if not named or named["emotion"] not in CATEGORIES or named["sentence"] not in SENTENCES:
            yield Problem(path, f"{path} is not named as CREMA-D names its files; expected such as 1001_DFA_ANG_XX.wav")
            return
        unusable = _known_as_broken(path)
        if unusable:
            yield Problem(path, unusable)
            return
        votes, gender = votes_by_stem.get(path.stem), gender_by_actor.get(named["actor"])
        if votes_by_stem and votes is None:
            yield Problem(path, f"{path} has no row in summaryTable.csv; its category is the emotion that was intended")
        if gender_by_actor and gender is None:
            yield Problem(path, f"{path} has no actor in VideoDemographics.csv; its speaker's gender is unknown")
        category = category_of(CATEGORIES[named["emotion"]], votes, self.category_by)
        activation, valence = PLACE_BY_CATEGORY[category]
        yield Clip(
            clip_id=path.stem,
            path=path,
            speaker=named["actor"],
            gender=gender or "unknown",
            activation=activation,
            valence=valence,
            category=category,
            transcript=SENTENCES[named["sentence"]],
            language="en",
            ratings="mapped",
        )


def category_of(intended: str, votes: Votes | None, category_by: CategoryBy = "voice") -> str:
    """What most raters voted, or what the actor intended where they did not vote or their vote is tied.

    >>> votes = Votes(voice=("anger", "disgust"), face=("anger",), multimodal=("anger",))
    >>> category_of("disgust", votes), category_of("disgust", votes, "face"), category_of("disgust", None)
    ('disgust', 'anger', 'disgust')
    """
    voted: tuple[str, ...] = () if votes is None or category_by == "intended" else getattr(votes, category_by)
    return voted[0] if len(voted) == 1 else intended


def read_votes(root: Path) -> tuple[dict[str, Votes], list[Problem]]:
    """The crowd's votes by clip from `processedResults/summaryTable.csv`, and a Problem for each row that is wrong.

    A copy without that table has no votes, which is no Problem.
    """
    path = root / "processedResults" / "summaryTable.csv"
    if not path.is_file():
        return {}, []
    rows, problems = _table(path, ("FileName", *VOTE_COLUMNS.values()))
    votes_by_stem: dict[str, Votes] = {}
    for number, row in rows:
        letters = {name: row[column].split(":") for name, column in VOTE_COLUMNS.items()}
        unknown = sorted({letter for voted in letters.values() for letter in voted} - set(CATEGORY_BY_VOTE))
        if unknown or row["FileName"] in votes_by_stem:
            found = f"the vote {unknown[0]!r}" if unknown else f"{row['FileName']} again"
            expected = f"expected one row a clip, with votes out of {', '.join(CATEGORY_BY_VOTE)}"
            problems.append(Problem(path, f"{path}, line {number}, has {found}; {expected}"))
        else:
            categories = {name: tuple(CATEGORY_BY_VOTE[one] for one in voted) for name, voted in letters.items()}
            votes_by_stem[row["FileName"]] = Votes(**categories)
    return votes_by_stem, problems


def _genders(root: Path) -> tuple[dict[str, Gender], list[Problem]]:
    path = root / "VideoDemographics.csv"
    rows, problems = _table(path, ("ActorID", "Sex"))
    gender_by_actor: dict[str, Gender] = {}
    for number, row in rows:
        if row["Sex"] in GENDERS:
            gender_by_actor[row["ActorID"]] = GENDERS[row["Sex"]]
        else:
            problems.append(
                Problem(path, f"{path}, line {number}, has the sex {row['Sex']!r}; expected Female or Male")
            )
    return gender_by_actor, problems


def _without_sound(root: Path, stems: set[str]) -> Iterator[Problem]:
    """One Problem for all clips of the publisher's list whose sound is not here, since a copy may be a part."""
    path = root / "SentenceFilenames.csv"
    if not path.is_file():
        return
    rows, problems = _table(path, ("Filename",))
    yield from problems
    missing = [row["Filename"] for _, row in rows if row["Filename"] not in stems]
    if missing:
        first = ", ".join(missing[:NAMED])
        sentence = (
            f"{path} names {len(rows)} clips, and {len(missing)} of them have no file in AudioWAV (first: {first})"
        )
        yield Problem(path, f"{sentence}; fetch them, or go on with those that are there")


def _table(path: Path, columns: tuple[str, ...]) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    """The rows of a table with their line numbers, these columns only; and what is wrong with it."""
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.DictReader(file)
            absent = [column for column in columns if column not in (reader.fieldnames or ())]
            if absent:
                return [], [Problem(path, f"{path} has no column {absent[0]!r}; fetch the table again")]
            rows.extend(
                (reader.line_num, {column: (row[column] or "").strip() for column in columns}) for row in reader
            )
    except (OSError, csv.Error) as error:
        return rows, [Problem(path, f"{path} can't be read as a table ({error}); fetch it again")]
    return rows, []


def _known_as_broken(path: Path) -> str | None:
    """Why a file of this corpus can't be used although it can be heard; None where nothing is known against it."""
    if path.stem in BROKEN:
        return f"{path} is known to be broken: {BROKEN[path.stem]}; it is left out"
    for pair in SAME_RECORDINGS:
        if path.stem in pair:
            other = path.with_stem(pair[path.stem == pair[0]])
            if other.is_file() and other.read_bytes() == path.read_bytes():
                return f"{path} is the same recording as {other.name}, under another emotion; both are left out"
    return None
