"""What a corpus says of itself as a bank of sounds: the fillers of its speakers, and their utterances as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from pipelines.clip import Clip, plain_word
from pipelines.sounds.base import Sound, SoundBank

#: Filled pauses as transcripts write them, by language. They differ, since "um" and "er" are plain words in German.
FILLERS_BY_LANGUAGE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": frozenset({"uh", "uhh", "um", "umm", "uhm", "er", "erm", "eh", "ehm", "hm", "hmm", "mm", "mmm"}),
        "de": frozenset({"äh", "ähm", "eh", "ehm", "öh", "öhm", "hm", "hmm"}),
        "fr": frozenset({"euh", "heu", "hum", "hm", "hmm"}),
    }
)
#: Those that are no word of any of these languages: for clips of other languages, and where nobody says.
FILLERS_ELSEWHERE = frozenset({"uh", "uhh", "umm", "uhm", "erm", "ehm", "hm", "hmm"})
#: What an aligner calls a filler and is shorter is a slip of it, and what is longer holds a pause or another sound.
SHORTEST_FILLER_S = 0.1
LONGEST_FILLER_S = 1.5


class CorpusSounds(SoundBank):
    """The sounds that the clips of a corpus hold, each with its speaker and clip.

    Family `filler`: every filled pause (see `FILLERS_BY_LANGUAGE`) of 0.1 to 1.5 s in the clips' alignments; its
    category is the word. Family `speech`: every clip as a whole. The same clips give the same ids, in their order.
    """

    def __init__(self, clips: Iterable[Clip]) -> None:
        self._found = tuple(sound for clip in clips for sound in _sounds_of(clip))
        super().__init__(Path(os.path.commonpath([str(sound.path.parent) for sound in self._found] or ["."])))

    def listed(self) -> Iterator[Sound]:
        """Each clip, followed by its fillers, in the order of the clips."""
        yield from self._found


def is_filler(word: str, language: str) -> bool:
    """Whether a word of a transcript is a filled pause in a language (ISO 639, "und" where nobody says).

    >>> is_filler("Um,", "en"), is_filler("um", "de"), is_filler("likes", "en")
    (True, False, False)
    """
    known = FILLERS_BY_LANGUAGE.get(language.split("-")[0].lower(), FILLERS_ELSEWHERE)
    return plain_word(word) in known


def _sounds_of(clip: Clip) -> Iterator[Sound]:
    yield Sound(
        sound_id=f"speech:{clip.clip_id}",
        path=clip.path,
        family="speech",
        category=clip.category or "speech",
        start_s=clip.start_s,
        end_s=clip.end_s,
        speaker=clip.speaker,
        clip_id=clip.clip_id,
        simulated=clip.simulated,
    )
    for number, word in enumerate(clip.words, start=1):
        long_enough = SHORTEST_FILLER_S <= word.end_s - word.start_s <= LONGEST_FILLER_S
        if long_enough and is_filler(word.text, clip.language):
            yield Sound(
                sound_id=f"filler:{clip.clip_id}:{number}",
                path=clip.path,
                family="filler",
                category=plain_word(word.text),
                start_s=clip.start_s + word.start_s,
                end_s=clip.start_s + word.end_s,
                speaker=clip.speaker,
                clip_id=clip.clip_id,
                simulated=clip.simulated,
            )
