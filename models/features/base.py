"""Feature: what a net sees of a clip. Read without torch, so that a study file is checked at once."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.audio import Samples


class Feature(ABC):
    """Turns samples into frames.

    A variant's file defines one subclass and its `Settings`, a frozen pydantic model with everything defaulted but
    paths, and with `sample_rate_hz`. What a clip gets never depends on the clips beside it.
    """

    Settings: ClassVar[type[BaseModel]]
    #: Raised when the same settings give other numbers than before, so that no cache holds on to the old ones.
    version: ClassVar[int] = 1

    @abstractmethod
    def __init__(self, settings: BaseModel, device: str = "cpu") -> None: ...

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
    def _edges_fit(self) -> Filterbanks:
        if not self.fmin_hz < self.fmax_hz <= self.sample_rate_hz / 2:
            raise ValueError(
                f"the bands run from {self.fmin_hz:g} to {self.fmax_hz:g} Hz; expected rising edges up to half "
                f"the sample rate ({self.sample_rate_hz / 2:g} Hz)"
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
