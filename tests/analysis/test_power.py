"""Power: the plan's own table, crowds worked by hand, and the formula held against simulated studies."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from analysis.power import (
    Controls,
    Outcome,
    Protocol,
    Rule,
    Skill,
    curves,
    fixed_design,
    pairs_needed,
    power_at,
    protocol,
    simulate,
)

MANY = Controls(identical=800, positive=200)
MAJORITY = Protocol("majority of 3", 0.048, 0.889, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
LEAD = Protocol("lead rule", 0.0045, 0.687, (1.30,), (3.08,))
ONE = Protocol("1 vote", 0.12, 0.805, (1.0,), (1.0,))


@pytest.mark.parametrize(
    ("asked", "tau", "theta", "pairs"),
    [
        (MAJORITY, 0.05, 0.0, 421),
        (MAJORITY, 0.05, 0.02, 3346),
        (MAJORITY, 0.075, 0.03, 731),
        (MAJORITY, 0.10, 0.0, 104),
        (MAJORITY, 0.10, 0.03, 262),
        (LEAD, 0.05, 0.0, 148),
        (LEAD, 0.10, 0.03, 183),
        (ONE, 0.10, 0.0, 303),
    ],
)
def test_pairs_are_those_of_the_studys_plan(asked: Protocol, tau: float, theta: float, pairs: int) -> None:
    # the plan's table has more digits of q0 and q1 than its text
    assert pairs_needed(asked, tau, theta, MANY) == pytest.approx(pairs, rel=0.05)


def test_where_controls_are_too_few_no_number_of_pairs_suffices() -> None:
    assert pairs_needed(ONE, 0.05, 0.01, MANY) is None
    assert pairs_needed(MAJORITY, 0.05, 0.05, MANY) is None
    assert pairs_needed(MAJORITY, 0.10, 0.0, Controls(0, 0)) is None
    assert power_at([10, 1000], MAJORITY, 0.1, 0.0, Controls(0, 100)).tolist() == [0.0, 0.0]


def test_controls_that_share_clips_count_for_fewer() -> None:
    alone, shared = Controls(200, 100), Controls(200, 100, per_clip=3, likeness=0.5)
    assert shared.variance(MAJORITY, 0.1) == pytest.approx(2 * alone.variance(MAJORITY, 0.1))
    first, second = (pairs_needed(MAJORITY, 0.1, 0.0, some) for some in (alone, shared))
    assert first is not None
    assert second is not None
    assert second > first


class TestProtocols:
    @pytest.mark.parametrize(("rule", "votes"), [("fixed", 3), ("majority", 3), ("majority", 5), ("lead", 5)])
    def test_they_are_the_sum_over_all_orders_of_votes(self, rule: Rule, votes: int) -> None:
        found = protocol(rule, votes, Skill(0.2, 0.7, 0.0))
        called, asked = 0.0, 0.0
        for said in product((1, 0), repeat=votes):
            likely = 0.2 ** sum(said) * 0.8 ** (votes - sum(said))
            used = list(said)
            for count in range(1, votes):
                different, same = sum(said[:count]), count - sum(said[:count])
                certain = rule == "majority" and max(different, same) > votes // 2
                if certain or (rule == "lead" and not 0 <= different - same < 3):
                    used = list(said[:count])
                    break
            lead = 2 * sum(used) - len(used)
            called += likely * (lead >= 3 if rule == "lead" else lead > 0)
            asked += likely * len(used)
        assert found.q0 == pytest.approx(called)
        assert found.judgments(0.0) == pytest.approx(asked)

    def test_the_usual_crowd_is_the_simulated_one(self) -> None:
        three, adaptive, lead = (protocol(*way, Skill()) for way in (("fixed", 3), ("majority", 3), ("lead", 5)))
        assert (three.q0, three.q1) == pytest.approx((0.048, 0.889), abs=0.005)
        assert (adaptive.q0, adaptive.q1) == pytest.approx((three.q0, three.q1))
        assert (adaptive.judgments(0), adaptive.judgments(1)) == pytest.approx((2.20, 2.30), abs=0.02)
        assert (lead.q0, lead.q1) == pytest.approx((0.0045, 0.687), abs=0.02)
        assert (lead.judgments(0), lead.judgments(1)) == pytest.approx((1.30, 3.08), abs=0.1)

    def test_two_dimensions_take_no_less_than_one_and_no_more_than_all_votes(self) -> None:
        adaptive = protocol("majority", 3, Skill())
        assert adaptive.judgments(0.02) < adaptive.judgments(0.02, dimensions=2) < 3
        assert protocol("fixed", 3, Skill()).judgments(0.02, dimensions=2) == 3


class TestPower:
    @pytest.mark.parametrize(("tau", "theta"), [(0.1, 0.0), (0.1, 0.03), (0.075, 0.01)])
    def test_simulated_studies_have_the_power_that_the_formula_says(self, tau: float, theta: float) -> None:
        pairs = pairs_needed(MAJORITY, tau, theta, MANY)
        assert pairs is not None
        truth = {"safe": theta, "edge": tau, "bad": 3 * tau}
        design = fixed_design(pairs, MAJORITY, tau, MANY)
        found = simulate(design, truth, np.random.default_rng(5), 1500).set_index("condition")
        assert found.loc["safe", "safe"] == pytest.approx(0.9, abs=0.03)
        assert found.loc["edge", "safe"] == pytest.approx(0.05, abs=0.025)
        assert found.loc["bad", "unsafe"] > 0.7

    def test_the_curve_passes_where_the_formula_says(self) -> None:
        pairs = pairs_needed(MAJORITY, 0.1, 0.02, MANY, power=0.8)
        assert pairs is not None
        assert power_at([pairs], MAJORITY, 0.1, 0.02, MANY)[0] == pytest.approx(0.8, abs=0.02)

    def test_more_pairs_and_smaller_changes_never_have_less_power(self) -> None:
        table = curves(range(20, 400, 20), [MAJORITY], 0.1, [0.0, 0.03], MANY)
        none, some = (table[table["changed"] == theta]["power"].to_numpy() for theta in (0.0, 0.03))
        assert (np.diff(none) > 0).all()
        assert (none >= some).all()
        assert list(table) == ["protocol", "changed", "pairs", "judgments", "power"]


def test_any_callable_is_a_design() -> None:
    def coin(changed: Mapping[str, float], rng: np.random.Generator) -> Outcome:
        return Outcome({name: "SAFE" if rng.random() < 0.5 else "UNDECIDED" for name in changed}, 7)

    found = simulate(coin, {"a": 0.0}, np.random.default_rng(0), 400).iloc[0]
    assert found["safe_lower"] < 0.5 < found["safe_upper"]
    assert (found["judgments"], found["unsafe"], found["safe"] + found["undecided"]) == (7, 0, 1)
