"""IEMOCAP: ten actors in five dyadic sessions, scripted and improvised; 10,039 utterances with SAM and emotion.

Get it from sail.usc.edu/iemocap (on request); point at `IEMOCAP_full_release`, which holds `Session1` to `Session5`.
Licence: USC's own, for research, by signed agreement. Cite: Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee,
Narayanan, "IEMOCAP: Interactive emotional dyadic motion capture database", Language Resources and Evaluation 42 (2008).

Valence, activation and dominance are means over raters, and the category is the majority's, both from the consensus
file; where the raters had no majority (`xxx`), a clip has ratings and no category. A speaker is the session and the
letter of the *utterance*: in `Ses01F_impro01_M003` the first F only says who wore the markers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from pipelines.clip import Clip, Gender, Phone, Word
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem, Published
from pipelines.labels.iemocap import Evaluation, RaterRating, joined, read_evaluations, read_rater, read_transcript
from pipelines.labels.lines import LineWrong
from pipelines.labels.sphinx import AS_WRITTEN, Event, FrameTimes, events_of, phones_of, read_segments, words_of
from pipelines.labels.textgrid import AlignmentWrong

CATEGORIES = {
    "ang": "anger",
    "dis": "disgust",
    "exc": "excitement",
    "fea": "fear",
    "fru": "frustration",
    "hap": "happiness",
    "neu": "neutral",
    "oth": "other",
    "sad": "sadness",
    "sur": "surprise",
}
NO_MAJORITY = "xxx"
GENDERS: Mapping[str, Gender] = {"F": "female", "M": "male"}
UTTERANCE = re.compile(r"(?P<dialog>Ses\d\d[FM]_(?:impro|script)\w+)_[FM]\d{3}")

Found = TypeVar("Found")


class Dialog(NamedTuple):
    """Where the files of one dialog lie."""

    name: str
    evaluation: Path
    transcript: Path
    wavs: Path
    alignments: Path


class Iemocap(Corpus):
    """IEMOCAP in its publisher's layout; `frame_times` says how frames of its alignments become seconds."""

    PUBLISHED = Published(
        source="all utterances with a consensus; the 5,531 of four classes are ang, hap with exc, neu and sad; bins of "
        "activation as public readers of the corpus count them, by edges at 2.75 and 3.25",
        clips=10039,
        by_category={
            "anger": 1103, "disgust": 2, "excitement": 1041, "fear": 40, "frustration": 1849, "happiness": 595,
            "neutral": 1708, "other": 3, "sadness": 1084, "surprise": 107,
        },
        by_activation={"low": 3348, "mid": 2569, "high": 4122},
    )  # fmt: skip

    def __init__(self, root: Path, frame_times: FrameTimes = AS_WRITTEN) -> None:
        super().__init__(root)
        self.frame_times = frame_times
        if not any(root.glob("Session*/dialog/EmoEvaluation/*.txt")):
            expected = "expected Session1/dialog/EmoEvaluation/ with files such as Ses01F_impro01.txt"
            raise CorpusNotFound("IEMOCAP", root, f"{expected}; point at IEMOCAP_full_release")

    def listed(self) -> Iterator[Clip | Problem]:
        """Each utterance by session, dialog and name; a Problem for each row or file that can't be used."""
        for session in sorted(self.root.glob("Session*")):
            evaluations = {path.stem for path in _own(session / "dialog" / "EmoEvaluation", "*.txt")}
            for name in sorted(evaluations | {path.name for path in _own(session / "sentences" / "wav", "*/")}):
                yield from self._dialog(_dialog(session, name))

    def _dialog(self, dialog: Dialog) -> Iterator[Clip | Problem]:
        row_by_utterance, text_by_utterance, problems = _rows(dialog)
        yield from problems
        wav_by_utterance = {path.stem: path for path in _own(dialog.wavs, "*.wav")}
        if not dialog.alignments.is_dir():
            yield Problem(dialog.alignments, f"{dialog.alignments} does not exist; the clips have no words from there")
        for utterance in sorted(row_by_utterance.keys() | wav_by_utterance.keys()):
            path, row = dialog.wavs / f"{utterance}.wav", row_by_utterance.get(utterance)
            if row is None:
                yield Problem(path, f"{path} has no row in {dialog.evaluation}; expected its ratings there")
            elif utterance not in wav_by_utterance:
                yield Problem(path, f"{path} does not exist, but {dialog.evaluation}, line {row.line_number}, rates it")
            else:
                yield from self._clip(dialog, row, text_by_utterance.get(utterance))
        for utterance in sorted(text_by_utterance.keys() - row_by_utterance.keys() - wav_by_utterance.keys()):
            sentence = f"{dialog.transcript} has the words of {utterance}, which has neither sound nor ratings"
            yield Problem(dialog.transcript, f"{sentence}; expected both")

    def _clip(self, dialog: Dialog, row: Evaluation, text: str | None) -> Iterator[Clip | Problem]:
        session, speaker = dialog.name[3:5], row.utterance[len(dialog.name) + 1]  # `_rows` lets no other names through
        if row.code not in {*CATEGORIES, NO_MAJORITY}:
            known = ", ".join([*CATEGORIES, NO_MAJORITY])
            where = f"{dialog.evaluation}, line {row.line_number},"
            yield Problem(dialog.evaluation, f"{where} has the code {row.code!r}; expected {known}; read without it")
        if text is None and dialog.transcript.is_file():
            yield Problem(dialog.transcript, f"{dialog.transcript} has no words of {row.utterance}; read without them")
        words, phones, problems = self._aligned(dialog, row.utterance)
        yield from problems
        yield Clip(
            clip_id=row.utterance,
            path=dialog.wavs / f"{row.utterance}.wav",
            speaker=session + speaker,
            gender=GENDERS[speaker],
            session=session,
            activation=row.activation,
            valence=row.valence,
            dominance=row.dominance,
            category=CATEGORIES.get(row.code),
            transcript=text,
            words=words,
            phones=phones,
            language="en",
            ratings="none" if row.activation is row.valence is None else "measured",
        )

    def _aligned(self, dialog: Dialog, utterance: str) -> tuple[tuple[Word, ...], tuple[Phone, ...], list[Problem]]:
        if not dialog.alignments.is_dir():
            return (), (), []
        wdseg, phseg = (dialog.alignments / f"{utterance}.{kind}" for kind in ("wdseg", "phseg"))
        words, no_words = _aligned_or_problem(lambda: words_of(read_segments(wdseg, self.frame_times)))
        phones, no_phones = _aligned_or_problem(lambda: phones_of(read_segments(phseg, self.frame_times)))
        return words, phones, [*no_words, *no_phones]


