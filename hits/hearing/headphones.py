"""The headphone screening: two tests of six rounds, each "which of the three?", which loudspeakers do not pass.

Antiphase tones (Woods et al. 2017): one of three tones is 6 dB quieter, and one of the others is in antiphase between
the ears; from loudspeakers that one cancels itself and seems the quietest. Huggins pitch (Milne et al. 2021): one of
three noises is turned by 180 degrees within 6 % of 600 Hz, in one ear; only two ears apart hear a faint tone there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from hits.hearing.wav import SAMPLE_RATE_HZ, Samples, as_wav, faded, times_s

Test: TypeAlias = Literal["antiphase", "huggins"]
TESTS: tuple[Test, ...] = get_args(Test)
ROUNDS = 6  # of each test
PLACES = (1, 2, 3)

INTERVAL_S, PAUSE_S, LEAD_S = 1.0, 0.5, 0.1
STARTS_S = tuple(LEAD_S + place * (INTERVAL_S + PAUSE_S) for place in range(len(PLACES)))
LENGTH_S = STARTS_S[-1] + INTERVAL_S + LEAD_S

TONE_HZ, TONE_RAMP_S = 200.0, 0.1  # Woods et al. 2017
QUIETER_DB = 6.0
TONE_PEAK = 0.2
PITCH_HZ, PITCH_BAND = 600.0, 0.06  # Milne et al. 2021; theirs reaches 22 kHz, ours 8 kHz
NOISE_RMS, NOISE_RAMP_S = 0.05, 0.01


@dataclass(frozen=True)
class Round:
    """A round that is open: what only the server knows of it.

    Attributes:
        attempt: 1 for the first time through both tests.
        number: from 1, through both tests.
        right: answers of this test that were right so far.
        place: which of the three is the one asked for, 1 to 3.
        seed: of its sound.
        name: in the address of its sound, and in its form; it says nothing.
    """

    attempt: int
    number: int
    right: int
    place: int
    seed: int
    name: str

    @property
    def test(self) -> Test:
        """Which test it belongs to.

        >>> Round(1, 7, 0, place=2, seed=0, name="x").test
        'huggins'
        """
        return TESTS[(self.number - 1) // ROUNDS]

    @property
    def ends_test(self) -> bool:
        """Whether it is the last of its test."""
        return self.number % ROUNDS == 0

    @property
    def ends_attempt(self) -> bool:
        """Whether it is the last of both tests."""
        return self.number == ROUNDS * len(TESTS)

    def as_json(self) -> dict[str, Any]:
        """As plain values, to be kept."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Round:
        """A round that was kept."""
        return cls(**kept)


def draw_round(rng: np.random.Generator, name: str, *, attempt: int, number: int, right: int) -> Round:
    """The next round, its place and its sound left to chance."""
    return Round(attempt, number, right, int(rng.choice(PLACES)), int(rng.integers(2**32)), name)


def passes(right: Mapping[Test, int], min_right: int) -> bool:
    """Whether headphones are believed: both tests have so many right answers.

    >>> passes({"antiphase": 6, "huggins": 5}, min_right=5), passes({"antiphase": 6}, min_right=5)
    (True, False)
    """
    return all(right.get(test, 0) >= min_right for test in TESTS)


def round_wav(test: Test, place: int, seed: int) -> bytes:
    """Three sounds with pauses, for two ears, as a WAV file; the same seed gives the same bytes.

    Args:
        test: which test.
        place: which of the three is the one asked for, 1 to 3.
        seed: of all else that is left to chance.

    Raises:
        ValueError: there is no such place.
    """
    if place not in PLACES:
        raise ValueError(f"place {place}: choose one of {', '.join(map(str, PLACES))}")
    rng = np.random.default_rng(seed)
    three = (_tones if test == "antiphase" else _noises)(place, rng)
    samples = np.zeros((len(times_s(LENGTH_S)), 2))
    for start_s, sound in zip(STARTS_S, three, strict=True):
        start = round(start_s * SAMPLE_RATE_HZ)
        samples[start : start + len(sound)] = sound
    return as_wav(samples, rng)


def _tones(place: int, rng: np.random.Generator) -> list[Samples]:
    """Three tones of shape (time, ears): one is quieter, another is turned round in one ear."""
    tone = TONE_PEAK * faded(np.sin(2 * np.pi * TONE_HZ * times_s(INTERVAL_S)), TONE_RAMP_S)
    in_phase, quieter = np.stack([tone, tone], axis=1), 10 ** (-QUIETER_DB / 20)
    turned = int(rng.choice([other for other in PLACES if other != place]))
    return [
        quieter * in_phase if which == place else in_phase * (1, -1) if which == turned else in_phase
        for which in PLACES
    ]


def _noises(place: int, rng: np.random.Generator) -> list[Samples]:
    """Three noises of shape (time, ears), of one level: one has a band that is turned round in one ear."""
    return [_noise(rng, turned=which == place) for which in PLACES]


def _noise(rng: np.random.Generator, *, turned: bool) -> Samples:
    left = rng.standard_normal(len(times_s(INTERVAL_S)))
    left *= NOISE_RMS / np.sqrt(np.mean(left**2))
    spectrum = np.fft.rfft(left)
    frequencies_hz = np.fft.rfftfreq(len(left), 1 / SAMPLE_RATE_HZ)
    if turned:
        spectrum[np.abs(frequencies_hz - PITCH_HZ) <= PITCH_BAND * PITCH_HZ] *= -1
    right = np.fft.irfft(spectrum, len(left))
    return np.stack([faded(left, NOISE_RAMP_S), faded(right, NOISE_RAMP_S)], axis=1)
