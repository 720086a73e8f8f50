"""An order of clips is scored against the ratings: perfect is 1, reversed is -1, no first order passes by itself."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.marketplace.administration import add_requester
from hits.qualification import (
    NotInOrder,
    Round,
    correlation,
    draw_round,
    order_by_ear,
    passes,
    qualification_name,
    score,
)
from hits.recruiting import PlatformRefused
from hits.screening import Qualification
from pipelines.ranking import DIMENSIONS, Dimension, RankedClip, RankingSet
from tests.conftest import RudePlatform
from tests.hits.peopled import OFFER, Market, Peopled

RULE = Qualification(wanted=True)
NOW = "2030-01-01T00:00:00+00:00"


def sets(count: int = 6, clips: int = 5) -> list[RankingSet]:
    """Sets of clips that are half a rating apart."""
    return [
        RankingSet(
            f"{dimension}{number}",
            dimension,
            tuple(
                RankedClip(f"{dimension}{number}-{step}", f"ranking/{step}.flac", 1.0, 1 + step / 2, "", "")
                for step in range(clips)
            ),
        )
        for dimension in DIMENSIONS
        for number in range(count)
    ]


def drawn(rule: Qualification = RULE, seed: int = 0, met: frozenset[str] = frozenset(), clips: int = 5) -> Round:
    return draw_round(
        sets(clips=clips),
        rule,
        np.random.default_rng(seed),
        attempt=1,
        dimension="valence",
        met=met,
        opened_at=NOW,
    )


@given(st.lists(st.floats(1, 5), min_size=3, max_size=8, unique=True))
def test_a_perfect_order_is_worth_1_and_the_reverse_minus_1(ratings: list[float]) -> None:
    assert correlation(sorted(ratings)) == 1
    assert correlation(sorted(ratings, reverse=True)) == -1
    assert -1 <= correlation(ratings) <= 1


def test_two_neighbours_in_five_that_changed_places_are_worth_nine_tenths() -> None:
    assert correlation([1, 2, 3, 5, 4]) == 0.9


@pytest.mark.parametrize(
    ("activation", "valence", "passed", "told"),
    [(1.0, 0.9, True, 95), (0.7, 0.7, True, 70), (1.0, 0.6, False, 0), (-1.0, 1.0, False, 0)],
)
def test_both_orders_must_agree_with_the_ratings(activation: float, valence: float, passed: bool, told: int) -> None:
    found: dict[Dimension, float] = {"activation": activation, "valence": valence}
    assert passes(found, RULE) is passed
    assert score(found, RULE) == told


def test_who_passes_is_never_told_as_who_did_not() -> None:
    assert score({"activation": -1.0, "valence": -0.5}, Qualification(min_correlation=-1)) == 1


@given(st.integers(0, 10_000), st.integers(3, 8))
def test_clips_that_are_sent_as_they_came_do_not_pass(seed: int, clips: int) -> None:
    asked = drawn(seed=seed, clips=clips)
    assert correlation([clip.rating for clip in asked.clips]) < RULE.min_correlation


def test_a_rule_that_lets_everybody_pass_still_gives_a_round() -> None:
    assert len(drawn(Qualification(min_correlation=-1)).clips) == 5


def test_a_round_gives_away_nothing_and_survives_being_kept() -> None:
    asked = drawn()
    assert Round.of_json(json.loads(json.dumps(asked.as_json()))) == asked
    assert asked.set_id.startswith("valence")
    tokens = [clip.token for clip in asked.clips]
    assert len({*tokens, *(clip.token for clip in drawn().clips)}) == 10  # the same clips under other names
    assert not any(clip.clip_id in clip.token for clip in asked.clips)


def test_a_worker_meets_each_set_once_as_long_as_there_are_others() -> None:
    met: set[str] = set()
    for seed in range(6):
        met.add(drawn(seed=seed, met=frozenset(met)).set_id)
    assert len(met) == 6
    assert drawn(met=frozenset(met)).set_id in met


def test_orders_differ_from_worker_to_worker() -> None:
    assert len({tuple(clip.clip_id for clip in drawn(seed=seed).clips) for seed in range(20)}) > 15


@given(st.permutations(["1", "2", "3", "4", "5"]))
def test_any_permutation_is_an_order(places: list[str]) -> None:
    asked = drawn()
    by_token = dict(zip((clip.token for clip in asked.clips), places, strict=True))
    assert [by_token[clip.token] for clip in asked.in_order(by_token)] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "places",
    [
        [],
        ["1"] * 5,
        ["1", "2", "3", "4", "4"],
        ["0", "1", "2", "3", "4"],
        ["1", "2", "3", "4", "6"],
        ["", "2", "3", "4", "5"],
    ],
)
def test_anything_else_is_not(places: list[str]) -> None:
    asked = drawn()
    with pytest.raises(NotInOrder):
        asked.in_order(dict(zip((clip.token for clip in asked.clips), places, strict=False)))


def test_simulated_listeners_nearly_always_pass() -> None:
    rng = np.random.default_rng(0)
    ratings = {"a": 1.0, "b": 1.5, "c": 2.0, "d": 2.5, "e": 3.0}
    found = [correlation([ratings[token] for token in order_by_ear(ratings, rng)]) for _ in range(500)]
    assert np.mean([one >= RULE.min_correlation for one in found]) > 0.99
    assert min(found) < 1


def test_the_name_is_the_study_s_own() -> None:
    assert qualification_name("pilot") != qualification_name("main")


NAME = qualification_name("pilot")


def holders(market: Market, name: str = NAME) -> list[dict[str, int]]:
    """Of each of our types of that name, the workers and their values, as any requester's script would ask."""
    client: Any = market.platform()._client
    types = client.list_qualification_types(Query=name, MustBeRequestable=False, MustBeOwnedByCaller=True)
    return [
        {
            one["WorkerId"]: one["IntegerValue"]
            for one in client.list_workers_with_qualification_type(QualificationTypeId=own["QualificationTypeId"])[
                "Qualifications"
            ]
        }
        for own in types["QualificationTypes"]
    ]


