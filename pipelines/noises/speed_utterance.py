"""The whole utterance faster or slower, at the same pitch (SpeedUtt, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import librosa
import numpy as np

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused, number
from pipelines.sounds.base import SoundBank

#: Samples of a frame; librosa's own 2048 smears consonants audibly at 16 kHz, 512 (32 ms) much less.
FRAME = 512


@dataclass(frozen=True)
class SpeedUtterance(Noise):
    """Speak the utterance at another speed; above 1 is faster. The pitch stays."""

    speed: float

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance; clips shorter than a frame are refused."""
        if len(speech.samples) < FRAME:
            raise NoiseRefused(f"the clip has {len(speech.samples)} samples; a change of speed needs {FRAME} or more")
        return {"speed": self.speed}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech at another speed; shape (time / speed,)."""
        stretched = librosa.effects.time_stretch(speech.samples, rate=number(params, "speed"), n_fft=FRAME)
        return np.ascontiguousarray(stretched, dtype=np.float32)

    @property
    def family(self) -> str:
        """`speed-utterance`."""
        return "speed-utterance"


STUDY: dict[str, Noise] = {
    "speed-utterance-1.25x": SpeedUtterance(1.25),
    "speed-utterance-0.75x": SpeedUtterance(0.75),
}
