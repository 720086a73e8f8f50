"""How reverberant a clip is: dry and in rooms, silent and short, on noise in syllables and on real speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.denoisers.base import SoundWrong
from models.predicting.reverberance import SHORTEST_S, THRESHOLD_S, how_reverberant, is_reverberant, traits
from pipelines.audio import Samples
from pipelines.clip import Clip
from pipelines.corpora.emodb import EmoDB
from pipelines.rooms import Impulse, heard_in, lead
from pipelines.sound_file import read_sound

RATE_HZ = 16_000


def syllables(seed: int, length_s: float = 2.0, rate_hz: int = RATE_HZ) -> Samples:
    """Noise that is switched on and off, four times a second, as abruptly as a plosive."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(round(length_s * rate_hz)) / rate_hz
    return (0.1 * (np.sin(2 * np.pi * 4 * seconds) > 0) * rng.standard_normal(len(seconds))).astype(np.float32)


def room(t60_s: float, seed: int) -> Impulse:
    """A direct sound and a tail of noise that falls by 60 dB in t60_s, in energy as strong."""
    rng = np.random.default_rng(seed)
    before = lead(RATE_HZ)
    tail = 10 ** (-3 * np.arange(round(t60_s * RATE_HZ)) / RATE_HZ / t60_s) * rng.standard_normal(
        round(t60_s * RATE_HZ)
    )
    impulse = np.concatenate([np.zeros(before), [1.0], tail / np.sqrt(tail @ tail)])
    return Impulse(impulse.astype(np.float32), RATE_HZ)


def inside(t60_s: float, samples: Samples, seed: int = 0) -> Samples:
    return heard_in(room(t60_s, seed), samples)[: len(samples)].copy()


@pytest.mark.parametrize("seed", range(3))
def test_a_room_that_sounds_for_a_second_is_told_from_none(seed: int) -> None:
    dry = syllables(seed)

    assert is_reverberant(dry, RATE_HZ) is False
    assert is_reverberant(inside(1.0, dry, seed), RATE_HZ) is True


def test_the_longer_a_room_sounds_the_more_reverberant_is_the_clip() -> None:
    heard = [how_reverberant(inside(t60_s, syllables(1, 4.0)), RATE_HZ) for t60_s in (0.2, 0.4, 0.8, 1.6)]

    assert heard == sorted(heard, key=lambda one: one or 0)
    assert heard[1] == pytest.approx(0.4, rel=0.5)
    assert heard[2] == pytest.approx(0.8, rel=0.5)


@given(gain_db=st.floats(-60, 20), seed=st.integers(0, 20))
@settings(max_examples=10, deadline=None)
def test_loudness_changes_nothing(gain_db: float, seed: int) -> None:
    heard = inside(0.6, syllables(seed))

    louder = (heard * np.float32(10 ** (gain_db / 20))).astype(np.float32)

    assert how_reverberant(louder, RATE_HZ) == pytest.approx(how_reverberant(heard, RATE_HZ), rel=0.01)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100])
def test_sound_at_another_rate_is_told_too(rate_hz: int) -> None:
    from models.resampling import resampled

    dry, wet = (resampled(one, RATE_HZ, rate_hz) for one in (syllables(2), inside(1.0, syllables(2))))

    assert is_reverberant(dry, rate_hz) is False
    assert is_reverberant(wet, rate_hz) is True


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, np.float32),
        np.zeros(2 * RATE_HZ, np.float32),
        syllables(1)[: round(SHORTEST_S * RATE_HZ) - 1],
        np.full(2 * RATE_HZ, 0.1, np.float32),
    ],
    ids=["nothing", "silence", "too short", "nothing falls"],
)
def test_where_it_cannot_be_told_nothing_is(samples: Samples) -> None:
    assert how_reverberant(samples, RATE_HZ) is None
    assert is_reverberant(samples, RATE_HZ) is None


def test_traits_are_as_many_as_their_weights_and_the_same_each_time() -> None:
    one, same = (traits(inside(0.5, syllables(3)), RATE_HZ) for _ in range(2))

    assert one is not None
    assert one.shape == (9,)
    np.testing.assert_array_equal(one, same)


def test_what_is_no_sound_is_a_sentence() -> None:
    with pytest.raises(SoundWrong, match="not finite"):
        how_reverberant(np.full(RATE_HZ, np.inf, np.float32), RATE_HZ)
    with pytest.raises(SoundWrong, match="shape"):
        how_reverberant(np.zeros((2, RATE_HZ), np.float32), RATE_HZ)


def test_real_speech_is_dry_in_a_studio_and_reverberant_in_a_hall(real_data: Path) -> None:
    clips = [clip for clip in EmoDB(real_data / "emodb").read() if isinstance(clip, Clip)][::12]
    dry = [read_sound(clip.path, RATE_HZ) for clip in clips]

    studio = [how_reverberant(samples, RATE_HZ) or 0 for samples in dry]
    hall = [how_reverberant(inside(1.0, samples), RATE_HZ) or 0 for samples in dry]

    assert np.mean(np.array(studio) > THRESHOLD_S) <= 0.2
    assert min(hall) > THRESHOLD_S
