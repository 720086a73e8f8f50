"""Sound at another sample rate."""

from __future__ import annotations

import numpy as np

from pipelines.audio import Samples


def resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Samples at another rate, in time with those before; shape (time * to_hz / from_hz,), rounded.

    >>> resampled(np.zeros(160, dtype=np.float32), 16000, 48000).shape
    (480,)
    """
    import soxr  # takes a tenth of a second to load, which few commands need

    if from_hz == to_hz or not len(samples):
        return samples
    changed: Samples = soxr.resample(samples, from_hz, to_hz).astype(np.float32, copy=False)
    return changed
