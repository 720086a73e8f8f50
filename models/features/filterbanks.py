"""Log mel filterbanks: what the study's nets see of a clip (paper section 5.4)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from functools import cache

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from models.features.base import Feature, Filterbanks
from models.threads import one_thread
from pipelines.audio import Samples

CPU_FRAMES = 128  # transformed at once, at most: windows and spectra of so many stay in a core's own cache
CUDA_FRAMES = 200_000  # at once on a GPU, which wants much to do; below 1 GiB of its memory at 512 bins


class BandsEmpty(ValueError):
    """Bands are so narrow that no frequency of the Fourier transform falls into them."""

    def __init__(self, empty: int, settings: Filterbanks) -> None:
        super().__init__(
            f"{empty} of {settings.bands} bands between {settings.fmin_hz:g} and {settings.fmax_hz:g} Hz lie between "
            f"two frequencies of a transform of {settings.fft} samples at {settings.sample_rate_hz} Hz and would "
            "never move; take fewer bands or a longer window"
        )


class LogMel(Feature):
    """Log mel energies in bands of the Slaney scale, as librosa makes them, by Hamming windows centred on each frame.

    Pre-emphasis leaves the first sample as it is.
    """

    Settings = Filterbanks
    settings: Filterbanks

    def __init__(self, settings: BaseModel, device: str = "cpu") -> None:
        super().__init__(settings, device)
        _mel_weights(self.settings, device)  # refuses bands that can't be

    @property
    def sample_rate_hz(self) -> int:
        """As in the settings."""
        return self.settings.sample_rate_hz

    @property
    def frame_shape(self) -> tuple[int]:
        """The bands."""
        return (self.settings.bands,)

    def of(self, clips: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """The log energies of each clip, shape (1 + samples // step, bands).

        On a CPU each clip goes by itself, so that what it gets never depends on its company, to the last bit; on a GPU
        clips go in batches.

        >>> [clip.shape for clip in LogMel(Filterbanks()).of([np.zeros(1600, np.float32)])]
        [(11, 40)]
        """
        # Threads would wait for each other at every clip: two were 20 times as slow as one beside other work.
        with torch.inference_mode(), one_thread():
            return [frames.numpy() for frames in self._tensors(clips)]

    def _tensors(self, clips: Sequence[Samples]) -> Iterator[Tensor]:
        waves = [self._padded(clip) for clip in clips]
        if self.device == "cpu":
            yield from map(self._alone, waves)
            return
        for batch in self._batches(waves):
            windows = self._windows(pad_sequence(batch, batch_first=True).to(self.device))  # (batch, frames, fft)
            log_mel = self._log_mel(windows).cpu()  # (batch, frames, bands)
            yield from (frames[: self._frames(wave)].clone() for frames, wave in zip(log_mel, batch, strict=True))

    def _padded(self, clip: Samples) -> Tensor:
        """A copy of the samples with half a window of silence on either side, pre-emphasised."""
        half = self.settings.fft // 2
        padded = np.zeros(len(clip) + 2 * half, dtype=np.float32)
        wave = padded[half : half + len(clip)]
        wave[:] = clip
        if self.settings.pre_emphasis:
            wave[1:] -= self.settings.pre_emphasis * wave[:-1]  # the right side is a copy, so nothing is used twice
        return torch.from_numpy(padded)

    def _frames(self, padded: Tensor) -> int:
        return self.settings.frames(len(padded) - self.settings.fft)

    def _windows(self, waves: Tensor) -> Tensor:
        """Every window of shape (..., frames, fft), of padded waves of shape (..., time)."""
        return waves.unfold(-1, self.settings.fft, self.settings.step)

    def _alone(self, wave: Tensor) -> Tensor:
        windows = self._windows(wave)  # (frames, fft)
        log_mel = torch.empty(len(windows), self.settings.bands)
        blocks = math.ceil(len(windows) / CPU_FRAMES)
        size = math.ceil(len(windows) / blocks)  # alike, so that no block is a mere rest
        for start in range(0, len(windows), size):
            log_mel[start : start + size] = self._log_mel(windows[start : start + size])
        return log_mel

    def _log_mel(self, windows: Tensor) -> Tensor:
        """Shape (..., frames, bands), of windows of shape (..., frames, fft)."""
        spectrum = torch.view_as_real(torch.fft.rfft(windows * _taper(self.settings, self.device)))
        squares = spectrum.flatten(-2).square_()  # (..., frames, 2 x bins): real and imaginary parts by turns
        return (squares @ _mel_weights(self.settings, self.device)).clamp_(min=self.settings.log_floor).log_()

    def _batches(self, waves: Sequence[Tensor]) -> Iterator[list[Tensor]]:
        """Waves in their order, as many as fit when all are padded to the longest of them."""
        batch: list[Tensor] = []
        for wave in waves:
            longest = max(self._frames(one) for one in [*batch, wave])
            if batch and longest * (len(batch) + 1) > CUDA_FRAMES:
                yield batch
                batch = []
            batch.append(wave)
        if batch:
            yield batch


@cache
def _mel_weights(settings: Filterbanks, device: str) -> Tensor:
    """How much the squared real and imaginary parts of each bin add to each band; shape (2 x bins, bands).

    Each bin's weight stands there twice, so that adding the two squares is part of the same product.

    Raises:
        BandsEmpty: some bands get nothing of any bin.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters")  # they are refused below
        weights = librosa.filters.mel(
            sr=settings.sample_rate_hz,
            n_fft=settings.fft,
            n_mels=settings.bands,
            fmin=settings.fmin_hz,
            fmax=settings.fmax_hz,
        )
    empty = int((weights.max(axis=1) == 0).sum())
    if empty:
        raise BandsEmpty(empty, settings)
    return torch.from_numpy(np.repeat(weights.T, 2, axis=0)).to(device)


@cache
def _taper(settings: Filterbanks, device: str) -> Tensor:
    """The Hamming window in the middle of the transform's length; shape (fft,)."""
    spare = settings.fft - settings.window
    return pad(torch.hamming_window(settings.window), (spare // 2, spare - spare // 2)).to(device)
