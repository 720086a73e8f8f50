"""Designs foreseen: costs and chances that hang together, and what a pool can't give is not asked."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.plan_designs import Way, design_table, foresee, spread, ways
from analysis.replay import Pool
from analysis.rule import DecisionRule
from hits.batch import Hits
from hits.pay import Pay
from hits.vote_rules import LEAD_3_OF_7, MajorityRule

POOL = Pool((150,) * 9, 300, 150)
CHEAP = Way("c-prime", DecisionRule(design="c-prime"), LEAD_3_OF_7)


def test_the_studys_own_way_comes_first_and_once() -> None:
    own = Hits(vote_rule="lead", votes_per_pair=7)
    found = ways(DecisionRule(design="c-prime"), own)
    assert found[0].name == "c-prime, lead 3 of up to 7 votes"
    assert len({way.name for way in found}) == len(found) == 5
    assert {way.rule.tau for way in found} == {0.10}


def test_a_cheap_design_finds_as_much_for_a_third_of_the_judgments() -> None:
    fixed = Way("fixed", DecisionRule(), MajorityRule(3))
    dear, cheap = (foresee(way, POOL, studies=8) for way in (fixed, CHEAP))
    assert dear.judgments == 3 * (9 * 150 + 300 + 150)
    assert cheap.judgments < 0.5 * dear.judgments
    assert cheap.judgments <= cheap.judgments_95
    assert cheap.safe[0.0] >= 0.7  # of eight studies
    assert max(dear.wrong, cheap.wrong) <= 0.2


def test_what_the_pool_does_not_hold_is_not_asked() -> None:
    few = foresee(CHEAP, Pool((20,) * 9, 40, 20), studies=4)
    assert few.judgments < 7 * (9 * 20 + 60)
    assert few.safe[0.0] < 0.5


def test_the_same_seed_foresees_the_same() -> None:
    assert foresee(CHEAP, POOL, studies=3) == foresee(CHEAP, POOL, studies=3)


@pytest.mark.parametrize("conditions", [1, 2, 8, 26, 60])
def test_shares_are_spread_for_any_number_of_conditions(conditions: int) -> None:
    found = spread(conditions)
    assert len(found) == conditions
    assert (np.diff(found) >= 0).all()


def test_where_there_are_few_conditions_each_share_is_simulated() -> None:
    found = foresee(CHEAP, Pool((120, 120), 200, 100), studies=20).safe
    assert found[0.03] < found[0.0]


def test_money_follows_from_judgments() -> None:
    hits, pay = Hits(), Pay(fees="mturk")
    row = design_table([CHEAP], POOL, hits, pay, studies=3).iloc[0]
    assert row["price"] == pytest.approx(row["price_minor"] / 100)
    assert row["price"] <= row["price_95"]
    assert row["assignments"] == pytest.approx(row["judgments"] / hits.asked_per_hit, abs=1)
