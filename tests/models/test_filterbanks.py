"""What nets see agrees with librosa, whatever the company of a clip."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from pydantic import ValidationError

from models.features.base import Filterbanks
from models.features.filterbanks import filterbanks
from models.normalise import scale_by_speaker
from pipelines.audio import Samples


def noise(length: int, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, length).astype(np.float32)


@pytest.mark.parametrize(
    "settings", [Filterbanks(), Filterbanks(bands=23, window_s=0.03, fmin_hz=60, fmax_hz=7000)], ids=["paper", "other"]
)
def test_filterbanks_are_those_of_librosa(settings: Filterbanks) -> None:
    samples = noise(20000)
    theirs = librosa.feature.melspectrogram(
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
    ours = filterbanks([samples], settings)[0].numpy()
    np.testing.assert_allclose(ours, np.log(theirs + 0.0).T, atol=1e-4)


def test_a_clip_gets_the_same_frames_alone_and_in_company() -> None:
    clips = [noise(length, length) for length in (1, 800, 15999, 16000, 40000)]
    together = filterbanks(clips, Filterbanks())
    for clip, frames in zip(clips, together, strict=True):
        assert frames.shape == (1 + len(clip) // 160, 40)
        torch.testing.assert_close(frames, filterbanks([clip], Filterbanks())[0], atol=1e-4, rtol=0)


def test_more_sound_than_fits_in_one_batch_comes_out_whole_and_in_order() -> None:
    clips = [noise(16000 * 50, seed) for seed in range(4)]
    lengths = [len(frames) for frames in filterbanks([clips[0], clips[1][:320], *clips[2:]], Filterbanks())]
    assert lengths == [5001, 3, 5001, 5001]


def test_silence_stands_at_the_floor() -> None:
    settings = Filterbanks(log_floor=1e-6)
    frames = filterbanks([np.zeros(1600, dtype=np.float32)], settings)[0]
    assert torch.all(frames == np.log(np.float32(1e-6)))


def test_pre_emphasis_takes_from_the_low_bands() -> None:
    samples = noise(16000)
    plain = filterbanks([samples], Filterbanks())[0].mean(dim=0)
    lifted = filterbanks([samples], Filterbanks(pre_emphasis=0.97))[0].mean(dim=0)
    assert lifted[0] - plain[0] < -2
    assert lifted[-1] - plain[-1] > 1


def test_bands_beyond_half_the_rate_are_refused() -> None:
    with pytest.raises(ValidationError, match="up to half"):
        Filterbanks(sample_rate_hz=8000)


def test_each_speaker_has_mean_0_and_deviation_1_after_normalising() -> None:
    loud, soft = torch.randn(300, 40) * 3 + 5, torch.randn(200, 40) * 0.1 - 2
    scales = scale_by_speaker([("a", loud[:100]), ("b", soft), ("a", loud[100:])])
    for speaker, frames in (("a", loud), ("b", soft)):
        there = scales[speaker].apply(frames)
        torch.testing.assert_close(there.mean(dim=0), torch.zeros(40), atol=1e-4, rtol=0)
        torch.testing.assert_close(there.std(dim=0, correction=0), torch.ones(40), atol=1e-4, rtol=0)


def test_a_band_that_never_moves_stays_finite() -> None:
    frames = torch.full((50, 40), -23.0)
    assert torch.all(scale_by_speaker([("a", frames)])["a"].apply(frames).abs() < 1)
