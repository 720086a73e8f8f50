"""A trained net as an attacker meets it: samples in, a label out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from models.features.base import Filterbanks
from models.features.filterbanks import filterbanks
from models.nets.base import Net
from models.normalise import Scale
from pipelines.audio import Samples


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work with one thread: a single clip is too little to share, and threads that wait cost the most."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
