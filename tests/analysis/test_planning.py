"""Planning: what the table adds up to, which protocol comes first, and curves that are the same each time."""

from __future__ import annotations

from math import ceil

import pytest

from analysis.planning import COLUMNS, curves_figure, plan, plan_curves, power_of_each, protocols
from analysis.power import Controls, Skill, pairs_needed
from hits.batch import Hits
from hits.bill import Measured
from hits.pay import Pay

MANY = Controls(800, 200)


def test_the_studys_own_protocol_comes_first_and_once() -> None:
    names = [one.name for one in protocols(Hits(policy="fixed", votes_per_pair=3), Skill())]
    assert names[0] == "3 votes"
    assert len(set(names)) == len(names) == 5


def test_judgments_and_money_add_up() -> None:
    hits, pay = Hits(policy="fixed", votes_per_pair=3), Pay(fees="mturk", expected_s_per_trial=20)
    (own, *_) = protocols(hits, Skill())
    row = plan([own], 26, 0.1, MANY, hits, pay).iloc[0]
    pairs = pairs_needed(own, 0.1, 0.0, MANY, power=power_of_each(0.9))
    assert row["pairs"] == pairs
    assert row["all_judgments"] == 3 * (26 * pairs + 1000)  # type: ignore[operator]
    assert row["assignments"] == ceil(row["all_judgments"] / hits.asked_per_hit)
    # ten trials of 20 s are four minutes begun: 63 cents, and a fifth of it rounded up
    assert row["price_minor"] == row["assignments"] * (63 + 13)
    assert row["price"] == pytest.approx(row["price_minor"] / 100)


def test_measured_time_is_paid_on_top_of_the_reward() -> None:
    hits, pay = Hits(), Pay()
    asked = protocols(hits, Skill())[:1]
    usual, slow = (
        plan(asked, 10, 0.1, MANY, hits, pay, measured=Measured(s_per_trial=seconds)).iloc[0]["price_minor"]
        for seconds in (None, 60.0)
    )
    assert slow > 2 * usual


def test_where_no_number_of_pairs_suffices_figures_are_missing() -> None:
    table = plan(protocols(Hits(), Skill()), 10, 0.05, Controls(10, 10), Hits(), Pay())
    assert list(table) == list(COLUMNS)
    assert table["pairs"].isna().all()


def test_curves_are_the_same_each_time() -> None:
    table = plan_curves(protocols(Hits(), Skill()), 0.1, MANY, 0.05, 400)
    first, second = (curves_figure(table) for _ in range(2))
    assert first == second
    assert b"<svg" in first
