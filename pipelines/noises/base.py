"""Noise: draw() gives parameters that can be written down, apply() is arithmetic on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.sounds.base import SoundBank


class NoiseRefused(ValueError):
    """A noise can't be applied to this clip: too short, no such word, silence. Says which and why."""


@dataclass(frozen=True)
class Noise(ABC):
    """One way to change speech, in one setting.

    A variant's file defines one subclass (a frozen dataclass whose fields are its settings, units at the ends of
    their names) and `STUDY`, a dict from condition name to an instance: the settings that the study uses.
    """

    #: environmental (needs a sound bank) or synthetic (paper sections 4.1 and 4.2).
    kind: ClassVar[str] = "synthetic"

    @abstractmethod
    def draw(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """Draw everything that is left to chance, as plain JSON values.

        Raises:
            NoiseRefused: this clip can't carry this noise.
        """

    @abstractmethod
    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """The speech so changed; the same params give the same samples. May exceed [-1, 1]: the caller fits."""

    @property
    def snr_db(self) -> float | None:
        """Ratio of speech to noise in dB for additive noises; None where the noise has no such ratio."""
        return None

    @property
    def family(self) -> str:
        """The word under which conditions are grouped: `nat`, `hum`, `int`, `fade`, `speed-utterance` ..."""
        return "other"


class ParamsWrong(ValueError):
    """Parameters written down earlier don't fit their noise."""

    def __init__(self, name: str, found: object, expected: str) -> None:
        super().__init__(f"the parameter {name!r} is {found!r}; expected {expected}")


def number(params: Params, name: str) -> float:
    """The parameter `name` as a number.

    Raises:
        ParamsWrong: it is absent or no number.
    """
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParamsWrong(name, value, "a number")
    return float(value)


def text(params: Params, name: str) -> str:
    """The parameter `name` as text.

    Raises:
        ParamsWrong: it is absent or no text.
    """
    value = params.get(name)
    if not isinstance(value, str):
        raise ParamsWrong(name, value, "text")
    return value
