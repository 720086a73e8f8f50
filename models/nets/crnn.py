"""CRNN: convolutions, a GRU, the mean over time and dense layers (paper section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.functional import max_pool1d, relu

from models.nets.base import Inputs, Net, frame_mask, masked_mean


class CrnnSettings(BaseModel):
    """Settings of the CRNN; the paper names the kinds of layer and leaves their sizes open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conv_layers: int = Field(default=3, ge=1, le=8, description="number of convolutions over time")
    channels: int = Field(default=64, ge=1, le=1024, description="maps of each convolution")
    width: int = Field(default=3, ge=1, le=31, description="frames that a convolution spans")
    pool: int = Field(default=2, ge=1, le=8, description="frames that are pooled to one after each convolution")
    gru_layers: int = Field(default=2, ge=1, le=4, description="number of GRU layers")
    gru_width: int = Field(default=32, ge=1, le=1024, description="units of each GRU layer")
    dense_layers: int = Field(default=1, ge=1, le=4, description="number of dense layers before the classes")
    dense_width: int = Field(default=64, ge=1, le=4096, description="units of each dense layer")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share of each dense layer dropped while training")


class Crnn(Net):
    """Convolutions with pooling, GRU layers that look back, masked mean, dense layers."""

    Settings = CrnnSettings
    # Jaiswal and Mower Provost (AAAI 2020), whose net has this shape.
    grid = MappingProxyType(
        {
            "conv_layers": (3, 4),
            "width": (2, 3),
            "channels": (32, 64, 128),
            "gru_layers": (2, 3),
            "gru_width": (32,),
            "dense_layers": (1, 2),
            "dense_width": (32, 64),
        }
    )

    def __init__(self, frame_shapes: Mapping[str, tuple[int, ...]], classes: int, settings: BaseModel) -> None:
        super().__init__(frame_shapes, classes, settings)
        if not isinstance(settings, CrnnSettings):
            raise TypeError(f"a CRNN takes CrnnSettings, found {type(settings).__name__}")
        self.settings = settings
        (bands,) = frame_shapes["filterbanks"]
        widths = [bands] + [settings.channels] * settings.conv_layers
        self.convolutions = nn.ModuleList(
            nn.Conv1d(into, out, settings.width, padding="same") for into, out in pairwise(widths)
        )
        self.gru = nn.GRU(settings.channels, settings.gru_width, settings.gru_layers, batch_first=True)
        dense = [settings.gru_width] + [settings.dense_width] * settings.dense_layers
        self.dense = nn.ModuleList(nn.Linear(into, out) for into, out in pairwise(dense))
        self.dropout = nn.Dropout(settings.dropout)
        self.out = nn.Linear(settings.dense_width, classes)

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits of shape (batch, classes)."""
        values, lengths = inputs["filterbanks"]
        x = values.transpose(1, 2)  # (batch, bands, frames)
        x = torch.where(frame_mask(lengths, x.shape[2])[:, None] > 0, x, 0.0)  # what lies after the end may be nan
        for convolution in self.convolutions:
            # Silenced after each layer: else a bias would leak from the padding into the last frames.
            x = relu(convolution(x)) * frame_mask(lengths, x.shape[2])[:, None]  # (batch, channels, frames)
            x = max_pool1d(x, self.settings.pool, ceil_mode=True)
            lengths = (lengths + self.settings.pool - 1) // self.settings.pool
        x, _ = self.gru(x.transpose(1, 2))  # (batch, frames, gru_width); looks back only, so never at padding
        x = masked_mean(x, lengths)  # (batch, gru_width)
        for dense in self.dense:
            x = self.dropout(relu(dense(x)))  # (batch, dense_width)
        logits: Tensor = self.out(x)  # (batch, classes)
        return logits
