"""How reverberant a clip is, told from the clip alone, since nets are least to be trusted in rooms (section 5.4).

In a room, energy can't fall faster than the room lets it: by 60 dB in its reverberation time. So the steepest falls of
the bands of a clip tell how long that is. A line on their logarithms, learnt from voices in simulated rooms and in
noise, gives the reverberation time that the clip sounds like. A microphone that is close to the mouth, or speech that
never pauses, make it shorter and longer than the room's own.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.denoisers.base import checked_samples
from models.features.base import Filterbanks
from models.features.filterbanks import LogMel
from models.resampling import resampled
from pipelines.audio import Samples, rms

Array: TypeAlias = NDArray[np.float64]

HEARD = Filterbanks(bands=24, fmin_hz=100.0)
SHORTEST_S = 0.5
SPANS = (6, 12)  # frames over which energy falls: 60 and 120 ms
PERCENTILES = (5, 20, 50, 80)  # of the falls, the steepest first
ABOVE_NOISE_DB = 10.0  # where a fall begins, over what the band is like when it is softest
BELOW_PEAK_DB = 45.0  # and no further below what the band is like when it is loudest
HEARD_DB = 50.0  # bands that never come so near to the loudest one hold nothing, as above 4 kHz on the telephone
FEWEST_FALLS = 30
LEVEL = 0.1  # to which clips are brought, so that the floor of the logarithm lies equally deep under all
DB = 10 / math.log(10)  # of one natural logarithm of energy

#: Made by `python tests/benchmarks/reverberance.py fit`, from the demo's voices alone: what each trait counts in the
#: logarithm of the reverberation time in s, and where that begins.
WEIGHTS = (0.0955, -1.6014, 0.4077, 0.6774, -0.0532, -1.6895, -0.0460, -0.1422, 0.0279)
OFFSET = 10.9587
#: In s. Of dry studio recordings (every second speaker of EmoDB, in silence and in steady noise at 20 dB), one of 20
#: sounds longer than this; made by the same command.
THRESHOLD_S = 0.19


def how_reverberant(samples: Samples, sample_rate_hz: int) -> float | None:
    """The reverberation time (T60) that a clip sounds like, in s; above `THRESHOLD_S` it is reverberant.

    None where it can't be told: in silence, in less than half a second, and where nothing falls.

    Args:
        samples: shape (time,).
        sample_rate_hz: 8000 or more tells most.

    Raises:
        SoundWrong: the samples are not finite, or not of one channel.
    """
    found = traits(samples, sample_rate_hz)
    return None if found is None else float(np.exp(OFFSET + found @ np.array(WEIGHTS)))


def is_reverberant(samples: Samples, sample_rate_hz: int) -> bool | None:
    """Whether a clip sounds like more than `THRESHOLD_S`; None where that can't be told."""
    found_s = how_reverberant(samples, sample_rate_hz)
    return None if found_s is None else found_s > THRESHOLD_S


def traits(samples: Samples, sample_rate_hz: int) -> Array | None:
    """What is read off a clip: logarithms of falls in dB/s by span and percentile, and the range of its bands in dB.

    Returns:
        Shape (9,), or None where nothing can be read off.

    Raises:
        SoundWrong: the samples are not finite, or not of one channel.
    """
    sound = checked_samples(samples, sample_rate_hz)
    level = rms(sound)
    if len(sound) < SHORTEST_S * sample_rate_hz or level == 0:
        return None
    heard = resampled(sound * np.float32(LEVEL / level), sample_rate_hz, HEARD.sample_rate_hz)
    bands_db = DB * _log_mel().of([heard])[0].astype(np.float64)  # (frames, bands)
    loudest, softest = np.percentile(bands_db, 95, axis=0), np.percentile(bands_db, 10, axis=0)
    lowest = np.maximum(softest + ABOVE_NOISE_DB, loudest - BELOW_PEAK_DB)
    lowest[loudest < loudest.max() - HEARD_DB] = np.inf
    found = []
    for span in SPANS:
        falls = _falls(bands_db, lowest, span)
        if len(falls) < FEWEST_FALLS:
            return None
        found.append(np.log(np.percentile(falls, [100 - one for one in PERCENTILES])))
    return np.append(np.concatenate(found), (loudest - softest)[np.isfinite(lowest)].mean())


def _falls(bands_db: Array, lowest: Array, span: int) -> Array:
    """How fast bands fall where they do, in dB/s above 0, by the line through each span of frames; shape (falls,)."""
    if len(bands_db) < span:
        return np.zeros(0)
    frames = np.arange(span) - (span - 1) / 2
    windows = np.lib.stride_tricks.sliding_window_view(bands_db, span, axis=0)  # (starts, bands, span)
    falls: Array = -(windows @ frames) / (frames @ frames) / HEARD.step_s
    begun: Array = falls[(bands_db[: len(falls)] > lowest) & (falls > 0)]
    return begun


@cache
def _log_mel() -> LogMel:
    return LogMel(HEARD)
