"""Speech over a network that loses packets (beyond the paper; section 4.2 names internet lags)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.codecs import without_packets
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number, numbers
from pipelines.sounds.base import SoundBank

PACKET_S = 0.02  # as most voice over a network is sent
FEWEST = 5  # packets of a clip: the first is never lost, and of fewer no share can be taken


@dataclass(frozen=True)
class PacketLoss(Noise):
    """Lose a share of the packets, each as likely as the next; gaps are concealed (see `codecs.without_packets`).

    The share is that of all packets of the clip, rounded to whole ones, at least one. The first, from which a receiver
    could conceal nothing, always arrives.
    """

    percent: Annotated[float, Field(gt=0, le=75)]
    packet_s: Annotated[float, Field(ge=0.01, le=0.12)] = PACKET_S

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Too short a clip."""
        if spoken.length_s < FEWEST * self.packet_s:
            least_s = FEWEST * self.packet_s
            return f"the clip lasts {spoken.length_s:.3f} s; losing packets needs {least_s:.3f} s or more"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Which packets are lost."""
        if speech.level == 0:
            raise NoiseRefused("the clip is silent, so no loss can be heard")
        packets = -(-len(speech.samples) // round(self.packet_s * speech.sample_rate_hz))
        count = max(1, round(packets * self.percent / 100))
        lost = sorted(rng.choice(np.arange(1, packets), count, replace=False).tolist())
        return {"packet_s": self.packet_s, "lost": lost}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech with its gaps concealed; shape (time,)."""
        lost = {int(one) for one in numbers(params, "lost")}
        return without_packets(speech.samples, speech.sample_rate_hz, number(params, "packet_s"), lost)

    @property
    def family(self) -> str:
        """`packet-loss`."""
        return "packet-loss"


STUDY: dict[str, Noise] = {"packet-loss-5": PacketLoss(5.0), "packet-loss-20": PacketLoss(20.0)}
