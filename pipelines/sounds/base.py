"""SoundBank: sounds by family, drawn with an rng."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from pipelines.audio import Samples, SoundUnreadable, read_sound
from pipelines.corpora.base import Problem

#: natural soundscapes, human non-speech, interior/domestic (paper section 4.1).
Family: TypeAlias = Literal["nat", "hum", "int"]
FAMILIES: tuple[Family, ...] = ("nat", "hum", "int")


@dataclass(frozen=True)
class Sound:
    """One recording of a sound bank."""

    sound_id: str
    path: Path
    family: Family
    category: str
    simulated: bool = False


class SoundsNotFound(FileNotFoundError):
    """A folder does not look like the sound bank that it was named as."""

    def __init__(self, bank: str, path: Path, expected: str) -> None:
        super().__init__(f"no {bank} sounds in {path}: {expected}")


class NoSoundOfFamily(LookupError):
    """A bank has no usable sound of a family that is needed."""

    def __init__(self, root: Path, family: Family) -> None:
        super().__init__(
            f"the sound bank in {root} has no usable sound of the family {family!r}; add some, or take the conditions "
            "of that family out of the study"
        )
        self.root, self.family = root, family

    def __reduce__(self) -> tuple[type[NoSoundOfFamily], tuple[Path, Family]]:
        return type(self), (self.root, self.family)  # so that it survives the way back from a worker process


class SoundBank(ABC):
    """Sounds of the three environmental families, ready to be mixed in.

    A variant takes the bank's root folder, refuses at once (SoundsNotFound) what does not look like the bank, and lists
    what can be used; laughing and crying never count as plain
    background (paper section 4.2 treats them as noises of their own).
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @abstractmethod
    def sounds(self, family: Family) -> tuple[Sound, ...]:
        """All usable sounds of a family, in a stable order; empty where the bank has none."""

    @abstractmethod
    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        """A sound as samples at a rate, with silent padding at its ends removed; shape (time,)."""

    def problems(self) -> tuple[Problem, ...]:
        """The files that can't be used, each with its reason; none where all can."""
        return ()

    def draw(self, family: Family, rng: np.random.Generator) -> Sound:
        """One sound of a family at random.

        Raises:
            NoSoundOfFamily: the bank has none that can be used.
        """
        candidates = self.sounds(family)
        if not candidates:
            raise NoSoundOfFamily(self.root, family)
        return candidates[int(rng.integers(len(candidates)))]


#: Samples below this share of the peak (-60 dB) at either end of a sound are padding.
PADDING = 10 ** (-60 / 20)


def read_trimmed(path: Path, sample_rate_hz: int) -> Samples:
    """A sound file without the silence at its ends, read-only, kept in memory for the next mixing; shape (time,).

    Raises:
        SoundUnreadable: missing, empty, corrupt, or silent.
    """
    return _read_trimmed(path, sample_rate_hz, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=256)
def _read_trimmed(path: Path, sample_rate_hz: int, _changed_ns: int) -> Samples:
    samples = read_sound(path, sample_rate_hz)
    sounding = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * PADDING)
    trimmed = samples[sounding[0] : sounding[-1] + 1].copy()
    trimmed.flags.writeable = False
    return trimmed


def usable(sounds: list[Sound], sample_rate_hz: int) -> tuple[tuple[Sound, ...], tuple[Problem, ...]]:
    """The sounds that can be read, in their order, and a Problem for each of the others."""
    good, bad = [], []
    for sound in sounds:
        try:
            read_trimmed(sound.path, sample_rate_hz)
            good.append(sound)
        except SoundUnreadable as error:
            bad.append(Problem(sound.path, str(error)))
    return tuple(good), tuple(bad)
