"""Loudness that falls or rises, as when a speaker walks away or comes near (Fade, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise, number
from pipelines.sounds.base import SoundBank

PERCENT_PER_SECOND = 2.0  # section 4.2


@dataclass(frozen=True)
class Fade(Noise):
    """Change the loudness by a fixed share every second; below zero fades out."""

    percent_per_second: float

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance here."""
        return {"percent_per_second": self.percent_per_second}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech with its loudness falling or rising; shape (time,)."""
        seconds = np.arange(len(speech.samples)) / speech.sample_rate_hz
        gain = (1 + number(params, "percent_per_second") / 100) ** seconds
        return (speech.samples * gain).astype(np.float32)

    @property
    def family(self) -> str:
        """`fade`."""
        return "fade"


STUDY: dict[str, Noise] = {"fade-in": Fade(+PERCENT_PER_SECOND), "fade-out": Fade(-PERCENT_PER_SECOND)}
