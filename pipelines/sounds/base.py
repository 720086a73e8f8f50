"""SoundBank: sounds by family, drawn with an rng."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import TypeAlias

import numpy as np
from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from numpy.typing import NDArray

from pipelines.audio import FULL_SCALE, Samples
from pipelines.corpora.base import Problem
from pipelines.joining import loud_moments
from pipelines.sound_file import SoundUnreadable, file_sha256, read_sound, refuse_without_sound

Family: TypeAlias = str
#: natural soundscapes, human non-speech, interior/domestic (paper section 4.1).
FAMILIES: tuple[Family, ...] = ("nat", "hum", "int")
#: Whatever else a noise may ask a bank for. Laughing and crying never count as background (section 4.2), and a baby's
#: cry is no speaker's sob; `filler` and `speech` are by speaker; `room` holds measured impulse responses; `noise` is
#: background of no stated kind.
OTHER_FAMILIES: tuple[Family, ...] = (
    "laugh", "cry", "baby-cry", "babble", "music", "transportation", "noise", "speech", "filler", "room",
)  # fmt: skip
#: What may be mixed in behind speech without a thought.
BACKGROUNDS: tuple[Family, ...] = (*FAMILIES, "babble", "transportation", "noise")
#: Families of which every sample counts: what lies before the direct sound of a room is a delay, and no padding.
UNTRIMMED: tuple[Family, ...] = ("room",)
#: Words in a category that tell of laughing or crying, in whatever form (`crying_baby`, `Baby laughter`).
EMOTIONAL_WORD = re.compile(
    r"(?<![a-z])(laugh|giggl|chuckl|snicker|chortl|cry(?!pt|st)|cries|cried|sob|weep|whimper)", re.IGNORECASE
)
CLIPPED_SHARE = 0.001  # of a sound's samples at full scale, from which on `check` speaks of it

CACHE_BYTES = 256 * 2**20  # of decoded sound that a process keeps for the next mixing
#: Samples below this share of the peak (-60 dB) at either end of a sound are padding.
PADDING = 10 ** (-60 / 20)


@dataclass(frozen=True)
class Sound:
    """One recording of a sound bank, or the piece of one from `start_s` to `end_s` (None is its end)."""

    sound_id: str
    path: Path
    family: Family
    category: str
    start_s: float = 0.0
    end_s: float | None = None
    #: Who is heard, and in which clip of the corpus, where a sound was cut out of speech.
    speaker: str | None = None
    clip_id: str | None = None
    simulated: bool = False
    #: The recording that it was cut from, where the bank tells; pieces of one recording sound alike.
    source: str | None = None

    @property
    def recording(self) -> str:
        """What it shares with other pieces of the same recording: the source, or else the file."""
        return self.source or str(self.path)


class SoundsNotFound(FileNotFoundError):
    """A folder does not look like the sound bank that it was named as."""

    def __init__(self, bank: str, path: Path, expected: str) -> None:
        super().__init__(f"no {bank} sounds in {path}: {expected}")


class NoSoundOfFamily(LookupError):
    """A bank has no usable sound of a family that is needed."""

    def __init__(self, root: Path, family: Family) -> None:
        super().__init__(
            f"the sound bank in {root} has no usable sound of the family {family!r}; add some (a study may name "
            "several banks), or take the conditions of that family out of the study"
        )
        self.root, self.family = root, family

    def __reduce__(self) -> tuple[type[NoSoundOfFamily], tuple[Path, Family]]:
        return type(self), (self.root, self.family)  # so that it survives the way back from a worker process


class SoundsTwice(ValueError):
    """Two sounds carry one id, so nobody could say later which was heard."""

    def __init__(self, sound_id: str, first: Path, second: Path) -> None:
        super().__init__(f"{first} and {second} both have the id {sound_id!r}; name each bank once, or rename a file")


class SoundBank(ABC):
    """Sounds by family, ready to be mixed in.

    A variant takes the bank's root folder, refuses at once (SoundsNotFound) what does not look like the bank, and
    writes `listed`. Files are looked at when they are listed, and decoded when they are drawn. Whatever a variant
    lists, laughing and crying never come as background.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @abstractmethod
    def listed(self) -> Iterator[Sound | Problem]:
        """Every sound of the bank in a stable order, and a Problem for each row or name that says nothing usable.

        Whether the files can be read is no concern of a variant.
        """

    @cached_property
    def _index(self) -> _Index:
        return _Index.of(self.listed())

    def families(self) -> tuple[Family, ...]:
        """The families of which the bank has a sound, in alphabetical order."""
        return tuple(sorted({family for family, speaker in self._index.by_family if speaker is None}))

    def speakers(self, family: Family) -> tuple[str, ...]:
        """Those who are heard in the sounds of a family, in alphabetical order; empty where nobody is named."""
        return self._index.speakers.get(family, ())

    def sounds(self, family: Family, speaker: str | None = None) -> tuple[Sound, ...]:
        """All sounds of a family (and, where asked, of one speaker), in a stable order; empty where there are none."""
        return self._index.by_family.get((family, speaker), ())

    def problems(self) -> tuple[Problem, ...]:
        """What can't be used, as far as a glance at the files tells; none where all can."""
        return self._index.problems

    def check(self) -> Iterator[Problem]:
        """Everything that can't be used, and what can but is clipped, after decoding every sound of the bank."""
        yield from self.problems()
        for sound in self._index.by_id.values():
            try:
                samples = _decoded(sound, None)
            except SoundUnreadable as error:
                yield Problem(sound.path, str(error))
                continue
            clipped = float(np.mean(np.abs(samples) >= FULL_SCALE))
            if clipped > CLIPPED_SHARE:
                sentence = f"{sound.path} has {clipped:.1%} of its samples at full scale, so that it sounds distorted"
                yield Problem(sound.path, f"{sentence}; it is used, unless you leave it out")

    def sound(self, sound_id: str) -> Sound:
        """What is known of a sound.

        Raises:
            KeyError: the bank has no such sound.
        """
        return self._index.by_id[sound_id]

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        """A sound as samples at a rate, without silent padding at its ends (but for rooms); shape (time,), read-only.

        Raises:
            KeyError: the bank has no such sound.
            SoundUnreadable: its file can't be decoded, or is silent.
        """
        return _decoded(self.sound(sound_id), sample_rate_hz)

    def loud_moments(self, sound_id: str, sample_rate_hz: int) -> NDArray[np.intp]:
        """The frames of a sound near which it may begin, looked for once; errors as `samples`."""
        key = (sound_id, sample_rate_hz)
        if key not in self._loud_moments:
            self._loud_moments[key] = loud_moments(self.samples(sound_id, sample_rate_hz))
        return self._loud_moments[key]

    @cached_property
    def _loud_moments(self) -> dict[tuple[str, int], NDArray[np.intp]]:
        return {}

    def sha256(self, sound_id: str) -> str:
        """SHA-256 of the file that a sound is from.

        Raises:
            KeyError: the bank has no such sound.
        """
        path = self.sound(sound_id).path
        return _known_sha256(path, path.stat().st_mtime_ns)

    def draw(
        self, family: Family, rng: np.random.Generator, sample_rate_hz: int, among: Sequence[Sound] | None = None
    ) -> Sound:
        """One sound at random that can be decoded; those that can't are passed over.

        Args:
            family: of which to draw one.
            rng: where the chance comes from.
            sample_rate_hz: at which it will be heard.
            among: sounds to draw from, instead of all of the family.

        Raises:
            NoSoundOfFamily: the bank has none that can be used.
        """
        candidates = list(self.sounds(family) if among is None else among)
        while candidates:
            sound = candidates.pop(int(rng.integers(len(candidates))))
            try:
                self.samples(sound.sound_id, sample_rate_hz)
            except SoundUnreadable:
                continue
            return sound
        raise NoSoundOfFamily(self.root, family)