def worker_of(market: Market) -> str:
    """Somebody who did a HIT."""
    arrival = Peopled(market.platform(), market.come).work(market.platform().publish(OFFER))
    assert arrival.worker_id is not None
    return arrival.worker_id


def test_the_platform_remembers_who_qualified_under_one_name_a_study(market: Market) -> None:
    first, second = worker_of(market), worker_of(market)
    for platform in (market.platform(), market.platform()):  # another process, which knows nothing of the first
        platform.grant(first, NAME, 95)
        platform.grant(first, NAME, 95)
        platform.grant(second, NAME, 0)
    assert holders(market) == [{first: 95, second: 0}]
    market.platform().grant(second, NAME, 80)
    assert holders(market) == [{first: 95, second: 80}]


def test_another_study_s_name_is_another_qualification(market: Market) -> None:
    worker = worker_of(market)
    market.platform().grant(worker, NAME, 95)
    market.platform().grant(worker, qualification_name("pilot-2"), 70)
    assert holders(market, qualification_name("pilot-2")) == [{worker: 70}]


def test_another_requester_s_type_of_that_name_is_left_alone(market: Market) -> None:
    worker, own = worker_of(market), market.keys
    market.keys = add_requester(market.database_url, "Another lab", 1000)
    market.platform().grant(worker, NAME, 10)
    others, market.keys = market.keys, own
    market.platform().grant(worker, NAME, 95)
    assert holders(market) == [{worker: 95}]
    market.keys = others
    assert holders(market) == [{worker: 10}]


def test_a_name_that_somebody_made_meanwhile_is_found(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, slow, quick = worker_of(market), market.platform(), market.platform()
    looked = slow._own_type
    seen: list[str | None] = []

    def look_before_it_is_there(name: str) -> str | None:
        seen.append(looked(name))
        if len(seen) == 1:
            quick.grant(worker, name, 70)
        return seen[-1]

    monkeypatch.setattr(slow, "_own_type", look_before_it_is_there)
    slow.grant(worker, NAME, 95)
    assert seen[0] is None
    assert seen[1] is not None
    assert holders(market) == [{worker: 95}]


def test_a_worker_whom_the_platform_does_not_know_is_refused(market: Market) -> None:
    with pytest.raises(PlatformRefused, match="AssociateQualificationWithWorker"):
        market.platform().grant("A2NOBODY", NAME, 95)


def test_a_platform_without_qualifications_does_nothing() -> None:
    super(RudePlatform, RudePlatform()).grant("A2", NAME, 95)
