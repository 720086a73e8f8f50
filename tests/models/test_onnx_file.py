"""ONNX: every net as a file that says what the net says, or no file at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import models.denoisers
import models.nets
from models.checkpoint import Card, Checkpoint, load_checkpoint, make_net
from models.denoisers.base import Denoiser, JointDenoiser
from models.experiment import Experiment
from models.nets.base import Net
from models.predicting import onnx_file
from models.predicting.onnx_file import OnnxDiffers, OnnxMissing, export_onnx
from pipelines.variants import load, variant_names

pytest.importorskip("onnx", reason="the libraries for ONNX are not installed (earwitness[onnx])")
pytest.importorskip("onnxruntime")
SHAPES = {"filterbanks": (40,), "egemaps": (88,), "encoder": (24,)}


def fresh(card: Card, **changes: object) -> Checkpoint:
    """A net that has learnt nothing, with the card of another."""
    experiment = Experiment.model_validate({**changes, "labels": ["emotion"]})
    net: type[Net] = load(models.nets, experiment.net, Net)  # type: ignore[assignment]
    reads = net.reads(net.Settings.model_validate(experiment.net_settings))
    shapes = {name: SHAPES[name] for name in reads}
    told = {"experiment": experiment, "frame_shapes": shapes, "classes": ("a", "b", "c", "d"), "label": "emotion"}
    return Checkpoint(make_net(experiment, shapes, 4, 1).eval(), card.model_copy(update=told))


@pytest.fixture(scope="module")
def checkpoint(trained: Path) -> Checkpoint:
    return load_checkpoint(trained / "activation/seed-1/fold-0")


def joint_denoisers() -> list[str]:
    return [
        name
        for name in variant_names(models.denoisers)
        if issubclass(load(models.denoisers, name, Denoiser), JointDenoiser)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    "changes",
    [
        *({"net": name} for name in variant_names(models.nets)),
        *({"denoiser": name} for name in joint_denoisers()),
        {"net_settings": {"conv_layers": 4, "width": 2, "gru_layers": 1, "pool": 3}},
        {"net": "pooled", "net_settings": {"feature": "encoder"}},
        {"net": "pooled", "net_settings": {"feature": "egemaps", "dense_layers": 0}},
    ],
    ids=str,
)
def test_every_net_says_the_same_as_a_file(changes: dict[str, object], checkpoint: Checkpoint, tmp_path: Path) -> None:
    import onnxruntime

    net = fresh(checkpoint.card, **changes)
    assert export_onnx(net, tmp_path / "net.onnx") <= onnx_file.TOLERANCE
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    for clips, frames in ((1, 3), (4, 257)):  # shapes that were neither traced nor checked
        inputs = onnx_file._inputs(net, clips, frames)
        names = [one.name for one in session.get_inputs()]
        (said,) = session.run(None, {name: one.numpy() for name, one in zip(names, inputs, strict=True)})
        wanted = onnx_file._Plain(net.net, tuple(net.card.frame_shapes))(*inputs).detach().numpy()
        np.testing.assert_allclose(said, wanted, atol=onnx_file.TOLERANCE)


def test_the_file_carries_the_card_and_names_what_goes_in(checkpoint: Checkpoint, tmp_path: Path) -> None:
    import onnx

    export_onnx(checkpoint, path := tmp_path / "net.onnx")
    found = onnx.load(path)
    told = {one.key: one.value for one in found.metadata_props}
    assert Card.model_validate_json(told["card"]) == checkpoint.card
    assert json.loads(told["classes"]) == ["low", "mid", "high"]
    assert [one.name for one in found.graph.input] == ["filterbanks", "filterbanks_lengths"]
    free = [dim.dim_param for dim in found.graph.input[0].type.tensor_type.shape.dim]
    assert free[:2] == ["clips", "frames"]
    assert [one.name for one in found.graph.output] == ["logits"]


def test_padding_changes_nothing_in_the_file_either(checkpoint: Checkpoint, tmp_path: Path) -> None:
    import onnxruntime

    export_onnx(checkpoint, path := tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    values = np.random.default_rng(0).standard_normal((1, 50, 40)).astype(np.float32)
    padded = np.concatenate([values, np.full((1, 30, 40), 99, np.float32)], axis=1)
    said = [
        session.run(None, {"filterbanks": one, "filterbanks_lengths": np.array([50])})[0] for one in (values, padded)
    ]
    np.testing.assert_allclose(*said, atol=1e-6)


def test_a_file_that_says_something_else_is_not_kept(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "TOLERANCE", -1.0)
    with pytest.raises(OnnxDiffers, match="1 clips of 1 frames .* so the file is not kept"):
        export_onnx(checkpoint, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_a_library_that_is_missing_is_named(
    library: str, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(OnnxMissing, match=rf"library {library}; install earwitness\[onnx\]"):
        export_onnx(checkpoint, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
