"""Codecs and lines: exact lengths, no shift, the same bytes in every process."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from pipelines.codecs import RATES_HZ, Codec, recoded, through_telephone, without_packets
from tests.pipelines.conftest import RATE_HZ, spoken

PACKET = 320
AGAIN = """
import hashlib, numpy as np
from pipelines.codecs import recoded
samples = (0.1 * np.random.default_rng(5).standard_normal(20011)).astype(np.float32)
for codec, kbps in (("mp3", 32), ("opus", 12), ("opus", 128)):
    print(hashlib.sha256(recoded(samples, 16000, codec, kbps).tobytes()).hexdigest())
"""


def hiss(length: int, seed: int = 5) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)


def shift(before: np.ndarray, after: np.ndarray) -> int:
    size = 2 * len(before)
    alike = np.fft.irfft(np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size)), size)
    found = int(np.argmax(alike))
    return found if found < len(before) else found - size


@pytest.mark.parametrize("codec", RATES_HZ)
@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("length", [1601, 20_011])
def test_a_codec_keeps_length_and_place_at_every_rate(codec: Codec, rate_hz: int, length: int) -> None:
    samples = hiss(length)

    heard = recoded(samples, rate_hz, codec, 64)

    assert (heard.dtype, heard.shape) == (np.float32, samples.shape)
    assert abs(shift(samples, heard)) <= 1


def test_the_same_bytes_come_out_in_another_process() -> None:
    samples = hiss(20011)
    here = [
        hashlib.sha256(recoded(samples, 16000, codec, kbps).tobytes()).hexdigest()
        for codec, kbps in (("mp3", 32), ("opus", 12), ("opus", 128))  # type: ignore[arg-type]
    ]

    there = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True).stdout.split()

    assert there == here


@pytest.mark.parametrize("codec", RATES_HZ)
def test_more_bits_leave_less_to_hear(codec: Codec) -> None:
    voice = spoken(2.0)

    lost = [float(np.sum((recoded(voice, RATE_HZ, codec, kbps) - voice) ** 2)) for kbps in (16, 32, 128)]

    assert lost == sorted(lost, reverse=True)
    assert lost[0] > 1.5 * lost[-1]


def test_a_few_samples_survive_a_codec() -> None:
    for codec in RATES_HZ:
        assert len(recoded(hiss(1), RATE_HZ, codec, 32)) == 1


def test_the_line_is_mu_law() -> None:
    tone = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)).astype(np.float32)

    heard = through_telephone(tone, 8000, 300, 3400)

    assert abs(shift(tone, heard)) == 0
    assert len(np.unique(heard)) <= 256
    left = heard[400:-400] - tone[400:-400]
    assert 30 < 20 * np.log10(np.std(tone) / np.std(left)) < 45  # G.711 reaches about 38 dB


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
def test_the_line_keeps_length_and_place(rate_hz: int) -> None:
    samples = spoken(1.01, sample_rate_hz=rate_hz)[:-7]
    heard = through_telephone(samples, rate_hz, 300, 3400)

    assert heard.shape == samples.shape
    assert np.isfinite(heard).all()


class TestPacketLoss:
    def test_a_steady_voice_goes_on_through_a_gap(self) -> None:
        tone = (0.5 * np.sin(2 * np.pi * 200 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)

        heard = without_packets(tone, RATE_HZ, 0.02, {20})

        gap = slice(20 * PACKET, 20 * PACKET + 160)
        np.testing.assert_allclose(heard[gap], tone[gap], atol=0.05)  # for 10 ms at its level

    def test_a_long_gap_falls_silent_by_60_ms(self) -> None:
        heard = without_packets(hiss(RATE_HZ), RATE_HZ, 0.02, set(range(10, 18)))

        levels = [np.std(heard[number * PACKET : (number + 1) * PACKET]) for number in range(10, 18)]
        assert levels[0] > levels[1] > levels[2] > 0
        assert max(levels[3:]) == 0

    def test_packets_that_arrive_are_themselves_but_for_the_seam(self) -> None:
        samples, lost = hiss(RATE_HZ + 77), {3, 4, 9, 50}

        heard = without_packets(samples, RATE_HZ, 0.02, lost)

        for number in range(51):
            if number not in lost:
                start = number * PACKET + (64 if number - 1 in lost else 0)
                np.testing.assert_array_equal(
                    heard[start : (number + 1) * PACKET], samples[start : (number + 1) * PACKET]
                )

    def test_a_seam_does_not_click(self) -> None:
        tone = (0.5 * np.sin(2 * np.pi * 200 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)
        steepest = float(np.abs(np.diff(tone)).max())

        for lost in ({5}, {5, 6}, {11, 30}):
            assert np.abs(np.diff(without_packets(tone, RATE_HZ, 0.02, lost))).max() < 2 * steepest

    def test_a_gap_before_anything_was_heard_is_silent(self) -> None:
        assert not without_packets(hiss(1600), RATE_HZ, 0.02, {0})[:PACKET].any()

    def test_nothing_lost_changes_nothing(self) -> None:
        np.testing.assert_array_equal(without_packets(hiss(1600), RATE_HZ, 0.02, set()), hiss(1600))
