"""Log mel filterbanks agree with librosa's, whatever the settings, the length of a clip and its company."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from pydantic import ValidationError

from models.features.base import Filterbanks
from models.features.filterbanks import BandsEmpty, LogMel
from pipelines.audio import Samples

SETTINGS = {
    "paper": Filterbanks(),
    "kaldi-like": Filterbanks(bands=23, fmin_hz=20, pre_emphasis=0.97),
    "telephone": Filterbanks(sample_rate_hz=8000, fmax_hz=4000, bands=30),
    "odd-windows": Filterbanks(window_s=0.0301, step_s=0.0107, fmin_hz=60, fmax_hz=7000, pre_emphasis=0.5),
    "music": Filterbanks(sample_rate_hz=44100, fmax_hz=20000, bands=64, window_s=0.04),
}


def noise(length: int, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, length).astype(np.float32)


def librosas(samples: Samples, settings: Filterbanks) -> np.ndarray:
    if settings.pre_emphasis:
        samples = librosa.effects.preemphasis(samples, coef=settings.pre_emphasis, zi=np.zeros(1))
    mel = librosa.feature.melspectrogram(
        y=samples,
        sr=settings.sample_rate_hz,
        n_fft=settings.fft,
        win_length=settings.window,
        hop_length=settings.step,
        window="hamming",
        center=True,
        pad_mode="constant",
        power=2.0,
        n_mels=settings.bands,
        fmin=settings.fmin_hz,
        fmax=settings.fmax_hz,
    )
    return np.log(np.maximum(mel, settings.log_floor)).T


@pytest.mark.filterwarnings("ignore:n_fft=:UserWarning")  # librosa is uneasy about clips shorter than a window
@pytest.mark.parametrize("length", [1, 2, 159, 399, 16001, 70001])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_filterbanks_are_those_of_librosa(settings: Filterbanks, length: int) -> None:
    samples = noise(length, seed=length)
    np.testing.assert_allclose(LogMel(settings).of([samples])[0], librosas(samples, settings), atol=1e-4, rtol=0)


def test_what_is_given_is_left_as_it_was() -> None:
    samples = noise(3200)
    LogMel(Filterbanks(pre_emphasis=0.97)).of([samples])
    np.testing.assert_array_equal(samples, noise(3200))


def test_batches_as_a_gpu_gets_them_hold_what_single_clips_do() -> None:
    # Any name but "cpu" takes the way of the batches; this one needs no GPU.
    clips = [noise(length, length) for length in (1, 800, 16000, 40000)]
    alone = LogMel(Filterbanks()).of(clips)
    together = LogMel(Filterbanks(), device="cpu:0").of(clips)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is here; filterbanks on one are not tested")
def test_a_gpu_gives_what_the_cpu_does() -> None:
    clips = [noise(length, length) for length in (1, 800, 16000, 400_000)]
    for one, other in zip(LogMel(Filterbanks()).of(clips), LogMel(Filterbanks(), "cuda").of(clips), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=0)


def test_silence_stands_at_the_floor() -> None:
    frames = LogMel(Filterbanks(log_floor=1e-6)).of([np.zeros(1600, dtype=np.float32)])[0]
    np.testing.assert_allclose(frames, np.log(1e-6), rtol=1e-6)


def test_bands_beyond_half_the_rate_are_refused() -> None:
    with pytest.raises(ValidationError, match="up to half"):
        Filterbanks(sample_rate_hz=8000)


def test_a_window_of_no_samples_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected at least 2 samples"):
        Filterbanks(window_s=1e-5)


def test_bands_that_no_frequency_falls_into_are_refused() -> None:
    with pytest.raises(BandsEmpty, match=r"\d+ of 200 bands .* never move; take fewer bands or a longer window"):
        LogMel(Filterbanks(bands=200))
