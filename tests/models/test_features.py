"""What every feature promises, whichever it is."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import models.features
from models.features.base import ClipUnfit, Feature, FeatureUnavailable
from pipelines.audio import Samples
from pipelines.variants import load, own_names, variant_names
from tests.models.encoders import save_encoder


@pytest.fixture(scope="module", params=variant_names(models.features))
def feature(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Feature:
    make = load(models.features, request.param, Feature)
    given = {"weights": save_encoder(tmp_path_factory.mktemp("encoder"))} if request.param == "encoder" else {}
    try:
        return make(make.Settings(**given))  # type: ignore[attr-defined]
    except FeatureUnavailable as lacking:
        pytest.skip(str(lacking))


def speech(rate_hz: int, length_s: float, seed: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    seconds = np.arange(round(length_s * rate_hz)) / rate_hz
    voiced = np.sin(2 * np.pi * 120 * seconds) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * seconds))
    return (0.3 * voiced + rng.normal(0, 0.01, len(seconds))).astype(np.float32)


def clips(feature: Feature) -> list[Samples]:
    return [speech(feature.sample_rate_hz, length_s, seed) for seed, length_s in enumerate((0.5, 0.13, 1.0))]


class TestEveryFeature:
    """The promises."""

    def test_gives_finite_frames_of_its_shape(self, feature: Feature) -> None:
        for frames in feature.of(clips(feature)):
            assert frames.dtype == np.float32
            assert frames.shape[1:] == feature.frame_shape
            assert len(frames) >= 1
            assert np.isfinite(frames).all()

    def test_gives_a_clip_the_same_alone_and_in_company(self, feature: Feature) -> None:
        for clip, together in zip(clips(feature), feature.of(clips(feature)), strict=True):
            np.testing.assert_array_equal(feature.of([clip])[0], together)

    def test_leaves_the_samples_as_they_were(self, feature: Feature) -> None:
        given = clips(feature)
        for clip in given:
            clip.flags.writeable = False
        feature.of(given)

    @pytest.mark.parametrize("length", [0, 1, 100, 1000])
    def test_gives_frames_or_a_sentence_for_a_very_short_clip(self, feature: Feature, length: int) -> None:
        try:
            [frames] = feature.of([speech(feature.sample_rate_hz, 1.0)[:length]])
        except ClipUnfit as reason:
            assert "the clip lasts" in str(reason)  # noqa: PT017 - either is good
        else:
            assert frames.shape[1:] == feature.frame_shape
            assert np.isfinite(frames).all()

    @pytest.mark.parametrize("level", [0.0, 1.0, -1.0])
    def test_gives_finite_frames_for_silence_and_for_the_largest_samples(self, feature: Feature, level: float) -> None:
        [frames] = feature.of([np.full(feature.sample_rate_hz // 2, level, dtype=np.float32)])
        assert np.isfinite(frames).all()

    def test_goes_to_another_process(self, feature: Feature) -> None:
        sent = pickle.loads(pickle.dumps(feature))
        for one, other in zip(feature.of(clips(feature)), sent.of(clips(feature)), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_says_what_decides_its_numbers_in_json(self, feature: Feature) -> None:
        recipe = json.loads(json.dumps(feature.recipe()))
        assert recipe["feature"] == type(feature).__module__
        assert recipe["version"] >= 1

    def test_refuses_settings_that_it_does_not_have(self, feature: Feature) -> None:
        with pytest.raises(ValueError, match="loudnes"):
            feature.Settings.model_validate({**feature.settings.model_dump(), "loudnes": 1})


def test_the_features_are_those_of_the_folder() -> None:
    assert set(own_names(models.features)) <= set(variant_names(models.features))
    assert {"filterbanks", "egemaps", "encoder"} <= set(own_names(models.features))
