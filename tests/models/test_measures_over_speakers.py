"""Intervals and tests over few speakers and lucky nets: against SciPy, by hand, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.measures.answers import answers_of
from models.measures.measured import difference
from models.measures.predictions import checked
from models.measures.resampling import (
    Resampling,
    difference_interval,
    smallest_p,
    speaker_parts,
    swap_p,
    uar_interval,
)
from models.measures.tally import Numbers, Paired, Pooling, Tally, paired, tally
from tests.models.made_up import QUICK, pair_of, predictions, rows


def in_folds(right: Numbers, clips: Numbers) -> Tally:
    """Counts of shape (seeds, folds, speakers of a fold, classes) as a tally, in which nobody is in two folds."""
    seeds, folds, each, classes = right.shape
    parts = np.zeros((2, seeds, folds, folds * each, classes))
    for fold in range(folds):
        parts[:, :, fold, fold * each : (fold + 1) * each] = right[:, fold], clips[:, fold]
    return Tally(parts[0], parts[1], tuple(f"{n:03}" for n in range(folds * each)))


class TestSwapping:
    def test_three_speakers_by_hand(self) -> None:
        right = np.zeros((1, 1, 3, 2))
        clips = np.full((1, 1, 3, 2), 5.0)
        right[0, 0, :, 0] = (5, 4, 1)
        other = right.copy()
        other[0, 0, :, 0] = (2, 2, 2)
        speakers = ("a", "b", "c")
        pair = Paired(Tally(right, clips, speakers), Tally(other, clips, speakers), 30, 0)
        np.testing.assert_allclose(speaker_parts(pair, "clips")[0], np.array([3, 2, -1]) / 30)
        # |3 + 2 - 1| = 4 is reached by (+ + -) and (+ + +), and by their opposites
        assert swap_p(pair, "clips") == pytest.approx(4 / 8)

    def test_it_is_scipys_exact_test_of_the_speakers_parts(self) -> None:
        pair = pair_of({"clean": 0.7, "nat-st": 0.5}, speakers=8)
        parts, _ = speaker_parts(pair, "clips")
        expected = stats.permutation_test(
            (parts,), np.sum, permutation_type="samples", n_resamples=np.inf, vectorized=True, alternative="two-sided"
        )
        assert swap_p(pair, "clips") == pytest.approx(expected.pvalue)

    def test_many_speakers_are_drawn_and_come_close_to_the_exact_p(self) -> None:
        pair = pair_of({"clean": 0.66, "nat-st": 0.6}, speakers=14, each=24)
        parts, _ = speaker_parts(pair, "clips")
        bits = np.arange(2**14)[:, None] >> np.arange(14) & 1
        exact = (np.abs((1 - 2 * bits) @ parts) >= abs(parts.sum()) - 1e-12).mean()
        assert swap_p(pair, "clips", seed=3) == pytest.approx(exact, abs=0.02)

    def test_the_same_answers_have_p_1(self) -> None:
        told = answers_of(checked(predictions()), "activation")["clean"]
        found = difference(paired(told, told), resampling=QUICK)
        assert (found.value, found.lower, found.upper, found.p, found.p_t) == (0, 0, 0, 1, None)

    def test_few_speakers_can_not_give_a_small_p(self) -> None:
        pair = pair_of({"clean": 0.95, "nat-st": 0.1}, speakers=4, folds=2)
        assert swap_p(pair, "clips") == smallest_p(4) == 0.125

    def test_the_luck_of_nets_does_not_pass_for_a_difference(self) -> None:
        """60 speakers, 5 nets: swapping speakers alone finds a difference in a third of studies."""
        rng = np.random.default_rng(11)
        luck = rng.normal(0, 0.05, (2, 120, 1, 5, 1, 3))
        right = rng.binomial(40, 0.6 + luck, (2, 120, 1, 5, 12, 3)).astype(float)
        clips = np.full(right.shape[2:], 40.0)
        pairs = [Paired(in_folds(a, clips), in_folds(b, clips), 7200, 0) for a, b in zip(*right, strict=True)]
        found = [difference(pair, resampling=QUICK) for pair in pairs]
        assert np.mean([one.p_speakers < 0.05 for one in found]) > 0.2
        assert np.mean([one.p < 0.05 for one in found]) < 0.1
        assert all(one.p == max(one.p_speakers, one.p_nets or 0) for one in found)

    def test_another_line_than_0_is_tested(self) -> None:
        pair = pair_of({"clean": 0.8, "nat-st": 0.5}, speakers=10, each=30)
        value = difference(pair, resampling=QUICK).value
        on, off = (difference(pair, resampling=QUICK, line=line) for line in (value, 0.0))
        assert (on.p, on.value, on.lower) == (1.0, off.value, off.lower)
        assert off.p < 0.05

    def test_under_the_null_p_is_below_05_in_5_percent_of_studies(self) -> None:
        rng = np.random.default_rng(7)
        clips = np.full((1, 1, 10, 3), 8.0)
        skill = rng.uniform(0.2, 0.9, (400, 1, 1, 10, 1))  # speakers differ; both nets are as good on each
        first, second = rng.binomial(8, skill, (2, 400, 1, 1, 10, 3)).astype(float)
        names = tuple(map(str, range(10)))
        pairs = [
            Paired(Tally(a, clips, names), Tally(b, clips, names), 240, 0) for a, b in zip(first, second, strict=True)
        ]
        share = np.mean([swap_p(pair, "clips") <= 0.05 for pair in pairs])
        assert 0.02 < share < 0.08  # 400 studies: .05 has a standard error of .011


class TestIntervals:
    @given(st.integers(2, 6), st.integers(1, 9), st.integers(0, 10_000), st.sampled_from(["t", "percentile", "bca"]))
    @settings(max_examples=15, deadline=None)
    def test_an_interval_holds_its_estimate_and_lies_within_0_and_1(
        self, speakers: int, each: int, seed: int, kind: str
    ) -> None:
        told = answers_of(checked(predictions({"clean": 0.5}, speakers=speakers, each=each, seed=seed)), "activation")
        counts = tally(told["clean"])
        drawn = Resampling(draws=100, kind=kind)  # type: ignore[arg-type]
        found = uar_interval(counts, "clips", drawn)
        assert found is not None
        assert 0 <= found.lower <= counts.pooled("clips").uar()[0] <= found.upper <= 1

    def test_the_bootstrap_is_scipys(self) -> None:
        """With as many clips of each class a speaker, UAR is the mean of speakers' accuracies."""
        rng = np.random.default_rng(5)
        right = rng.binomial(8, 0.6, (1, 1, 30, 3)).astype(float)
        counts = Tally(right, np.full(right.shape, 8.0), tuple(map(str, range(30))))
        for kind in ("percentile", "bca"):
            found = uar_interval(counts, "clips", Resampling(draws=9999, kind=kind))
            by_speaker = (right[0, 0].mean(axis=1) / 8,)
            name = {"percentile": "percentile", "bca": "BCa"}[kind]
            expected = stats.bootstrap(by_speaker, np.mean, method=name, rng=np.random.default_rng(1))
            assert found is not None
            assert (found.lower, found.upper) == pytest.approx(tuple(expected.confidence_interval), abs=0.003)
            assert found.error == pytest.approx(stats.sem(by_speaker[0]), rel=0.03)

    def test_one_speaker_has_no_interval(self) -> None:
        found = rows(checked(predictions(speakers=1, each=40)))["nat-st"]
        assert (found.uar_lower, found.uar_upper) == (None, None)
        assert found.change is not None
        assert (found.change.lower, found.change.p, found.change.p_t) == (None, 1.0, None)

    def test_a_class_that_does_not_occur_counts_nowhere(self) -> None:
        table = predictions({"clean": 0.6, "nat-st": 0.5}, labels={"activation": 4})
        found = rows(checked(table[table["truth"] < 3]))["nat-st"]
        assert found.recalls[3] is None
        assert found.uar == pytest.approx(np.mean([recall for recall in found.recalls if recall is not None]))
        assert found.chance == pytest.approx(1 / 3)

    def test_the_interval_of_a_change_is_narrower_than_those_of_its_parts(self) -> None:
        """Hard speakers are hard in both conditions, so pairs tell more than two intervals."""
        rng = np.random.default_rng(2)
        skill = rng.uniform(0.1, 0.9, (1, 1, 20, 1))
        clips = np.full((1, 1, 20, 3), 50.0)
        names = tuple(map(str, range(20)))
        first, second = (
            Tally(rng.binomial(50, skill + shift, clips.shape).astype(float), clips, names) for shift in (0, 0.1)
        )
        pair = Paired(first, second, 1, 0)
        change, whole = difference_interval(pair, "clips", QUICK), uar_interval(first, "clips", QUICK)
        assert change is not None
        assert whole is not None
        assert change.error < whole.error / 2

    @pytest.mark.parametrize("pooling", ["clips", "folds"])
    def test_those_whom_one_net_tests_are_drawn_together(self, pooling: Pooling) -> None:
        """In folds of one size with as many clips of each class, that is the t interval of the folds' UARs."""
        right = np.random.default_rng(4).binomial(8, 0.6, (1, 5, 4, 3)).astype(float)
        counts = in_folds(right, np.full(right.shape, 8.0))
        by_fold = right.mean(axis=(0, 2, 3)) / 8
        found = uar_interval(counts, pooling, Resampling(draws=20_000))
        expected = stats.t.interval(0.95, 4, by_fold.mean(), stats.sem(by_fold))
        assert found is not None
        assert found.units == 5
        assert (found.lower, found.upper) == pytest.approx(expected, abs=0.004)

    @pytest.mark.parametrize("pooling", ["clips", "folds"])
    def test_a_speaker_with_a_net_of_their_own_is_a_unit(self, pooling: Pooling) -> None:
        right = np.random.default_rng(4).binomial(8, 0.6, (1, 6, 1, 3)).astype(float)
        by_speaker = right.mean(axis=(0, 2, 3)) / 8
        found = uar_interval(in_folds(right, np.full(right.shape, 8.0)), pooling, Resampling(draws=20_000))
        assert found is not None
        assert found.error == pytest.approx(stats.sem(by_speaker), rel=0.03)

    def test_four_speakers_have_limits_that_hold_the_truth(self) -> None:
        """Percentiles over four hold it in 82 % of studies."""
        rng = np.random.default_rng(3)
        skill = rng.normal(0.6, 0.1, (150, 1, 1, 4, 1))
        right = rng.binomial(20, np.clip(skill, 0, 1), (150, 1, 1, 4, 3)).astype(float)
        clips = np.full(right.shape[1:], 20.0)
        found = [uar_interval(Tally(one, clips, tuple("abcd")), "clips", QUICK) for one in right]
        assert 0.91 < np.mean([one.lower <= 0.6 <= one.upper for one in found if one]) <= 0.99
