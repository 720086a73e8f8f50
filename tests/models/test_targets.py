"""Recognisers of others as targets: torch modules, scikit-learn's estimators, any function."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import Tensor, nn

from models.attacking.asking import AnswerWrong, AskAgain, OneByOne, Target, checked, unbudgeted
from models.attacking.targets.estimator import Estimator, NotFitted, NoVector, Predicts, RateWrong, functionals_of
from models.attacking.targets.torch_module import TorchModule
from models.features.base import Feature, FeatureUnavailable, Filterbanks
from models.features.egemaps import Egemaps, Functionals
from models.features.filterbanks import LogMel
from pipelines.audio import Samples, rms

RATE_HZ = 16000


def sounds_of(levels: list[float], length: int = 4000) -> list[Samples]:
    """Hisses of these levels, each longer than the one before."""
    rng = np.random.default_rng(1)
    return [rng.normal(0, level, length + 500 * n).astype(np.float32) for n, level in enumerate(levels)]


def labels(target: Target, sounds: list[Samples]) -> list[int]:
    return list(target.labels(sounds, [""] * len(sounds)))


class Loud(nn.Module):
    """Says 1 above an RMS of 0.1, over all that it is given: padding makes it quieter."""

    def forward(self, waves: Tensor) -> Tensor:
        assert not self.training
        level = waves.flatten(1).square().mean(dim=1).sqrt()
        return torch.stack([torch.full_like(level, 0.1), level], dim=1)


class Peak(nn.Module):
    """Says 1 above a peak of 0.5, which silence does not change; wants a channel."""

    def forward(self, waves: Tensor) -> object:
        assert waves.ndim == 3
        assert waves.shape[1] == 1
        peak = waves.abs().amax(dim=(1, 2))
        return SimpleNamespace(logits=torch.stack([torch.full_like(peak, 0.5), peak], dim=1))


class TestATorchModule:
    def test_one_by_one_nothing_is_padded(self) -> None:
        loud, quiet_but_long = sounds_of([0.11])[0], sounds_of([0.001])[0].repeat(10)
        target = TorchModule(Loud(), RATE_HZ)
        assert target.batch == 1
        assert labels(target, [loud, quiet_but_long]) == [1, 0]

    @settings(max_examples=10, deadline=None)
    @given(st.lists(st.floats(0.01, 0.4), min_size=1, max_size=7), st.integers(2, 5))
    def test_where_padding_is_harmless_a_batch_says_what_each_would_say_alone(
        self, levels: list[float], batch: int
    ) -> None:
        sounds = sounds_of(levels, 50)
        alone = labels(TorchModule(Peak(), RATE_HZ, channel=True), sounds)
        assert labels(TorchModule(Peak(), RATE_HZ, channel=True, batch=batch), sounds) == alone
        assert alone == [int(np.abs(sound).max() > 0.5) for sound in sounds]

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            (lambda waves: waves * torch.nan, r"^the module Says answered \[nan, nan.*expected finite logits"),
            (lambda waves: waves[:, :3] + torch.inf, "inf, inf, inf"),
            (lambda waves: waves[0], r"with the shape \(4000,\); expected logits of shape \(1, classes\)"),
            (lambda waves: waves[:, :1], r"with the shape \(1, 1\)"),
            (lambda waves: "high", "answered with str"),
        ],
    )
    def test_what_are_no_logits_is_named(self, said: Callable[[Tensor], object], sentence: str) -> None:
        class Says(nn.Module):
            def forward(self, waves: Tensor) -> object:
                return said(waves)

        with pytest.raises(AnswerWrong, match=sentence):
            labels(TorchModule(Says(), RATE_HZ), sounds_of([0.1]))


def by_level(samples: Samples, _: int) -> np.ndarray:
    return np.array([np.log10(rms(samples))])


def fitted(features: np.ndarray) -> Predicts:
    pipeline: Predicts = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, ["quiet", "loud", "fair"])
    return pipeline


class TestAnEstimator:
    LEVELS = (0.001, 0.3, 0.02)

    def test_a_label_is_the_place_among_its_classes(self) -> None:
        pipeline = fitted(np.log10([[level] for level in self.LEVELS]))
        target = Estimator(pipeline, RATE_HZ, by_level)
        assert target.classes == ("fair", "loud", "quiet")
        assert labels(target, sounds_of([*self.LEVELS, 0.25])) == [2, 1, 0, 1]

    def test_a_pipeline_that_begins_with_sound_is_given_sound(self) -> None:
        sounds = sounds_of([*self.LEVELS])
        seen = FunctionTransformer(lambda heard: np.stack([by_level(one, RATE_HZ) for one in heard]))
        whole = make_pipeline(seen, LogisticRegression()).fit(sounds, [3, 1, 2])
        target = Estimator(whole, RATE_HZ)
        assert target.classes == (1, 2, 3)
        assert labels(target, sounds[::-1]) == [1, 0, 2]

    def test_functionals_of_a_clip_are_a_row(self) -> None:
        try:
            feature: Feature = Functionals(Egemaps())
        except FeatureUnavailable as reason:
            pytest.skip(str(reason))
        vector, sounds = functionals_of(feature), sounds_of([*self.LEVELS], 16000)
        rows = np.stack([vector(one, RATE_HZ) for one in sounds])
        assert rows.shape == (3, 88)
        assert labels(Estimator(fitted(rows), RATE_HZ, vector), sounds) == [2, 1, 0]

    def test_frames_are_no_row_and_rates_must_agree(self) -> None:
        vector = functionals_of(LogMel(Filterbanks()))
        pipeline = fitted(np.log10([[level] for level in self.LEVELS]))
        with pytest.raises(NoVector, match=r"\(26, 40\); expected \(features,\)"):
            labels(Estimator(pipeline, RATE_HZ, vector), sounds_of([0.1]))
        with pytest.raises(RateWrong, match="8000 Hz; expected the feature's 16000 Hz"):
            labels(Estimator(pipeline, 8000, vector), sounds_of([0.1]))

    def test_one_that_was_not_fitted_is_refused(self) -> None:
        with pytest.raises(NotFitted, match="LogisticRegression has no classes_"):
            Estimator(LogisticRegression(), RATE_HZ)

    @pytest.mark.parametrize("said", [["angry"], [np.nan], [[1, 2]], ["loud", "loud"]])
    def test_what_is_none_of_its_classes_is_named(self, said: list[object]) -> None:
        class Odd:
            classes_ = ("loud", "quiet")

            def predict(self, features: object) -> object:
                return said

        with pytest.raises(AnswerWrong, match="^Odd answered .* expected one of loud, quiet for each of 1 sounds"):
            labels(Estimator(Odd(), RATE_HZ), sounds_of([0.1]))


class TestAnyFunction:
    def test_it_is_asked_about_each_sound(self) -> None:
        assert labels(OneByOne(lambda samples: int(rms(samples) > 0.1), RATE_HZ), sounds_of([0.01, 0.2])) == [0, 1]

    @pytest.mark.parametrize("label", [float("nan"), np.float32("nan"), "high", None, 1.5, -1, np.inf])
    def test_what_is_no_label_is_named(self, label: object) -> None:
        with pytest.raises(AnswerWrong, match="the recogniser answered .* expected a label, a whole number from 0 on"):
            checked(label)

    @pytest.mark.parametrize("label", [2, 2.0, np.int64(2), torch.tensor(2)])
    def test_whole_numbers_of_any_kind_are_labels(self, label: object) -> None:
        assert checked(label) == 2

    def test_who_does_not_answer_is_asked_again_where_nothing_counts(self) -> None:
        tries: list[int] = []

        def unreliable(samples: Samples) -> int:
            tries.append(len(samples))
            if len(tries) % 2:
                raise AskAgain
            return len(tries)

        sounds = sounds_of([0.1, 0.1])
        assert unbudgeted(OneByOne(unreliable, RATE_HZ), sounds, ["a", "b"]) == [2, 4]
        assert tries == [4000, 4000, 4500, 4500]
