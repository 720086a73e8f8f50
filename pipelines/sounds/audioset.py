"""AudioSet: laughter and sobbing from YouTube, cut out by its strong labels.

Get the labels from research.google.com/audioset (`audioset_train_strong.tsv`, `audioset_eval_strong.tsv`); the sound
has to be fetched by yourself. Licence: CC BY 4.0 for the labels; each video has its own. Cite: J. F. Gemmeke et al.,
"Audio Set: An ontology and human-labeled dataset for audio events", ICASSP 2017; S. Hershey et al., "The benefit of
temporally-strong labels in audio event classification", ICASSP 2021.

The paper takes "sob" and "short-laughter" from it (section 4.2). There are no classes of these names; here they are
*Crying, sobbing* of up to 4 s, and *Laughter*, *Giggle*, *Snicker* and *Chuckle, chortle* of up to 2 s. Baby laughter,
baby cry, belly laugh and whimper are left out: they are not what an adult speaker does in passing. So are events during
which somebody speaks or sings, or music plays.

Files lie anywhere below the folder, named by segment (`<video>_<start in ms>.wav`) or by video (`<video>.wav`,
`Y<video>.wav`), which holds either the ten seconds of its one segment or the whole video.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pipelines.corpora.base import Problem
from pipelines.files_below import header_length_s, sound_files
from pipelines.sounds.base import Family, Sound, SoundBank, SoundsNotFound

HEADER = ["segment_id", "start_time_seconds", "end_time_seconds", "label"]
#: Our own table of machine ids: those in circulation are often attached to wrong names.
EVENTS: dict[str, tuple[Family, str]] = {
    "/m/01j3sz": ("laugh", "laughter"),
    "/m/07r660_": ("laugh", "giggle"),
    "/m/07s04w4": ("laugh", "snicker"),
    "/m/07rgt08": ("laugh", "chuckle"),
    "/m/0463cq4": ("cry", "crying, sobbing"),
}
LONGEST_S: dict[Family, float] = {"laugh": 2.0, "cry": 4.0}
SHORTEST_S = 0.2  # labels of less are slips
#: Speech, by men, women and children, conversation, narration; singing; music.
OVER_IT = frozenset(
    {"/m/09x0r", "/m/05zppz", "/m/02zsn", "/m/0ytgt", "/m/01h8n0", "/m/02qldy", "/m/015lz1", "/m/04rlf"}
)
SEGMENT_S = 10.5  # segments last ten seconds; a file that is longer is taken for the whole video


class _Event(NamedTuple):
    """One row of the strong labels; times are from the start of the segment."""

    start_s: float
    end_s: float
    label: str

    def overlaps(self, other: _Event) -> bool:
        """Whether both sound at some moment."""
        return self.start_s < other.end_s and other.start_s < self.end_s


class AudioSet(SoundBank):
    """Laughter and sobbing in the segments of AudioSet that are at hand."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._tables = sorted(root.glob("*strong*.tsv")) if root.is_dir() else []
        if not self._tables:
            raise SoundsNotFound("AudioSet", root, "expected audioset_train_strong.tsv or audioset_eval_strong.tsv")
        for table in self._tables:
            with table.open(encoding="utf-8", errors="replace") as file:
                if file.readline().rstrip("\r\n").split("\t") != HEADER:
                    raise SoundsNotFound("AudioSet", root, f"{table} does not begin with the columns {HEADER}")

    def listed(self) -> Iterator[Sound | Problem]:
        """The events of laughing and sobbing whose sound is at hand, by segment and time."""
        files = {path.stem: path for path in sound_files(self.root)}
        events: defaultdict[str, list[_Event]] = defaultdict(list)
        for table in self._tables:
            yield from _read_events(table, events)
        segments_by_video: defaultdict[str, set[str]] = defaultdict(set)
        for segment in events:
            segments_by_video[_video(segment)].add(segment)
        for segment, labelled in sorted(events.items()):
            wanted = [event for event in labelled if _is_wanted(event, labelled)]
            if wanted:
                alone = len(segments_by_video[_video(segment)]) == 1
                yield from _sounds(segment, wanted, files, alone=alone)


def _read_events(table: Path, events: defaultdict[str, list[_Event]]) -> Iterator[Problem]:
    with table.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            segment, start, end, label = (row[name] for name in HEADER)
            try:
                event = _Event(float(start), float(end), label)
                int(segment.rpartition("_")[2])
            except (TypeError, ValueError, AttributeError):
                where = f"{table} has a row with the segment {segment!r} from {start!r} to {end!r}"
                yield Problem(table, f"{where}; expected <video>_<start in ms> and two numbers of seconds")
                continue
            events[segment].append(event)


def _video(segment: str) -> str:
    return segment.rpartition("_")[0]


def _is_wanted(event: _Event, labelled: Iterable[_Event]) -> bool:
    family, _ = EVENTS.get(event.label, ("", ""))
    if not family or not SHORTEST_S <= event.end_s - event.start_s <= LONGEST_S[family]:
        return False
    return not any(other.label in OVER_IT and other.overlaps(event) for other in labelled)


def _sounds(segment: str, wanted: list[_Event], files: dict[str, Path], *, alone: bool) -> Iterator[Sound | Problem]:
    path, begins_s = files.get(segment), 0.0
    if path is None:
        path = files.get(_video(segment)) or files.get(f"Y{_video(segment)}")
        if path is None:
            return  # hardly anybody has all of AudioSet, so what is absent is no problem
        length_s = header_length_s(path)
        if length_s is not None and length_s > SEGMENT_S:
            begins_s = int(segment.rpartition("_")[2]) / 1000
        elif not alone:
            sentence = f"{path} is named by a video of which several segments are labelled; name it by its segment"
            yield Problem(path, f"{sentence}, such as {segment}{path.suffix}")
            return
    for event in sorted(wanted):
        family, category = EVENTS[event.label]
        sound_id = f"{segment}@{event.start_s:g}-{category.split(',')[0]}"
        yield Sound(sound_id, path, family, category, begins_s + event.start_s, begins_s + event.end_s)
