"""Noise: draw() gives parameters that can be written down, apply() is arithmetic on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol, final

import numpy as np

from pipelines.audio import Samples, Speech
from pipelines.clip import Params, Phone, Word
from pipelines.sounds.base import SoundBank


class NoiseRefused(ValueError):
    """A noise can't be applied to this clip: too short, no such word, silence. Says which and why."""


class Spoken(Protocol):
    """What is known of an utterance before it is heard: `Clip` and `Speech` both tell it."""

    @property
    def clip_id(self) -> str: ...  # noqa: D102
    @property
    def speaker(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def length_s(self) -> float: ...  # noqa: D102
    @property
    def words(self) -> tuple[Word, ...]: ...  # noqa: D102
    @property
    def phones(self) -> tuple[Phone, ...]: ...  # noqa: D102


@dataclass(frozen=True)
class Noise(ABC):
    """One way to change speech, in one setting.

    A variant's file defines one subclass (a frozen dataclass whose fields are its settings, units at the ends of
    their names, bounds as `Annotated[float, Field(gt=0)]`) and `STUDY`, a dict from condition name to an instance: the
    settings that the study uses. A study changes any of these fields by name; see `pipelines.conditions`.
    """

    #: environmental (needs a sound bank) or synthetic (paper sections 4.1 and 4.2), or a control.
    kind: ClassVar[str] = "synthetic"

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Why this utterance can't carry the noise, as far as can be told without hearing it; None where it can.

        Cheap, since a plan asks it of every clip and condition. Sentences name what was found and what is needed.
        """
        return None

    @final
    def draw(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """Draw everything that is left to chance, as plain JSON values.

        Raises:
            NoiseRefused: this clip can't carry this noise.
        """
        lack = self.lacks(speech, sounds)
        if lack is not None:
            raise NoiseRefused(lack)
        return self.choose(speech, sounds, rng)

    @abstractmethod
    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """What a variant writes for `draw`: the parameters, for speech that lacks nothing that `lacks` asks for.

        Raises:
            NoiseRefused: hearing it shows that it can't carry the noise after all.
        """

    @abstractmethod
    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """The speech so changed; the same params give the same samples. May exceed [-1, 1]: the caller fits."""

    def added(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """What an additive noise adds to the speech, as an array of its own; shape (time,)."""
        return self.apply(speech, params, sounds) - speech.samples

    @property
    def nominal_snr_db(self) -> float | None:
        """The SNR in dB that the condition stands for, of additive noises; None where the noise has no such ratio."""
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


def numbers(params: Params, name: str) -> list[float]:
    """The parameter `name` as a list of numbers.

    Raises:
        ParamsWrong: it is absent or holds something else.
    """
    value = params.get(name)
    if not isinstance(value, list) or any(isinstance(one, bool) or not isinstance(one, int | float) for one in value):
        raise ParamsWrong(name, value, "a list of numbers")
    return [float(one) for one in value]  # type: ignore[arg-type]


def text(params: Params, name: str) -> str:
    """The parameter `name` as text.

    Raises:
        ParamsWrong: it is absent or no text.
    """
    value = params.get(name)
    if not isinstance(value, str):
        raise ParamsWrong(name, value, "text")
    return value


def texts(params: Params, name: str) -> list[str]:
    """The parameter `name` as a list of texts.

    Raises:
        ParamsWrong: it is absent or holds something else.
    """
    value = params.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ParamsWrong(name, value, "a list of texts")
    return [one for one in value if isinstance(one, str)]
