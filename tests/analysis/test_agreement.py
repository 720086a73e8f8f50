"""Agreement: figures worked by hand, and cases in which none exists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.agreement import (
    QUESTIONS,
    Scale,
    agreement_draws,
    agreement_of_counts,
    agreements,
    figures_of_patterns,
    worker_agreements,
)
from analysis.ratings import rating_means
from analysis.votes import read_judgments


def test_alpha_of_an_example_worked_by_hand() -> None:
    # Three pairs, two workers each: same/same, different/different, same/different.
    # Observed disagreement: 1 of 3 pairs disagrees, Do = 1/3. Of the 6 answers 3 are same and 3 different, so two
    # answers drawn without return differ with De = 2 * 3 * 3 / (6 * 5) = 3/5. Alpha = 1 - (1/3) / (3/5) = 4/9.
    unanimous, pairwise, alpha, undefined = agreement_of_counts(np.array([[2, 0], [0, 2], [1, 1]]), "nominal")
    assert unanimous == pytest.approx(2 / 3)
    assert pairwise == pytest.approx(2 / 3)
    assert alpha == pytest.approx(4 / 9)
    assert undefined is None


def test_ordinal_alpha_counts_a_near_miss_for_less() -> None:
    near = np.array([[2, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 2]])
    far = np.array([[2, 0, 0, 0, 0], [1, 0, 0, 0, 1], [0, 0, 0, 0, 2]])
    assert agreement_of_counts(near, "ordinal")[2] > agreement_of_counts(far, "ordinal")[2]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (np.zeros((0, 2), dtype=int), "no pair was answered by two workers"),
        (np.array([[1, 0], [0, 1]]), "no pair was answered by two workers"),
        (np.array([[3, 0], [3, 0]]), "everybody gave the same answer"),
    ],
)
def test_where_alpha_is_undefined_the_reason_is_given(counts: np.ndarray, reason: str) -> None:
    *_, alpha, undefined = agreement_of_counts(counts, "nominal")
    assert alpha is None
    assert reason in str(undefined)


def test_constant_answers_still_have_their_other_figures() -> None:
    assert agreement_of_counts(np.array([[3, 0]]), "nominal")[:2] == (1.0, 1.0)


def test_a_pair_with_one_answer_is_counted_apart(written: Callable, make: Callable) -> None:
    rows = [make(1), make(2), make(3, pair_id="p00001", clip_id="c00001", worker="w2")]
    (activation, *_) = agreements(read_judgments(written(rows)))
    assert (activation.pairs, activation.votes, activation.single) == (1, 2, 1)


def test_every_question_and_condition_has_a_row(written: Callable, study: Callable) -> None:
    rows = agreements(read_judgments(written(study(pairs=8))), by_condition=True)
    assert len(rows) == len(QUESTIONS) * (11 + 1)
    assert all(row.alpha is not None or row.undefined for row in rows)


def test_a_study_without_judgments_agrees_about_nothing(written: Callable) -> None:
    rows = agreements(read_judgments(written([])), by_condition=True)
    assert [row.undefined for row in rows] == ["no pair was answered by two workers"] * len(QUESTIONS)


def test_rating_means_weigh_every_pair_the_same(written: Callable, make: Callable) -> None:
    rated = {"activation": "different", "activation_rating": 5, "valence_rating": 1}
    rows = [
        make(1, **rated),
        make(2, pair_id="p00001", clip_id="c00001", worker="w2", **rated),
        make(3, **rated | {"activation_rating": 2}),
    ]
    (means,) = rating_means(read_judgments(written(rows)))
    assert (means.pairs, means.ratings, means.activation, means.valence) == (2, 3, 3.5, 1.0)


def test_ratings_of_those_who_heard_no_difference_are_left_out(written: Callable, make: Callable) -> None:
    pair = {"pair_id": "p", "clip_id": "c"}
    both = {**pair, "original_activation_rating": 2, "original_valence_rating": 2}
    rows = [
        make(1, **pair, activation="different", activation_rating=5, valence_rating=4),
        make(2, worker="w2", activation_rating=2, valence_rating=2, **both),
        make(3, worker="w3", valence="different", activation_rating=3, valence_rating=4, **both),
    ]
    (means,) = rating_means(read_judgments(written(rows)))
    assert (means.pairs, means.ratings, means.activation, means.valence) == (1, 2, 4.0, 4.0)


def test_where_nobody_rated_there_is_no_mean(written: Callable, make: Callable) -> None:
    (means,) = rating_means(read_judgments(written([make(1)])))
    assert (means.ratings, means.activation, means.valence) == (0, None, None)


@given(
    counts=arrays(np.int64, st.tuples(st.integers(1, 12), st.sampled_from([2, 5])), elements=st.integers(0, 4)),
    ordinal=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_figures_from_patterns_are_those_of_the_library(counts: np.ndarray, ordinal: bool) -> None:
    scale: Scale = "ordinal" if ordinal else "nominal"
    unanimous, pairwise, alpha, undefined = agreement_of_counts(counts, scale)
    several = counts[counts.sum(axis=1) > 1]
    if not len(several):
        assert undefined
        return
    (ours,) = figures_of_patterns(several, np.ones((1, len(several)), np.int64), scale)
    assert ours[:2] == pytest.approx([unanimous, pairwise], abs=1e-12)
    assert np.isnan(ours[2]) if alpha is None else ours[2] == pytest.approx(alpha, abs=1e-12)


@pytest.mark.parametrize("scale", ["nominal", "ordinal"])
def test_a_drawn_sample_has_the_library_s_figures_of_the_same_pairs(scale: Scale) -> None:
    rng = np.random.default_rng(3)
    patterns = np.unique(rng.multinomial(3, [0.7, 0.1, 0.1, 0.05, 0.05], size=40), axis=0)
    drawn = rng.multinomial(200, np.full(len(patterns), 1 / len(patterns)), size=20)
    for sample, figures in zip(drawn, figures_of_patterns(patterns, drawn, scale), strict=True):
        expected = agreement_of_counts(np.repeat(patterns, sample, axis=0), scale)[:3]
        assert figures == pytest.approx(expected, abs=1e-12)


def test_intervals_hold_their_figure_and_are_the_same_again(written: Callable, study: Callable) -> None:
    judgments = read_judgments(written(study(pairs=20)))
    rows = agreements(judgments)
    assert rows == agreements(judgments.iloc[::-1])
    for row in rows:
        assert row.alpha_lower < row.alpha < row.alpha_upper
        assert row.pairwise_lower < row.pairwise < row.pairwise_upper


def test_an_interval_is_as_wide_as_many_crowds_are_apart() -> None:
    rng = np.random.default_rng(5)

    def crowd() -> np.ndarray:
        different = rng.binomial(3, np.where(rng.random(300) < 0.1, 0.8, 0.1))
        return np.stack([3 - different, different], axis=1)

    apart = np.std([agreement_of_counts(crowd(), "nominal")[2] for _ in range(200)])
    assert agreement_draws(crowd(), "nominal")[:, 2].std() == pytest.approx(apart, rel=0.35)


def test_a_worker_who_answers_at_random_agrees_as_chance_does(written: Callable, make: Callable) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for pair in range(200):
        changed = rng.random() < 0.5
        for worker in ("w1", "w2", "w3", "random"):
            said = rng.random() < (0.5 if worker == "random" else 0.9 if changed else 0.1)
            rows.append(
                make(
                    len(rows), pair_id=f"p{pair}", clip_id=f"p{pair}", worker=worker,
                    activation="different" if said else "same",
                )
            )  # fmt: skip
    found = {row.worker: row for row in worker_agreements(read_judgments(written(rows)), question="activation")}
    assert list(found) == ["random", "w1", "w2", "w3"]
    lost = found["random"]
    assert lost.alpha_lower < 0 < lost.alpha_upper
    assert (lost.pairs, lost.different) == (200, sum(r["activation"] == "different" for r in rows[3::4]))
    assert all(found[name].alpha > 0.3 for name in ("w1", "w2", "w3"))


def test_a_worker_alone_with_every_pair_has_no_agreement(written: Callable, make: Callable) -> None:
    (alone,) = worker_agreements(read_judgments(written([make(1), make(2)])))
    assert (alone.pairs, alone.pairwise, alone.alpha) == (0, None, None)
