"""Tempo without pitch, and pitch without tempo, by Signalsmith Stretch (a phase vocoder, MIT licence)."""

from __future__ import annotations

import librosa
import numpy as np

from pipelines.audio import Samples

#: Blocks of 72 ms, one every 24 ms. Shorter ones make low voices rough, longer ones smear consonants;
#: `tests/benchmarks/stretching.py` prints both against other libraries.
BLOCK_S = 0.072
HOP_S = 0.024
SHORTEST_S = 0.1  # what is shorter fills hardly a block, so that nothing of it can be told apart in time
MARGIN_S = 0.1  # of mirrored sound on either side, since the first and last block lose level
SEED = 0  # Signalsmith draws phases at extreme speeds; without a seed every process draws its own


def stretched_length(length: int, speed: float) -> int:
    """How many samples `length` samples become at another speed.

    >>> stretched_length(16000, 1.25)
    12800
    """
    return round(length / speed)


def stretch(samples: Samples, sample_rate_hz: int, speed: float) -> Samples:
    """Samples at another speed and the same pitch; shape (stretched_length(time, speed),).

    The same samples give the same bytes, whatever was stretched before and in whichever process. A moment at t
    seconds is heard at t / speed, to within a millisecond. May exceed [-1, 1].

    Args:
        samples: shape (time,), of 0.1 s or more.
        sample_rate_hz: of the samples.
        speed: above 0; above 1 is faster.
    """
    margin = round(MARGIN_S * sample_rate_hz)
    stretched = _stretched(samples, margin, sample_rate_hz, speed)
    return _of_length(stretched[round(margin / speed) :], stretched_length(len(samples), speed))


def transpose(samples: Samples, sample_rate_hz: int, ratio: float) -> Samples:
    """Samples with all frequencies multiplied by a ratio, resonances of the voice too; shape (time,), as before.

    They are stretched and then resampled: Signalsmith's own transposition is up to 3 % off for a low voice. What would
    lie above half the sample rate is lost. The same samples give the same bytes. May exceed [-1, 1].

    Args:
        samples: shape (time,), of 0.1 s or more.
        sample_rate_hz: of the samples.
        ratio: above 0; above 1 is higher.
    """
    margin = round(MARGIN_S * sample_rate_hz)
    stretched = _stretched(samples, margin, sample_rate_hz, 1 / ratio)
    resampled = librosa.resample(stretched, orig_sr=sample_rate_hz * ratio, target_sr=sample_rate_hz)
    return _of_length(resampled[margin:], len(samples))


def _stretched(samples: Samples, margin: int, sample_rate_hz: int, speed: float) -> Samples:
    """Samples with a mirrored margin on either side, all of it stretched."""
    from python_stretch.Signalsmith import Stretch

    stretcher = Stretch(SEED)
    stretcher.configure(1, round(BLOCK_S * sample_rate_hz), round(HOP_S * sample_rate_hz))
    stretcher.setTimeFactor(speed)
    surrounded = np.pad(samples, margin, mode="reflect").astype(np.float32)
    stretched: Samples = np.asarray(stretcher.process(surrounded[np.newaxis]))[0]  # it takes (channels, time)
    return stretched


def _of_length(samples: Samples, length: int) -> Samples:
    """Samples cut, or repeated at their end, by the sample or two that rounding has left."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))), mode="edge").astype(np.float32)
