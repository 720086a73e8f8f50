"""Samples and Speech; levels, mixing at an SNR, reading and writing sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipelines.clip import Phone, Word

#: float32 in [-1, 1], shape (time,).
Samples: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Speech:
    """A clip as sound, with the times of its words and phones."""

    samples: Samples
    sample_rate_hz: int
    words: tuple[Word, ...] = ()
    phones: tuple[Phone, ...] = ()
