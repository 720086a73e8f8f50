"""Loops without clicks, and what a listener hears as one file."""

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from pipelines.joining import AudioSegment, begin_loudly, encode_heard, loop, loud_moments
from pipelines.sound_file import to_pcm16

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


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
def test_a_seam_is_the_one_that_pydub_would_make(rate_hz: int) -> None:
    def segment(samples: np.ndarray) -> AudioSegment:
        return AudioSegment(to_pcm16(samples).tobytes(), sample_width=2, frame_rate=rate_hz, channels=1)

    sound = (0.3 * np.random.default_rng(1).standard_normal(rate_hz)).astype(np.float32).clip(-1, 1)
    seam = rate_hz // 20
    ours = loop(sound, rate_hz, len(sound) + 10)[len(sound) - seam : len(sound)]

    before, after = segment(sound[-seam:]), segment(sound[:seam])
    theirs = before.fade_out(len(before)).overlay(after.fade_in(len(after)))
    np.testing.assert_allclose(ours, np.frombuffer(theirs.raw_data, "<i2") / 32768, atol=2e-3)


def test_every_round_after_the_first_is_the_same() -> None:
    looped = loop(noise, RATE_HZ, 20_000, start=700)
    period = len(noise) - 800  # less the seam

    np.testing.assert_array_equal(looped[4000 : 4000 + period], looped[4000 + period : 4000 + 2 * period])


@given(st.integers(1, 3000), st.integers(1, 9000), st.data())
def test_a_loop_has_the_length_that_was_asked_for_and_nothing_louder(length: int, wanted: int, data: Any) -> None:
    sound = np.resize(noise, length)
    start = data.draw(st.integers(0, length - 1))

    looped = loop(sound, RATE_HZ, wanted, start=start)

    assert (looped.dtype, looped.shape) == (np.float32, (wanted,))
    assert np.abs(looped).max() <= np.abs(sound).max() + 1e-6
    assert looped[0] == sound[start] or length - start < 2


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 5), st.integers(0, 60_000))
def test_a_sound_begins_where_enough_of_it_is_loud(seed: int, length_s: float, moment: int) -> None:
    sound = np.zeros(64_000, dtype=np.float32)
    sound[moment : moment + 2000] = 0.5

    start_s = begin_loudly(loud_moments(sound), RATE_HZ, length_s, np.random.default_rng(seed))

    assert 0 <= start_s * RATE_HZ < len(sound)
    heard = loop(sound, RATE_HZ, round(length_s * RATE_HZ), start=round(start_s * RATE_HZ))
    assert np.abs(heard[: round(0.1 * RATE_HZ) + 320]).max() == 0.5


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
