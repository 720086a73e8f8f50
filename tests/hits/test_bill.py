"""The price before it is paid: it adds up, and says what to mend."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.batch import Hits, open_hits, open_hits_needed
from hits.bill import Bill, Measured, expected_votes, make_bill
from hits.bill_lines import parts
from hits.judgment import Hit
from hits.pay import Pay
from hits.policy import warnings
from hits.vote_rules import MajorityRule
from pipelines.clip import Pair

MTURK = Pay(fees="mturk")


def bill_of(make_pair: Callable[..., Pair], count: int = 60, pay: Pay = MTURK, **more: object) -> Bill:
    """The bill of so many study pairs under `adaptive`."""
    design = Hits.model_validate(more.pop("design", {}))
    measured = more.pop("measured", Measured())
    asked = [make_pair(number) for number in range(count)]
    hits = open_hits(0, open_hits_needed(count * (design.votes_per_pair // 2 + 1), 0, design), design)
    assert isinstance(measured, Measured)
    return make_bill(asked, hits, design, pay, measured, committed_minor=1000, **more)  # type: ignore[arg-type]


def test_what_is_committed_is_the_sum_of_its_lines(make_pair: Callable[..., Pair]) -> None:
    bill = bill_of(make_pair)
    assert (bill.hits, bill.reward_minor) == (14, 63)  # 120 votes in HITs of nine
    assert bill.now.rewards_minor == 14 * 63
    assert bill.now.reward_fees_minor == 14 * 13  # a fifth of 63 cents, rounded up
    assert bill.total_minor == 14 * (63 + 13)
    assert bill.left_minor == 50_000 - 1000 - bill.total_minor


@given(
    seconds=st.floats(1, 300), parts_minor=st.floats(0, 50), different=st.floats(0, 1), votes=st.sampled_from([1, 3, 5])
)
def test_every_total_is_the_sum_of_what_stands_above_it(
    seconds: float, parts_minor: float, different: float, votes: int
) -> None:
    def pair(number: int) -> Pair:
        from pathlib import Path

        return Pair(f"p{number}", f"c{number}", "fade-in", "study", Path("o"), Path("n"), 1.0, 1.0, "", "", 0, {})

    measured = Measured(seconds, different, parts_minor, 100)
    bill = bill_of(pair, 50, measured=measured, design={"votes_per_pair": votes})
    for cost in (bill.now, bill.expected, bill.most):
        lines = (cost.rewards_minor, cost.reward_fees_minor, cost.top_ups_minor, cost.parts_minor)
        assert cost.total_minor == sum(lines) + cost.bonus_fees_minor
    assert bill.now.assignments <= bill.expected.assignments <= bill.most.assignments
    for part in parts(bill):
        amounts = [line for line in part.lines if line.value.endswith(" USD")]
        if part.title.startswith(("Put out", "Expected", "At most")):
            *above, total = (round(float(line.value.removesuffix(" USD")) * 100) for line in amounts)
            assert sum(above) == total


def test_slow_work_raises_the_bill_by_its_top_ups_and_their_fees(make_pair: Callable[..., Pair]) -> None:
    slow = bill_of(make_pair, measured=Measured(s_per_trial=60.0, different=0.0, trials=9))
    assert slow.measured
    assert slow.minutes == 10
    each = 158 - 63  # ten minutes at 9.45 an hour, less the reward
    assert slow.expected.top_ups_minor == slow.expected.assignments * each
    assert slow.expected.bonus_fees_minor == slow.expected.assignments * 19
    assert slow.total_minor == bill_of(make_pair).total_minor  # saying yes commits rewards alone


@pytest.mark.parametrize(
    ("votes", "share", "expected"), [(1, 0.3, 1.0), (3, 0.0, 2.0), (3, 1.0, 2.0), (3, 0.5, 2.75), (5, 0.0, 3.0)]
)
def test_votes_until_both_majorities_are_certain(votes: int, share: float, expected: float) -> None:
    assert expected_votes(MajorityRule(votes, curtailed=True), share) == pytest.approx(expected)


def test_expected_votes_are_those_of_a_million_tossed_pairs() -> None:
    import numpy as np

    tossed = np.random.default_rng(0).random((200_000, 2, 5)) < 0.3
    ones = tossed.cumsum(axis=2)
    sizes = np.arange(1, 6)
    certain = (np.maximum(ones, sizes - ones) >= 3).all(axis=1)
    mean = (certain.argmax(axis=1) + 1).mean()
    assert expected_votes(MajorityRule(5, curtailed=True), 0.3) == pytest.approx(mean, abs=0.01)


def test_workers_needed_follow_from_what_one_may_do(make_pair: Callable[..., Pair]) -> None:
    assert bill_of(make_pair).workers_at_least == 2  # different people's votes
    few = bill_of(make_pair, design={"max_hits_per_worker": 3})
    assert few.workers_at_least == -(-few.expected.assignments // 3)


def test_trials_of_each_kind_are_counted(make_pair: Callable[..., Pair]) -> None:
    design = Hits(policy="fixed", trials_per_hit=5, checks_per_hit=1, votes_per_pair=2)
    asked = [*(make_pair(n) for n in range(6)), *(make_pair(n, "identical") for n in range(10, 12))]
    hits = [Hit(f"h{n}", "fixed", 5, 2) for n in range(2)]
    bill = make_bill(asked, hits, design, MTURK, Measured(), committed_minor=0)
    assert bill.trials == {"study": 12, "control": 4, "check": 4, "repeat": 0}
    assert bill.now == bill.expected == bill.most


def test_where_no_money_is_paid_no_line_speaks_of_it(make_pair: Callable[..., Pair]) -> None:
    for mode, says in (("credit", "0.5"), ("volunteer", "none: volunteers")):
        pay = Pay.model_validate({"mode": mode})
        bill = bill_of(make_pair, pay=pay)
        assert bill.most.total_minor == 0
        words = [line.value for part in parts(bill) for line in part.lines]
        assert says in words
        assert not any("USD" in word for word in words)


def told(make_pair: Callable[..., Pair], design: dict[str, object], pay: Pay = MTURK, **about: object) -> str:
    """All warnings of a design that is well otherwise."""
    known = {"contact": "ada@lab.example", "consent": "You may leave.", "simulated": False, **about}
    whole = Hits.model_validate(design)
    hits = about.pop("hits", None) or open_hits(0, 3, whole)
    known.pop("hits", None)
    bill = bill_of(make_pair, design=design, pay=pay)
    pairs = [make_pair(1), make_pair(2, known.pop("control", "identical"))]  # type: ignore[arg-type]
    return "\n".join(warnings(whole, bill, hits, pairs, **known))  # type: ignore[arg-type]


def test_a_good_design_is_not_warned_of(make_pair: Callable[..., Pair]) -> None:
    assert told(make_pair, {}) == ""


@pytest.mark.parametrize(
    ("design", "pay", "about", "says"),
    [
        ({"platform": "prolific"}, Pay(wage_per_hour=7.99), {}, "below the 8.00 USD"),
        ({"platform": "prolific"}, Pay(wage_per_hour=8), {}, "below the 12.00 USD that prolific recommends"),
        ({"platform": "prolific"}, Pay(currency="GBP", wage_per_hour=5), {}, "below the 6.00 GBP"),
        ({"auto_approval_delay_s": 3600}, MTURK, {}, "after 1 h"),
        ({"title": "x" * 100}, MTURK, {}, "has 100 characters and may be cut off"),
        ({"platform": "prolific", "title": "x" * 125}, Pay(wage_per_hour=12), {}, "is cut off; 80 are enough"),
        ({"platform": "panel", "policy": "fixed"}, Pay(), {}, "a link of its own"),
        ({}, MTURK, {"contact": " "}, "study.contact"),
        ({}, MTURK, {"consent": ""}, "study.consent"),
        ({}, MTURK, {"simulated": True}, "simulated"),
        ({}, MTURK, {"control": "positive"}, "identical controls"),
        ({}, MTURK, {"hits": [Hit("h", "fixed", 5, 10)]}, "another 20 %"),
        ({}, MTURK, {"hits": [Hit("h", "fixed", 5, 9)]}, "never get 10 or more"),
    ],
)
def test_what_should_be_mended_is_said(
    make_pair: Callable[..., Pair], design: dict[str, object], pay: Pay, about: dict[str, object], says: str
) -> None:
    assert says in told(make_pair, design, pay, **about)


def test_good_pay_on_prolific_needs_no_word(make_pair: Callable[..., Pair]) -> None:
    assert "wage" not in told(make_pair, {"platform": "prolific"}, Pay(wage_per_hour=12))


def test_a_bill_of_pairs_that_may_never_be_asked_says_that_it_is_the_most(make_pair: Callable[..., Pair]) -> None:
    bill = bill_of(make_pair, first=20)
    lines = {line.item: line.value for part in parts(bill) for line in part.lines}
    assert lines["pairs to be judged at most"] == "60"
    assert lines["pairs asked about at once; others while their condition is open"] == "20"
    titles = [part.title for part in parts(bill)]
    assert "Expected, if no condition is decided early; less otherwise" in titles
    assert "At most, if no condition is decided early, and if every pair needs all its votes" in titles
