"""How the searches go about it: the study's own, chance, and a bandit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from models.attacking.asking import OneByOne, attack_clip
from models.attacks.base import Attack, Knowledge, Query, Scene
from models.attacks.noise_boundary.noise_boundary import NoiseBoundary
from models.attacks.random_search import RandomSearch
from models.attacks.thompson_sampling.belief import Belief
from models.attacks.thompson_sampling.thompson_sampling import ThompsonSampling
from pipelines.audio import Samples
from pipelines.sounds.base import SoundBank
from tests.models.conftest import Hums
from tests.models.ears import LEVELS_DB, RATE_HZ, THROUGHOUT, Ear, placed, scene, single

NEVER = Ear(-100.0)


def trace(attack: Attack, told: Scene, ear: Ear = NEVER, queries: int = 25) -> tuple[Query, ...]:
    return attack_clip(attack, told, OneByOne(ear, RATE_HZ), queries).trace


def levels(queries: Sequence[Query]) -> list[float | None]:
    return [query.level_db for query in queries]


@dataclass
class Fussy(Ear):
    """Minds only sounds whose strongest tone lies in a range; Hums' natural ones lie below 300 Hz."""

    from_hz: float = 0.0
    to_hz: float = 300.0

    def __call__(self, samples: Samples) -> int:
        spectrum = np.abs(np.fft.rfft(samples - self.original))
        strongest_hz = spectrum.argmax() * RATE_HZ / len(samples)
        return super().__call__(samples) if self.from_hz <= strongest_hz <= self.to_hz else 0


HUMAN = {"from_hz": 500.0, "to_hz": 1000.0}


class Noting(Hums):
    """Hums that note which of them were heard."""

    def __init__(self) -> None:
        super().__init__(each=8)
        self.heard: set[str] = set()

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        self.heard.add(sound_id)
        return super().samples(sound_id, sample_rate_hz)


