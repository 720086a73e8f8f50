"""VTS against what is known exactly, and on real speech under real sounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.denoisers.base import FramesWrong
from models.denoisers.vts import gaussians as vts
from models.denoisers.vts.gaussians import (
    Mixture,
    Noise,
    NoisySpeech,
    edge_noise,
    expected_speech,
    reestimated,
    responsibilities,
    under,
    without_shift,
)
from models.denoisers.vts.vts import ArraysWrong, NothingLearnt, TooFewFrames, Vts, VtsSettings
from models.features.base import Filterbanks
from models.features.filterbanks import LogMel
from pipelines.audio import Samples, Speech
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.corpora.emodb import EmoDB
from pipelines.sound_file import read_sound
from pipelines.sounds.esc50 import Esc50

Estimate: TypeAlias = Callable[[NDArray[np.float64], NoisySpeech], NDArray[np.float64]]

BANDS = 5
FEW = VtsSettings(components=4)


def spoken(frames: int, seed: int) -> NDArray[np.float64]:
    """Log energies of two sounds that take turns, in a pause at either end."""
    rng = np.random.default_rng(seed)
    sounds = np.array([np.linspace(-2, -6, BANDS), np.linspace(-6, -2, BANDS)])
    talk = sounds[(np.arange(frames) // 10) % 2]
    talk[: frames // 5] = talk[-frames // 5 :] = -12
    return talk + rng.normal(0, 0.3, (frames, BANDS))


def fitted(settings: VtsSettings = FEW) -> Vts:
    denoiser = Vts(settings)
    denoiser.fit([spoken(100, seed).astype(np.float32) for seed in range(4)], seed=1)
    return denoiser


def mixture(seed: int, components: int = 3) -> Mixture:
    rng = np.random.default_rng(seed)
    return Mixture(
        rng.dirichlet(np.ones(components)),
        rng.normal(-6, 3, (components, BANDS)),
        rng.uniform(0.1, 2, (components, BANDS)),
    )


@pytest.mark.parametrize("estimate", [without_shift, expected_speech])
def test_speech_of_one_sound_comes_back_exactly_from_under_a_known_noise(estimate: Estimate) -> None:
    clean, noise = np.linspace(-8, -2, BANDS), np.full(BANDS, -4.0)
    speech = Mixture(np.ones(1), clean[None], np.full((1, BANDS), 1e-4))
    frames = np.repeat(np.logaddexp(clean, noise)[None], 7, axis=0)

    cleaned = estimate(frames, under(speech, Noise(noise, np.full(BANDS, 1e-4))))

    np.testing.assert_allclose(cleaned, np.repeat(clean[None], 7, axis=0), atol=1e-9)


@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_noise_far_below_speech_leaves_it_as_it_is(seed: int) -> None:
    speech, frames = mixture(seed), np.random.default_rng(seed).normal(-6, 3, (6, BANDS))
    noise = Noise(np.full(BANDS, -60.0), np.ones(BANDS))

    for estimate in (without_shift, expected_speech):
        np.testing.assert_allclose(estimate(frames, under(speech, noise)), frames, atol=1e-6)


@given(seed=st.integers(0, 1000), noise=st.floats(-12, 0), more=st.floats(0.1, 5))
@settings(max_examples=15, deadline=None)
def test_more_noise_takes_more_away_from_each_component(seed: int, noise: float, more: float) -> None:
    speech = mixture(seed)
    little, much = (under(speech, Noise(np.full(BANDS, level), np.ones(BANDS))) for level in (noise, noise + more))

    assert (much.shift > little.shift).all()
    assert (much.slope < little.slope).all()


@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_nothing_that_comes_out_is_louder_than_it_came_in(seed: int) -> None:
    frames = (spoken(60, seed) + np.random.default_rng(seed).normal(0, 2)).astype(np.float32)

    for chosen in ("edges", "em"):
        for estimate in ("expected", "shift"):
            denoiser = Vts(FEW.model_copy(update={"noise": chosen, "estimate": estimate}))
            denoiser.restore(LEARNT)
            assert (denoiser.denoise(frames) <= frames).all()


LEARNT = fitted().arrays()


@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_em_makes_a_clip_more_likely(seed: int) -> None:
    speech = mixture(seed)
    clean = spoken(80, seed)
    frames = np.logaddexp(clean, np.random.default_rng(seed).normal(-5, 0.2, (80, BANDS)))
    noise = edge_noise(frames, 2)

    # Lines are drawn anew around each new noise, so that a single step may lose a little of what it gains.
    first = responsibilities(frames, under(speech, noise))[1]
    for _ in range(5):
        noise = reestimated(frames, speech, noise)
    assert responsibilities(frames, under(speech, noise))[1] > first - 1e-6
    assert (noise.variance >= vts.SMALLEST_VARIANCE).all()


def test_responsibilities_are_those_of_the_gaussians_written_out() -> None:
    speech, noise, frame = mixture(3), Noise(np.full(BANDS, -5.0), np.full(BANDS, 0.5)), np.linspace(-6, -3, BANDS)
    noisy = under(speech, noise)
    density = np.exp(-0.5 * (frame - noisy.means) ** 2 / noisy.variances) / np.sqrt(2 * np.pi * noisy.variances)
    joint = speech.weights * density.prod(axis=1)

    likely, evidence = responsibilities(frame[None], noisy)

    np.testing.assert_allclose(likely[0], joint / joint.sum())
    assert evidence == pytest.approx(np.log(joint.sum()))


def test_the_slope_is_the_derivative_of_the_sum_of_energies() -> None:
    speech, noise, step = mixture(4), Noise(np.full(BANDS, -5.0), np.ones(BANDS)), 1e-6
    noisy = under(speech, noise)

    rise = np.logaddexp(speech.means + step, noise.mean) - np.logaddexp(speech.means - step, noise.mean)

    np.testing.assert_allclose(noisy.slope, rise / (2 * step), atol=1e-8)
    np.testing.assert_allclose(noisy.means, np.logaddexp(speech.means, noise.mean))


def test_em_finds_a_noise_that_the_edges_do_not_have() -> None:
    clean, level = spoken(200, 7), -5.0
    clean = clean[40:-40]  # speech from the first frame to the last
    frames = np.logaddexp(clean, level + np.random.default_rng(8).normal(0, 0.2, clean.shape))
    speech = Mixture(*(LEARNT[name].astype(np.float64) for name in ("weights", "means", "variances")))
    noise = at_edges = edge_noise(frames, 20)
    for _ in range(10):
        noise = reestimated(frames, speech, noise)

    assert abs(noise.mean - level).mean() < 0.7 * abs(at_edges.mean - level).mean()


def test_short_clips_take_a_quarter_of_themselves_for_noise_and_one_frame_at_least() -> None:
    frames = np.arange(8.0)[:, None]

    assert edge_noise(frames, 20).mean == pytest.approx((0 + 1 + 6 + 7) / 4)
    assert edge_noise(frames, 1).mean == pytest.approx((0 + 7) / 2)
    assert edge_noise(frames[:1], 20).mean == pytest.approx(0)


def test_what_was_learnt_is_restored_to_the_last_bit() -> None:
    one, other = fitted(), Vts(FEW)
    other.restore(one.arrays())
    noisy = np.logaddexp(spoken(90, 9), -6).astype(np.float32)

    np.testing.assert_array_equal(one.denoise(noisy), other.denoise(noisy))
    assert {name: array.dtype for name, array in one.arrays().items()} == dict.fromkeys(LEARNT, np.float32)


def test_a_steady_noise_gets_less() -> None:
    clean = spoken(150, 11)
    noisy = np.logaddexp(clean, -6 + np.random.default_rng(12).normal(0, 0.2, clean.shape)).astype(np.float32)
    before, after = (float(np.sqrt(np.mean((frames - clean) ** 2))) for frames in (noisy, fitted().denoise(noisy)))

    assert after < 0.5 * before


def test_it_draws_by_its_seed_from_more_frames_than_it_takes() -> None:
    clips = [spoken(100, seed).astype(np.float32) for seed in range(4)]
    few = FEW.model_copy(update={"most_frames": 100})

    def means(seed: int) -> NDArray[np.float32]:
        denoiser = Vts(few)
        denoiser.fit(clips, seed)
        return denoiser.arrays()["means"]

    np.testing.assert_array_equal(means(1), means(1))
    assert not np.array_equal(means(1), means(2))


def test_wrong_input_is_a_sentence() -> None:
    with pytest.raises(NothingLearnt, match="call fit"):
        Vts(FEW).denoise(np.zeros((3, BANDS), np.float32))
    with pytest.raises(NothingLearnt, match="call fit"):
        Vts(FEW).arrays()
    with pytest.raises(TooFewFrames, match="3 frames .* 4 components"):
        Vts(FEW).fit([np.zeros((3, BANDS), np.float32)], 1)
    with pytest.raises(TooFewFrames, match="0 frames"):
        Vts(FEW).fit([], 1)
    with pytest.raises(FramesWrong, match="4 and 5 bands"):
        Vts(FEW).fit([np.zeros((9, 4), np.float32), np.zeros((9, 5), np.float32)], 1)
    with pytest.raises(FramesWrong, match=r"shape \(3, 4\); expected .* \(frames, 5\)"):
        fitted().denoise(np.zeros((3, 4), np.float32))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"means": np.zeros((4, 3), np.float32)}, "of shapes"),
        ({"weights": np.full(4, np.nan, np.float32)}, "not finite"),
        ({"variances": np.zeros((4, BANDS), np.float32)}, "0 or below"),
        ({"more": np.zeros(1, np.float32)}, "called means, more, variances, weights"),
    ],
)
def test_wrong_arrays_are_a_sentence(changed: dict[str, NDArray[np.float32]], says: str) -> None:
    with pytest.raises(ArraysWrong, match=says):
        Vts(FEW).restore(LEARNT | changed)


def test_real_filterbanks_come_nearer_to_their_clean_twins(real_data: Path) -> None:
    sounds, noise = Esc50(real_data / "ESC-50"), condition("int-co-10db")
    clips = [clip for clip in EmoDB(real_data / "emodb").read() if isinstance(clip, Clip)]
    speaker = clips[0].speaker
    known = [heard(clip) for clip in clips if clip.speaker != speaker][::6]
    mine = [heard(clip) for clip in clips if clip.speaker == speaker][::4]
    drawn = [noise.draw(speech, sounds, np.random.default_rng(number)) for number, speech in enumerate(mine)]
    noisy = [noise.apply(speech, params, sounds) for speech, params in zip(mine, drawn, strict=True)]
    denoiser = Vts(VtsSettings(components=16))
    denoiser.fit(frames_of([speech.samples for speech in known]), seed=1)

    clean, before = frames_of([speech.samples for speech in mine]), frames_of(noisy)
    after = [denoiser.denoise(frames) for frames in before]

    assert error(after, clean) < 0.8 * error(before, clean)


def heard(clip: Clip) -> Speech:
    return Speech(read_sound(clip.path, 16_000), 16_000)


def frames_of(sounds: list[Samples]) -> list[NDArray[np.float32]]:
    return LogMel(Filterbanks()).of(sounds)


def error(found: list[NDArray[np.float32]], clean: list[NDArray[np.float32]]) -> float:
    return float(np.mean([np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(found, clean, strict=True)]))
