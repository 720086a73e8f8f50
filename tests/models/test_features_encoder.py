"""Encoders are those of transformers, and what can't be one is refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from models.features import encoder
from models.features.base import ClipUnfit, FeatureUnavailable
from models.features.encoder import Encoder, EncoderMissing, SpeechEncoder
from tests.models.encoders import KINDS, save_encoder

HISS = np.random.default_rng(0).normal(0.05, 0.1, 8000).astype(np.float32)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return save_encoder(tmp_path / "encoder")


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_the_hidden_states_that_transformers_gives(kind: str, tmp_path: Path) -> None:
    folder = save_encoder(tmp_path / kind, kind)
    from transformers import AutoModel

    heard = (HISS - HISS.mean()) / np.sqrt(HISS.var() + 1e-7)
    with torch.inference_mode():
        said = AutoModel.from_pretrained(folder).eval()(torch.from_numpy(heard)[None], output_hidden_states=True)
    expected = {
        -1: said.last_hidden_state,
        1: said.hidden_states[1],
        "mean": (said.hidden_states[1] + said.hidden_states[2]) / 2,
    }
    for layer, states in expected.items():
        [frames] = SpeechEncoder(Encoder.model_validate({"weights": folder, "layer": layer})).of([HISS])
        np.testing.assert_allclose(frames, states[0], atol=1e-5)


def test_sound_goes_in_as_it_is_where_the_encoder_says_so(weights: Path) -> None:
    normalised = SpeechEncoder(Encoder(weights=weights)).of([HISS])[0]
    (weights / "preprocessor_config.json").write_text('{"do_normalize": true, "sampling_rate": 16000}')
    np.testing.assert_array_equal(SpeechEncoder(Encoder(weights=weights)).of([HISS])[0], normalised)
    (weights / "preprocessor_config.json").write_text('{"do_normalize": false}')
    assert not np.allclose(SpeechEncoder(Encoder(weights=weights)).of([HISS])[0], normalised)


def test_a_cache_goes_by_the_weights_and_not_by_their_folder(weights: Path, tmp_path: Path) -> None:
    recipe = SpeechEncoder(Encoder(weights=weights)).recipe()
    assert SpeechEncoder(Encoder(weights=save_encoder(tmp_path / "same"))).recipe() == recipe
    assert SpeechEncoder(Encoder(weights=save_encoder(tmp_path / "other", seed=1))).recipe() != recipe
    assert SpeechEncoder(Encoder(weights=weights, layer=1)).recipe() != recipe


def test_too_short_a_clip_is_refused_in_a_sentence(weights: Path) -> None:
    with pytest.raises(ClipUnfit, match=r"lasts 0\.025 s; a frame of the encoder sees 0\.025 s"):
        SpeechEncoder(Encoder(weights=weights)).of([HISS[:399]])
    assert len(SpeechEncoder(Encoder(weights=weights)).of([HISS[:400]])[0]) == 1


def change_config(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        kept = {name: value for name, value in (config | changes).items() if value is not None}
        (folder / "config.json").write_text(json.dumps(kept))

    return change


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def wrong_rate(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text('{"sampling_rate": 8000}')


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "config.json").unlink(), r"it holds no config\.json"),
        (no_weights, r"no weights as \.safetensors \(other weights: pytorch_model\.bin\)"),
        (lambda folder: (folder / "config.json").write_text("{"), r"config\.json can't be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), r"config\.json holds no object"),
        (change_config(model_type="bert", conv_kernel=None), r"of the kind 'bert' and says nothing of conv_kernel"),
        (change_config(num_hidden_layers=3), r"its weights lack \d+ tensors"),
        (change_config(model_type="shelf"), "ValueError"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 50), "SafetensorError"),
        (wrong_rate, "it hears at 8000 Hz, and sample_rate_hz is 16000"),
    ],
)
def test_what_can_be_no_encoder_is_refused_in_a_sentence(
    spoil: Callable[[Path], None], sentence: str, weights: Path
) -> None:
    spoil(weights)
    with pytest.raises(EncoderMissing, match=rf"no speech encoder can be read from .*{sentence}.*nothing is ever down"):
        SpeechEncoder(Encoder(weights=weights)).of([HISS])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    if encoder.find_spec("transformers") is None:
        pytest.skip("transformers is not installed; earwitness[encoder] brings it")
    with pytest.raises(EncoderMissing, match=r"from .*nowhere: there is no such folder"):
        SpeechEncoder(Encoder(weights=tmp_path / "nowhere"))


def test_a_layer_that_it_has_not_is_refused(weights: Path) -> None:
    with pytest.raises(EncoderMissing, match="the layer 5 is wanted, and it has 2"):
        SpeechEncoder(Encoder(weights=weights, layer=5))


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(encoder, "find_spec", lambda name: None)
    with pytest.raises(
        FeatureUnavailable, match=r"transformers, which is not installed; install earwitness\[encoder\]"
    ):
        SpeechEncoder(Encoder(weights=tmp_path))
