"""A move that was drawn once and is sent louder or softer is what its noise makes at that level."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.attacks.base import Move, Scene, Take, snr_db
from pipelines.audio import Speech
from pipelines.conditions import condition
from pipelines.noises.background import Background
from pipelines.sounds.base import Family, Sound
from tests.models.conftest import Hums
from tests.models.ears import RATE_HZ, speech


class Voices(Hums):
    """Hums, and four people who talk."""

    def speakers(self, family: Family) -> tuple[str, ...]:
        return tuple("abcd") if family == "speech" else ()

    def sounds(self, family: Family, speaker: str | None = None) -> tuple[Sound, ...]:
        if family != "speech" or speaker is None:
            return super().sounds(family, speaker)
        return (Sound(f"int-{ord(speaker) - 97}", Path(speaker), family, "voice", speaker=speaker),)

    def sound(self, sound_id: str) -> Sound:
        return Sound(sound_id, Path(sound_id), "speech", "voice")


def scene(seed: int, length: int = 8000) -> Scene:
    return Scene(Speech(speech(length), RATE_HZ), 0, (), Voices(), seed)


def take_of(name: str, told: Scene) -> Take:
    noise = condition(name)
    take = told.take(Move(name.rpartition("-")[0], noise.family, noise, (0.0, 10.0)), told.rng())
    assert take is not None
    return take


@settings(max_examples=25)
@given(
    name=st.sampled_from(["nat-co-20db", "hum-st", "int-sh", "nat-me", "babble-co-5db"]),
    level_db=st.floats(-10, 40),
    seed=st.integers(0, 1000),
)
def test_a_take_at_a_level_is_its_noise_at_that_snr(name: str, level_db: float, seed: int) -> None:
    told = scene(seed)
    take = take_of(name, told)
    noise = replace(condition(name), snr_db=level_db)  # type: ignore[call-arg]
    expected = noise.apply(told.speech, {**take.params, "snr_db": level_db}, told.sounds)
    sent = take.at(level_db).samples
    assert sent.dtype == np.float32
    np.testing.assert_allclose(sent, np.clip(expected, -1, 1), atol=3e-6)


@settings(max_examples=25)
@given(level_db=st.floats(0, 40), seed=st.integers(0, 1000), length=st.integers(3200, 16000))
def test_a_sound_throughout_is_measured_at_the_level_aimed_at(level_db: float, seed: int, length: int) -> None:
    told = scene(seed, length)
    take = take_of("nat-co-10db", told)
    assert snr_db(told.speech.samples, take.at(level_db).samples) == pytest.approx(level_db, abs=0.1)
    assert take.snr_db(level_db) == pytest.approx(level_db, abs=0.1)


def test_a_sound_that_fades_is_measured_above_the_level_aimed_at_and_is_told_so() -> None:
    told = scene(1)
    take = take_of("nat-st", told)
    measured = snr_db(told.speech.samples, take.at(7.5).samples)
    assert measured > 8.5
    assert take.snr_db(7.5) == pytest.approx(measured, abs=0.1)


def test_less_of_a_clip_is_covered_where_the_snr_over_all_samples_is_higher() -> None:
    told = scene(1, 32000)
    covering, beginning, blip = (take_of(name, told).whole_snr_db for name in ("nat-co-0db", "nat-st", "nat-sh"))
    assert covering == pytest.approx(0, abs=1.5)
    assert covering < beginning
    assert covering < blip


def test_nothing_beyond_full_scale_is_sent() -> None:
    told = replace(scene(1), speech=Speech(speech(loud=0.9), RATE_HZ))
    assert np.abs(take_of("nat-co-0db", told).at(-20.0).samples).max() == 1.0


def test_a_move_that_the_clip_can_not_carry_has_no_take() -> None:
    short = Scene(Speech(speech(800), RATE_HZ), 0, (), Voices(), 1)
    assert short.take(Move("nat-co", "nat", Background("nat", "co", 0.0), (0.0,)), short.rng()) is None


def test_a_category_without_sounds_of_its_own_is_drawn_by_the_move_itself() -> None:
    told = scene(1)
    assert told.pool("babble", told.rng()) == [None] * 10
    assert take_of("babble-co-5db", told).sound_id == ""
