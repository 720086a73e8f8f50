"""Loudness that falls or rises, as when a speaker walks away or comes near (Fade, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused, number
from pipelines.sounds.base import SoundBank

PERCENT_PER_SECOND = 2.0  # section 4.2


@dataclass(frozen=True)
class Fade(Noise):
    """Change the amplitude by a fixed share every second, from its own at the start; below zero fades out."""

    percent_per_second: Annotated[float, Field(gt=-100, le=100)]

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance."""
        if speech.level == 0:
            raise NoiseRefused("the clip is silent, so no change of loudness can be heard")
        return {"percent_per_second": self.percent_per_second}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech with its loudness falling or rising; shape (time,)."""
        seconds = np.arange(len(speech.samples)) / speech.sample_rate_hz
        gain = (1 + number(params, "percent_per_second") / 100) ** seconds  # in double: it grows to the end of a clip
        return (speech.samples * gain).astype(np.float32)

    @property
    def family(self) -> str:
        """`fade`."""
        return "fade"


STUDY: dict[str, Noise] = {"fade-in": Fade(+PERCENT_PER_SECOND), "fade-out": Fade(-PERCENT_PER_SECOND)}
