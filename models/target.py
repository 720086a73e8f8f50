"""A trained net as an attacker meets it: samples in, a label out."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from models.features.base import Filterbanks
from models.features.filterbanks import filterbanks
from models.nets.base import Net
from models.normalise import Scale
from pipelines.audio import Samples


@dataclass(frozen=True)
class Target:
    """Filterbanks, the speaker's scale and a net behind one door.

    The scale is that of the speaker's clean clips: a recogniser that listens to one clip has no others under the
    same noise.
    """

    net: Net
    settings: Filterbanks
    scale: Scale

    def __call__(self, samples: Samples) -> int:
        """The label of samples of shape (time,) at the filterbanks' sample rate."""
        with torch.inference_mode():
            frames = self.scale.apply(filterbanks([samples], self.settings)[0])  # (frames, bands)
            return int(self.net(frames[None], torch.tensor([len(frames)])).argmax())
