"""Ratios and verdicts: invariants, known values, and the noise floor beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.aggregators.majority_vote import MajorityVote
from analysis.certify import certify, certify_judgments, decide_dimension, overall
from analysis.ratios import Ratio, ratios, wilson
from analysis.rule import DecisionRule
from analysis.votes import Dimension, read_judgments

counts = st.integers(1, 400).flatmap(lambda pairs: st.tuples(st.integers(0, pairs), st.just(pairs)))
RANK = {"SAFE": 0, "UNDECIDED": 1, "UNSAFE": 2}


def ratio(dimension: Dimension, different: int, pairs: int, condition: str = "fade-in") -> Ratio:
    return Ratio(condition, "fade", None, "study", dimension, pairs, 3 * pairs, different, None, None, None)


def both(activation: int, valence: int, pairs: int = 100) -> list[Ratio]:
    return [ratio("activation", activation, pairs), ratio("valence", valence, pairs)]


@given(counted=counts, confidence=st.floats(0.5, 0.999))
def test_the_interval_holds_the_ratio_within_0_and_1(counted: tuple[int, int], confidence: float) -> None:
    different, pairs = counted
    low, high = wilson(different, pairs, confidence)
    assert 0 <= low <= different / pairs <= high <= 1


@given(pairs=st.integers(1, 300), tau=st.floats(0.01, 0.5), data=st.data())
def test_more_different_pairs_never_make_a_condition_safer(pairs: int, tau: float, data: st.DataObject) -> None:
    fewer = data.draw(st.integers(0, pairs))
    more = data.draw(st.integers(fewer, pairs))
    rule = DecisionRule(max_different=tau)
    first, second = (decide_dimension("activation", pairs, pairs, count, rule).decision for count in (fewer, more))
    assert RANK[first] <= RANK[second]


@pytest.mark.parametrize(
    ("activation", "valence", "verdict"),
    [(0, 0, "SAFE"), (5, 5, "SAFE"), (0, 6, "UNDECIDED"), (10, 10, "UNDECIDED"), (0, 18, "UNSAFE"), (40, 0, "UNSAFE")],
)
def test_safe_needs_both_dimensions_and_unsafe_one(activation: int, valence: int, verdict: str) -> None:
    # of 100 pairs the one-sided Wilson limit for 5 is .0992 and for 6 .1118, so .10 divides them
    (decision,) = certify(both(activation, valence), DecisionRule()).decisions
    assert decision.decision == verdict
    assert decision.reason


def test_unsafe_is_corrected_for_looking_at_two_dimensions() -> None:
    # 16 of 100: the lower limit is .109 at .95 but .101 at .975; 15 of 100: .1006 at .95 but .093 at .975
    assert wilson(15, 100, confidence=0.90)[0] > 0.10
    assert decide_dimension("valence", 100, 300, 15, DecisionRule()).decision == "UNDECIDED"
    assert decide_dimension("valence", 100, 300, 16, DecisionRule()).decision == "UNSAFE"


def test_too_few_pairs_stay_undecided_whatever_they_say() -> None:
    rule = DecisionRule(min_pairs=30)
    for different in (0, 29):
        (decision,) = certify(both(different, different, pairs=29), rule).decisions
        assert decision.decision == "UNDECIDED"
        assert decision.reason == "29 judged pairs; a verdict needs 30"


def test_conditions_are_ordered_by_family_and_from_clean_to_noisy(written: Callable, study: Callable) -> None:
    found = ratios(read_judgments(written(study(pairs=3))), MajorityVote())
    names = list(dict.fromkeys(row.condition for row in found))
    assert names[:5] == ["fade-in", "fade-out", "hum-co-20db", "hum-co-10db", "hum-co-0db"]
    assert len(found) == 3 * len(names)


def test_ratios_are_counted_over_pairs_not_votes(written: Callable, make: Callable) -> None:
    rows = [
        make(10 * pair + worker, pair_id=f"p{pair}", clip_id="c", worker=f"w{worker}", activation=said)
        for pair, answers in enumerate([("different", "different", "same"), ("same", "same", "different")])
        for worker, said in enumerate(answers)
    ]
    activation, valence, either = ratios(read_judgments(written(rows)), MajorityVote())
    assert (activation.pairs, activation.votes, activation.different, activation.ratio) == (2, 6, 1, 0.5)
    assert (valence.different, either.different) == (0, 1)


def test_a_condition_without_a_judgment_that_counts_is_undecided_not_absent(written: Callable, make: Callable) -> None:
    judgments = read_judgments(written([make(1, used=False)]))
    (decision,) = certify_judgments(judgments, DecisionRule(), MajorityVote()).decisions
    assert (decision.decision, decision.activation.ratio, decision.activation.pairs) == ("UNDECIDED", None, 0)


def test_the_floor_stands_in_the_notes_and_is_not_taken_off() -> None:
    floor = [replace(ratio("activation", 4, 400, "identical"), role="identical", ratio=0.01)]
    found = certify(both(0, 0), DecisionRule(), floor)
    assert "4 of 400 identical pairs" in " ".join(found.notes)
    assert not any("not clearly below" in note for note in found.notes)
    assert found.decisions == certify(both(0, 0), DecisionRule()).decisions


@pytest.mark.parametrize(("different", "pairs"), [(12, 100), (0, 10)])
def test_a_floor_that_is_not_clearly_below_tau_is_said(different: int, pairs: int) -> None:
    floor = [replace(ratio("valence", different, pairs, "identical"), role="identical")]
    assert any("not clearly below 0.1" in note for note in certify([], DecisionRule(), floor).notes)


def test_an_unknown_floor_is_said() -> None:
    assert any("noise floor of these listeners is unknown" in note for note in certify([], DecisionRule()).notes)


@given(st.lists(st.sampled_from(["SAFE", "UNSAFE", "UNDECIDED"]), min_size=1))
def test_overall_is_the_worst_that_is_known(verdicts: list) -> None:
    found = overall(verdicts)
    assert (found == "UNSAFE") == ("UNSAFE" in verdicts)
    assert (found == "SAFE") == (set(verdicts) == {"SAFE"})