@dataclass(frozen=True)
class _Index:
    """The sounds of a bank, found by id and by family (and speaker)."""

    by_id: dict[str, Sound]
    by_family: dict[tuple[Family, str | None], tuple[Sound, ...]]
    speakers: dict[Family, tuple[str, ...]]
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, listed: Iterator[Sound | Problem]) -> _Index:
        by_id: dict[str, Sound] = {}
        by_family: dict[tuple[Family, str | None], list[Sound]] = {}
        looked_at: dict[Path, str | None] = {}
        problems = []
        for entry in listed:
            found = entry if isinstance(entry, Problem) else _problem_of(entry, looked_at)
            if found is not None:
                problems.append(found)
            if found is not None or isinstance(entry, Problem):
                continue
            if entry.sound_id in by_id:
                raise SoundsTwice(entry.sound_id, by_id[entry.sound_id].path, entry.path)
            by_id[entry.sound_id] = entry
            for speaker in {None, entry.speaker}:
                by_family.setdefault((entry.family, speaker), []).append(entry)
        speakers: dict[Family, list[str]] = {}
        for family, speaker in by_family:
            if speaker is not None:
                speakers.setdefault(family, []).append(speaker)
        return cls(
            by_id,
            {key: tuple(sounds) for key, sounds in by_family.items()},
            {family: tuple(sorted(names)) for family, names in speakers.items()},
            tuple(dict.fromkeys(problems)),
        )


