"""Power: the plan's own table, crowds worked by hand, and the formula held against simulated studies."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import betabinom

from analysis.crowd import Crowd
from analysis.designs.c_prime import CPrime
from analysis.designs.fixed import Fixed
from analysis.power import Controls, Protocol, Skill, curves, pairs_needed, power_at, protocol, simulate
from hits.vote_rules import LEAD_3_OF_5, MAJORITY_OF_3, MajorityRule, VoteRule

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
    @pytest.mark.parametrize("rule", [MAJORITY_OF_3, MajorityRule(3, curtailed=True), MajorityRule(5), LEAD_3_OF_5])
    def test_they_are_the_sum_over_all_orders_of_votes(self, rule: VoteRule) -> None:
        found = protocol(rule, Skill(0.2, 0.7, 0.0))
        called, asked = 0.0, 0.0
        for said in product((True, False), repeat=rule.most):
            likely = 0.2 ** sum(said) * 0.8 ** (rule.most - sum(said))
            needed = next(count for count in range(1, rule.most + 1) if rule.outcome(said[:count]) is not None)
            called += likely * bool(rule.outcome(said))
            asked += likely * needed
        assert found.q0 == pytest.approx(called)
        assert found.judgments(0.0) == pytest.approx(asked)

    def test_votes_that_hang_together_are_drawn_from_a_beta_distribution(self) -> None:
        a, b = (share * (1 / 0.2 - 1) for share in (0.3, 0.7))
        changed, _ = MAJORITY_OF_3.walk(0.3, likeness=0.2)
        assert changed == pytest.approx(betabinom.sf(1, 3, a, b))

    def test_the_usual_crowd_is_the_simulated_one(self) -> None:
        ways = MAJORITY_OF_3, MajorityRule(3, curtailed=True), LEAD_3_OF_5
        three, adaptive, lead = (protocol(way, Skill()) for way in ways)
        assert (three.q0, three.q1) == pytest.approx((0.048, 0.889), abs=0.005)
        assert (adaptive.q0, adaptive.q1) == pytest.approx((three.q0, three.q1))
        assert (adaptive.judgments(0), adaptive.judgments(1)) == pytest.approx((2.20, 2.30), abs=0.02)
        assert (lead.q0, lead.q1) == pytest.approx((0.0045, 0.687), abs=0.02)
        assert (lead.judgments(0), lead.judgments(1)) == pytest.approx((1.30, 3.08), abs=0.1)

    def test_two_dimensions_take_no_less_than_one_and_no_more_than_all_votes(self) -> None:
        adaptive = protocol(MajorityRule(3, curtailed=True), Skill())
        assert adaptive.judgments(0.02) < adaptive.judgments(0.02, dimensions=2) < 3
        assert protocol(MAJORITY_OF_3, Skill()).judgments(0.02, dimensions=2) == 3


class TestPower:
    @pytest.mark.parametrize(("tau", "theta"), [(0.1, 0.0), (0.1, 0.03), (0.075, 0.01)])
    def test_simulated_studies_have_the_power_that_the_formula_says(self, tau: float, theta: float) -> None:
        pairs = pairs_needed(protocol(MAJORITY_OF_3, Skill()), tau, theta, MANY)
        assert pairs is not None
        truth = {"safe": theta, "edge": tau, "bad": 3 * tau}
        design = Fixed(tau=tau, pairs=(pairs,), correction="none")
        found = simulate(design, truth, replicates=400, seed=5).set_index("condition")
        assert found.loc["safe", "safe"] == pytest.approx(0.9, abs=0.06)
        assert found.loc["edge", "safe"] == pytest.approx(0.05, abs=0.04)
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


def test_a_sequential_design_is_simulated_as_a_fixed_one_is() -> None:
    found = simulate(CPrime(), {"quiet": 0.0, "loud": 0.5}, Crowd(workers=30), replicates=20).set_index("condition")
    assert found.loc["quiet", "safe"] > 0.8
    assert found.loc["loud", "safe"] == 0
    assert found.loc["loud", "undecided"] == 1  # UNSAFE was not asked for
    assert found["judgments_95"].iloc[0] > found["judgments"].iloc[0] > 100
