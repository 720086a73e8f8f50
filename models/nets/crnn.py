"""CRNN: convolutions, a GRU, the mean over time and a dense layer (paper section 5.4)."""

from __future__ import annotations

from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.functional import max_pool1d, relu

from models.nets.base import Net, frame_mask


class CrnnSettings(BaseModel):
    """Settings of the CRNN; the paper names the kinds of layer and leaves their sizes open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conv_layers: int = Field(default=3, ge=1, le=8, description="number of convolutions over time")
    channels: int = Field(default=64, ge=1, le=1024, description="maps of each convolution")
    width: int = Field(default=3, ge=1, le=31, description="frames that a convolution spans")
    pool: int = Field(default=2, ge=1, le=8, description="frames that are pooled to one after each convolution")
    gru_layers: int = Field(default=2, ge=1, le=4, description="number of GRU layers")
    gru_width: int = Field(default=32, ge=1, le=1024, description="units of each GRU layer")
    dense_width: int = Field(default=64, ge=1, le=4096, description="units of the dense layer")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share of the dense layer dropped while training")


class Crnn(Net):
    """Three convolutions with pooling, two GRU layers, masked mean, one dense layer."""

    Settings = CrnnSettings

    def __init__(self, bands: int, classes: int, settings: BaseModel) -> None:
        super().__init__(bands, classes, settings)
        if not isinstance(settings, CrnnSettings):
            raise TypeError(f"a CRNN takes CrnnSettings, found {type(settings).__name__}")
        self.settings = settings
        widths = [bands] + [settings.channels] * settings.conv_layers
        self.convolutions = nn.ModuleList(
            nn.Conv1d(into, out, settings.width, padding="same") for into, out in pairwise(widths)
        )
        self.gru = nn.GRU(settings.channels, settings.gru_width, settings.gru_layers, batch_first=True)
        self.dense = nn.Linear(settings.gru_width, settings.dense_width)
        self.dropout = nn.Dropout(settings.dropout)
        self.out = nn.Linear(settings.dense_width, classes)

    def forward(self, filterbanks: Tensor, lengths: Tensor) -> Tensor:
        """Logits of shape (batch, classes)."""
        x = filterbanks.transpose(1, 2)  # (batch, bands, frames)
        x = x * frame_mask(lengths, x.shape[2])[:, None]
        for convolution in self.convolutions:
            # Silenced after each layer: else a bias would leak from the padding into the last frames.
            x = relu(convolution(x)) * frame_mask(lengths, x.shape[2])[:, None]  # (batch, channels, frames)
            x = max_pool1d(x, self.settings.pool, ceil_mode=True)
            lengths = (lengths + self.settings.pool - 1) // self.settings.pool
        x, _ = self.gru(x.transpose(1, 2))  # (batch, frames, gru_width); looks back only, so never at padding
        mask = frame_mask(lengths, x.shape[1])[:, :, None]
        x = (x * mask).sum(dim=1) / lengths[:, None]  # (batch, gru_width)
        x = self.dropout(relu(self.dense(x)))  # (batch, dense_width)
        logits: Tensor = self.out(x)  # (batch, classes)
        return logits
