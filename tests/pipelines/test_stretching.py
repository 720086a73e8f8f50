"""Tempo and pitch: exact lengths and frequencies, the same bytes every time, nothing lost at the edges."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.audio import Samples, rms
from pipelines.sound_file import sha256_of
from pipelines.stretching import stretch, stretched_length, transpose
from tests.benchmarks.stretching import smearing
from tests.pipelines.conftest import spoken

RATE_HZ = 16000
voice = spoken(1.5)


def tone(frequency_hz: float, length: int = 32000, sample_rate_hz: int = RATE_HZ) -> Samples:
    return (0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(length) / sample_rate_hz)).astype(np.float32)


def frequency_hz(samples: Samples, sample_rate_hz: int = RATE_HZ) -> float:
    """Where the spectrum is highest, to an eighth of its resolution."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(np.argmax(spectrum)) * sample_rate_hz / (8 * len(samples))


@given(length=st.integers(2, 40000), speed=st.floats(0.25, 4))
@settings(max_examples=50, deadline=None)
def test_a_stretched_sound_is_as_long_as_the_arithmetic_says(length: int, speed: float) -> None:
    assert (
        len(stretch(np.resize(voice, length), RATE_HZ, speed))
        == round(length / speed)
        == stretched_length(length, speed)
    )


@given(length=st.integers(2, 40000), ratio=st.floats(0.25, 4))
@settings(max_examples=50, deadline=None)
def test_another_pitch_takes_exactly_the_same_time(length: int, ratio: float) -> None:
    changed = transpose(np.resize(voice, length), RATE_HZ, ratio)

    assert len(changed) == length
    assert np.isfinite(changed).all()


@pytest.mark.parametrize("speed", [1.25, 0.75, 1.05, 0.95])
@pytest.mark.parametrize("pitch_hz", [80, 200, 1000])
def test_another_speed_leaves_the_pitch(speed: float, pitch_hz: float) -> None:
    assert frequency_hz(stretch(tone(pitch_hz), RATE_HZ, speed)) == pytest.approx(pitch_hz, rel=0.002)


@pytest.mark.parametrize("ratio", [1.25, 0.75])
@pytest.mark.parametrize("pitch_hz", [80, 200, 1000])
@pytest.mark.parametrize("sample_rate_hz", [8000, 16000, 44100])
def test_another_pitch_is_the_ratio_times_the_old_one(ratio: float, pitch_hz: float, sample_rate_hz: int) -> None:
    changed = transpose(tone(pitch_hz, 2 * sample_rate_hz, sample_rate_hz), sample_rate_hz, ratio)

    assert frequency_hz(changed, sample_rate_hz) == pytest.approx(ratio * pitch_hz, rel=0.002)


@pytest.mark.parametrize("speed", [1.25, 0.75])
def test_every_moment_is_where_it_belongs(speed: float) -> None:
    clicks = np.zeros(32000, dtype=np.float32)
    moments = [400, 8000, 16000, 31500]
    for moment in moments:
        clicks[moment : moment + 20] = np.hanning(20)

    changed = np.abs(stretch(clicks, RATE_HZ, speed))

    for moment in moments:
        due = round((moment + 10) / speed)
        assert abs(int(np.argmax(changed[due - 300 : due + 300])) - 300) <= 0.002 * RATE_HZ


@pytest.mark.parametrize("change", [lambda x: stretch(x, RATE_HZ, 1.25), lambda x: transpose(x, RATE_HZ, 0.75)])
def test_neither_the_beginning_nor_the_end_loses_level(change) -> None:
    white = 0.1 * np.random.default_rng(0).standard_normal(32000)
    low = np.convolve(white, np.hanning(16), mode="same").astype(np.float32)  # all of it survives either change

    after = change(low)

    for part in (slice(0, 800), slice(-800, None)):
        assert rms(after[part]) == pytest.approx(rms(after), rel=0.25)


def test_the_same_sound_gives_the_same_bytes_whatever_came_before_and_beside_it() -> None:
    first = sha256_of(stretch(voice, RATE_HZ, 0.3)), sha256_of(transpose(voice, RATE_HZ, 2.5))
    stretch(tone(300), RATE_HZ, 2.0)

    with ThreadPoolExecutor(4) as pool:
        later = list(pool.map(lambda _: sha256_of(stretch(voice, RATE_HZ, 0.3)), range(8)))

    assert set(later) == {first[0]}
    assert sha256_of(transpose(voice, RATE_HZ, 2.5)) == first[1]


def test_another_process_gives_the_same_bytes() -> None:
    program = (
        "from pipelines.sound_file import sha256_of; from pipelines.stretching import stretch, transpose\n"
        "from tests.pipelines.conftest import spoken; voice = spoken(1.5)\n"
        "print(sha256_of(stretch(voice, 16000, 0.3)), sha256_of(transpose(voice, 16000, 1.25)))"
    )
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert said == [sha256_of(stretch(voice, RATE_HZ, 0.3)), sha256_of(transpose(voice, RATE_HZ, 1.25))]


@pytest.mark.parametrize("speed", [1.25, 0.75])
def test_speech_is_smeared_little(speed: float) -> None:
    assert smearing(voice, stretch(voice, RATE_HZ, speed), RATE_HZ) < 3.0


def test_the_measure_of_smearing_is_none_for_the_same_sound_and_grows_with_what_is_wrong() -> None:
    noise = np.random.default_rng(0).standard_normal(len(voice)).astype(np.float32)

    values = [smearing(voice, voice + np.float32(level) * noise, RATE_HZ) for level in (0, 0.001, 0.01, 0.1)]

    assert values[0] == 0
    assert values == sorted(values)
    assert smearing(voice, voice[::2], RATE_HZ) > 3  # another pitch is no mere stretching
