"""Log mel filterbanks: what the study's nets see of a clip (paper section 5.4)."""

from __future__ import annotations

from collections.abc import Sequence

import librosa
import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from pipelines.audio import Samples

BATCH_SECONDS = 120.0  # of sound transformed at once: keeps the memory of a large corpus flat


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
        return int(2 ** np.ceil(np.log2(self.window)))

    def frames(self, samples: int) -> int:
        """How many frames a clip of so many samples has (windows are centred, so the first is at 0 s)."""
        return 1 + samples // self.step


def filterbanks(clips: Sequence[Samples], settings: Filterbanks) -> list[Tensor]:
    """Log mel energies of each clip.

    Clips are padded to the longest of their batch and transformed together; what a clip gets does not depend on
    its company.

    Args:
        clips: samples at `settings.sample_rate_hz`, each of shape (time,).
        settings: windows and bands.

    Returns:
        A tensor of shape (frames, bands) for each clip.

    >>> [tuple(clip.shape) for clip in filterbanks([np.zeros(1600, np.float32)], Filterbanks())]
    [(11, 40)]
    """
    mel = torch.from_numpy(_mel_weights(settings))  # (bands, bins)
    most = int(BATCH_SECONDS * settings.sample_rate_hz)
    found: list[Tensor] = []
    start = 0
    while start < len(clips):
        end, longest = start, 0
        while end < len(clips):
            longest = max(longest, len(clips[end]))
            if end > start and longest * (end + 1 - start) > most:
                break
            end += 1
        found += _batch(clips[start:end], mel, settings)
        start = end
    return found


def _batch(clips: Sequence[Samples], mel: Tensor, settings: Filterbanks) -> list[Tensor]:
    if settings.pre_emphasis:
        clips = [np.append(clip[:1], clip[1:] - settings.pre_emphasis * clip[:-1]) for clip in clips]
    waves = pad_sequence(
        [torch.from_numpy(np.array(clip, dtype=np.float32)) for clip in clips], batch_first=True
    )  # (batch, time)
    half = settings.fft // 2
    windows = pad(waves, (half, half)).unfold(1, settings.fft, settings.step)  # (batch, frames, fft)
    spare = settings.fft - settings.window
    taper = pad(torch.hamming_window(settings.window), (spare // 2, spare - spare // 2))
    power = torch.fft.rfft(windows * taper).abs().square()  # (batch, frames, bins)
    log_mel = (power @ mel.T).clamp(min=settings.log_floor).log()  # (batch, frames, bands)
    return [frames[: settings.frames(len(clip))] for frames, clip in zip(log_mel, clips, strict=True)]


def _mel_weights(settings: Filterbanks) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    weights: np.ndarray[tuple[int, int], np.dtype[np.float32]] = librosa.filters.mel(
        sr=settings.sample_rate_hz,
        n_fft=settings.fft,
        n_mels=settings.bands,
        fmin=settings.fmin_hz,
        fmax=settings.fmax_hz,
    )
    return weights
