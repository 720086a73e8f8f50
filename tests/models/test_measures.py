"""UAR and its friends against examples worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.measures.recall import class_weights, mean_and_spread, uar


def test_uar_is_the_mean_of_the_recalls() -> None:
    truth = [0, 0, 0, 0, 1, 1, 2, 2, 2]
    said = [0, 0, 0, 2, 1, 0, 2, 1, 0]
    assert uar(truth, said) == pytest.approx((3 / 4 + 1 / 2 + 1 / 3) / 3)


def test_saying_one_class_always_is_chance() -> None:
    assert uar([0] * 90 + [1] * 5 + [2] * 5, [0] * 100) == pytest.approx(1 / 3)


def test_a_class_that_nobody_spoke_does_not_count() -> None:
    assert uar([0, 0, 1], [0, 2, 1]) == pytest.approx(0.75)


def test_no_clip_has_no_uar() -> None:
    assert math.isnan(uar([], []))


@given(st.lists(st.integers(0, 2), min_size=1))
def test_the_truth_has_a_uar_of_1_and_weights_make_classes_equal(labels: list[int]) -> None:
    assert uar(labels, labels) == pytest.approx(1)
    counts = np.bincount(labels, minlength=3)
    shares = (class_weights(labels) * counts)[counts > 0]
    np.testing.assert_allclose(shares, len(labels) / 3, rtol=1e-5)


def test_a_single_fold_has_no_spread() -> None:
    assert mean_and_spread([0.5]) == (0.5, 0.0)