class TestNoiseBoundary:
    @pytest.mark.parametrize("yields_db", [3.0, 11.0, 17.0, 33.0])
    def test_the_boundary_is_found_to_the_level(self, yields_db: float, sounds: SoundBank) -> None:
        found = [query for query in trace(NoiseBoundary(), scene(sounds), Ear(yields_db)) if query.changed]
        assert max(query.level_db or 0 for query in found) == max(level for level in LEVELS_DB if level < yields_db)

    def test_each_category_is_tried_once_before_any_is_tried_twice(self, sounds: SoundBank) -> None:
        asked = trace(NoiseBoundary(), scene(sounds))
        assert [{query.category for query in asked[n : n + 3]} for n in (0, 3, 6)] == [{"nat", "hum", "int"}] * 3
        assert set(levels(asked)) == {0.0}
        assert len({query.sound_id for query in asked}) == len(asked) == 9

    def test_categories_come_in_random_order(self, sounds: SoundBank) -> None:
        assert {trace(NoiseBoundary(), scene(sounds, seed=seed))[0].category for seed in range(20)} == {
            "nat", "hum", "int",
        }  # fmt: skip

    def test_after_a_success_its_category_is_exhausted_before_the_others(self, sounds: SoundBank) -> None:
        asked = trace(NoiseBoundary(), scene(sounds, placed("co", "st", "me")), Fussy(15.0, **HUMAN), 60)
        first = next(place for place, query in enumerate(asked) if query.changed)
        mine = [place for place, query in enumerate(asked) if query.category == "hum" and place >= first]
        assert mine == list(range(first, first + len(mine)))
        assert len(asked) > first + len(mine)
        assert {query.move for query in asked if query.category == "hum"} == {"hum-co", "hum-st", "hum-me"}

    def test_another_sound_is_first_tried_at_the_lowest_level_that_would_be_better(self, sounds: SoundBank) -> None:
        asked = trace(NoiseBoundary(), scene(sounds), Ear(17.0), 60)
        best_db, tried = -1.0, set()
        for query in asked:
            assert query.level_db is not None
            if query.sound_id not in tried:
                assert query.level_db == min(level for level in LEVELS_DB if level > best_db)
            tried.add(query.sound_id)
            best_db = max(best_db, query.level_db) if query.changed else best_db
        assert len(tried) == 9

    def test_a_sound_is_bisected_over_its_levels(self, sounds: SoundBank) -> None:
        assert levels(trace(NoiseBoundary(), scene(sounds), Ear(17.0)))[:5] == [0.0, 22.5, 12.5, 17.5, 15.0]

    def test_sounds_are_heard_only_when_it_is_their_turn(self) -> None:
        bank = Noting()
        asked = trace(NoiseBoundary(), scene(bank, placed("co", "st")), queries=4)
        tried = {query.sound_id for query in asked}
        assert tried <= bank.heard
        assert len(bank.heard) <= len(tried) + 1  # the question that the budget refused

    def test_what_hurts_most_comes_first_where_that_is_known(self, sounds: SoundBank) -> None:
        knowledge = Knowledge(
            {"nat-co": 0.1, "nat-st": 0.2, "hum-co": 0.9, "hum-st": 0.3, "int-co": 0.5, "int-st": 0.5},
            {("hum-co", "hum-1"): 0.95, ("hum-st", "hum-2"): 0.92},
        )
        told = scene(sounds, placed("co", "st"), knowledge=knowledge)
        assert [query.category for query in trace(NoiseBoundary(), told)[:6]] == ["hum", "int", "nat"] * 2
        staying = trace(NoiseBoundary(), told, Fussy(1.0, **HUMAN))
        tried = list(dict.fromkeys((query.move, query.sound_id) for query in staying if query.category == "hum"))
        assert tried[:2] == [("hum-co", "hum-1"), ("hum-st", "hum-2")]
        assert {move for move, _ in tried[2:4]} == {"hum-co"}

    def test_single_moves_are_probed_among_the_categories_and_end_it_where_they_work(self, sounds: SoundBank) -> None:
        moves = (*THROUGHOUT, single("speed-utterance-1.25x"), single("fade-in"))
        told = scene(sounds, moves)
        assert len({query.category for query in trace(NoiseBoundary(), told)[:5]}) == 5
        places = {_place_of_single(trace(NoiseBoundary(), replace(told, seed=seed))) for seed in range(12)}
        assert places > {0, 2}
        informed = replace(told, knowledge=Knowledge({"speed-utterance-1.25x": 0.6, "nat-co": 0.5, "fade-in": 0.1}))
        assert [query.move for query in trace(NoiseBoundary(), informed)[:2]] == ["speed-utterance-1.25x", "nat-co"]
        assert [query.move for query in trace(NoiseBoundary(), informed, Ear(60.0))] == ["speed-utterance-1.25x"]


def _place_of_single(asked: Sequence[Query]) -> int:
    return next(place for place, query in enumerate(asked) if query.move == "fade-in")


class TestRandomSearch:
    def test_nothing_is_asked_twice_and_everything_once(self, sounds: SoundBank) -> None:
        moves = placed("co", "me", levels_db=(0.0, 10.0, 20.0))
        asked = trace(RandomSearch(), scene(sounds, moves), queries=100)
        assert len({(query.move, query.sound_id, query.level_db) for query in asked}) == len(asked) == 54

    def test_after_a_success_only_better_levels_are_asked_about(self, sounds: SoundBank) -> None:
        best_db = -1.0
        for query in trace(RandomSearch(), scene(sounds), Ear(17.0), 200):
            assert query.level_db is not None
            assert query.level_db > best_db
            best_db = max(best_db, query.level_db) if query.changed else best_db
        assert best_db == 15.0


