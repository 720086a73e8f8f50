"""Loops without clicks, and what a listener hears as one file."""

import io

import numpy as np
import pytest
import soundfile

from pipelines.joining import encode_heard, loop

RATE_HZ = 16000
noise = (0.3 * np.random.default_rng(0).standard_normal(4000)).astype(np.float32).clip(-1, 1)


def test_a_long_enough_sound_is_only_cut() -> None:
    np.testing.assert_array_equal(loop(noise, RATE_HZ, 1000, start=500), noise[500:1500])


@pytest.mark.parametrize("length", [4001, 30000])
def test_a_short_sound_is_looped_to_the_very_sample(length: int) -> None:
    looped = loop(noise, RATE_HZ, length, start=100)

    assert looped.shape == (length,)
    assert looped.dtype == np.float32
    np.testing.assert_allclose(looped[:2000], noise[100:2100], atol=1e-6)


def test_a_seam_does_not_click() -> None:
    tone = np.sin(2 * np.pi * 100.5 * np.arange(8000) / RATE_HZ).astype(np.float32)  # ends half a wave too early

    steps = np.abs(np.diff(loop(tone, RATE_HZ, 24000)))

    assert steps.max() < 1.5 * np.abs(np.diff(tone)).max()


@pytest.mark.parametrize("length", [1, 5, 40, 700])
def test_even_a_tiny_sound_can_be_looped(length: int) -> None:
    assert loop(noise[:length], RATE_HZ, 3000).shape == (3000,)


def test_a_loop_can_not_begin_outside_its_sound() -> None:
    with pytest.raises(ValueError, match="can't begin at sample 4000"):
        loop(noise, RATE_HZ, 10, start=4000)


def test_two_clips_are_heard_one_after_the_other() -> None:
    heard, rate_hz = soundfile.read(io.BytesIO(encode_heard([noise, noise / 2], RATE_HZ, pause_s=0.25)))

    assert rate_hz == RATE_HZ
    assert len(heard) == 2 * len(noise) + RATE_HZ // 4
    np.testing.assert_allclose(heard[200:3800], noise[200:3800], atol=1e-3)
    np.testing.assert_array_equal(heard[4000:8000], 0)
    np.testing.assert_allclose(heard[8200:11800], noise[200:3800] / 2, atol=1e-3)
