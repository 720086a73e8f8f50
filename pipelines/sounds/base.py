"""SoundBank: sounds by family, drawn with an rng."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from pipelines.audio import Samples

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


class SoundBank(ABC):
    """Sounds of the three environmental families, ready to be mixed in.

    A variant takes the bank's root folder and lists what can be used; laughing and crying never count as plain
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

    def draw(self, family: Family, rng: np.random.Generator) -> Sound:
        """One sound of a family at random.

        Raises:
            LookupError: the bank has no usable sound of that family.
        """
        candidates = self.sounds(family)
        if not candidates:
            raise LookupError(f"the sound bank in {self.root} has no usable sound of the family {family!r}")
        return candidates[int(rng.integers(len(candidates)))]
