"""Join sounds without a click: noise looped over its seams, and several clips as one file to listen to."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipelines.audio import FRAME, Samples, frame_powers
from pipelines.sound_file import to_pcm16

with warnings.catch_warnings():
    # pydub looks for ffmpeg when it is imported; nothing here needs it.
    warnings.filterwarnings("ignore", "Couldn't find ffmpeg", RuntimeWarning)
    from pydub import AudioSegment

SEAM_S = 0.05  # short enough to go unnoticed, long enough not to click
EDGE_MS = 5  # a clip that begins in the middle of a wave clicks without it
LEAD_S = 0.1  # a sound begins this long before one of its loud moments ...
LEAD_SHARE = 0.25  # ... but no more than this share of what will be heard of it
LOUD_DB = 12.0  # moments this close to the loudest count as loud


def loop(sound: Samples, sample_rate_hz: int, length: int, *, start: int = 0) -> Samples:
    """A sound from `start` on, begun again with a cross-fade of 50 ms as often as it takes; shape (length,).

    Args:
        sound: shape (time,), at least one sample.
        sample_rate_hz: of the sound.
        length: samples wanted.
        start: the sample to begin with, 0 <= start < time.

    Raises:
        ValueError: there is no sound to loop, or `start` lies outside it.
    """
    if not 0 <= start < len(sound):
        raise ValueError(f"the sound has {len(sound)} samples, so it can't begin at sample {start}")
    if len(sound) - start >= length:
        return sound[start : start + length].copy()
    # Each joint takes at most half of either side, so that a sound of a few milliseconds still grows.
    seam = min(round(SEAM_S * sample_rate_hz), (len(sound) - start) // 2)
    period = np.concatenate([_cross_faded(sound[len(sound) - seam :], sound[:seam]), sound[seam : len(sound) - seam]])
    looped, reached = np.empty(length, dtype=np.float32), len(sound) - start - seam
    looped[:reached] = sound[start : start + reached]
    while reached < length:
        part = period[: length - reached]
        looped[reached : reached + len(part)] = part
        reached += len(part)
    return looped


def loud_moments(sound: Samples) -> NDArray[np.intp]:
    """The frames of a sound that are nearly as loud as its loudest one, in rising order."""
    powers = frame_powers(sound)
    return np.flatnonzero(powers >= powers.max() * 10 ** (-LOUD_DB / 10))


def begin_loudly(loud: NDArray[np.intp], sample_rate_hz: int, length_s: float, rng: np.random.Generator) -> float:
    """Where to begin in a sound so that `length_s` of it sound: shortly before a loud moment, never in a pause.

    Args:
        loud: the sound's loud moments.
        sample_rate_hz: of the sound.
        length_s: how much of it will be heard.
        rng: chooses the moment.

    Returns:
        Seconds into the sound.
    """
    moment_s = float(rng.choice(loud)) * FRAME / sample_rate_hz
    return round(max(0.0, moment_s - min(LEAD_S, LEAD_SHARE * length_s)), 6)


def _cross_faded(before: Samples, after: Samples) -> Samples:
    """The end of one sound passing into the beginning of another, both of shape (time,); by numpy, for its speed."""
    return before + (after - before) * _rising(len(before))


@lru_cache(maxsize=64)  # seams are nearly all of one length
def _rising(length: int) -> Samples:
    """From 0 to just below 1, shape (length,), read-only."""
    rising = np.linspace(0, 1, length, endpoint=False, dtype=np.float32)
    rising.flags.writeable = False
    return rising


def encode_heard(clips: Sequence[Samples], sample_rate_hz: int, *, pause_s: float = 0.5) -> bytes:
    """The clips one after the other as a listener hears them: one 16-bit WAV file, edges faded over 5 ms.

    Args:
        clips: each of shape (time,), in [-1, 1]; at least one.
        sample_rate_hz: of all of them.
        pause_s: silence between two clips, in seconds.
    """
    pause = AudioSegment.silent(duration=round(pause_s * 1000), frame_rate=sample_rate_hz)
    heard = AudioSegment.empty()
    for position, clip in enumerate(clips):
        segment = AudioSegment(data=to_pcm16(clip).tobytes(), sample_width=2, frame_rate=sample_rate_hz, channels=1)
        edge_ms = min(EDGE_MS, len(segment) // 2)
        faded = segment.fade_in(edge_ms).fade_out(edge_ms)
        heard = faded if position == 0 else heard + pause + faded
    encoded = io.BytesIO()
    heard.export(encoded, format="wav")  # written by Python's own wave module: no ffmpeg is asked for
    return encoded.getvalue()
