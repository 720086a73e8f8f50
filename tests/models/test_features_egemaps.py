"""eGeMAPS functionals are openSMILE's own."""

from __future__ import annotations

import importlib.metadata

import numpy as np
import pytest

from models.features import egemaps
from models.features.base import ClipUnfit, FeatureUnavailable
from models.features.egemaps import FUNCTIONALS, Egemaps, Functionals
from pipelines.audio import FULL_SCALE

RATE_HZ = 16000
HISS = np.random.default_rng(0).normal(0, 0.1, RATE_HZ).astype(np.float32)


@pytest.mark.filterwarnings("ignore:Feature set .* is deprecated:UserWarning")
@pytest.mark.parametrize("feature_set", FUNCTIONALS)
def test_functionals_are_those_of_opensmile(feature_set: str) -> None:
    opensmile = pytest.importorskip("opensmile", reason="opensmile is not installed; earwitness[egemaps] brings it")
    smile = opensmile.Smile(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel.Functionals)
    feature = Functionals(Egemaps.model_validate({"feature_set": feature_set}))
    np.testing.assert_array_equal(feature.of([HISS])[0], smile.process_signal(HISS, RATE_HZ).to_numpy())
    assert feature.frame_shape == (smile.num_features,)


def test_the_largest_sample_does_not_turn_into_the_smallest() -> None:
    pytest.importorskip("opensmile", reason="opensmile is not installed; earwitness[egemaps] brings it")
    pulses = (np.sin(2 * np.pi * 100 * np.arange(RATE_HZ) / RATE_HZ) > 0).astype(np.float32)  # from 0 to 1
    whole, almost = Functionals(Egemaps()).of([pulses, pulses * np.float32(FULL_SCALE)])
    np.testing.assert_array_equal(whole, almost)


def test_too_short_a_clip_is_refused_in_a_sentence() -> None:
    pytest.importorskip("opensmile", reason="opensmile is not installed; earwitness[egemaps] brings it")
    with pytest.raises(ClipUnfit, match=r"lasts 0\.050 s; eGeMAPSv02 needs 0\.06 s or more"):
        Functionals(Egemaps()).of([HISS[:800]])


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(egemaps, "version", absent)
    with pytest.raises(
        FeatureUnavailable, match=r"install earwitness\[egemaps\] \(openSMILE's licence is for research"
    ):
        Functionals(Egemaps())
