"""Anyone's Foolbox code calls the study's attack: on our labels, on a torch module that hears raw sound."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from models.attacking.asking import OneByOne, attack_clip
from models.attacks.base import BudgetSpent, Move, Scene, snr_db
from models.attacks.noise_boundary.foolbox_form import (
    MinusSnr,
    NoiseBoundarySearch,
    NotAdditive,
    NotOneChannel,
    NotUntargeted,
    QueryBudget,
)
from models.attacks.noise_boundary.noise_boundary import NoiseBoundary
from models.foolbox_model import LabelModel
from pipelines.audio import Samples
from pipelines.conditions import condition
from pipelines.sounds.base import SoundBank

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # foolbox names a module that scipy has moved
    from foolbox.criteria import Misclassification, TargetedMisclassification
    from foolbox.models.pytorch import PyTorchModel

RATE_HZ = 16000
LEVELS_DB = tuple(float(level) for level in range(0, 42, 2))
MOVES = tuple(Move(f"{name}-co", name, condition(f"{name}-co-0db"), LEVELS_DB) for name in ("nat", "hum", "int"))


def speech(loud: float = 0.3) -> Samples:
    seconds = np.arange(8000) / RATE_HZ
    return (loud * np.sin(2 * np.pi * 220 * seconds) * np.sin(2 * np.pi * 2 * seconds)).astype(np.float32)


@dataclass
class Ear:
    """Says 1 as soon as its speech stands less than `yields_db` above what was added; it keeps what it was asked."""

    yields_db: float
    original: Samples = field(default_factory=speech)
    asked: list[Samples] = field(default_factory=list)

    def __call__(self, samples: Samples) -> int:
        self.asked.append(samples.copy())
        return int(snr_db(self.original, samples) < self.yields_db)


class Hiss(nn.Module):
    """A net that hears raw sound, of shape (batch, time) or (batch, 1, time): fine or coarse grained?"""

    asked = 0

    def forward(self, sounds: Tensor) -> Tensor:
        """Logits of shape (batch, 2)."""
        self.asked += len(sounds)
        flat = sounds.flatten(1)
        fine = flat.diff(dim=1).square().mean(dim=1) / flat.square().mean(dim=1)
        return torch.stack([torch.full_like(fine, 0.02), fine], dim=1)


def search(sounds: SoundBank, queries: int = 25, moves: tuple[Move, ...] = MOVES, seed: int = 1) -> NoiseBoundarySearch:
    return NoiseBoundarySearch(moves, sounds, sample_rate_hz=RATE_HZ, queries=queries, seed=seed)


class TestOnLabels:
    def test_what_it_finds_was_itself_asked_about_within_k(self, sounds: SoundBank) -> None:
        for queries in (1, 5, 25):
            ear, attack = Ear(17.0), search(sounds, queries)
            found, _, success = attack(LabelModel(ear), speech()[None], np.array([0]), epsilons=None)
            (trace,) = attack.traces
            assert len(trace) <= queries
            assert len(ear.asked) == len(trace) + 1  # Foolbox' own last look, which steers nothing
            assert success[0]
            assert any(np.array_equal(found[0], sent) for sent in ear.asked[: len(trace)])
            assert snr_db(speech(), found[0]) == max(query.reach_db for query in trace if query.changed)

    def test_an_item_that_nothing_changes_comes_back_as_it_is(self, sounds: SoundBank) -> None:
        attack = search(sounds)
        found, _, success = attack(LabelModel(Ear(-100.0)), speech()[None], np.array([0]), epsilons=None)
        assert np.array_equal(found[0], speech())
        assert not success[0]
        assert len(attack.traces[0]) == 9  # every sound of every category, at the lowest level

    def test_it_goes_the_way_of_the_search_that_it_is(self, sounds: SoundBank) -> None:
        attack = search(sounds)
        attack(LabelModel(Ear(17.0)), speech()[None], np.array([0]), epsilons=None)
        scene = attack._scene(speech(), 0, 0)
        assert isinstance(scene, Scene)
        alone = attack_clip(NoiseBoundary(), scene, OneByOne(Ear(17.0), RATE_HZ), 25).trace
        for one, other in zip(alone, attack.traces[0], strict=True):
            assert replace(one, snr_db=0.0) == replace(other, snr_db=0.0)
            assert one.snr_db == pytest.approx(other.snr_db, abs=1e-5)

    def test_items_of_a_batch_share_neither_budget_nor_chance(self, sounds: SoundBank) -> None:
        attack = search(sounds, 10)
        two = np.stack([speech(), speech()])
        found, _, success = attack(LabelModel(Ear(17.0)), two, np.array([0, 0]), epsilons=None)
        first, second = attack.traces
        assert len(first) == len(second) == 10
        assert first != second
        assert all(success)
        assert not np.array_equal(found[0], found[1])

    def test_a_seed_repeats_it(self, sounds: SoundBank) -> None:
        traces = []
        for seed in (1, 1, 2):
            attack = search(sounds, seed=seed)
            attack(LabelModel(Ear(17.0)), speech()[None], np.array([0]), epsilons=None)
            traces.append(attack.traces)
        assert traces[0] == traces[1] != traces[2]

    def test_an_epsilon_ends_the_search_where_it_is_reached(self, sounds: SoundBank) -> None:
        attack = search(sounds)
        _, clipped, success = attack(LabelModel(Ear(17.0)), speech()[None], np.array([0]), epsilons=-10.0)
        changed = [query.reach_db for query in attack.traces[0] if query.changed]
        assert changed[-1] >= 10 > max(changed[:-1])
        assert attack.traces[0][-1].changed
        assert snr_db(speech(), clipped[0]) >= 10 - 1e-3
        assert success[0]

    def test_a_narrower_model_is_sent_nothing_beyond_its_bounds(self, sounds: SoundBank) -> None:
        ear = Ear(17.0)
        search(sounds)(LabelModel(ear, top=0.31), speech()[None], np.array([0]), epsilons=None)
        assert max(np.abs(sent).max() for sent in ear.asked) <= np.float32(0.31)


@pytest.mark.parametrize("shape", [(2, 8000), (2, 1, 8000)])
def test_a_torch_module_that_hears_raw_sound_is_attacked(shape: tuple[int, ...], sounds: SoundBank) -> None:
    net = Hiss().eval()
    model = PyTorchModel(net, bounds=(-1, 1))
    inputs = torch.from_numpy(np.stack([speech(), speech(0.2)]).reshape(shape))
    attack = search(sounds)
    found, _, success = attack(model, inputs, Misclassification(torch.tensor([0, 0])), epsilons=None)
    assert isinstance(found, Tensor)
    assert found.shape == shape
    assert success.all()
    assert all(len(trace) <= 25 for trace in attack.traces)
    assert net.asked == sum(map(len, attack.traces)) + len(inputs)
    assert (net(found).argmax(dim=1) == 1).all()
    distances = MinusSnr()(inputs, found)
    best = [max(query.reach_db for query in trace if query.changed) for trace in attack.traces]
    assert (-distances).tolist() == pytest.approx(best, abs=1e-3)


class TestRefusals:
    def test_query_k_plus_1_is_refused(self) -> None:
        ear = Ear(17.0)
        model = QueryBudget(LabelModel(ear), 3)
        model(np.stack([speech()] * 2))
        with pytest.raises(BudgetSpent, match="the budget of 3 queries is spent"):
            model(np.stack([speech()] * 2))
        assert (model.used, len(ear.asked)) == (2, 2)
        model(speech()[None])
        with pytest.raises(BudgetSpent):
            model(speech()[None])

    @pytest.mark.parametrize("queries", [0, -1])
    def test_a_budget_of_nothing(self, queries: int, sounds: SoundBank) -> None:
        with pytest.raises(ValueError, match=f"the budget is {queries} queries; expected 1 or more"):
            search(sounds, queries)

    def test_a_certain_label(self, sounds: SoundBank) -> None:
        wanted = TargetedMisclassification(np.array([1]))
        with pytest.raises(NotUntargeted, match="this attack is untargeted; expected Misclassification"):
            search(sounds)(LabelModel(Ear(17.0)), speech()[None], wanted, epsilons=None)

    def test_options_that_there_are_not(self, sounds: SoundBank) -> None:
        with pytest.raises(TypeError, match="unexpected keyword argument 'steps'"):
            search(sounds)(LabelModel(Ear(17.0)), speech()[None], np.array([0]), epsilons=None, steps=5)

    def test_moves_without_an_snr(self, sounds: SoundBank) -> None:
        with pytest.raises(NotAdditive, match="fade-in can't be tried through Foolbox"):
            search(sounds, moves=(*MOVES, Move("fade-in", "fade", condition("fade-in"))))

    @pytest.mark.parametrize("shape", [(8000,), (1, 2, 4000)])
    def test_what_is_no_clip_of_one_channel(self, shape: tuple[int, ...], sounds: SoundBank) -> None:
        with pytest.raises(NotOneChannel, match=r"expected samples, as \(batch, time\) or \(batch, 1, time\)"):
            search(sounds)(LabelModel(Ear(17.0)), speech().reshape(shape), np.array([0]), epsilons=None)


class TestDistance:
    @given(below_db=st.floats(-10, 40), epsilon=st.floats(-30, 0))
    @settings(max_examples=20, deadline=None)
    def test_an_epsilon_turns_the_noise_down_as_far_as_it_says(self, below_db: float, epsilon: float) -> None:
        noise = np.random.default_rng(0).normal(0, 1, 8000).astype(np.float32)
        unit = noise * np.float32(10 ** (snr_db(speech(), speech() + noise) / 20))  # now at 0 dB
        noisy = speech() + unit * np.float32(10 ** (-below_db / 20))
        clipped: Any = MinusSnr().clip_perturbation(speech()[None], noisy[None], epsilon)
        assert snr_db(speech(), clipped[0]) == pytest.approx(max(below_db, -epsilon), abs=0.02)

    def test_nothing_is_nearer_than_the_clip_itself(self) -> None:
        assert MinusSnr()(speech()[None], speech()[None])[0] == -math.inf
        assert np.array_equal(MinusSnr().clip_perturbation(speech()[None], speech()[None], -10.0)[0], speech())
