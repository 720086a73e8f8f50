"""MSP-IMPROV: twelve actors in six dyadic sessions, read, improvised and natural; 8,438 turns with SAM and emotion.

Get it from the MSP lab (on request); point at the folder with `Evalution.txt`, as the release spells it. Licence: the
lab's own, for research, by signed agreement. Cite: Busso, Parthasarathy, Burmania, AbdelWahab, Sadoughi, Mower Provost,
"MSP-IMPROV: An Acted Corpus of Dyadic Interactions to Study Emotion Perception", IEEE Transactions on Affective
Computing 8(1), 2017.

Activation, valence and dominance are means over raters; the category is the majority's. A clip without a majority (X)
has ratings and no category, one of another emotion (O) has the category "other". Means that are missing or NaN stay so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import fmean

from pipelines.clip import Clip, Gender
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem, Published
from pipelines.files_below import files_below
from pipelines.labels.lines import LineWrong
from pipelines.labels.msp_improv import Evaluation, read_evaluations

CATEGORIES = {"A": "anger", "H": "happiness", "N": "neutral", "O": "other", "S": "sadness"}
NO_MAJORITY = "X"
GENDERS: Mapping[str, Gender] = {"F": "female", "M": "male"}
EVALUATIONS = ("Evalution.txt", "Evaluation.txt")
TRANSCRIPTS = "All_human_transcriptions"
FILE_NAME = re.compile(r"MSP-IMPROV-S\d\d[AHNS]-(?P<speaker>[FM](?P<session>\d\d))-[PRST]-[FM]{2}\d{2,3}")
ENOUGH_TO_TELL = 20  # clips of anger and of sadness each, from which the direction of activation is plain


class MspImprov(Corpus):
    """MSP-IMPROV in its publisher's layout, with or without the level `Audio/`."""

    PUBLISHED = Published(
        source="all turns; the categories are the 7,798 turns of the four emotions with a majority",
        clips=8438,
        by_category={"anger": 792, "happiness": 2644, "neutral": 3477, "sadness": 885},
    )

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        found = [root / name for name in EVALUATIONS if (root / name).is_file()]
        if not found or not any([*root.glob("Audio/session*"), *root.glob("session*")]):
            expected = "expected Evalution.txt, and session1/ ... or Audio/session1/ ..."
            raise CorpusNotFound("MSP-IMPROV", root, f"{expected}; point at the folder that holds them")
        self.labels = found[0]

    def listed(self) -> Iterator[Clip | Problem]:
        """Each turn by file name; a Problem for each row or file that can't be used."""
        row_by_id, problems = _rows(self.labels)
        yield from problems
        yield from _upside_down(self.labels, row_by_id.values())
        folder = self.root / "Audio" if (self.root / "Audio").is_dir() else self.root
        paths = sorted(files_below(folder, [".wav"]), key=lambda path: (path.stem, path))
        for path in paths:
            yield from self._read_one(path, row_by_id.get(path.stem))
        for clip_id in sorted(row_by_id.keys() - {path.stem for path in paths}):
            where = f"{self.labels}, line {row_by_id[clip_id].line_number},"
            yield Problem(
                self.labels, f"{where} rates {clip_id}, which has no sound; expected {clip_id}.wav in {folder}"
            )

    def _read_one(self, path: Path, row: Evaluation | None) -> Iterator[Clip | Problem]:
        named = FILE_NAME.fullmatch(path.stem)
        if not named:
            yield Problem(
                path, f"{path} is not named as in MSP-IMPROV; expected such as MSP-IMPROV-S01A-F01-P-FM01.wav"
            )
            return
        if row is None:
            yield Problem(path, f"{path} has no row in {self.labels}; expected its ratings there")
            return
        where = f"{self.labels}, line {row.line_number},"
        if row.code not in {*CATEGORIES, NO_MAJORITY}:
            known = ", ".join([*CATEGORIES, NO_MAJORITY])
            yield Problem(self.labels, f"{where} has the code {row.code!r}; expected {known}; it is read without it")
        if row.activation is None or row.valence is None:
            yield Problem(self.labels, f"{where} lacks activation or valence of {row.clip_id}; it is read without them")
        text, unread = _transcript(self.root / TRANSCRIPTS / f"{path.stem}.txt")
        yield from unread
        yield Clip(
            clip_id=path.stem,
            path=path,
            speaker=named["speaker"],
            gender=GENDERS[named["speaker"][0]],
            session=named["session"],
            activation=row.activation,
            valence=row.valence,
            dominance=row.dominance,
            category=CATEGORIES.get(row.code),
            transcript=text,
            language="en",
            ratings="none" if row.activation is row.valence is None else "measured",
        )


def _transcript(path: Path) -> tuple[str | None, list[Problem]]:
    """What people wrote down of a turn, None where nobody did: the release has this for a part of its turns."""
    if not path.is_file():
        return None, []
    try:
        return " ".join(path.read_text(encoding="utf-8", errors="replace").split()) or None, []
    except OSError as error:
        return None, [Problem(path, f"{path} can't be read ({error.strerror}); the clip is used without its words")]


def _rows(path: Path) -> tuple[dict[str, Evaluation], list[Problem]]:
    """The evaluations by clip, and a Problem for each line that can't be used."""
    row_by_id: dict[str, Evaluation] = {}
    problems = []
    try:
        entries = list(read_evaluations(path.read_bytes()))
    except OSError as error:
        return {}, [Problem(path, f"{path} can't be read ({error.strerror}); expected the ratings of all clips")]
    for entry in entries:
        if isinstance(entry, LineWrong):
            problems.append(Problem(path, f"{path}, line {entry.number}, {entry.reason}"))
        elif entry.clip_id in row_by_id:
            sentence = f"{path}, line {entry.line_number}, rates {entry.clip_id} again; the first row is used"
            problems.append(Problem(path, sentence))
        else:
            row_by_id[entry.clip_id] = entry
    return row_by_id, problems


def _upside_down(path: Path, rows: Iterable[Evaluation]) -> Iterator[Problem]:
    """A Problem where sad clips are more active than angry ones, since Manikins are printed in either direction."""
    rated = [(row.code, row.activation) for row in rows if row.activation is not None]
    anger, sadness = ([activation for code, activation in rated if code == wanted] for wanted in "AS")
    if min(len(anger), len(sadness)) >= ENOUGH_TO_TELL and fmean(anger) < fmean(sadness):
        found = f"mean activations of {fmean(anger):.2f} for anger and {fmean(sadness):.2f} for sadness"
        yield Problem(path, f"{path} has {found}; expected 1 for calm and 5 for excited, not the other way round")
