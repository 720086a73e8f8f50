"""Speech that went through a lossy codec at a low rate (beyond the paper)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.codecs import Codec, recoded
from pipelines.noises.base import Noise, Spoken, number, text
from pipelines.sounds.base import SoundBank

SHORTEST_S = 0.1  # a few frames of either codec


@dataclass(frozen=True)
class LossyCodec(Noise):
    """Encode the speech at `kbps` thousand bits a second and decode it again; the length stays, to the sample."""

    codec: Codec
    kbps: Annotated[int, Field(ge=6, le=160)]

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Too short a clip."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; a codec needs {SHORTEST_S} s or more"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance."""
        return {"codec": self.codec, "kbps": self.kbps}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech as it comes out of the codec, not shifted in time; shape (time,)."""
        codec: Codec = "mp3" if text(params, "codec") == "mp3" else "opus"
        return recoded(speech.samples, speech.sample_rate_hz, codec, int(number(params, "kbps")))

    @property
    def family(self) -> str:
        """`codec`."""
        return "codec"


#: Rates at which speech is still understood without effort, and every codec is heard.
STUDY: dict[str, Noise] = {"mp3-32kbps": LossyCodec("mp3", 32), "opus-12kbps": LossyCodec("opus", 12)}
