"""The whole utterance faster or slower, at the same pitch (SpeedUtt, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number
from pipelines.sounds.base import SoundBank
from pipelines.stretching import SHORTEST_S, stretch


@dataclass(frozen=True)
class SpeedUtterance(Noise):
    """Speak the utterance at another speed; above 1 is faster. The pitch stays.

    The paper prints 1.25x twice (section 5.1); the second is read as the 0.75x of section 4.2. Section 6 advises
    against a change of more than 5 %: 1.05x and 0.95x lie on that edge.
    """

    speed: Annotated[float, Field(ge=0.25, le=4)]

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Too short to have a speed."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; a change of speed needs {SHORTEST_S} s or more"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance."""
        if not speech.samples.any():
            raise NoiseRefused("the clip is silent, so that no change of speed can be heard; expected speech")
        return {"speed": self.speed}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech at another speed; shape (round(time / speed),)."""
        return stretch(speech.samples, speech.sample_rate_hz, number(params, "speed"))

    @property
    def family(self) -> str:
        """`speed-utterance`."""
        return "speed-utterance"


STUDY: dict[str, Noise] = {f"speed-utterance-{speed:.2f}x": SpeedUtterance(speed) for speed in (1.25, 0.75, 1.05, 0.95)}
