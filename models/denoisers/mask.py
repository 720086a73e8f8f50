"""A mask network of RNNoise's shape that is trained with the net: right emotion and clean speech at once.

Paper section 5.4; the shape is that of Valin 2018, section 3.
"""

from __future__ import annotations

import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from models.denoisers.base import Front, JointDenoiser

OPEN = 2.0  # what the last layer adds at first: gains begin near 1, so that an untrained mask hides little


class MaskSettings(BaseModel):
    """Settings of the mask network; widths are those of Valin 2018."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dense_width: int = Field(default=24, ge=1, le=1024, description="units of the first dense layer")
    voice_width: int = Field(default=24, ge=1, le=1024, description="units of the GRU that follows where a voice is")
    noise_width: int = Field(default=48, ge=1, le=1024, description="units of the GRU that follows the noise")
    gain_width: int = Field(default=96, ge=1, le=1024, description="units of the GRU from which the gains are read")
    most_attenuation: float = Field(
        default=4.0, gt=0, le=20, description="by how many of the speaker's standard deviations a band can fall at most"
    )
    weight: float = Field(
        default=1.0,
        ge=0,
        description="what the squared error of the cleaned bands counts beside the loss of the emotion; both are near "
        "1 before training, so 1 asks for both alike",
    )


class MaskFront(Front):
    """A gain for each band of each frame, read from this frame and those before it.

    Bands are log energies in units of the speaker's standard deviation. A gain of the energy in (0, 1] is a term at or
    below 0 there, so what comes out is never above what came in. Gains lie between exp(-most_attenuation) and 1, also
    in these units.
    """

    def __init__(self, bands: int, settings: MaskSettings) -> None:
        super().__init__()
        dense, voice, noise, gain = (
            settings.dense_width,
            settings.voice_width,
            settings.noise_width,
            settings.gain_width,
        )
        self.smallest_gain = math.exp(-settings.most_attenuation)
        self.dense = nn.Linear(bands, dense)
        self.voice = nn.GRU(dense, voice, batch_first=True)
        self.noise = nn.GRU(dense + voice + bands, noise, batch_first=True)
        self.gain = nn.GRU(voice + noise + bands, gain, batch_first=True)
        self.out = nn.Linear(gain, bands)
        nn.init.constant_(self.out.bias, OPEN)

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """The values with a term at or below 0 added to each, and 0 in padding; shape (batch, frames, bands)."""
        kept = (torch.arange(values.shape[1], device=values.device)[None, :] < lengths[:, None])[:, :, None]
        values = torch.where(kept, values, 0.0)  # whatever stands after a clip's end, be it nan
        dense = torch.tanh(self.dense(values))  # (batch, frames, dense_width)
        # All three look back only, so that no clip ever hears its padding.
        voice, _ = self.voice(dense)  # (batch, frames, voice_width)
        noise, _ = self.noise(torch.cat([dense, voice, values], dim=2))  # (batch, frames, noise_width)
        hidden, _ = self.gain(torch.cat([voice, noise, values], dim=2))  # (batch, frames, gain_width)
        gains = self.smallest_gain + (1 - self.smallest_gain) * torch.sigmoid(
            self.out(hidden)
        )  # (batch, frames, bands)
        return torch.where(kept, values + gains.log(), 0.0)


class Mask(JointDenoiser):
    """Dense layer, three GRUs and a gain for each band.

    Valin's network also says how likely each frame holds a voice, which takes labels of frames; here that GRU learns
    from the two losses alone.
    """

    Settings = MaskSettings

    def __init__(self, settings: BaseModel) -> None:
        super().__init__(settings)
        if not isinstance(settings, MaskSettings):
            raise TypeError(f"a mask takes MaskSettings, found {type(settings).__name__}")
        self.settings: MaskSettings = settings

    def front(self, bands: int) -> MaskFront:
        """A fresh front end for filterbanks of so many bands; its weights are drawn from torch's generator."""
        return MaskFront(bands, self.settings)

    @property
    def weight(self) -> float:
        """What the squared error of the cleaned bands counts beside the loss of the emotion."""
        return self.settings.weight
