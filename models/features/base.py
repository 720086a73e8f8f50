"""Feature: what a net sees of a clip. Read without torch, so that a study file is checked at once."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.audio import Samples


class FeatureUnavailable(RuntimeError):
    """A feature needs a library or a file that is not here: which, where it was looked for, how to get it."""


class ClipUnfit(ValueError):
    """A feature can't be made of a clip: what was found, and what is needed."""


class Feature(ABC):
    """Turns samples into frames.

    A variant's file defines one subclass and its `Settings`, a frozen pydantic model with everything defaulted but
    paths, and with `sample_rate_hz`. What a clip gets never depends on the clips beside it. A feature goes to other
    processes, so whatever is heavy is made there when it is first needed.

    Args:
        settings: of this variant.
        device: where torch works, as `cpu`, `cuda` or `cuda:1`; features that know no device work on the CPU.
    """

    Settings: ClassVar[type[BaseModel]]
    #: Raised when the same settings give other numbers than before, so that no cache holds on to the old ones.
    version: ClassVar[int] = 1

    def __init__(self, settings: BaseModel, device: str = "cpu") -> None:
        self.settings = settings
        self.device = device

    def recipe(self) -> dict[str, Any]:
        """All that decides what a clip gets, as plain JSON values: what a cache of frames goes by.

        The device is no part of it: what differs between devices is rounding.
        """
        return {
            "feature": type(self).__module__,
            "version": self.version,
            "settings": self.settings.model_dump(mode="json"),
        }

    @property
    @abstractmethod
    def sample_rate_hz(self) -> int:
        """The rate at which clips are to be heard."""

    @property
    @abstractmethod
    def frame_shape(self) -> tuple[int, ...]:
        """The shape of one frame, as (40,)."""

    @abstractmethod
    def of(self, clips: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """The frames of each clip, shape (time, *frame_shape); time is 1 for functionals of a whole clip.

        Args:
            clips: samples at `sample_rate_hz`, each of shape (time,).

        Raises:
            ClipUnfit: it can't be made of one of these clips.
            FeatureUnavailable: a library or a file that it needs is not here.
        """


class Filterbanks(BaseModel):
    """Settings of the log mel filterbanks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample_rate_hz: int = Field(
        default=16000, ge=4000, le=96000, description="rate at which clips are heard", json_schema_extra={"unit": "Hz"}
    )
    bands: int = Field(
        default=40, ge=1, le=256, description="number of mel bands", json_schema_extra={"paper": "section 5.4"}
    )
    window_s: float = Field(
        default=0.025,
        gt=0,
        le=1,
        description="length of a Hamming window",
        json_schema_extra={"unit": "s", "paper": "section 5.4"},
    )
    step_s: float = Field(
        default=0.010,
        gt=0,
        le=1,
        description="time from one window to the next",
        json_schema_extra={"unit": "s", "paper": "section 5.4"},
    )
    pre_emphasis: float = Field(default=0.0, ge=0, lt=1, description="coefficient of the pre-emphasis; 0 is none")
    fmin_hz: float = Field(default=0.0, ge=0, description="lowest edge of the bands", json_schema_extra={"unit": "Hz"})
    fmax_hz: float = Field(
        default=8000.0, gt=0, description="highest edge of the bands", json_schema_extra={"unit": "Hz"}
    )
    log_floor: float = Field(default=1e-10, gt=0, description="energies below this count as this before the logarithm")

    @model_validator(mode="after")
    def _fits(self) -> Filterbanks:
        if not self.fmin_hz < self.fmax_hz <= self.sample_rate_hz / 2:
            raise ValueError(
                f"the bands run from {self.fmin_hz:g} to {self.fmax_hz:g} Hz; expected rising edges up to half "
                f"the sample rate ({self.sample_rate_hz / 2:g} Hz)"
            )
        if self.window < 2 or self.step < 1:
            raise ValueError(
                f"a window of {self.window_s:g} s every {self.step_s:g} s at {self.sample_rate_hz} Hz is "
                f"{self.window} samples every {self.step}; expected at least 2 samples and a step of 1"
            )
        return self

    @property
    def window(self) -> int:
        """Length of a window in samples."""
        return round(self.window_s * self.sample_rate_hz)

    @property
    def step(self) -> int:
        """Samples from one window to the next."""
        return round(self.step_s * self.sample_rate_hz)

    @property
    def fft(self) -> int:
        """Length of the Fourier transform: the power of two at or above the window."""
        return 1 << math.ceil(math.log2(self.window))

    def frames(self, samples: int) -> int:
        """How many frames a clip of so many samples has (windows are centred, so the first is at 0 s)."""
        return 1 + samples // self.step
