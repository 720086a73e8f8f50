"""A change that nobody hears: without it, a file compared byte by byte would tell which pairs are identical."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.codecs import recoded
from pipelines.noises.base import Noise, Spoken, number
from pipelines.sounds.base import SoundBank

KBPS = 128  # Opus is held to be transparent for two channels at this rate; here it codes one
SHORTEST_S = 0.1


@dataclass(frozen=True)
class IdenticalReencoded(Noise):
    """The same sound through Opus at a rate that leaves nothing to hear; the length stays, to the sample."""

    kbps: Annotated[int, Field(ge=96, le=256)] = KBPS
    kind: ClassVar[str] = "control"

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Too short a clip."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; a codec needs {SHORTEST_S} s or more"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance."""
        return {"kbps": self.kbps}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech as it comes out of the codec, not shifted in time; shape (time,)."""
        return recoded(speech.samples, speech.sample_rate_hz, "opus", int(number(params, "kbps")))

    @property
    def family(self) -> str:
        """`identical`."""
        return "identical"


STUDY: dict[str, Noise] = {"identical-reencoded": IdenticalReencoded()}
