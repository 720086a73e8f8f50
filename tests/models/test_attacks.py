"""What every attack promises, and what the decision-boundary attack does besides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import models.attacks
from models.attacks.base import Attack, AttackDesign, Moves, Outcome, snr_db
from models.attacks.noise_boundary import (
    BudgetSpent,
    LabelModel,
    MinusSnr,
    NoiseBoundary,
    NoiseBoundarySearch,
    QueryBudget,
)
from pipelines.audio import Samples, gain_for_snr
from pipelines.joining import loop
from pipelines.sounds.base import SoundBank
from pipelines.variants import load, variant_names

RATE_HZ = 16000
LEVELS_DB = tuple(float(level) for level in range(0, 42, 2))
EVERYTHING = Moves(
    ("nat", "hum", "int"),
    dict.fromkeys(("nat", "hum", "int"), LEVELS_DB),
    sounds_per_family=10,
)


def speech() -> Samples:
    seconds = np.arange(12000) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * 220 * seconds) * np.sin(2 * np.pi * 2 * seconds)).astype(np.float32)


@dataclass
class Ear:
    """A recogniser that says 1 as soon as the speech stands less than `yields_db` above the noise; it counts itself."""

    original: Samples
    yields_db: float
    asked: list[Samples] = field(default_factory=list)

    def __call__(self, samples: Samples) -> int:
        self.asked.append(samples.copy())
        return int(snr_db(self.original, samples) < self.yields_db)


def attack_with(
    attack: Attack, ear: Ear, sounds: SoundBank, queries: int = 25, moves: Moves = EVERYTHING, seed: int = 1
) -> Outcome:
    return attack.attack(
        ear, ear.original, 0, moves, sounds, sample_rate_hz=RATE_HZ, queries=queries, rng=np.random.default_rng(seed)
    )


@pytest.mark.parametrize("name", variant_names(models.attacks))
class TestEveryAttack:
    @pytest.fixture
    def attack(self, name: str) -> Attack:
        return load(models.attacks, name, Attack)()

    def test_it_never_asks_more_than_it_may(self, attack: Attack, sounds: SoundBank) -> None:
        for queries in (1, 5, 15, 25):
            for yields_db in (-100.0, 0.5, 17.0, 100.0):
                ear = Ear(speech(), yields_db)
                outcome = attack_with(attack, ear, sounds, queries)
                assert len(outcome.trace) <= queries
                assert len(ear.asked) == len(outcome.trace) + 1  # the last one verifies, and steers nothing
                assert [query.number for query in outcome.trace] == list(range(1, len(outcome.trace) + 1))

    def test_what_it_hands_out_really_changes_the_label(self, attack: Attack, sounds: SoundBank) -> None:
        ear = Ear(speech(), yields_db=17.0)
        outcome = attack_with(attack, ear, sounds)
        assert outcome.samples is not None
        assert ear(outcome.samples) == 1

    def test_the_trace_is_what_was_sent(self, attack: Attack, sounds: SoundBank) -> None:
        ear = Ear(speech(), yields_db=17.0)
        outcome = attack_with(attack, ear, sounds)
        for query, sent in zip(outcome.trace, ear.asked, strict=False):
            noise = loop(sounds.samples(query.sound_id, RATE_HZ), RATE_HZ, 12000, start=round(query.start_s * RATE_HZ))
            again = speech() + noise * np.float32(gain_for_snr(speech(), noise, query.level_db))
            np.testing.assert_allclose(sent, np.clip(again, -1, 1), atol=1e-5)
            assert query.snr_db == pytest.approx(snr_db(speech(), sent))
            assert query.label == int(query.changed) == ear(sent)
        best = outcome.best(25)
        assert best is not None
        assert outcome.samples is not None
        assert snr_db(speech(), outcome.samples) == pytest.approx(best.snr_db)

    def test_it_keeps_to_the_moves_that_it_may_make(self, attack: Attack, sounds: SoundBank) -> None:
        moves = Moves(("int", "nat"), {"int": (20.0, 30.0), "nat": (10.0,)}, sounds_per_family=2)
        outcome = attack_with(attack, Ear(speech(), yields_db=25.0), sounds, moves=moves)
        assert {(query.family, query.level_db) for query in outcome.trace} <= {("int", 20), ("int", 30), ("nat", 10)}
        assert {query.family for query in outcome.trace} == {"int"} or outcome.trace[0].family == "int"

    def test_without_a_move_nothing_is_asked(self, attack: Attack, sounds: SoundBank) -> None:
        outcome = attack_with(attack, Ear(speech(), yields_db=25.0), sounds, moves=Moves((), {}, 3))
        assert outcome == Outcome((), None)

    def test_a_net_that_never_yields_is_never_beaten(self, attack: Attack, sounds: SoundBank) -> None:
        outcome = attack_with(attack, Ear(speech(), yields_db=-100.0), sounds)
        assert outcome.samples is None
        assert outcome.best(25) is None
        assert not any(query.changed for query in outcome.trace)

    def test_a_smaller_budget_is_the_beginning_of_a_larger_one(self, attack: Attack, sounds: SoundBank) -> None:
        whole = attack_with(attack, Ear(speech(), yields_db=17.0), sounds, queries=25).trace
        for queries in (1, 5, 15):
            assert attack_with(attack, Ear(speech(), yields_db=17.0), sounds, queries).trace == whole[:queries]

    def test_the_seed_decides(self, attack: Attack, sounds: SoundBank) -> None:
        first, again, other = (attack_with(attack, Ear(speech(), 17.0), sounds, seed=seed).trace for seed in (1, 1, 2))
        assert first == again != other

    def test_any_number_of_labels_will_do(self, attack: Attack, sounds: SoundBank) -> None:
        outcome = attack.attack(
            lambda samples: 7 if snr_db(speech(), samples) > 20 else 2,
            speech(),
            7,
            EVERYTHING,
            sounds,
            sample_rate_hz=RATE_HZ,
            queries=9,
            rng=np.random.default_rng(1),
        )
        assert outcome.trace[0].label == 2


@pytest.mark.parametrize("yields_db", [3.0, 11.0, 17.0, 33.0])
def test_the_boundary_is_found_to_the_level(yields_db: float, sounds: SoundBank) -> None:
    best = attack_with(NoiseBoundary(), Ear(speech(), yields_db), sounds).best(25)
    assert best is not None
    assert best.level_db == max(level for level in LEVELS_DB if level < yields_db)


def test_every_family_is_tried_once_before_any_is_tried_twice(sounds: SoundBank) -> None:
    trace = attack_with(NoiseBoundary(), Ear(speech(), yields_db=-100.0), sounds).trace
    assert [query.family for query in trace] == ["nat", "hum", "int"] * 3
    assert {query.level_db for query in trace} == {0.0}
    assert len({query.sound_id for query in trace}) == 9


def test_after_a_success_the_search_stays_with_its_family(sounds: SoundBank) -> None:
    class DeafToNature(Ear):
        def __call__(self, samples: Samples) -> int:
            low = np.abs(np.fft.rfft(samples - self.original))[: 12000 * 400 // RATE_HZ].sum()
            high = np.abs(np.fft.rfft(samples - self.original))[12000 * 400 // RATE_HZ :].sum()
            return super().__call__(samples) if high > low else 0

    trace = attack_with(NoiseBoundary(), DeafToNature(speech(), yields_db=15.0), sounds, queries=8).trace
    assert [query.family for query in trace][:2] == ["nat", "hum"]
    assert {query.family for query in trace[2:]} == {"hum"}


def test_a_silent_sound_costs_no_query(sounds: SoundBank, make_sounds: Callable[..., SoundBank]) -> None:
    class Silent(type(sounds)):  # type: ignore[misc]
        def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
            found: Samples = super().samples(sound_id, sample_rate_hz)
            return found * 0 if sound_id.startswith("nat") else found

    trace = attack_with(NoiseBoundary(), Ear(speech(), -100.0), Silent()).trace
    assert {query.family for query in trace} == {"hum", "int"}


class TestTheBudget:
    def test_query_k_plus_1_is_refused_and_never_reaches_the_model(self) -> None:
        ear = Ear(speech(), 10.0)
        budget = QueryBudget(LabelModel(ear), queries=3)
        for _ in range(3):
            budget(speech()[None])
        with pytest.raises(BudgetSpent, match="3 queries"):
            budget(speech()[None])
        assert budget.used == len(ear.asked) == 3

    def test_a_batch_counts_by_its_items_and_is_answered_whole_or_not_at_all(self) -> None:
        ear = Ear(speech(), 10.0)
        budget = QueryBudget(LabelModel(ear), queries=3)
        budget(np.stack([speech()] * 2))
        with pytest.raises(BudgetSpent):
            budget(np.stack([speech()] * 2))
        assert budget.used == len(ear.asked) == 2

    def test_run_asks_exactly_k_times_where_moves_suffice(self, sounds: SoundBank) -> None:
        for queries in (1, 5, 8):
            ear = Ear(speech(), -100.0)
            search = NoiseBoundarySearch(
                EVERYTHING, sounds, sample_rate_hz=RATE_HZ, queries=queries, rng=np.random.default_rng(1)
            )
            search.run(LabelModel(ear), speech()[None], np.array([0]))
            assert len(ear.asked) == queries

    def test_each_item_of_a_batch_has_a_budget_of_its_own(self, sounds: SoundBank) -> None:
        ear = Ear(speech(), -100.0)
        search = NoiseBoundarySearch(
            EVERYTHING, sounds, sample_rate_hz=RATE_HZ, queries=4, rng=np.random.default_rng(1)
        )
        found = search.run(LabelModel(ear), np.stack([speech(), speech()]), np.array([0, 0]))
        assert [len(trace) for trace in search.traces] == [4, 4]
        np.testing.assert_array_equal(found, np.stack([speech(), speech()]))  # nothing was found


class TestFoolboxForm:
    def search(self, sounds: SoundBank) -> NoiseBoundarySearch:
        return NoiseBoundarySearch(EVERYTHING, sounds, sample_rate_hz=RATE_HZ, queries=25, rng=np.random.default_rng(1))

    def test_an_epsilon_of_minus_10_leaves_speech_10_db_above_the_noise(self, sounds: SoundBank) -> None:
        found, clipped, changed = self.search(sounds)(
            LabelModel(Ear(speech(), 4.0)), speech()[None], np.array([0]), epsilons=-10.0
        )
        assert snr_db(speech(), found[0]) < 4.0
        assert snr_db(speech(), clipped[0]) == pytest.approx(10.0, abs=0.01)
        assert not changed[0]

    def test_early_stop_ends_the_search_at_that_distance(self, sounds: SoundBank) -> None:
        ear = Ear(speech(), 30.0)
        search = self.search(sounds)
        found = search.run(LabelModel(ear), speech()[None], np.array([0]), early_stop=-15.0)
        assert snr_db(speech(), found[0]) >= 15.0
        assert len(ear.asked) < 5

    def test_unknown_options_and_targeted_criteria_are_refused(self, sounds: SoundBank) -> None:
        from foolbox.criteria import TargetedMisclassification

        model = LabelModel(Ear(speech(), 4.0))
        with pytest.raises(TypeError, match="unexpected keyword argument 'steps'"):
            self.search(sounds).run(model, speech()[None], np.array([0]), steps=3)
        with pytest.raises(TypeError, match="untargeted"):
            self.search(sounds).run(model, speech()[None], TargetedMisclassification(np.array([1])))


@settings(deadline=None)
@given(db=st.floats(-20, 60), least_db=st.floats(-20, 60))
def test_the_distance_is_minus_the_snr_and_clipping_keeps_to_it(db: float, least_db: float) -> None:
    original = speech().astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 1, len(original)).astype(np.float32)
    mixed = original + noise * np.float32(gain_for_snr(original, noise, db))
    assert MinusSnr()(original[None], mixed[None])[0] == pytest.approx(-db, abs=0.05)
    clipped = MinusSnr().clip_perturbation(original[None], mixed[None], -least_db)[0]
    assert snr_db(original, clipped) == pytest.approx(max(db, least_db), abs=0.05)


def test_nothing_added_is_infinitely_near() -> None:
    assert MinusSnr()(speech()[None], speech()[None])[0] == -math.inf


@pytest.mark.parametrize(
    "wrong", [{"queries": [5, 5]}, {"queries": [0]}, {"queries": []}, {"snr_levels_db": [10, 0]}, {"clip": 3}]
)
def test_a_design_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AttackDesign.model_validate(wrong)