class JoinedSounds(SoundBank):
    """Several banks as one, in their order."""

    def __init__(self, banks: Sequence[SoundBank]) -> None:
        super().__init__(banks[0].root)
        self._banks = tuple(banks)

    def listed(self) -> Iterator[Sound | Problem]:
        """The sounds of every bank, one bank after the other."""
        for bank in self._banks:
            yield from bank.listed()


def _problem_of(sound: Sound, looked_at: dict[Path, str | None]) -> Problem | None:
    """Why a sound can't be offered, as far as its name and a glance at its file tell."""
    word = EMOTIONAL_WORD.search(sound.category) if sound.family in BACKGROUNDS else None
    if word:
        return Problem(
            sound.path,
            f"{sound.path} is {sound.category!r} in the family {sound.family!r}; laughing and crying change what "
            "people hear and are no background: put it into `laugh` or `cry`, or leave it out",
        )
    if sound.path not in looked_at:
        looked_at[sound.path] = _unusable(sound.path)
    reason = looked_at[sound.path]
    return None if reason is None else Problem(sound.path, reason)


def _unusable(path: Path) -> str | None:
    try:
        refuse_without_sound(path)
    except SoundUnreadable as error:
        return str(error)
    return None


def _decoded(sound: Sound, sample_rate_hz: int | None) -> Samples:
    try:
        changed_ns = sound.path.stat().st_mtime_ns
    except OSError:
        changed_ns = 0  # reading it says what is wrong
    trims = sound.family not in UNTRIMMED
    return _read(sound.path, sound.start_s, sound.end_s, sample_rate_hz, trims, changed_ns)


def _size(samples: Samples) -> int:
    return samples.nbytes


@cached(LRUCache(CACHE_BYTES, getsizeof=_size), key=hashkey, lock=Lock())
def _read(
    path: Path, start_s: float, end_s: float | None, sample_rate_hz: int | None, trims: bool, _changed_ns: int
) -> Samples:
    samples = read_sound(path, sample_rate_hz, start_s, end_s)
    if trims:
        sounding = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * PADDING)
        samples = samples[sounding[0] : sounding[-1] + 1].copy()
    samples.flags.writeable = False
    return samples


@lru_cache(maxsize=4096)
def _known_sha256(path: Path, _changed_ns: int) -> str:
    """SHA-256 of a file, looked up again only when its time of change has moved on."""
    return file_sha256(path)
