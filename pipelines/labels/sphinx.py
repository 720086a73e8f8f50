"""Words, phones and events with their times, from what the aligner of CMU Sphinx-3 writes: .wdseg and .phseg.

A line of heads, then a line for each word or phone with its first frame, its last frame, a score and the label, then
`Total score:`. A frame is 10 ms. Scores are summed over the last frame too, so a label ends where that frame ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.clip import Phone, Word
from pipelines.labels.textgrid import AlignmentWrong

ROW = re.compile(r"\s*(?P<first>\d{1,9})\s+(?P<last>\d{1,9})\s+-?\d+\s+(?P<label>\S+)(?:\s+\S+)*\s*")
END = "Total"
VARIANT = re.compile(r"\(\d+\)$")  # REALLY(2) is REALLY in its second pronunciation
SILENCES = frozenset({"<S>", "</S>", "<SIL>", "SIL"})
EVENT = re.compile(r"\++(?P<name>[^+]+)\++")


@dataclass(frozen=True)
class FrameTimes:
    """From which frames of an alignment which times follow: start = (first frame + start_offset) * frame_s.

    The defaults are what the aligner means. Public readers of IEMOCAP differ: `end_offset=0` leaves the last frame out,
    and offsets of 2 make up for the window of the features.
    """

    frame_s: float = 0.01
    start_offset: int = 0
    end_offset: int = 1


AS_WRITTEN = FrameTimes()


@dataclass(frozen=True)
class Segment:
    """A label of an alignment, as it is written, and when it holds, in seconds."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Event:
    """What is heard and is no speech, such as LAUGHTER or BREATHING, and when, in seconds."""

    name: str
    start_s: float
    end_s: float


def read_segments(path: Path, times: FrameTimes = AS_WRITTEN) -> tuple[Segment, ...]:
    """Every row of a .wdseg or .phseg file, silences and events too; of context-dependent phones, the base phone.

    Raises:
        AlignmentWrong: it can't be read, a row is something else or does not follow the one before, or it is cut off.
    """
    try:
        lines = path.read_text(encoding="latin-1").splitlines()
    except OSError as error:
        raise AlignmentWrong(path, f"can't be read ({error.strerror}); expected an alignment of CMU Sphinx") from error
    segments: list[Segment] = []
    free_from = 0
    for number, line in enumerate(lines[1:], start=2):
        if line.split()[:1] == [END]:
            return tuple(segments)
        row = ROW.fullmatch(line)
        if not row or not free_from <= int(row["first"]) <= int(row["last"]):
            wanted = f"a first frame from {free_from} on, a last frame, a score and a label"
            raise AlignmentWrong(path, f"has in line {number} {line.strip()[:80]!r}; expected {wanted}")
        free_from = int(row["last"]) + 1
        start_s = (int(row["first"]) + times.start_offset) * times.frame_s
        end_s = (int(row["last"]) + times.end_offset) * times.frame_s
        segments.append(Segment(row["label"], round(start_s, 6), round(end_s, 6)))
    raise AlignmentWrong(path, f"ends after {len(lines)} lines without its total score; it is cut off, fetch it again")


def words_of(segments: Iterable[Segment]) -> tuple[Word, ...]:
    """The words among the rows of a .wdseg file, without the mark of their variant, in the file's capitals.

    >>> words_of([Segment("<s>", 0, 0.1), Segment("REALLY(2)", 0.1, 0.4), Segment("++LAUGHTER++", 0.4, 0.9)])
    (Word(text='REALLY', start_s=0.1, end_s=0.4),)
    """
    return tuple(Word(VARIANT.sub("", one.label), one.start_s, one.end_s) for one in segments if _is_spoken(one))


def phones_of(segments: Iterable[Segment]) -> tuple[Phone, ...]:
    """The phones among the rows of a .phseg file: ARPAbet without stress, no silence and no noise.

    >>> phones_of([Segment("SIL", 0, 0.1), Segment("HH", 0.1, 0.2), Segment("+NOISE+", 0.2, 0.3)])
    (Phone(symbol='HH', start_s=0.1, end_s=0.2),)
    """
    return tuple(Phone(one.label, one.start_s, one.end_s) for one in segments if _is_spoken(one))


def events_of(segments: Iterable[Segment]) -> tuple[Event, ...]:
    """What is heard besides words in the rows of a .wdseg file, by the name between its plus signs.

    >>> events_of([Segment("SO", 0, 0.1), Segment("++LAUGHTER++", 0.1, 0.9)])
    (Event(name='LAUGHTER', start_s=0.1, end_s=0.9),)
    """
    named = ((EVENT.fullmatch(one.label), one) for one in segments)
    return tuple(Event(event["name"], one.start_s, one.end_s) for event, one in named if event)


def _is_spoken(segment: Segment) -> bool:
    # With `end_offset=0` a label of one frame lasts no time at all, and there is nothing to hear of it.
    silent = segment.label.upper() in SILENCES or EVENT.fullmatch(segment.label)
    return not silent and segment.end_s > segment.start_s
