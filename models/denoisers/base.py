"""Denoiser: takes noise out of sound, of filterbanks, or inside a net (paper section 5.4)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor, nn

from pipelines.audio import Samples


class Denoiser(ABC):
    """What all denoisers are; a variant's file defines one subclass of one of the three kinds below.

    `Settings` is a frozen pydantic model in which everything has a default.
    """

    Settings: ClassVar[type[BaseModel]]
    #: Raised when the same settings give other numbers than before, so that no cache holds on to the old ones.
    version: ClassVar[int] = 1

    def __init__(self, settings: BaseModel) -> None:
        self.settings = settings


class SoundDenoiser(Denoiser):
    """Works on samples, before any feature is made; knows no corpus."""

    @abstractmethod
    def denoise(self, samples: Samples, sample_rate_hz: int) -> Samples:
        """The samples with less noise, as long as before and in time with them; shape (time,)."""


class FrameDenoiser(Denoiser):
    """Works on log mel filterbanks before normalisation, and learns from clean ones what speech is like."""

    @abstractmethod
    def fit(self, clean: Sequence[NDArray[np.float32]], seed: int) -> None:
        """Learn from clean clips, each of shape (frames, bands); never from those that are tested."""

    @abstractmethod
    def denoise(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The frames of one clip with less noise; shape (frames, bands)."""

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """What was learnt, as arrays by name: kept beside the net's weights."""

    @abstractmethod
    def restore(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        """Take up what was learnt before."""


class Front(nn.Module, ABC):
    """A part of a net that cleans normalised filterbanks before the rest hears them."""

    @abstractmethod
    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Cleaned values.

        Args:
            values: shape (batch, frames, bands), z-normalised by speaker.
            lengths: frames of each clip that are its own; shape (batch,).
        """


class JointDenoiser(Denoiser):
    """A part of the net, trained with it: the right emotion and the quality of speech at once."""

    @abstractmethod
    def front(self, bands: int) -> Front:
        """A fresh front end for filterbanks of so many bands."""

    @property
    @abstractmethod
    def weight(self) -> float:
        """What the error of the cleaned filterbanks counts beside the loss of the emotion."""
