"""Net: a trainable classifier of a clip's filterbanks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn


class Net(nn.Module, ABC):
    """A classifier.

    A variant's file defines one subclass and its `Settings`, a frozen pydantic model in which everything has a
    default. Padding after the end of a clip must never change what is said of it.
    """

    Settings: ClassVar[type[BaseModel]]

    @abstractmethod
    def __init__(self, bands: int, classes: int, settings: BaseModel) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, filterbanks: Tensor, lengths: Tensor) -> Tensor:
        """Logits of shape (batch, classes).

        Args:
            filterbanks: shape (batch, frames, bands), z-normalised, anything after a clip's end.
            lengths: frames of each clip that are its own, at least 1; shape (batch,).
        """


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """1 where a frame belongs to its clip, 0 after its end; shape (batch, frames).

    >>> frame_mask(torch.tensor([1, 3]), 3)
    tensor([[1., 0., 0.],
            [1., 1., 1.]])
    """
    return (torch.arange(frames)[None, :] < lengths[:, None]).float()