def _aligned_or_problem(read: Callable[[], tuple[Found, ...]]) -> tuple[tuple[Found, ...], list[Problem]]:
    try:
        return read(), []
    except AlignmentWrong as error:
        return (), [Problem(error.path, f"{error}; the clip is used without it")]


def rater_ratings(root: Path, dialog: str) -> Iterator[RaterRating | Problem]:
    """What every rater said of every utterance of a dialog, labels and SAM together, from the raters' own files.

    Args:
        root: of the corpus, `IEMOCAP_full_release`.
        dialog: such as `Ses01F_impro01`; without files of its raters there are no ratings.
    """
    ratings: list[RaterRating] = []
    for kind, files in {"C": "Categorical/*_cat.txt", "A": "Attribute/*_atr.txt"}.items():
        for path in sorted(root.glob(f"Session*/dialog/EmoEvaluation/{files}")):
            named = path.stem.rsplit("_", 2)
            if named[0] == dialog and len(named) == 3:
                found, problems = _sorted_out(path, partial(read_rater, rater=named[1].upper(), kind=kind))
                ratings += found
                yield from problems
    yield from joined(ratings)


def spoken_events(root: Path, utterance: str, frame_times: FrameTimes = AS_WRITTEN) -> tuple[Event, ...]:
    """What is heard in an utterance besides its words (LAUGHTER, BREATHING, GARBAGE, LIPSMACK), with its times.

    Raises:
        AlignmentWrong: the utterance has no .wdseg file, or a broken one.
    """
    dialog = _dialog(root / f"Session{utterance[3:5].lstrip('0')}", utterance.rpartition("_")[0])
    return events_of(read_segments(dialog.alignments / f"{utterance}.wdseg", frame_times))


def _dialog(session: Path, name: str) -> Dialog:
    dialog, sentences = session / "dialog", session / "sentences"
    return Dialog(
        name,
        evaluation=dialog / "EmoEvaluation" / f"{name}.txt",
        transcript=dialog / "transcriptions" / f"{name}.txt",
        wavs=sentences / "wav" / name,
        alignments=sentences / "ForcedAlignment" / name,
    )


def _rows(dialog: Dialog) -> tuple[dict[str, Evaluation], dict[str, str], list[Problem]]:
    """The evaluations and transcripts of a dialog by utterance, and a Problem for each line that can't be used."""
    evaluations, problems = _sorted_out(dialog.evaluation, read_evaluations)
    spoken, more_problems = _sorted_out(dialog.transcript, read_transcript)
    row_by_utterance: dict[str, Evaluation] = {}
    for row in evaluations:
        named = UTTERANCE.fullmatch(row.utterance)
        where = f"{dialog.evaluation}, line {row.line_number},"
        if not named or named["dialog"] != dialog.name:
            sentence = f"{where} rates {row.utterance!r}; expected a name such as {dialog.name}_F000"
            problems.append(Problem(dialog.evaluation, sentence))
        elif row.utterance in row_by_utterance:
            problems.append(Problem(dialog.evaluation, f"{where} rates {row.utterance} again; the first row is used"))
        else:
            row_by_utterance[row.utterance] = row
    return row_by_utterance, dict(spoken), [*problems, *more_problems]


def _sorted_out(path: Path, read: Callable[[bytes], Iterator[Found | LineWrong]]) -> tuple[list[Found], list[Problem]]:
    """What a file's lines hold, and a Problem for each that can't be used."""
    try:
        entries = list(read(path.read_bytes()))
    except OSError as error:
        return [], [Problem(path, f"{path} can't be read ({error.strerror}); expected it beside the others")]
    wrong = [Problem(path, f"{path}, line {one.number}, {one.reason}") for one in entries if isinstance(one, LineWrong)]
    return [one for one in entries if not isinstance(one, LineWrong)], wrong


def _own(folder: Path, pattern: str) -> list[Path]:
    """What lies directly in a folder by name, without what macOS leaves in copied ones (`._*`)."""
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))
