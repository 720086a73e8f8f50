"""Speech over a narrow-band telephone line (beyond the paper)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech, active_rms
from pipelines.clip import Params
from pipelines.codecs import through_telephone
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number
from pipelines.sounds.base import SoundBank

LOW_HZ, HIGH_HZ = 300.0, 3400.0  # the band of ITU-T G.712
SHORTEST_S = 0.1


@dataclass(frozen=True)
class Telephone(Noise):
    """Speech in a band from `low_hz` to `high_hz`, at 8 kHz and 8 bits a sample (mu-law), as long and loud as before.

    Its active level is brought back to what it was, since a band alone would also make it softer.
    """

    low_hz: Annotated[float, Field(ge=50, le=1000)] = LOW_HZ
    high_hz: Annotated[float, Field(ge=2000, le=3900)] = HIGH_HZ

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Too short a clip."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; a telephone line needs {SHORTEST_S} s or more"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance."""
        if speech.level == 0:
            raise NoiseRefused("the clip is silent, so no line can be heard")
        return {"low_hz": self.low_hz, "high_hz": self.high_hz}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech at the other end of the line, not shifted in time; shape (time,)."""
        band_hz = number(params, "low_hz"), number(params, "high_hz")
        heard = through_telephone(speech.samples, speech.sample_rate_hz, *band_hz)
        level = active_rms(heard)
        return heard * np.float32(speech.level / level) if level else heard

    @property
    def family(self) -> str:
        """`telephone`."""
        return "telephone"


STUDY: dict[str, Noise] = {"telephone": Telephone()}
