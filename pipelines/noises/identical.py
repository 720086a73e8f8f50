"""No change at all: what people say of these pairs is the study's own error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank


@dataclass(frozen=True)
class Identical(Noise):
    """The same sound again."""

    kind: ClassVar[str] = "control"

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing to draw."""
        return {}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """A copy of the speech; shape (time,)."""
        return speech.samples.copy()

    @property
    def family(self) -> str:
        """`identical`."""
        return "identical"


STUDY: dict[str, Noise] = {"identical": Identical()}
