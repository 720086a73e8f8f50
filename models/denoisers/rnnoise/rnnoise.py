"""RNNoise's own library, as its authors trained it: sound in, sound with less noise out (Valin 2018; section 5.4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.denoisers.base import SoundDenoiser, checked_samples
from models.denoisers.rnnoise.library import RATE_HZ, library_file, rnnoise
from models.resampling import resampled
from pipelines.audio import Samples
from pipelines.sound_file import file_sha256


class RnNoiseSettings(BaseModel):
    """Settings of RNNoise; all else was fixed when it was trained."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mix: float = Field(
        default=1.0, ge=0, le=1, description="share of the denoised sound; the rest is the sound as it came"
    )


class RnNoise(SoundDenoiser):
    """The frozen library. It is opened on first use, so that the object travels to other processes."""

    Settings = RnNoiseSettings

    def __init__(self, settings: BaseModel) -> None:
        super().__init__(settings)
        if not isinstance(settings, RnNoiseSettings):
            raise TypeError(f"RNNoise takes RnNoiseSettings, found {type(settings).__name__}")
        self.settings: RnNoiseSettings = settings

    def recipe(self) -> dict[str, Any]:
        """The settings and the library, of which there are many versions.

        Raises:
            RnnoiseNotFound: there is none.
        """
        file = Path(library_file())
        return {**super().recipe(), "library": file_sha256(file) if file.is_file() else str(file)}

    def denoise(self, samples: Samples, sample_rate_hz: int) -> Samples:
        """The samples with less noise, as long as before and in time with them; shape (time,).

        Sound is taken to the library's 48 kHz and back, so nothing above 24 kHz is left.

        Raises:
            SoundWrong: the samples are not finite, or not of one channel.
            RnnoiseNotFound, RnnoiseBroken: there is no library, or none that can be used.
        """
        checked = checked_samples(samples, sample_rate_hz)
        if not len(checked) or not self.settings.mix:
            return checked.copy()
        denoised = resampled(rnnoise().denoise(resampled(checked, sample_rate_hz, RATE_HZ)), RATE_HZ, sample_rate_hz)
        fitted = np.zeros_like(checked)
        length = min(len(fitted), len(denoised))  # resampling there and back rounds
        fitted[:length] = denoised[:length]
        mix = np.float32(self.settings.mix)
        return fitted if mix == 1 else mix * fitted + (1 - mix) * checked
