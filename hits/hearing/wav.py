"""Sound that is made here as a WAV file: every file of a kind has one size, and none is like another."""

from __future__ import annotations

import io
import wave
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
FULL_SCALE = 32767  # of 16 bits

Samples: TypeAlias = NDArray[np.float64]


def as_wav(samples: Samples, rng: np.random.Generator) -> bytes:
    """A WAV file of 16 bits, with a triangular dither of one step, so that silence does not compress to nothing.

    Args:
        samples: shape (time,) or (time, ears), within -1 and 1.
        rng: of the dither.

    Raises:
        ValueError: the sound would clip.
    """
    if np.abs(samples).max() > 1 - 2 / FULL_SCALE:
        raise ValueError(f"a sound that reaches {np.abs(samples).max():.2f} of full scale would clip")
    dither = rng.random(samples.shape, np.float32) - rng.random(samples.shape, np.float32)
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(np.rint(samples * FULL_SCALE + dither).astype("<i2").tobytes())
    return file.getvalue()


def faded(samples: Samples, ramp_s: float) -> Samples:
    """A sound of shape (time,) that begins and ends without a click, by raised cosines."""
    ramp = (1 - np.cos(np.pi * (np.arange(round(ramp_s * SAMPLE_RATE_HZ)) + 0.5) / round(ramp_s * SAMPLE_RATE_HZ))) / 2
    shaped = samples.copy()
    shaped[: len(ramp)] *= ramp
    shaped[-len(ramp) :] *= ramp[::-1]
    return shaped


def times_s(length_s: float) -> Samples:
    """The time of each sample of a sound of that length, in seconds; shape (time,)."""
    return np.arange(round(length_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
