"""Put every speaker on one scale: z-normalisation of features by speaker (paper section 3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST_SD = 1e-3  # a band that never moves (digital silence) must not be blown up


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of everything in a frame, over all frames of a speaker; shapes (*frame_shape)."""

    mean: NDArray[np.float32]
    sd: NDArray[np.float32]

    def apply(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The frames with mean 0 and standard deviation 1 on this scale; shape (time, *frame_shape)."""
        return (frames - self.mean) / self.sd


def scale_by_speaker(features: Iterable[tuple[str, NDArray[np.float32]]]) -> Mapping[str, Scale]:
    """Each speaker's scale, from pairs of speaker and frames of shape (time, *frame_shape).

    No label is used, so a speaker of the test fold may have a scale of their own.
    """
    sums: dict[str, list[NDArray[np.float64]]] = {}
    counts: dict[str, int] = {}
    for speaker, frames in features:
        # In double precision and clip by clip: a speaker's frames need not fit into memory at once.
        found = [frames.sum(axis=0, dtype=np.float64), np.square(frames, dtype=np.float64).sum(axis=0)]
        before = sums.get(speaker)
        sums[speaker] = found if before is None else [a + b for a, b in zip(before, found, strict=True)]
        counts[speaker] = counts.get(speaker, 0) + len(frames)
    return {speaker: _scale(total, squares, counts[speaker]) for speaker, (total, squares) in sums.items()}


def _scale(total: NDArray[np.float64], squares: NDArray[np.float64], count: int) -> Scale:
    mean = total / count
    sd = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return Scale(mean.astype(np.float32), np.maximum(sd, SMALLEST_SD).astype(np.float32))
