"""What every noise promises, and what each promises beyond."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pipelines.noises
from pipelines.audio import Speech
from pipelines.conditions import CONTROLS, UnknownCondition, condition, study_conditions
from pipelines.corpora.base import Problem
from pipelines.design import SYNTHETIC
from pipelines.noises.base import Noise, ParamsWrong
from pipelines.promises import NOISE_PROMISES, NoisePromise, changed
from pipelines.sounds.base import Sound, SoundBank
from pipelines.variants import load, own_names

CONDITIONS = study_conditions()


class NoSounds(SoundBank):
    """A bank without any sound."""

    def listed(self) -> Iterator[Sound | Problem]:
        return iter(())


NO_SOUNDS = NoSounds(Path("nowhere"))


@pytest.mark.parametrize("variant", own_names(pipelines.noises))
def test_every_file_of_noises_defines_one_noise(variant: str) -> None:
    assert issubclass(load(pipelines.noises, variant, Noise), Noise)


@pytest.mark.parametrize("noise", CONDITIONS.values(), ids=CONDITIONS.keys())
class TestEveryNoise:
    @pytest.mark.parametrize("promise", NOISE_PROMISES, ids=[promise.__name__ for promise in NOISE_PROMISES])
    def test_it_keeps_its_promises(
        self, promise: NoisePromise, noise: Noise, speech: Speech, sounds: SoundBank
    ) -> None:
        promise(noise, speech, sounds)

    def test_samples_differ_unless_it_is_the_identical_one(
        self, noise: Noise, speech: Speech, sounds: SoundBank
    ) -> None:
        samples = changed(noise, speech, sounds, seed=5)

        assert np.array_equal(samples, speech.samples) == (noise is condition("identical"))

    def test_without_sounds_it_is_made_or_lacks_them_in_a_sentence(self, noise: Noise, speech: Speech) -> None:
        lack = noise.lacks(speech, NO_SOUNDS)

        assert lack is not None or np.isfinite(changed(noise, speech, NO_SOUNDS, seed=8)).all()
        assert (
            lack is None or ("family" in lack and noise.kind == "environmental") or "sound" in lack or "filler" in lack
        )


def test_the_study_has_every_condition_of_the_paper() -> None:
    positions = ("st", "co-20db", "co-10db", "co-0db", "sh", "me")
    environmental = {f"{family}-{position}" for family in ("nat", "hum", "int") for position in positions}
    synthetic = {name for noise in SYNTHETIC for name in noise}

    assert set(CONDITIONS) >= environmental | synthetic | set(CONTROLS)
    assert (condition("hum-st").family, condition("fade-in").family) == ("hum", "fade")
    assert (condition("int-co-20db").nominal_snr_db, condition("fade-in").nominal_snr_db) == (20.0, None)
    assert {name for name, noise in CONDITIONS.items() if noise.kind == "control"} == set(CONTROLS)


def test_an_unknown_condition_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownCondition, match=r"did you mean .*nat-co-10db"):
        condition("nat-co-1db")


def test_params_of_the_wrong_kind_are_refused(speech: Speech, sounds: SoundBank) -> None:
    with pytest.raises(ParamsWrong, match=r"'percent_per_second' is '2'; expected a number"):
        condition("fade-in").apply(speech, {"percent_per_second": "2"}, sounds)
