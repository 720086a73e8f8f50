"""What every noise promises, and what each promises beyond."""

import json
from contextlib import suppress

import numpy as np
import pytest

import pipelines.noises
from pipelines.audio import Samples, Speech, active_rms
from pipelines.conditions import UnknownCondition, condition, study_conditions
from pipelines.noises.base import Noise, NoiseRefused, ParamsWrong
from pipelines.sounds.base import SoundBank
from pipelines.variants import load, variant_names

CONDITIONS = study_conditions()
ADDITIVE = {name: noise for name, noise in CONDITIONS.items() if noise.snr_db is not None}
THROUGHOUT = {name: noise for name, noise in ADDITIVE.items() if "-co-" in name}


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

    def test_it_is_heard_unless_it_is_the_identical_one(self, noise: Noise, speech: Speech, sounds: SoundBank) -> None:
        samples = changed(noise, speech, sounds, seed=5)

        assert np.array_equal(samples, speech.samples) == (noise.family == "identical")

    def test_a_clip_of_a_few_samples_is_changed_or_refused_but_never_broken(
        self, noise: Noise, sounds: SoundBank
    ) -> None:
        short = Speech(np.full(100, 0.1, dtype=np.float32), 16000)

        with suppress(NoiseRefused):
            assert np.isfinite(changed(noise, short, sounds, seed=6)).all()


@pytest.mark.parametrize("name", ["nat-st", "int-co-0db", "speed-utterance-0.75x"])
def test_a_clip_of_a_few_samples_is_refused_in_a_sentence(name: str, sounds: SoundBank) -> None:
    short = Speech(np.full(100, 0.1, dtype=np.float32), 16000)

    with pytest.raises(NoiseRefused, match=r"the clip (has|lasts) .* needs .* or more"):
        condition(name).draw(short, sounds, np.random.default_rng(0))


@pytest.mark.parametrize(("name", "noise"), THROUGHOUT.items(), ids=THROUGHOUT.keys())
def test_noise_throughout_lies_below_the_speech_by_its_snr(
    name: str, noise: Noise, speech: Speech, sounds: SoundBank
) -> None:
    for seed in range(5):
        added = changed(noise, speech, sounds, seed).astype(np.float64) - speech.samples
        found_db = 20 * np.log10(active_rms(speech.samples) / active_rms(added))
        assert found_db == pytest.approx(float(name.split("-")[-1].removesuffix("db")), abs=0.1)


@pytest.mark.parametrize("family", ["nat", "hum", "int"])
def test_noise_at_the_start_fades_out_by_the_middle(family: str, speech: Speech, sounds: SoundBank) -> None:
    added = changed(condition(f"{family}-st"), speech, sounds, seed=1) - speech.samples
    middle = len(added) // 2 + 1

    assert active_rms(added[: middle // 2]) > 0
    np.testing.assert_array_equal(added[middle:], 0)


def test_a_silent_clip_can_not_carry_background(sounds: SoundBank) -> None:
    silence = Speech(np.zeros(16000, dtype=np.float32), 16000)

    with pytest.raises(NoiseRefused, match="silent"):
        condition("nat-co-0db").draw(silence, sounds, np.random.default_rng(0))


@pytest.mark.parametrize(("name", "gain"), [("fade-in", 1.02), ("fade-out", 0.98)])
def test_loudness_changes_by_two_percent_a_second(name: str, gain: float, sounds: SoundBank) -> None:
    steady = Speech(np.full(48001, 0.5, dtype=np.float32), 16000)

    samples = changed(condition(name), steady, sounds, seed=0)

    np.testing.assert_allclose(samples[::16000], 0.5 * gain ** np.arange(4), rtol=1e-5)


@pytest.mark.parametrize("speed", [1.25, 0.75])
def test_speed_changes_the_length_and_not_the_pitch(speed: float, sounds: SoundBank) -> None:
    seconds = np.arange(32000) / 16000
    tone = Speech((0.5 * np.sin(2 * np.pi * 400 * seconds)).astype(np.float32), 16000)

    samples = changed(condition(f"speed-utterance-{speed}x"), tone, sounds, seed=0)

    assert len(samples) == round(32000 / speed)
    peak_hz = np.argmax(np.abs(np.fft.rfft(samples))) * 16000 / len(samples)
    assert peak_hz == pytest.approx(400, rel=0.02)


def test_the_study_has_the_conditions_of_its_first_river() -> None:
    environmental = {
        f"{family}-{how}" for family in ("nat", "hum", "int") for how in ("st", "co-20db", "co-10db", "co-0db")
    }
    synthetic = {"fade-in", "fade-out", "speed-utterance-1.25x", "speed-utterance-0.75x", "identical"}

    assert set(CONDITIONS) >= environmental | synthetic
    assert (condition("hum-st").family, condition("fade-in").family) == ("hum", "fade")
    assert (condition("int-co-20db").snr_db, condition("fade-in").snr_db) == (20.0, None)


def test_an_unknown_condition_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownCondition, match=r"did you mean .*nat-co-10db"):
        condition("nat-co-1db")


def test_params_of_the_wrong_kind_are_refused(speech: Speech, sounds: SoundBank) -> None:
    with pytest.raises(ParamsWrong, match=r"'percent_per_second' is '2'; expected a number"):
        condition("fade-in").apply(speech, {"percent_per_second": "2"}, sounds)
