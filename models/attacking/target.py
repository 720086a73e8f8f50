"""A trained net as an attacker meets it: samples in, a label out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from models.denoisers.base import FrameDenoiser
from models.features.base import Feature
from models.hearing.normalise import Scale
from models.nets.base import Net, Padded
from pipelines.audio import Samples


@dataclass(frozen=True)
class Target:
    """Features, the speaker's scale and a net behind one door.

    The scale is that of the speaker's clean clips: a recogniser that listens to one clip has no others under the
    same noise.
    """

    net: Net
    features: Mapping[str, Feature]
    scales: Mapping[str, Scale]  # by feature
    cleaner: FrameDenoiser | None = None

    @property
    def sample_rate_hz(self) -> int:
        """At which it listens."""
        return next(iter(self.features.values())).sample_rate_hz

    def __call__(self, samples: Samples) -> int:
        """The label of samples of shape (time,) at the features' sample rate."""
        with torch.inference_mode():
            return int(self.net({name: self._heard(name, samples) for name in self.features}).argmax())

    def _heard(self, name: str, samples: Samples) -> Padded:
        frames = self.features[name].of([samples])[0]  # (time, *frame_shape)
        if self.cleaner is not None and name == "filterbanks":
            frames = self.cleaner.denoise(frames)
        scaled = np.ascontiguousarray(self.scales[name].apply(frames))
        return Padded(torch.from_numpy(scaled)[None], torch.tensor([len(scaled)]))
