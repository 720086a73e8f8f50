"""Corpus: a folder on disk that yields clips, and says which of its files it could not use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, final

from pipelines.clip import Clip
from pipelines.labels.textgrid import AlignmentWrong, aligned_beside
from pipelines.sound_file import SoundUnreadable, sound_length_s


@dataclass(frozen=True)
class Problem:
    """A file of a corpus or sound bank that can't be used, and why, as a sentence for a person."""

    path: Path
    sentence: str


@dataclass(frozen=True)
class Published:
    """What the publisher or the literature says a complete corpus holds: counts of clips, by name where known."""

    source: str  # where these counts stand
    clips: int | None = None
    by_speaker: Mapping[str, int] = field(default_factory=dict)
    by_gender: Mapping[str, int] = field(default_factory=dict)
    by_category: Mapping[str, int] = field(default_factory=dict)
    #: Low, mid and high by the usual rule of `pipelines.bins`.
    by_activation: Mapping[str, int] = field(default_factory=dict)


class CorpusNotFound(FileNotFoundError):
    """A folder does not look like the corpus that it was named as."""

    def __init__(self, corpus: str, path: Path, expected: str) -> None:
        super().__init__(f"no {corpus} corpus in {path}: {expected}")


class Corpus(ABC):
    """A speech corpus in its publisher's own layout.

    A variant takes the corpus' root folder, refuses at once (CorpusNotFound) what does not look like the corpus, and
    writes `listed`. Its file opens with what it is, where to get it, its licence and citation.
    """

    #: What a complete copy holds, for `earwitness corpus check`; None where nobody published it.
    PUBLISHED: ClassVar[Published | None] = None

    def __init__(self, root: Path) -> None:
        self.root = root

    @abstractmethod
    def listed(self) -> Iterator[Clip | Problem]:
        """Each clip in a stable order, as names and tables describe it; a Problem for whatever can't be used.

        Never raises for one file or row. Whether the sound can be read, and how long it is, is no concern of a
        variant; alignments that lie beside the sound as TextGrid are none either.
        """

    @final
    def read(self) -> Iterator[Clip | Problem]:
        """Each clip whose sound can be read, with its length; and a Problem for each file that can't be used.

        A TextGrid beside the sound, under the same name, gives words and phones to clips that have none. Never
        raises for one file. A clip may come together with a Problem: its alignment is broken, say. Of several clips
        with one id only the first that can be read is used.
        """
        first_by_id: dict[str, Path] = {}
        for entry in self.listed():
            if isinstance(entry, Problem):
                yield entry
            elif entry.clip_id in first_by_id:
                first = first_by_id[entry.clip_id]
                sentence = f"{entry.path} is clip {entry.clip_id} once more, after {first}; it is left out"
                yield Problem(entry.path, sentence)
            else:
                for read in _read(entry):
                    if isinstance(read, Clip):
                        first_by_id[read.clip_id] = read.path
                    yield read


def _read(clip: Clip) -> Iterator[Clip | Problem]:
    try:
        clip = replace(clip, length_s=sound_length_s(clip.path, clip.start_s, clip.end_s))
    except SoundUnreadable as error:
        yield Problem(clip.path, str(error))
        return
    if not clip.words and not clip.phones:
        try:
            words, phones = aligned_beside(clip)
            clip = replace(clip, words=words, phones=phones)
        except AlignmentWrong as error:
            yield Problem(error.path, f"{error}; the clip is used without it")
    yield replace(
        clip,
        words=tuple(replace(w, end_s=min(w.end_s, clip.length_s)) for w in clip.words if w.start_s < clip.length_s),
        phones=tuple(replace(p, end_s=min(p.end_s, clip.length_s)) for p in clip.phones if p.start_s < clip.length_s),
    )
