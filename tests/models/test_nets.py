"""What every net promises, present and future."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import models.nets
from models.checkpoint import make_net, settings_of_net, weights_of
from models.nets.base import frame_mask
from pipelines.variants import UnknownVariant, variant_names

BANDS = 40


@pytest.mark.parametrize("name", variant_names(models.nets))
class TestEveryNet:
    def test_it_gives_a_logit_for_each_class_of_each_clip(self, name: str) -> None:
        logits = make_net(name, {}, BANDS, seed=1)(torch.randn(4, 57, BANDS), torch.tensor([57, 1, 2, 30]))
        assert logits.shape == (4, 3)
        assert torch.isfinite(logits).all()

    def test_padding_never_changes_what_is_said(self, name: str) -> None:
        net = make_net(name, {}, BANDS, seed=1).eval()

        @settings(max_examples=20, deadline=None)
        @given(length=st.integers(1, 60), padding=st.integers(0, 40), value=st.sampled_from([0.0, 5.0, -9.0]))
        def check(length: int, padding: int, value: float) -> None:
            clip = torch.randn(1, length, BANDS, generator=torch.Generator().manual_seed(length))
            padded = torch.cat([clip, torch.full((1, padding, BANDS), value)], dim=1)
            lengths = torch.tensor([length])
            with torch.inference_mode():
                torch.testing.assert_close(net(padded, lengths), net(clip, lengths), atol=1e-5, rtol=1e-5)

        check()

    def test_the_same_seed_gives_the_same_weights_and_leaves_torch_alone(self, name: str) -> None:
        before = torch.get_rng_state()
        weights = [weights_of(make_net(name, {}, BANDS, seed=seed)) for seed in (1, 1, 2)]
        assert weights[0] == weights[1] != weights[2]
        assert torch.equal(before, torch.get_rng_state())

    def test_every_weight_learns(self, name: str) -> None:
        net = make_net(name, {}, BANDS, seed=1)
        net(torch.randn(8, 50, BANDS), torch.full((8,), 50)).square().sum().backward()
        still = [weight for weight, tensor in net.named_parameters() if tensor.grad is None or not tensor.grad.any()]
        assert still == []

    def test_its_settings_have_defaults_and_refuse_strangers(self, name: str) -> None:
        settings_of_net(name)()
        with pytest.raises(ValidationError, match="no_such_setting"):
            make_net(name, {"no_such_setting": 1}, BANDS, seed=1)


def test_an_unknown_net_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownVariant, match="crnn"):
        make_net("transformer", {}, BANDS, seed=1)


def test_the_mask_ends_where_the_clip_ends() -> None:
    assert frame_mask(torch.tensor([0, 2]), 3).tolist() == [[0, 0, 0], [1, 1, 0]]
