"""What every noise promises, and what each promises beyond."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest

import pipelines.noises
from pipelines.audio import Samples, Speech, active_rms
from pipelines.conditions import CONTROLS, UnknownCondition, condition, study_conditions
from pipelines.corpora.base import Problem
from pipelines.design import SYNTHETIC
from pipelines.noises.base import Noise, NoiseRefused, ParamsWrong
from pipelines.sounds.base import Sound, SoundBank
from pipelines.variants import load, variant_names

CONDITIONS = study_conditions()


class NoSounds(SoundBank):
    """A bank without any sound."""

    def listed(self) -> Iterator[Sound | Problem]:
        return iter(())


NO_SOUNDS = NoSounds(Path("nowhere"))


def changed(noise: Noise, speech: Speech, sounds: SoundBank, seed: int) -> Samples:
    return noise.apply(speech, noise.draw(speech, sounds, np.random.default_rng(seed)), sounds)


@pytest.mark.parametrize("variant", variant_names(pipelines.noises))
def test_every_file_of_noises_defines_one_noise(variant: str) -> None:
    assert issubclass(load(pipelines.noises, variant, Noise), Noise)


@pytest.mark.parametrize("noise", CONDITIONS.values(), ids=CONDITIONS.keys())
class TestEveryNoise:
    def test_the_same_seed_gives_the_same_samples(self, noise: Noise, speech: Speech, sounds: SoundBank) -> None:
        np.testing.assert_array_equal(changed(noise, speech, sounds, seed=1), changed(noise, speech, sounds, seed=1))

    def test_params_that_were_written_down_make_the_same_sound_again(
        self, noise: Noise, speech: Speech, sounds: SoundBank
    ) -> None:
        params = noise.draw(speech, sounds, np.random.default_rng(2))
        read_back = json.loads(json.dumps(params, allow_nan=False))

        assert read_back == params
        np.testing.assert_array_equal(noise.apply(speech, params, sounds), noise.apply(speech, read_back, sounds))

    def test_what_comes_out_is_sound(self, noise: Noise, speech: Speech, sounds: SoundBank) -> None:
        samples = changed(noise, speech, sounds, seed=3)

        assert samples.dtype == np.float32
        assert samples.ndim == 1
        assert np.isfinite(samples).all()
        assert active_rms(samples) > 0

    def test_the_speech_that_came_in_is_left_alone(self, noise: Noise, speech: Speech, sounds: SoundBank) -> None:
        before = speech.samples.copy()
        changed(noise, speech, sounds, seed=4)

        np.testing.assert_array_equal(speech.samples, before)

    def test_samples_differ_unless_it_is_the_identical_one(
        self, noise: Noise, speech: Speech, sounds: SoundBank
    ) -> None:
        samples = changed(noise, speech, sounds, seed=5)

        assert np.array_equal(samples, speech.samples) == (noise is condition("identical"))

    def test_every_sound_that_it_drew_is_in_the_bank(self, noise: Noise, speech: Speech, sounds: SoundBank) -> None:
        params = noise.draw(speech, sounds, np.random.default_rng(7))

        drawn = [params["sound_id"]] if "sound_id" in params else params.get("sound_ids", [])
        assert {sounds.sound(sound_id).sound_id for sound_id in drawn} == set(drawn)

    def test_a_clip_that_carries_it_lacks_nothing(self, noise: Noise, speech: Speech, sounds: SoundBank) -> None:
        assert noise.lacks(speech, sounds) is None

    def test_without_sounds_it_is_made_or_lacks_them_in_a_sentence(self, noise: Noise, speech: Speech) -> None:
        lack = noise.lacks(speech, NO_SOUNDS)

        assert lack is not None or np.isfinite(changed(noise, speech, NO_SOUNDS, seed=8)).all()
        assert (
            lack is None or ("family" in lack and noise.kind == "environmental") or "sound" in lack or "filler" in lack
        )

    def test_silence_is_refused_or_stays_silent(self, noise: Noise, speech: Speech, sounds: SoundBank) -> None:
        silence = replace(speech, samples=np.zeros_like(speech.samples))

        with suppress(NoiseRefused):
            samples = changed(noise, silence, sounds, seed=9)
            assert np.isfinite(samples).all()
            assert noise.snr_db is None

    def test_every_rate_that_a_study_may_have_will_do(self, noise: Noise, speech: Speech, sounds: SoundBank) -> None:
        for rate_hz in (8000, 22050, 48000):
            resampled = librosa.resample(speech.samples, orig_sr=speech.sample_rate_hz, target_sr=rate_hz)
            samples = changed(noise, replace(speech, samples=resampled, sample_rate_hz=rate_hz), sounds, seed=10)
            assert np.isfinite(samples).all()

    def test_a_clip_of_a_few_samples_is_changed_or_refused_but_never_broken(
        self, noise: Noise, sounds: SoundBank
    ) -> None:
        short = Speech(np.full(100, 0.1, dtype=np.float32), 16000)

        with suppress(NoiseRefused):
            assert np.isfinite(changed(noise, short, sounds, seed=6)).all()


def test_the_study_has_every_condition_of_the_paper() -> None:
    positions = ("st", "co-20db", "co-10db", "co-0db", "sh", "me")
    environmental = {f"{family}-{position}" for family in ("nat", "hum", "int") for position in positions}
    synthetic = {name for noise in SYNTHETIC for name in noise}

    assert set(CONDITIONS) >= environmental | synthetic | set(CONTROLS)
    assert (condition("hum-st").family, condition("fade-in").family) == ("hum", "fade")
    assert (condition("int-co-20db").snr_db, condition("fade-in").snr_db) == (20.0, None)
    assert {name for name, noise in CONDITIONS.items() if noise.kind == "control"} == set(CONTROLS)


def test_an_unknown_condition_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownCondition, match=r"did you mean .*nat-co-10db"):
        condition("nat-co-1db")


def test_params_of_the_wrong_kind_are_refused(speech: Speech, sounds: SoundBank) -> None:
    with pytest.raises(ParamsWrong, match=r"'percent_per_second' is '2'; expected a number"):
        condition("fade-in").apply(speech, {"percent_per_second": "2"}, sounds)
