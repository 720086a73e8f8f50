"""Ratios corrected by controls: known values, what can't be corrected, and how often the interval holds the truth."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.aggregators.majority_vote import MajorityVote
from analysis.ratios import changed_shares, changed_table, ratios, true_share, wilson
from analysis.votes import read_judgments


def test_wilson_is_the_formula_of_the_books() -> None:
    # 10 of 50 at z = 1.959964: (k + z2/2) / (n + z2) -+ z / (n + z2) * sqrt(k (n - k) / n + z2 / 4)
    z = 1.959963984540054
    middle, half = (10 + z * z / 2) / (50 + z * z), z / (50 + z * z) * sqrt(10 * 40 / 50 + z * z / 4)
    assert wilson(10, 50, 0.95) == pytest.approx((middle - half, middle + half), abs=1e-9)


def test_the_share_is_rogan_and_gladens() -> None:
    # (.2 - .05) / (.85 - .05) = .1875
    assert true_share((40, 200), (10, 200), (170, 200))[0] == pytest.approx(0.1875)


def test_with_perfect_listeners_the_interval_is_wilsons() -> None:
    many = 10**8
    _, lower, upper = true_share((30, 100), (0, many), (many, many))
    assert (lower, upper) == pytest.approx(wilson(30, 100, 0.95), abs=1e-4)


def test_with_many_pairs_the_interval_is_the_delta_methods() -> None:
    p, q0, q1, n, n0, n1 = 0.2, 0.05, 0.85, 40_000, 20_000, 20_000
    share, lower, upper = true_share((int(p * n), n), (int(q0 * n0), n0), (int(q1 * n1), n1))
    variance = p * (1 - p) / n + (1 - share) ** 2 * q0 * (1 - q0) / n0 + share**2 * q1 * (1 - q1) / n1
    half = 1.959964 * sqrt(variance) / (q1 - q0)
    assert (lower, upper) == pytest.approx((share - half, share + half), abs=5e-4)


@given(st.integers(0, 60), st.integers(0, 12), st.integers(40, 60))
def test_the_interval_holds_the_share_and_stays_within_0_and_1(study: int, identical: int, positive: int) -> None:
    share, lower, upper = true_share((study, 60), (identical, 60), (positive, 60))
    assert 0 <= lower <= share <= upper <= 1


def test_fewer_controls_make_the_interval_wider() -> None:
    few, many = (true_share((30, 300), (n // 20, n), (4 * n // 5, n)) for n in (60, 600))
    assert few[2] - few[1] > many[2] - many[1]


@pytest.mark.parametrize("share", [0.0, 0.03, 0.25])
def test_about_95_of_100_intervals_hold_the_truth(share: float) -> None:
    rng = np.random.default_rng(11)
    q0, q1, runs = 0.05, 0.85, 600
    drawn = zip(
        rng.binomial(300, (1 - share) * q0 + share * q1, runs),
        rng.binomial(200, q0, runs),
        rng.binomial(100, q1, runs),
        strict=True,
    )
    found = [true_share((int(p), 300), (int(a), 200), (int(b), 100)) for p, a, b in drawn]
    held = np.mean([lower <= share <= upper for _, lower, upper in found])
    assert 0.93 <= held <= 1.0  # at a share of 0 only one side can miss


class TestOfAStudy:
    def test_controls_of_all_kinds_count_together(self, written: Callable, make: Callable) -> None:
        rows = [
            *self.controls(make, "identical", "identical", 0, 20),
            *self.controls(make, "identical", "identical-reencoded", 2, 20),
            *self.controls(make, "positive", "positive", 18, 20),
            *(make(1000 + n, pair_id=f"s{n}", activation="different" if n < 8 else "same") for n in range(20)),
        ]
        activation, valence, _ = changed_shares(read_judgments(written(rows)), MajorityVote())
        assert (activation.identical_pairs, activation.identical_different) == (40, 2)
        assert activation.changed == pytest.approx((0.4 - 0.05) / (0.9 - 0.05))
        assert activation.note == ""
        assert valence.changed is None  # nobody heard another valence in the positive controls
        assert "too close to tell them apart" in valence.note

    def test_without_controls_it_says_so_and_keeps_the_ratio(self, written: Callable, make: Callable) -> None:
        judgments = read_judgments(written([make(1)]))
        (activation, *_) = changed_shares(judgments, MajorityVote())
        (plain, *_) = ratios(judgments, MajorityVote())
        assert activation.note == "not corrected: no controls"
        assert (activation.ratio, activation.lower, activation.upper) == (plain.ratio, plain.lower, plain.upper)
        assert (activation.changed, activation.changed_lower, activation.changed_upper) == (None, None, None)

    def test_one_kind_of_control_is_not_enough(self, written: Callable, study: Callable) -> None:
        found = changed_shares(read_judgments(written(study(pairs=6))), MajorityVote())
        assert {share.note for share in found} == {"not corrected: no positive controls"}

    def test_a_condition_without_a_judgment_that_counts_is_there(self, written: Callable, make: Callable) -> None:
        rows = [
            *self.controls(make, "identical", "identical", 0, 20),
            *self.controls(make, "positive", "positive", 20, 20),
            make(1, used=False),
        ]
        (activation, *_) = changed_shares(read_judgments(written(rows)), MajorityVote())
        assert (activation.pairs, activation.changed, activation.note) == (0, None, "no judgment counts")

    def test_the_table_has_a_row_a_condition_and_dimension(self, written: Callable, study: Callable) -> None:
        table = changed_table(changed_shares(read_judgments(written(study(pairs=3))), MajorityVote()))
        assert len(table) == 11 * 3
        assert len(changed_table([])) == 0
        assert list(changed_table([])) == list(table)

    @staticmethod
    def controls(make: Callable, role: str, condition: str, different: int, pairs: int) -> list:
        return [
            make(
                n,
                judgment_id=f"{condition}-{n}",
                pair_id=f"{condition}-{n}",
                clip_id=f"c{n}",
                condition=condition,
                family=condition,
                snr_db=None,
                role=role,
                activation="different" if n < different else "same",
            )
            for n in range(pairs)
        ]
