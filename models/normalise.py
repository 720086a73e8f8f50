"""Put every speaker on one scale: z-normalisation of features by speaker (paper section 5.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_SD = 1e-3  # a band that never moves (digital silence) must not be blown up


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of every band over all frames of a speaker; shapes (bands,)."""

    mean: Tensor
    sd: Tensor

    def apply(self, frames: Tensor) -> Tensor:
        """The frames with mean 0 and standard deviation 1 on this scale; shape (frames, bands)."""
        return (frames - self.mean) / self.sd


def scale_by_speaker(features: Iterable[tuple[str, Tensor]]) -> Mapping[str, Scale]:
    """Each speaker's scale, from pairs of speaker and frames of shape (frames, bands).

    No label is used, so a speaker of the test fold may have a scale of their own.
    """
    frames_by_speaker: dict[str, list[Tensor]] = defaultdict(list)
    for speaker, frames in features:
        frames_by_speaker[speaker].append(frames)
    scales = {}
    for speaker, clips in frames_by_speaker.items():
        frames = torch.cat(clips)  # (all frames, bands)
        sd, mean = torch.std_mean(frames, dim=0, correction=0)
        scales[speaker] = Scale(mean, sd.clamp(min=SMALLEST_SD))
    return scales
