"""Clip, Word, Phone, Pair: the vocabulary of the whole project."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Gender: TypeAlias = Literal["female", "male", "unknown"]
Role: TypeAlias = Literal["study", "identical", "positive", "check", "repeat", "practice"]

#: What a noise drew: plain JSON values, enough to make the same sound again.
Param: TypeAlias = str | int | float | bool | list["Param"] | dict[str, "Param"] | None
Params: TypeAlias = Mapping[str, Param]


@dataclass(frozen=True)
class Word:
    """A spoken word and when it sounds, in seconds from the start of its clip."""

    text: str
    start_s: float
    end_s: float


def plain_word(text: str) -> str:
    """A word of a transcript in small letters and without punctuation, to be compared with others.

    The apostrophe stays: 'er is "her", and no filled pause.

    >>> plain_word("And,"), plain_word("'er")
    ('and', "'er")
    """
    return re.sub(r"[^\w']", "", text).casefold()


@dataclass(frozen=True)
class Phone:
    """A spoken phone (in the corpus' own alphabet) and when it sounds, in seconds."""

    symbol: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Clip:
    """One utterance of a corpus as sound, with what the corpus says of it.

    Ratings are means on 1..5 and None where the corpus has none. A clip is a whole file, or the piece of a longer one
    from `start_s` to `end_s`; words and phones are timed from the start of the clip.
    """

    clip_id: str
    path: Path
    speaker: str
    gender: Gender = "unknown"
    session: str | None = None
    length_s: float = 0.0
    activation: float | None = None
    valence: float | None = None
    dominance: float | None = None
    category: str | None = None
    transcript: str | None = None
    words: tuple[Word, ...] = ()
    phones: tuple[Phone, ...] = ()
    #: ISO 639 code of what is spoken; "und" where nobody says.
    language: str = "und"
    start_s: float = 0.0
    end_s: float | None = None
    simulated: bool = False
    #: How activation and valence came about: "measured" by raters, or "mapped" from the category.
    ratings: Literal["measured", "mapped", "simulated", "none"] = "none"


@dataclass(frozen=True)
class Pair:
    """An original clip and its noisy twin: what one judgment is about.

    Paths are relative to the folder of the manifest. Hashes are SHA-256 of the decoded 16-bit samples, so that
    they survive another encoding of the same sound.
    """

    pair_id: str
    clip_id: str
    condition: str
    role: Role
    original_path: Path
    noisy_path: Path
    original_length_s: float
    noisy_length_s: float
    original_sha256: str
    noisy_sha256: str
    seed: int
    params: Params
    #: Under which word the condition is grouped, and its ratio of speech to noise in dB where it has one.
    family: str = "other"
    snr_db: float | None = None
    #: Integrated loudness (ITU-R BS.1770); None for clips shorter than its 0.4 s, or too soft for it.
    original_lufs: float | None = None
    noisy_lufs: float | None = None
    #: SHA-256 of the two files as written, and of the corpus' own file.
    original_file_sha256: str = ""
    noisy_file_sha256: str = ""
    source_sha256: str = ""
    #: By how much both clips were turned down alike, so that 16 bits hold the loudest twin of this original.
    gain_db: float = 0.0
    sound_ids: tuple[str, ...] = ()
    #: SHA-256 of the files that these sounds are from, in the same order.
    sound_sha256s: tuple[str, ...] = ()
    simulated: bool = False
    #: What the corpus says of the original: speaker, gender, activation, valence, category ...
    clip: Mapping[str, str | float | bool | None] = field(default_factory=dict)
