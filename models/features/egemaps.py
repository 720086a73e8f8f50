"""eGeMAPS: 88 functionals of a whole clip, by openSMILE (Eyben et al. 2016); what small classifiers are often given."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from models.features.base import ClipUnfit, Feature, FeatureUnavailable
from pipelines.audio import FULL_SCALE, Samples

#: The sets of functionals by openSMILE's names, and how many each has.
FUNCTIONALS = {"eGeMAPSv02": 88, "eGeMAPSv01b": 88, "eGeMAPSv01a": 88, "GeMAPSv01b": 62, "GeMAPSv01a": 62}


class Egemaps(BaseModel):
    """Settings of the functionals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature_set: Literal["eGeMAPSv02", "eGeMAPSv01b", "eGeMAPSv01a", "GeMAPSv01b", "GeMAPSv01a"] = Field(
        default="eGeMAPSv02", description="openSMILE's set of functionals; the latest of the extended ones by default"
    )
    sample_rate_hz: int = Field(
        default=16000, ge=8000, le=96000, description="rate at which clips are heard", json_schema_extra={"unit": "Hz"}
    )


class Functionals(Feature):
    """Statistics of pitch, loudness, spectrum and timing over a clip, as one frame.

    Raises:
        FeatureUnavailable: opensmile is not installed. Its licence allows research and nothing commercial, so that it
            comes with an extra of its own.
    """

    Settings = Egemaps
    settings: Egemaps

    def __init__(self, settings: BaseModel, device: str = "cpu") -> None:
        super().__init__(settings, device)
        _library_version()

    @property
    def sample_rate_hz(self) -> int:
        """As in the settings."""
        return self.settings.sample_rate_hz

    @property
    def frame_shape(self) -> tuple[int]:
        """The functionals."""
        return (FUNCTIONALS[self.settings.feature_set],)

    def recipe(self) -> dict[str, Any]:
        """The settings, and the release of the library."""
        return {**super().recipe(), "opensmile": _library_version()}

    def of(self, clips: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """The functionals of each clip, shape (1, functionals).

        Raises:
            ClipUnfit: a clip is too short for any frame of 60 ms.
        """
        return [self._of(clip) for clip in clips]

    def _of(self, clip: Samples) -> NDArray[np.float32]:
        rate_hz = self.settings.sample_rate_hz
        # The library writes 16 bits without a look at their end: a sample at 1 would come out as -1.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Segment too short")
            found = _smile(self.settings.feature_set)(np.clip(clip, -1, FULL_SCALE), rate_hz)  # (1, functionals, 1)
        functionals: NDArray[np.float32] = found[..., 0].astype(np.float32)
        if not np.isfinite(functionals).all():
            raise ClipUnfit(
                f"the clip lasts {len(clip) / rate_hz:.3f} s; {self.settings.feature_set} needs 0.06 s or more"
            )
        return functionals


@cache
def _smile(feature_set: str) -> Any:
    import opensmile

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Feature set .* is deprecated")  # earlier studies took the earlier sets
        return opensmile.Smile(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel.Functionals)


def _library_version() -> str:
    try:
        return version("opensmile")
    except PackageNotFoundError as error:
        raise FeatureUnavailable(
            "the feature egemaps needs the library opensmile, which is not installed; install earwitness[egemaps] "
            "(openSMILE's licence is for research, not for commercial use)"
        ) from error
