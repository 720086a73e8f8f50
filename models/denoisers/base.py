"""Denoiser: takes noise out of sound, of filterbanks, or inside a net (paper section 5.4)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor, nn

from pipelines.audio import Samples


class SoundWrong(ValueError):
    """What was given is no sound that a denoiser could take."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"{found}; expected finite samples of one channel, in shape (time,), at a sample rate above 0 Hz"
        )


class FramesWrong(ValueError):
    """What was given are no filterbanks that a denoiser could take."""

    def __init__(self, found: str, bands: int | None = None) -> None:
        shape = f"(frames, {bands})" if bands else "(frames, bands)"
        super().__init__(f"{found}; expected finite log energies of shape {shape}")


class Denoiser(ABC):
    """What all denoisers are; a variant's file defines one subclass of one of the three kinds below.

    `Settings` is a frozen pydantic model in which everything has a default.
    """

    Settings: ClassVar[type[BaseModel]]
    #: Raised when the same settings give other numbers than before, so that no cache holds on to the old ones.
    version: ClassVar[int] = 1

    def __init__(self, settings: BaseModel) -> None:
        self.settings = settings

    def recipe(self) -> dict[str, Any]:
        """All that decides what comes out, as plain JSON values: what a cache of frames goes by."""
        return {
            "denoiser": type(self).__module__,
            "version": self.version,
            "settings": self.settings.model_dump(mode="json"),
        }


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


def checked_samples(samples: Samples, sample_rate_hz: int) -> Samples:
    """The samples as float32, shape (time,).

    Raises:
        SoundWrong: they are not finite, not of one channel, or their rate is no rate.
    """
    checked = np.asarray(samples)
    if checked.ndim != 1:
        raise SoundWrong(f"samples have the shape {checked.shape}")
    if sample_rate_hz <= 0:
        raise SoundWrong(f"samples have a rate of {sample_rate_hz} Hz")
    if checked.dtype.kind != "f":
        raise SoundWrong(f"samples are {checked.dtype}, not floats in [-1, 1]")
    if not np.isfinite(checked).all():
        raise SoundWrong(f"{np.count_nonzero(~np.isfinite(checked))} of {len(checked)} samples are not finite")
    return checked.astype(np.float32, copy=False)


def checked_frames(frames: NDArray[np.float32], bands: int | None = None) -> NDArray[np.float64]:
    """The filterbanks in double precision, shape (frames, bands).

    Args:
        frames: of one clip.
        bands: how many there are to be; None for any number.

    Raises:
        FramesWrong: they are not finite, or have another shape.
    """
    checked = np.asarray(frames)
    if checked.ndim != 2 or checked.dtype.kind != "f" or (bands is not None and checked.shape[1] != bands):
        raise FramesWrong(f"filterbanks are {checked.dtype} of shape {checked.shape}", bands)
    if not np.isfinite(checked).all():
        raise FramesWrong(f"{np.count_nonzero(~np.isfinite(checked))} log energies are not finite", bands)
    return checked.astype(np.float64)
