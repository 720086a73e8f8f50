"""The arithmetic of a certificate, held against known values, other libraries and its own definitions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from analysis.certification.adaptive_bh import Walk, levels
from analysis.certification.clusters import two_way
from analysis.certification.controls import Controls, effective_tau, margin, mover
from analysis.certification.evalues import e_bh, log_e
from analysis.certification.fixed import Stream, score
from analysis.certification.group_sequential import boundaries, look_p
from analysis.certification.multiplicity import bh, holm
from analysis.certification.parking import park
from analysis.certification.sequential import subtler
from hits.vote_rules import ABSENT, LEAD_3_OF_5, LEAD_3_OF_7, LeadRule, MajorityRule, VoteRule

RULES = (LEAD_3_OF_5, LEAD_3_OF_7, MajorityRule(3), MajorityRule(3, curtailed=True), LeadRule(2, 5))
p_values = st.lists(st.floats(1e-6, 1), min_size=1, max_size=30).map(np.array)


def controls(identical: tuple[int, int], positive: tuple[int, int]) -> Controls:
    changed = [(np.array([pairs]), np.array([found])) for pairs, found in (identical, positive)]
    return Controls(*changed[0], *changed[1])


class TestVotes:
    def test_a_lead_is_asked_on_until_it_is_reached_or_lost(self) -> None:
        said = {votes: LEAD_3_OF_5.outcome(votes) for votes in product([True, False], repeat=5)}
        assert sum(said.values()) == 6  # of 32: DDD and whatever follows, DDSDD and DSDDD; SDDDD never
        assert LEAD_3_OF_5.outcome([True, False]) is None
        assert LEAD_3_OF_5.outcome([True, False, True, False]) is False  # a lead of three is out of reach

    @pytest.mark.parametrize("rule", RULES, ids=str)
    def test_one_by_one_and_all_at_once_say_the_same(self, rule: VoteRule) -> None:
        votes = np.array(list(product([0, 1, ABSENT], repeat=rule.most)), np.int8)
        votes = votes[
            [
                all(ABSENT not in row[i:] or set(row[i:]) == {ABSENT} for i in range(rule.most) if row[i] == ABSENT)
                for row in votes.tolist()
            ]
        ]
        changed, decided, needed = rule.outcomes(votes)
        for row, *found in zip(votes.tolist(), changed, decided, needed, strict=True):
            given_ = [vote == 1 for vote in row if vote != ABSENT]
            said = rule.outcome(given_)
            assert (said is True, said is not None) == tuple(found[:2])
            assert rule.outcome(given_[: found[2]]) == said
            assert found[2] == len(given_) or rule.outcome(given_[: found[2] - 1]) is None

    @pytest.mark.parametrize("rule", RULES, ids=str)
    def test_what_is_expected_is_the_sum_over_all_ways_to_vote(self, rule: VoteRule) -> None:
        votes = np.array(list(product([0, 1], repeat=rule.most)), np.int8)
        chance = np.prod(np.where(votes == 1, 0.3, 0.7), axis=1)
        changed, decided, needed = rule.outcomes(votes)
        assert decided.all()
        np.testing.assert_allclose(rule.expect(0.3), [chance @ changed, chance @ needed])

    def test_subtler_changes_are_found_less_often(self) -> None:
        assert subtler(LEAD_3_OF_7, 0.72, 0.0) == pytest.approx(0.72)
        assert subtler(LEAD_3_OF_7, LEAD_3_OF_7.expect(0.8)[0], 1.0) == pytest.approx(
            LEAD_3_OF_7.expect(0.595)[0], abs=1e-3
        )


class TestControls:
    def test_mover_of_one_share_is_the_limit_of_wilson(self) -> None:
        known = controls((10**9, 0), (100, 70))
        low, high = proportion_confint(70, 100, alpha=0.10, method="wilson")
        found = mover(known, 0.10, 0.05)
        np.testing.assert_allclose(np.ravel(found), [0.1 * low, 0.1 * high], rtol=1e-3)

    def test_mover_puts_two_shares_together(self) -> None:
        # 4 of 800 and 140 of 200: Wilson at .95 one-sided .00224..0.01114 and .6440..7505
        low, high = mover(controls((800, 4), (200, 140)), 0.10, 0.05)
        assert low[0] == pytest.approx(0.0745 - np.hypot(0.9 * (0.005 - 0.00224), 0.1 * (0.7 - 0.6440)), abs=2e-4)
        assert high[0] == pytest.approx(0.0745 + np.hypot(0.9 * (0.01114 - 0.005), 0.1 * (0.7505 - 0.7)), abs=2e-4)

    def test_mover_covers(self) -> None:
        rng = np.random.default_rng(1)
        drawn = Controls(
            np.full(4000, 400), rng.binomial(400, 0.005, 4000), np.full(4000, 100), rng.binomial(100, 0.7, 4000)
        )
        low, high = mover(drawn, 0.10, 0.05)
        truth = margin(0.10, 0.005, 0.7)
        assert np.mean(low > truth) < 0.07
        assert np.mean(high < truth) < 0.07

    def test_without_controls_nothing_is_known(self) -> None:
        assert np.ravel(mover(controls((0, 0), (0, 0)), 0.10, 0.05)).tolist() == [0.0, 1.0]

    def test_easy_controls_widen_the_margin(self) -> None:
        real = subtler(LEAD_3_OF_5, 0.687, 0.76)  # a mean vote of .66 instead of .81
        assert effective_tau(0.10, 0.0045, 0.687, real) == pytest.approx(0.157, abs=0.015)


class TestFixedSample:
    def test_the_score_is_that_of_its_formula(self) -> None:
        study, identical, positive = Stream.counted(300, 10), Stream.counted(800, 8), Stream.counted(200, 140)
        q0, q1 = 8.5 / 801, 140.5 / 201  # of the variance: half a count on either side
        middle = 0.9 * q0 * (1 - q0) + 0.1 * q1 * (1 - q1) + 0.09 * 0.69**2
        spread = middle / 300 + 0.81 * q0 * (1 - q0) / 800 + 0.01 * q1 * (1 - q1) / 200
        expected = (0.9 * 0.01 + 0.07 - 10 / 300) / np.sqrt(spread)
        assert score(study, identical, positive, 0.10) == pytest.approx(expected)

    def test_without_controls_there_is_no_evidence(self) -> None:
        assert score(Stream.counted(300, 0), Stream.counted(0, 0), Stream.counted(200, 140), 0.10) == 0

    def test_it_keeps_its_size_at_the_margin(self) -> None:
        rng = np.random.default_rng(2)
        streams = [Stream.counted(n, rng.binomial(n, p, 4000)) for n, p in ((300, 0.115), (800, 0.05), (200, 0.7))]
        p = norm.sf(score(*streams, 0.10))
        assert 0.035 < np.mean(p < 0.05) < 0.065

    def test_single_votes_in_two_way_clusters_agree_with_pairs_where_nothing_is_clustered(self) -> None:
        rng = np.random.default_rng(3)
        kinds = np.repeat(np.arange(4), (2000, 2000, 3000, 1000))
        different = rng.random(len(kinds)) < np.array([0.12, 0.17, 0.10, 0.80])[kinds]
        z = two_way(different, kinds, rng.integers(0, 400, len(kinds)), rng.integers(0, 400, len(kinds)), 0.10)
        streams = [Stream.of(different[kinds == kind]) for kind in range(4)]
        np.testing.assert_allclose(z, [score(streams[kind], *streams[2:], 0.10) for kind in range(2)], rtol=0.2)


class TestManyConditions:
    @pytest.mark.parametrize("many", [1, 2, 26])  # few: statsmodels' Holm collects garbage each time
    def test_holm_and_bh_are_those_of_statsmodels(self, many: int) -> None:
        p = np.random.default_rng(many).uniform(0, 0.1, many)
        np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
        np.testing.assert_allclose(bh(p), multipletests(p, method="fdr_bh")[1])

    @given(p=p_values, error=st.floats(0.01, 0.2))
    def test_e_bh_is_bh_on_the_inverse(self, p: np.ndarray, error: float) -> None:
        away = np.where(abs(bh(p) - error) < 1e-9, 1.0, p)
        assert e_bh(-np.log(away), error).tolist() == (bh(away) <= error).tolist()

    @settings(max_examples=30)
    @given(paths=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=8), data=st.data())
    def test_those_who_are_parked_at_the_end_are_the_step_up_set(
        self, paths: list[list[int]], data: st.DataObject
    ) -> None:
        """Each hypothesis walks through its path, higher is better, and is hopeless at its end."""
        many = len(paths)
        limits = np.array(sorted(data.draw(st.lists(st.integers(1, 9), min_size=many, max_size=many)), reverse=True))
        place, hopeless = [0] * many, np.zeros((1, many), np.bool_)
        while True:
            highest = np.array([[max(path[: at + 1]) for path, at in zip(paths, place, strict=True)]])
            ended = np.array([[at == len(path) - 1 for path, at in zip(paths, place, strict=True)]])
            reached = lambda k: highest >= np.append(99, limits)[k][:, None]  # noqa: E731, B023
            parked, hopeless = park(reached, hopeless, ended)
            going = ~parked[0] & ~hopeless[0]
            if not going.any():
                break
            one = data.draw(st.sampled_from(np.flatnonzero(going).tolist()))
            place[one] += 1
        whole = np.array([max(path) for path in paths])
        k = max((k for k in range(1, many + 1) if (whole >= limits[k - 1]).sum() >= k), default=0)
        step_up = whole >= limits[k - 1] if k else np.zeros(many, np.bool_)
        assert parked[0].tolist() == step_up.tolist()


class TestEvidence:
    def test_the_mean_e_value_at_the_margin_is_one(self) -> None:
        counts = np.arange(101)
        e = np.exp(log_e(100, counts, 0.02, 0.08))
        assert binom.pmf(counts, 100, 0.08) @ e == pytest.approx(1)
        assert binom.pmf(counts, 100, 0.10) @ e < 1  # and less beyond it

    def test_an_alternative_beyond_the_null_is_no_evidence(self) -> None:
        assert log_e(100, 0, 0.08, 0.02) == 0

    def test_levels_rise_to_the_error_and_stay(self) -> None:
        found = levels(26, 0.05)
        assert found[0] == pytest.approx(0.05 * 0.95 / 26)
        assert found[13:].tolist() == [0.05] * 13

    def test_thresholds_pay_for_noisy_controls(self) -> None:
        walk = Walk(tau=0.10, alternative=0.25, futility=0.05, most_pairs=900, batch=10)
        height = {n: np.exp(walk.thresholds(0.005, 0.725, n, (0.05, 0.0018))) for n in ((200, 100), (400, 200))}
        assert 15 < height[200, 100][0] < 21
        assert 14 < height[400, 200][0] < 18.5
        assert height[200, 100][1] > height[400, 200][1]
        assert height[200, 100][1] > 400


class TestLooks:
    def test_boundaries_are_those_of_the_books(self) -> None:
        found = boundaries(5, 0.025, "obrien-fleming")
        np.testing.assert_allclose(found, [4.877, 3.357, 2.680, 2.290, 2.031], atol=6e-4)
        np.testing.assert_allclose(boundaries(1, 0.025, "pocock"), [1.95996], atol=1e-4)

    @pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
    def test_a_walk_without_drift_crosses_as_often_as_is_spent(self, spending: str) -> None:
        steps = np.random.default_rng(4).normal(size=(200_000, 5))
        z = steps.cumsum(axis=1) / np.sqrt(np.arange(1, 6))
        assert (z >= boundaries(5, 0.05, spending)).any(axis=1).mean() == pytest.approx(0.05, abs=0.002)

    def test_sequential_p_values_turn_boundaries_round(self) -> None:
        for look, limit in enumerate(boundaries(5, 0.01, "obrien-fleming")):
            assert look_p(np.array(limit), look, 5, "obrien-fleming") == pytest.approx(0.01, rel=0.05)
        assert look_p(np.array(-1.0), 2, 5, "pocock") == 1
