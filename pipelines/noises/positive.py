"""A change that is there, and as subtle as those that are studied: how often people hear it bounds every verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number
from pipelines.sounds.base import SoundBank
from pipelines.stretching import SHORTEST_S, stretch, transpose

#: The paper has no such control. Twice the 5 % of speed that section 6 calls the edge, and well below the 25 % of speed
#: or pitch under which .13 to .29 of its pairs changed (section 5.1); both at once, as both move activation alike.
#: A pilot should find about as many "different" here as among pairs that really changed: easier controls would widen
#: the margin of every certificate.
SPEED, PITCH = 1.1, 1.1


@dataclass(frozen=True)
class Positive(Noise):
    """Speak a little faster and a little higher at once; both are ratios, and 1 leaves speed or pitch as it is."""

    speed: Annotated[float, Field(ge=0.5, le=2)] = SPEED
    pitch: Annotated[float, Field(ge=0.5, le=2)] = PITCH
    kind: ClassVar[str] = "control"

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Too short a clip for its speed or pitch to be heard."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; a change of speed needs {SHORTEST_S} s or more"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Nothing is left to chance."""
        if speech.level == 0:
            raise NoiseRefused("the clip is silent, so no change of speed or pitch can be heard")
        return {"speed": self.speed, "pitch": self.pitch}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech faster and higher; shape (time / speed,)."""
        speed, pitch = number(params, "speed"), number(params, "pitch")
        faster = speech.samples if speed == 1 else stretch(speech.samples, speech.sample_rate_hz, speed)
        changed = faster if pitch == 1 else transpose(faster, speech.sample_rate_hz, pitch)
        return changed.astype(np.float32, copy=changed is speech.samples)

    @property
    def family(self) -> str:
        """`positive`."""
        return "positive"


STUDY: dict[str, Noise] = {"positive": Positive()}
