"""The voice higher or lower, at the same speed (Pitch, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number
from pipelines.sounds.base import SoundBank
from pipelines.stretching import SHORTEST_S, transpose


@dataclass(frozen=True)
class Pitch(Noise):
    """Multiply all frequencies by a ratio; above 1 is higher. The duration stays, to the sample.

    The paper's text says "± 3 half octaves" (section 4.2), its results 1.25x and 0.75x (section 5.1); the ratios are
    taken here. Three half octaves would be a ratio of 2.83, three semitones one of 1.19. Formants move along, so that a
    higher voice is also that of a smaller speaker; the paper does not say whether its did.
    """

    ratio: Annotated[float, Field(ge=0.25, le=4)]

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Too short to have a pitch."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; a change of pitch needs {SHORTEST_S} s or more"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance."""
        if not speech.samples.any():
            raise NoiseRefused("the clip is silent, so that no change of pitch can be heard; expected speech")
        return {"ratio": self.ratio}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech at another pitch; shape (time,), as before."""
        return transpose(speech.samples, speech.sample_rate_hz, number(params, "ratio"))

    @property
    def family(self) -> str:
        """`pitch`."""
        return "pitch"


STUDY: dict[str, Noise] = {"pitch-1.25x": Pitch(1.25), "pitch-0.75x": Pitch(0.75)}