class TestThompsonSampling:
    def test_it_begins_just_above_what_counts(self, sounds: SoundBank) -> None:
        asked = trace(ThompsonSampling(), scene(sounds))
        assert set(levels(asked)) == {12.5}
        assert set(levels(trace(ThompsonSampling(), replace(scene(sounds), goal_db=20.0)))) == {22.5}

    def test_a_sound_that_fades_may_begin_louder_and_counts_all_the_same(self, sounds: SoundBank) -> None:
        asked = trace(ThompsonSampling(), scene(sounds, placed("st")))
        assert all(query.snr_db is not None and query.snr_db > 10 for query in asked)
        assert min(query.level_db or 0 for query in asked) < 10

    def test_after_a_success_every_question_would_be_better(self, sounds: SoundBank) -> None:
        best_db = 10.0
        asked = trace(ThompsonSampling(), scene(sounds), Ear(33.0), 60)
        for query in asked:
            assert query.snr_db is not None
            assert query.snr_db > best_db
            best_db = query.snr_db if query.changed else best_db
        assert best_db == pytest.approx(32.5, abs=0.1)
        assert max(query.reach_db for query in asked[:10] if query.changed) > 25

    def test_without_a_level_above_the_goal_nothing_is_asked(self, sounds: SoundBank) -> None:
        assert trace(ThompsonSampling(), scene(sounds, placed("co", levels_db=(0.0, 10.0)))) == ()

    def test_a_failed_sound_is_drawn_again_and_nothing_is_sent_twice(self, sounds: SoundBank) -> None:
        ear = Ear(-100.0)
        asked = trace(ThompsonSampling(), scene(sounds), ear, 40)
        assert len(asked) > 9  # sounds that there are
        assert len({samples.tobytes() for samples in ear.asked}) == len(asked)

    def test_sounds_that_cover_the_clip_come_before_those_that_cover_little_of_it(self, sounds: SoundBank) -> None:
        first = [trace(ThompsonSampling(), scene(sounds, placed("sh", "co"), seed=n), queries=3) for n in range(10)]
        moves = [query.move for asked in first for query in asked]
        assert sum(move.endswith("-co") for move in moves) > 25

    def test_what_hurts_most_comes_first_where_that_is_known(self, sounds: SoundBank) -> None:
        knowledge = Knowledge({"nat-co": 0.05, "hum-co": 0.95, "int-co": 0.05})
        asked = [trace(ThompsonSampling(), scene(sounds, knowledge=knowledge, seed=n), queries=2) for n in range(10)]
        assert {query.move for few in asked for query in few} == {"hum-co"}

    def test_sounds_like_those_that_failed_come_last(self) -> None:
        wide = Belief([["nat", "nat", "hum", "hum"]], np.zeros(4), (6.0,), 2.0)
        for _ in range(4):
            wide.note(0, -3.0, changed=False)
        drawn = draws(wide)
        assert drawn[:, 1].mean() < -4
        assert drawn[:, 2].mean() == pytest.approx(0, abs=0.7)


def draws(belief: Belief, many: int = 2000) -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    return np.stack([belief.draw(rng) for _ in range(many)])


class TestBelief:
    def test_before_any_answer_it_is_what_was_believed(self) -> None:
        drawn = draws(Belief([["a", "a"], ["b", "c"]], np.array([3.0, -2.0]), (4.0, 3.0), 1.0))
        assert drawn.mean(axis=0) == pytest.approx([3, -2], abs=0.4)
        assert np.cov(drawn.T) == pytest.approx(np.array([[25, 16], [16, 25]]), abs=2)

    @pytest.mark.parametrize("changed", [True, False])
    @pytest.mark.parametrize("snr_db", [-4.0, 2.0, 9.0])
    def test_after_an_answer_it_is_what_bayes_says(self, snr_db: float, changed: bool) -> None:
        belief = Belief([["only"]], np.array([1.0]), (5.0,), 3.0)
        belief.note(0, snr_db, changed=changed)
        wide, side = np.hypot(5, 3), 1 if changed else -1
        away = side * (1.0 - snr_db) / wide
        expected = 1.0 + side * 25 / wide * norm.pdf(away) / norm.cdf(away)
        assert draws(belief).mean() == pytest.approx(expected, abs=0.35)

    def test_answers_on_either_side_close_in_on_the_boundary(self) -> None:
        belief = Belief([["only"]], np.zeros(1), (15.0,), 1.0)
        for snr_db in (2.0, 6.0, 8.0, 11.0, 12.0, 20.0):
            belief.note(0, snr_db, changed=snr_db < 10)
        drawn = draws(belief)
        assert 8.5 < drawn.mean() < 10.5
        assert drawn.std() < 1.5
