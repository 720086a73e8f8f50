"""What every denoiser promises, of each of the three kinds."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

import models.denoisers
from models.denoisers.base import (
    Denoiser,
    FrameDenoiser,
    FramesWrong,
    JointDenoiser,
    SoundDenoiser,
    SoundWrong,
)
from models.denoisers.rnnoise.library import RnnoiseNotFound
from pipelines.variants import load, own_names

RATE_HZ, BANDS = 16_000, 8
NAMES = own_names(models.denoisers)


class Other(BaseModel):
    """Settings of something else."""


def made(name: str) -> Denoiser:
    kind: Any = load(models.denoisers, name, Denoiser)
    denoiser: Denoiser = kind(kind.Settings())
    return denoiser


def of_kind(kind: type[Denoiser]) -> list[str]:
    return [name for name in NAMES if isinstance(made(name), kind)]


def heard(denoiser: SoundDenoiser, samples: NDArray[np.float32], rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    try:
        return denoiser.denoise(samples, rate_hz)
    except RnnoiseNotFound as error:
        pytest.skip(str(error))


def hiss(length: int, level: float = 0.1) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(0, level, length).astype(np.float32)


def log_energies(frames: int, seed: int = 1) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return (rng.normal(-6, 1, (frames, BANDS)) + 4 * rng.integers(0, 2, (frames, 1))).astype(np.float32)


def fitted(name: str) -> FrameDenoiser:
    denoiser = made(name)
    assert isinstance(denoiser, FrameDenoiser)
    denoiser.fit([log_energies(60, seed) for seed in range(4)], seed=1)
    return denoiser


@pytest.mark.parametrize("name", NAMES)
class TestEveryDenoiser:
    def test_it_is_of_one_kind(self, name: str) -> None:
        assert sum(isinstance(made(name), kind) for kind in (SoundDenoiser, FrameDenoiser, JointDenoiser)) == 1

    def test_each_setting_has_a_default_and_says_what_it_is(self, name: str) -> None:
        fields = type(made(name)).Settings.model_fields
        assert fields
        assert all(field.description and not field.is_required() for field in fields.values())

    def test_an_unknown_setting_is_refused(self, name: str) -> None:
        with pytest.raises(ValidationError, match="no_such_setting"):
            type(made(name)).Settings.model_validate({"no_such_setting": 1})

    def test_settings_of_something_else_are_refused(self, name: str) -> None:
        with pytest.raises(TypeError, match="found Other"):
            type(made(name))(Other())

    def test_it_pickles_with_its_settings(self, name: str) -> None:
        again = pickle.loads(pickle.dumps(made(name)))
        assert type(again) is type(made(name))
        assert again.settings == made(name).settings


@pytest.mark.parametrize("name", of_kind(SoundDenoiser))
class TestEverySoundDenoiser:
    @pytest.mark.parametrize("length", [0, 1, 159, 4001])
    def test_sound_stays_finite_and_as_long_as_it_was(self, name: str, length: int) -> None:
        denoiser = made(name)
        assert isinstance(denoiser, SoundDenoiser)
        for rate_hz in (8_000, RATE_HZ, 44_100, 48_000):
            out = heard(denoiser, hiss(length), rate_hz)
            assert out.shape == (length,)
            assert out.dtype == np.float32
            assert np.isfinite(out).all()

    def test_the_same_sound_gives_the_same_whatever_came_before(self, name: str) -> None:
        denoiser, samples = made(name), hiss(3000)
        assert isinstance(denoiser, SoundDenoiser)
        before = samples.copy()
        first = heard(denoiser, samples)
        heard(denoiser, hiss(2000, level=0.4))
        np.testing.assert_array_equal(heard(denoiser, samples), first)
        np.testing.assert_array_equal(samples, before)

    def test_silence_stays_silent(self, name: str) -> None:
        denoiser = made(name)
        assert isinstance(denoiser, SoundDenoiser)
        assert abs(heard(denoiser, np.zeros(3200, np.float32))).max() < 1e-4

    @pytest.mark.parametrize(
        ("samples", "says"),
        [
            (np.array([0, np.nan], np.float32), "1 of 2 samples are not finite"),
            (np.zeros((2, 2), np.float32), r"shape \(2, 2\)"),
            (np.zeros(2, np.int16), "int16"),
        ],
    )
    def test_what_is_no_sound_is_a_sentence(self, name: str, samples: NDArray[np.float32], says: str) -> None:
        denoiser = made(name)
        assert isinstance(denoiser, SoundDenoiser)
        with pytest.raises(SoundWrong, match=says):
            denoiser.denoise(samples, RATE_HZ)
        with pytest.raises(SoundWrong, match="rate of 0 Hz"):
            denoiser.denoise(np.zeros(1, np.float32), 0)


@pytest.mark.parametrize("name", of_kind(FrameDenoiser))
class TestEveryFrameDenoiser:
    @pytest.mark.parametrize("frames", [0, 1, 3, 50])
    def test_frames_stay_finite_and_as_many_as_they_were(self, name: str, frames: int) -> None:
        before = log_energies(frames)
        after = fitted(name).denoise(before)
        assert after.shape == before.shape
        assert after.dtype == np.float32
        assert np.isfinite(after).all()
        np.testing.assert_array_equal(before, log_energies(frames))

    def test_the_same_seed_and_clips_give_the_same(self, name: str) -> None:
        noisy = log_energies(40, seed=9)
        np.testing.assert_array_equal(fitted(name).denoise(noisy), fitted(name).denoise(noisy))

    def test_silence_is_learnt_from_and_denoised(self, name: str) -> None:
        silence = np.full((60, BANDS), np.log(1e-10), dtype=np.float32)
        assert np.isfinite(fitted(name).denoise(silence)).all()
        denoiser = made(name)
        assert isinstance(denoiser, FrameDenoiser)
        denoiser.fit([silence], seed=1)
        assert np.isfinite(denoiser.denoise(log_energies(20))).all()

    def test_what_was_learnt_goes_through_arrays_and_pickles(self, name: str) -> None:
        one, other, noisy = fitted(name), made(name), log_energies(40, seed=9)
        assert isinstance(other, FrameDenoiser)
        other.restore(one.arrays())
        for again in (other, pickle.loads(pickle.dumps(one))):
            np.testing.assert_array_equal(again.denoise(noisy), one.denoise(noisy))

    def test_what_are_no_frames_is_a_sentence(self, name: str) -> None:
        denoiser = fitted(name)
        nans: NDArray[np.float32] = np.full((2, BANDS), np.nan, np.float32)
        for wrong in (nans, np.zeros(3, np.float32), np.zeros((2, BANDS + 1), np.float32)):
            with pytest.raises(FramesWrong, match="expected finite log energies"):
                denoiser.denoise(wrong)


@pytest.mark.parametrize("name", of_kind(JointDenoiser))
class TestEveryJointDenoiser:
    def test_values_stay_finite_and_in_shape(self, name: str) -> None:
        denoiser = made(name)
        assert isinstance(denoiser, JointDenoiser)
        assert denoiser.weight >= 0
        cleaned = denoiser.front(BANDS)(torch.zeros((2, 5, BANDS)), torch.tensor([5, 1]))
        assert cleaned.shape == (2, 5, BANDS)
        assert cleaned.isfinite().all()

    def test_a_clip_comes_out_the_same_alone_and_beside_another(self, name: str) -> None:
        denoiser = made(name)
        assert isinstance(denoiser, JointDenoiser)
        torch.manual_seed(1)
        front, values = denoiser.front(BANDS).eval(), torch.randn((2, 12, BANDS))
        together = front(values, torch.tensor([12, 4]))
        alone = front(values[1:, :4], torch.tensor([4]))
        torch.testing.assert_close(together[1, :4], alone[0], rtol=0, atol=1e-6)

    def test_every_weight_gets_a_gradient(self, name: str) -> None:
        denoiser = made(name)
        assert isinstance(denoiser, JointDenoiser)
        front = denoiser.front(BANDS)
        front(torch.randn((2, 12, BANDS)), torch.tensor([12, 4])).square().sum().backward()
        assert all(part.grad is not None and part.grad.isfinite().all() for part in front.parameters())
