"""Every speaker on one scale."""

from __future__ import annotations

import numpy as np

from models.hearing.normalise import scale_by_speaker


def test_each_speaker_has_mean_0_and_deviation_1_after_normalising() -> None:
    rng = np.random.default_rng(0)
    loud = rng.normal(5, 3, (300, 40)).astype(np.float32)
    soft = rng.normal(-2, 0.1, (200, 40)).astype(np.float32)
    scales = scale_by_speaker([("a", loud[:100]), ("b", soft), ("a", loud[100:])])
    for speaker, frames in (("a", loud), ("b", soft)):
        there = scales[speaker].apply(frames)
        np.testing.assert_allclose(there.mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(there.std(axis=0), 1, atol=1e-4)


def test_a_band_that_never_moves_stays_finite() -> None:
    frames = np.full((50, 40), -23.0, dtype=np.float32)
    assert np.all(np.abs(scale_by_speaker([("a", frames)])["a"].apply(frames)) < 1)
