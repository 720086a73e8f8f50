"""Tones to be counted and the headphone tests: what they are made of, and who passes them."""

from __future__ import annotations

import io
import zlib
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ears import Ears
from hits.hearing import tones
from hits.hearing.headphones import (
    PITCH_BAND,
    PITCH_HZ,
    PLACES,
    ROUNDS,
    STARTS_S,
    TESTS,
    Test,
    draw_round,
    passes,
    round_wav,
)
from hits.hearing.tones import FEWEST, MOST, draw_tones, tones_wav
from hits.hearing.wav import SAMPLE_RATE_HZ, as_wav

seeds = st.integers(0, 2**32 - 1)
HEADPHONES, LOUDSPEAKERS = Ears(headphones=True), Ears(headphones=False)


def read(wav: bytes) -> np.ndarray:
    samples, rate = soundfile.read(io.BytesIO(wav), always_2d=True)
    assert rate == SAMPLE_RATE_HZ
    return np.asarray(samples)


def parts(wav: bytes) -> list[np.ndarray]:
    """The three sounds of a round, shape (time, ears) each."""
    starts = [round(start_s * SAMPLE_RATE_HZ) for start_s in STARTS_S]
    return [read(wav)[start : start + SAMPLE_RATE_HZ] for start in starts]


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples**2)))


# --- the tones


@given(count=st.integers(FEWEST, MOST), seed=seeds)
@settings(max_examples=50, deadline=None)
def test_the_tones_that_are_heard_are_those_that_were_asked_for(count: int, seed: int) -> None:
    wav = tones_wav(count, seed)
    assert HEADPHONES.count_tones(wav) == LOUDSPEAKERS.count_tones(wav) == count
    assert len(wav) == len(tones_wav(FEWEST, 0))
    assert np.abs(read(wav)).max() < 0.9
    assert wav == tones_wav(count, seed)
    assert wav != tones_wav(count, seed + 1)


@pytest.mark.parametrize("count", [FEWEST - 1, MOST + 1])
def test_a_number_of_tones_that_does_not_fit_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="choose 2 to 5"):
        tones_wav(count, 0)


def test_even_the_longest_draw_of_gaps_fits_into_the_file() -> None:
    last_at_s = tones.FIRST_AT_S[1] + (MOST - 1) * (tones.TONE_S + tones.GAP_S[1])
    assert last_at_s + tones.TONE_S <= tones.LENGTH_S


def test_every_number_of_tones_is_drawn_and_none_twice_in_a_row() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_tones(rng)]
    for _ in range(200):
        drawn.append(draw_tones(rng, drawn[-1]))
    assert set(drawn) == set(range(FEWEST, MOST + 1))
    assert all(one != after for one, after in pairwise(drawn))


def test_files_of_different_numbers_compress_alike() -> None:
    sizes = {count: [len(zlib.compress(tones_wav(count, seed))) for seed in range(20)] for count in (2, 5)}
    whole = len(tones_wav(2, 0))
    assert all(size > 0.15 * whole for of_count in sizes.values() for size in of_count)


def test_sound_that_would_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="would clip"):
        as_wav(np.array([0.0, 1.0]), np.random.default_rng(0))


# --- the headphone tests


@pytest.mark.parametrize("test", TESTS)
class TestEveryTest:
    @given(place=st.sampled_from(PLACES), seed=seeds)
    @settings(max_examples=30, deadline=None)
    def test_a_round_gives_away_nothing_but_its_sound(self, test: Test, place: int, seed: int) -> None:
        wav = round_wav(test, place, seed)
        assert wav == round_wav(test, place, seed)
        assert wav != round_wav(test, place, seed + 1)
        assert len(wav) == len(round_wav(TESTS[0], 1, 0))
        assert np.abs(read(wav)).max() < 0.9

    @given(place=st.sampled_from(PLACES), seed=seeds)
    @settings(max_examples=30, deadline=None)
    def test_both_ears_get_the_same_level(self, test: Test, place: int, seed: int) -> None:
        for part in parts(round_wav(test, place, seed)):
            assert abs(level_db(part[:, 0]) - level_db(part[:, 1])) < 0.1

    def test_a_place_that_is_none_is_refused(self, test: Test) -> None:
        with pytest.raises(ValueError, match="place 4"):
            round_wav(test, 4, 0)


@given(place=st.sampled_from(PLACES), seed=seeds)
@settings(max_examples=30, deadline=None)
def test_one_of_three_tones_is_six_db_quieter_and_another_cancels_itself_in_the_air(place: int, seed: int) -> None:
    three = parts(round_wav("antiphase", place, seed))
    levels, mixed = [level_db(part) for part in three], [level_db(part.mean(axis=1)) for part in three]
    assert max(levels) - levels[place - 1] == pytest.approx(6.0, abs=0.05)
    assert sorted(levels)[2] - sorted(levels)[1] < 0.01
    assert min(mixed) < max(mixed) - 60
    assert mixed.index(min(mixed)) != place - 1


@given(place=st.sampled_from(PLACES), seed=seeds)
@settings(max_examples=30, deadline=None)
def test_neither_ear_alone_can_tell_which_noise_has_the_tone(place: int, seed: int) -> None:
    for which, part in enumerate(parts(round_wav("huggins", place, seed)), start=1):
        left, right = np.abs(np.fft.rfft(part, axis=0)).T
        frequencies_hz = np.fft.rfftfreq(len(part), 1 / SAMPLE_RATE_HZ)
        band = np.abs(frequencies_hz - PITCH_HZ) <= PITCH_BAND * PITCH_HZ
        assert level_db(left[band]) == pytest.approx(level_db(right[band]), abs=1.0)
        difference_db = level_db(part[:, 0] - part[:, 1]) - level_db(part)
        assert (difference_db > -25) == (which == place)  # all that differs is between the ears


def right_of_six(test: Test, seed: int) -> list[int]:
    """Right answers of one listener in one test, with headphones and with loudspeakers."""
    rng, right = np.random.default_rng([seed, TESTS.index(test)]), [0, 0]
    for number in range(1, ROUNDS + 1):
        asked = draw_round(rng, "", attempt=1, number=number, right=0)
        wav = round_wav(test, asked.place, asked.seed)
        for which, ears in enumerate((HEADPHONES, LOUDSPEAKERS)):
            said = ears.quietest(wav) if test == "antiphase" else ears.faint_tone(wav, rng)
            right[which] += said == asked.place
    return right


def test_of_200_listeners_all_with_headphones_pass_and_none_with_loudspeakers() -> None:
    right = np.array([[right_of_six(test, seed) for test in TESTS] for seed in range(200)])  # (listeners, tests, ears)
    passed = [
        [passes(dict(zip(TESTS, of_tests, strict=True)), min_right=5) for of_tests in right[:, :, ears]]
        for ears in (0, 1)
    ]
    assert all(passed[0])
    assert not any(passed[1])
    antiphase, huggins = right[:, 0, 1], right[:, 1, 1]
    assert antiphase.max() == 0  # the tone that cancels itself always seems the quietest
    assert huggins.mean() == pytest.approx(2, abs=0.3)  # guessing
    assert (huggins >= 5).sum() <= 10  # 13 of 729 guessers pass this test alone: 4 of 200
