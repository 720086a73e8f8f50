"""What every net promises, present and future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import models.nets
from models.checkpoint import features_of_net, make_net, settings_of_net, weights_of
from models.experiment import Experiment, SettingsWrong
from models.hearing.batches import Version, batches
from models.hearing.heard import CLEAN
from models.hearing.material import Source
from models.nets.base import Inputs, Net, Padded, frame_mask, masked_mean
from pipelines.clip import Clip
from pipelines.variants import UnknownVariant, variant_names

#: Every net as its defaults have it, and what reads any feature with frames of other shapes.
WAYS: Sequence[tuple[str, Mapping[str, str], tuple[int, ...]]] = [
    *((name, {}, (40,)) for name in variant_names(models.nets)),
    ("pooled", {"feature": "encoder"}, (768,)),
    ("pooled", {"feature": "egemaps"}, (88,)),
    ("pooled", {"feature": "encoder"}, (4, 8)),
]


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0]}-{'x'.join(map(str, way[2]))}")
def way(request: pytest.FixtureRequest) -> tuple[str, Mapping[str, str], tuple[int, ...]]:
    found: tuple[str, Mapping[str, str], tuple[int, ...]] = request.param
    return found


def design(name: str, told: Mapping[str, object]) -> Experiment:
    return Experiment.model_validate({"net": name, "net_settings": told})


def made(
    way: tuple[str, Mapping[str, str], tuple[int, ...]], seed: int = 1, classes: int = 3
) -> tuple[Net, dict[str, tuple[int, ...]]]:
    name, told, shape = way
    experiment = design(name, told)
    shapes = dict.fromkeys(features_of_net(experiment), shape)
    return make_net(experiment, shapes, classes, seed).eval(), shapes


def clip_of(shape: tuple[int, ...], length: int, seed: int = 0) -> Tensor:
    return torch.randn(length, *shape, generator=torch.Generator().manual_seed(1000 * seed + length))


def together(shapes: Mapping[str, tuple[int, ...]], clips: Sequence[Tensor], padding: float, more: int = 0) -> Inputs:
    """Clips in one batch, filled up with anything to the longest and some more."""
    longest = max(map(len, clips)) + more
    rows = [torch.cat([one, torch.full((longest - len(one), *one.shape[1:]), padding)]) for one in clips]
    return dict.fromkeys(shapes, Padded(torch.stack(rows), torch.tensor([len(one) for one in clips])))


class TestEveryNet:
    @pytest.mark.parametrize("classes", [2, 3, 7])
    def test_it_gives_a_logit_for_each_class_of_each_clip(
        self, way: tuple[str, Mapping[str, str], tuple[int, ...]], classes: int
    ) -> None:
        net, shapes = made(way, classes=classes)
        logits = net(together(shapes, [clip_of(way[2], length) for length in (57, 1, 2, 30)], 0.0))
        assert logits.shape == (4, classes)
        assert torch.isfinite(logits).all()

    def test_a_clip_is_called_the_same_alone_and_in_any_batch(
        self, way: tuple[str, Mapping[str, str], tuple[int, ...]]
    ) -> None:
        net, shapes = made(way)

        @settings(max_examples=20, deadline=None)
        @given(
            lengths=st.lists(st.integers(1, 60), min_size=1, max_size=5),
            more=st.integers(0, 40),
            padding=st.sampled_from([0.0, 5.0, -9.0, float("nan"), float("inf"), -float("inf")]),
        )
        def check(lengths: list[int], more: int, padding: float) -> None:
            clips = [clip_of(way[2], length, seed) for seed, length in enumerate(lengths)]
            with torch.inference_mode():
                alone = torch.cat([net(together(shapes, [clip], 0.0)) for clip in clips])
                torch.testing.assert_close(net(together(shapes, clips, padding, more)), alone, atol=1e-5, rtol=1e-5)

        check()

    def test_a_broken_clip_spoils_no_other_of_its_batch(
        self, way: tuple[str, Mapping[str, str], tuple[int, ...]]
    ) -> None:
        net, shapes = made(way)
        good = clip_of(way[2], 20)
        for value in (float("nan"), float("inf")):
            with torch.inference_mode():
                said = net(together(shapes, [torch.full((33, *way[2]), value), good], 0.0))
                torch.testing.assert_close(said[1:], net(together(shapes, [good], 0.0)), atol=1e-5, rtol=1e-5)

    def test_padding_teaches_it_nothing(self, way: tuple[str, Mapping[str, str], tuple[int, ...]]) -> None:
        net, shapes = made(way)
        for padding in (0.0, float("nan")):
            net.zero_grad()
            inputs = together(shapes, [clip_of(way[2], length) for length in (9, 30)], padding)
            net.loss(inputs, torch.tensor([0, 2]), torch.ones(3)).backward()
            assert all(weight.grad is not None and torch.isfinite(weight.grad).all() for weight in net.parameters())

    def test_the_same_seed_gives_the_same_weights_and_leaves_torch_alone(
        self, way: tuple[str, Mapping[str, str], tuple[int, ...]]
    ) -> None:
        before = torch.get_rng_state()
        weights = [weights_of(made(way, seed)[0]) for seed in (1, 1, 2)]
        assert weights[0] == weights[1] != weights[2]
        assert torch.equal(before, torch.get_rng_state())

    def test_every_weight_learns(self, way: tuple[str, Mapping[str, str], tuple[int, ...]]) -> None:
        net, shapes = made(way)
        net(together(shapes, [clip_of(way[2], 50, seed) for seed in range(8)], 0.0)).square().sum().backward()
        still = [weight for weight, tensor in net.named_parameters() if tensor.grad is None or not tensor.grad.any()]
        assert still == []

    def test_its_settings_have_defaults_and_refuse_strangers(
        self, way: tuple[str, Mapping[str, str], tuple[int, ...]]
    ) -> None:
        settings_of_net(design(way[0], {}))
        with pytest.raises(SettingsWrong, match="no_such_setting"):
            settings_of_net(design(way[0], {"no_such_setting": 1}))

    def test_what_a_tuner_tries_are_settings_that_it_has(
        self, way: tuple[str, Mapping[str, str], tuple[int, ...]]
    ) -> None:
        for setting, values in made(way)[0].grid.items():
            for value in values:
                settings_of_net(design(way[0], {setting: value}))


@pytest.mark.parametrize("name", variant_names(models.nets))
def test_clips_of_a_corpus_are_called_the_same_in_batches_of_any_size(name: str, clips: list[Clip]) -> None:
    source = Source(clips, design(name, {}), ("filterbanks",), {}, None, 1, None)
    material = source.material()
    net = make_net(source.experiment, material.frame_shapes, 3, seed=1).eval()
    versions = [Version(clip.clip_id, CLEAN) for clip in clips]

    def said(size: int, rng: np.random.Generator | None = None) -> dict[Version, Tensor]:
        with torch.inference_mode():
            return {
                version: logits
                for batch in batches(versions, material, size, rng=rng)
                for version, logits in zip(batch.versions, net(batch.inputs), strict=True)
            }

    alone = said(1)
    assert list(alone) != versions  # shortest first
    for found in (said(5), said(24), said(5, np.random.default_rng(1))):
        assert found.keys() == alone.keys()
        for version, logits in found.items():
            torch.testing.assert_close(logits, alone[version], atol=1e-5, rtol=1e-5)


def test_an_unknown_net_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownVariant, match="crnn, pooled"):
        make_net(design("transformer", {}), {"filterbanks": (40,)}, 3, seed=1)


def test_the_mask_ends_where_the_clip_ends() -> None:
    assert frame_mask(torch.tensor([0, 2]), 3).tolist() == [[0, 0, 0], [1, 1, 0]]


def test_the_mean_is_of_what_belongs_to_the_clip() -> None:
    values = torch.tensor([[[1.0], [3.0], [float("nan")]], [[2.0], [4.0], [9.0]]])
    assert masked_mean(values, torch.tensor([2, 3])).tolist() == [[2.0], [5.0]]
