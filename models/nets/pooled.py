"""Pooled: the mean of any feature over time, then dense layers; the head of a frozen encoder or of functionals."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import prod
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.functional import relu

from models.nets.base import Inputs, Net, masked_mean


class PooledSettings(BaseModel):
    """Settings of a pooled head."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str = Field(default="filterbanks", description="what it reads: filterbanks, egemaps, encoder, ...")
    dense_layers: int = Field(default=1, ge=0, le=8, description="number of dense layers; 0 makes a linear head")
    dense_width: int = Field(default=128, ge=1, le=4096, description="units of each dense layer")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="share of each dense layer dropped while training")


class Pooled(Net):
    """Mean over time, dense layers, classes."""

    Settings = PooledSettings
    grid = MappingProxyType({"dense_layers": (0, 1, 2), "dense_width": (64, 128, 256), "dropout": (0.0, 0.2, 0.5)})

    def __init__(self, frame_shapes: Mapping[str, tuple[int, ...]], classes: int, settings: BaseModel) -> None:
        super().__init__(frame_shapes, classes, settings)
        if not isinstance(settings, PooledSettings):
            raise TypeError(f"a pooled head takes PooledSettings, found {type(settings).__name__}")
        self.feature = settings.feature
        widths = [prod(frame_shapes[settings.feature])] + [settings.dense_width] * settings.dense_layers
        self.dense = nn.ModuleList(nn.Linear(into, out) for into, out in pairwise(widths))
        self.dropout = nn.Dropout(settings.dropout)
        self.out = nn.Linear(widths[-1], classes)

    @classmethod
    def reads(cls, settings: BaseModel) -> tuple[str, ...]:
        """The one feature of its settings."""
        return (settings.feature,) if isinstance(settings, PooledSettings) else ()

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits of shape (batch, classes)."""
        values, lengths = inputs[self.feature]
        x = masked_mean(values.flatten(start_dim=2), lengths)  # (batch, width)
        for dense in self.dense:
            x = self.dropout(relu(dense(x)))  # (batch, dense_width)
        logits: Tensor = self.out(x)  # (batch, classes)
        return logits
