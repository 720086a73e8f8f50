"""Log mel filterbanks: what the study's nets see of a clip (paper section 5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import librosa
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from models.features.base import Filterbanks
from pipelines.audio import Samples

BATCH_SECONDS = 120.0  # of sound transformed at once: keeps the memory of a large corpus flat


def filterbanks(clips: Sequence[Samples], settings: Filterbanks) -> list[Tensor]:
    """Log mel energies of each clip.

    Clips are padded to the longest of their batch and transformed together; what a clip gets does not depend on
    its company.

    Args:
        clips: samples at `settings.sample_rate_hz`, each of shape (time,).
        settings: windows and bands.

    Returns:
        A tensor of shape (frames, bands) for each clip.

    >>> [tuple(clip.shape) for clip in filterbanks([np.zeros(1600, np.float32)], Filterbanks())]
    [(11, 40)]
    """
    mel, taper = _mel_weights(settings), _taper(settings)
    most = int(BATCH_SECONDS * settings.sample_rate_hz)
    found: list[Tensor] = []
    start = 0
    while start < len(clips):
        end, longest = start, 0
        while end < len(clips):
            longest = max(longest, len(clips[end]))
            if end > start and longest * (end + 1 - start) > most:
                break
            end += 1
        found += _batch(clips[start:end], mel, taper, settings)
        start = end
    return found


def _batch(clips: Sequence[Samples], mel: Tensor, taper: Tensor, settings: Filterbanks) -> list[Tensor]:
    if settings.pre_emphasis:
        clips = [np.append(clip[:1], clip[1:] - settings.pre_emphasis * clip[:-1]) for clip in clips]
    waves = pad_sequence(
        [torch.from_numpy(np.array(clip, dtype=np.float32)) for clip in clips], batch_first=True
    )  # (batch, time)
    half = settings.fft // 2
    windows = pad(waves, (half, half)).unfold(1, settings.fft, settings.step)  # (batch, frames, fft)
    spectrum = torch.view_as_real(torch.fft.rfft(windows * taper))  # (batch, frames, bins, 2)
    power = spectrum.square().sum(dim=-1)  # (batch, frames, bins)
    log_mel = (power @ mel.T).clamp(min=settings.log_floor).log()  # (batch, frames, bands)
    return [frames[: settings.frames(len(clip))] for frames, clip in zip(log_mel, clips, strict=True)]


@cache
def _mel_weights(settings: Filterbanks) -> Tensor:
    """How much each bin of the spectrum adds to each band; shape (bands, bins)."""
    return torch.from_numpy(
        librosa.filters.mel(
            sr=settings.sample_rate_hz,
            n_fft=settings.fft,
            n_mels=settings.bands,
            fmin=settings.fmin_hz,
            fmax=settings.fmax_hz,
        )
    )


@cache
def _taper(settings: Filterbanks) -> Tensor:
    """The Hamming window in the middle of the transform's length; shape (fft,)."""
    spare = settings.fft - settings.window
    return pad(torch.hamming_window(settings.window), (spare // 2, spare - spare // 2))
