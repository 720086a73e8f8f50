"""Pictures of sound for pages: a waveform as an SVG path, a mel spectrogram as WebP, a time axis, all to one scale."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import ceil

import librosa
import numpy as np
from numpy.typing import NDArray

from pipelines.audio import Samples

COLUMNS = 400  # of a picture as wide as its time axis: about one a pixel on a page
WAVE_WIDTH, WAVE_HEIGHT = 1000, 100  # of the waveform's own coordinates
MELS = 48
WINDOW_S = 0.032
HIGHEST_HZ = 8000.0
RANGE_DB = 60.0  # from the loudest point of the pictures that are compared down to blank paper
QUALITY = 80  # of WebP, up to 100
SILENT = 1e-12  # a power below that of any sound in 16 bits, so that nothing is divided by 0
MOST_TICKS = 6
LAST_TICK = 0.9  # of the axis; a number takes a tenth of it on a phone
STEPS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)


def wave_path(samples: Samples, axis_samples: int, peak: float) -> str:
    """A waveform as the outline of an SVG path: 1000 wide where it is as long as the axis, 100 high.

    Args:
        samples: shape (time,), at least one.
        axis_samples: how many samples the whole width stands for, at least as many as there are.
        peak: the sample value that touches the edge; greater than 0.

    >>> wave_path(np.array([0.5, -0.5], np.float32), 2, peak=0.5)
    'M0 0L500 100L500 100L0 0Z'
    """
    step = max(1, ceil(axis_samples / COLUMNS))
    starts = np.arange(0, len(samples), step)
    upper, lower = np.maximum.reduceat(samples, starts), np.minimum.reduceat(samples, starts)
    x = np.round(starts * WAVE_WIDTH / axis_samples).astype(int)
    there = [(at, _height(value, peak)) for at, value in zip(x, upper, strict=True)]
    back = [(at, _height(value, peak)) for at, value in zip(x, lower, strict=True)][::-1]
    return "M" + "L".join(f"{at} {height}" for at, height in (*there, *back)) + "Z"


def _height(value: float, peak: float) -> int:
    return round(WAVE_HEIGHT / 2 * (1 - float(np.clip(value / peak, -1, 1))))


def mel_powers(samples: Samples, sample_rate_hz: int, axis_samples: int) -> NDArray[np.float32]:
    """Power in mel bands up to 8 kHz, shape (48, frames); as many frames a second as the axis asks for."""
    window = round(WINDOW_S * sample_rate_hz)
    hop = max(1, ceil(axis_samples / COLUMNS))
    powers: NDArray[np.float32] = librosa.feature.melspectrogram(
        y=np.pad(samples, (0, max(0, window - len(samples)))),
        sr=sample_rate_hz,
        n_fft=max(window, hop),
        hop_length=hop,
        n_mels=MELS,
        fmax=min(HIGHEST_HZ, sample_rate_hz / 2),
    )
    return powers[:, : ceil(len(samples) / hop)]


def mel_webp(powers: NDArray[np.float32], loudest: float) -> bytes:
    """A mel spectrogram as ink on paper: black where it is loudest, white 60 dB below; low frequencies at the bottom.

    Args:
        powers: of `mel_powers`.
        loudest: the power that is black, of all the pictures that are compared; greater than 0.
    """
    from matplotlib.image import imsave  # here, since it takes a while and most commands draw nothing

    paper = -librosa.power_to_db(powers, ref=loudest, amin=SILENT, top_db=None) / RANGE_DB
    file = io.BytesIO()
    # A third of the bytes of PNG, and nobody sees the difference.
    imsave(file, paper, cmap="gray", vmin=0, vmax=1, origin="lower", format="webp", pil_kwargs={"quality": QUALITY})
    return file.getvalue()


def ticks_s(length_s: float) -> Sequence[float]:
    """Round moments in seconds at which to mark a time axis, 0 among them, six at most (for up to five minutes).

    None lies so near the end that its number would stand beyond it.

    >>> ticks_s(2.3)
    [0.0, 0.5, 1.0, 1.5, 2.0]
    """
    step = next((step for step in STEPS_S if length_s / step < MOST_TICKS), STEPS_S[-1])
    marks = [round(number * step, 2) for number in range(int(length_s / step) + 1)]
    return [mark for mark in marks if mark <= length_s * LAST_TICK]
