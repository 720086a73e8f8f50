"""What work is worth."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import hits.platforms
from hits.collect import Work, part_minor, payments_due, payments_for_part
from hits.fees import Fees
from hits.judgment import Hit
from hits.pay import (
    AmountWrong,
    Pay,
    active_s,
    earned_minor,
    fee_minor,
    money,
    plain_amount,
    read_amount,
    reward_fee_minor,
    reward_minor,
    top_up_minor,
)
from hits.platforms.base import Platform
from hits.publish import cost_minor
from hits.recruiting import Machine
from pipelines.variants import load_class


@given(seconds=st.floats(0, 7200), wage=st.floats(0, 100))
def test_nobody_falls_under_the_wage_floor(seconds: float, wage: float) -> None:
    pay = Pay(wage_per_hour=wage)
    reward = reward_minor(10, pay)
    assert reward + top_up_minor(seconds, reward, pay) >= seconds / 3600 * wage * 100 - 1e-6


@given(a=st.floats(0, 7200), b=st.floats(0, 7200))
def test_more_time_never_earns_less(a: float, b: float) -> None:
    assert earned_minor(min(a, b), Pay()) <= earned_minor(max(a, b), Pay())


def test_a_page_left_open_is_paid_up_to_the_limit() -> None:
    assert active_s([5.0, 86_400.0], Pay(longest_paid_s_per_trial=60)) == 65.0


def test_mturk_s_fee_is_a_fifth_and_a_cent_at_least_and_nothing_of_nothing() -> None:
    assert [fee_minor(amount, Pay(fees="mturk")) for amount in (0, 1, 100, 101)] == [0, 1, 20, 21]


def test_from_ten_assignments_a_hit_mturk_takes_two_fifths_of_the_reward_and_one_of_a_bonus() -> None:
    mturk = Pay(fees="mturk")
    assert [reward_fee_minor(100, assignments, mturk) for assignments in (1, 9, 10, 11)] == [20, 20, 40, 40]
    assert [reward_fee_minor(1, assignments, mturk) for assignments in (9, 10)] == [1, 1]
    assert fee_minor(100, mturk) == 20


@pytest.mark.parametrize(
    ("fees", "fee"), [("none", 0), ("prolific-academic", 333), ("prolific-corporate", 428), ("mturk", 200)]
)
def test_each_platform_s_fee_follows_its_own_rule(fees: Fees, fee: int) -> None:
    assert fee_minor(1000, Pay(fees=fees)) == fee
    assert fee_minor(1000, Pay(fees=fees, fee_percent=5)) == 50


def test_a_rule_that_no_study_names_is_that_of_the_platform() -> None:
    def usual(name: str, endpoint_url: str | None = None) -> Fees:
        machine = Machine(settings={"mturk_endpoint_url": endpoint_url})
        return load_class(hits.platforms, name, Platform).usual_fees(machine)

    assert usual("prolific") == "prolific-corporate"
    assert usual("panel") == "none"
    assert usual("mturk") == "none"  # our own marketplace
    assert usual("mturk", "https://mturk-requester.us-east-1.amazonaws.com") == "mturk"


def test_a_wage_below_the_smallest_coin_is_rounded_up_in_every_currency() -> None:
    assert earned_minor(60, Pay(currency="JPY", wage_per_hour=1200)) == 20
    assert earned_minor(60, Pay(currency="KWD", wage_per_hour=3)) == 50
    assert Pay(currency="JPY", cap=50_000).cap_minor == 50_000


@given(st.integers(0, 10**9), st.sampled_from(["USD", "JPY", "KWD", "EUR"]))
def test_amounts_survive_being_written_and_read(minor: int, currency: str) -> None:
    assert read_amount(plain_amount(minor, currency), currency) == minor


@pytest.mark.parametrize("text", ["", "-1", "1.005", "1,50", "nan", "inf", "1e999999999", "five"])
def test_what_is_no_amount_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(AmountWrong, match="expected an amount such as 1.50"):
        read_amount(text, "USD")


def test_a_currency_that_nobody_has_is_refused() -> None:
    with pytest.raises(ValidationError, match="ISO 4217"):
        Pay(currency="ZZZ")


@pytest.mark.parametrize("mode", ["credit", "volunteer"])
def test_credit_and_volunteers_earn_no_money_and_nothing_is_planned_for_them(mode: str) -> None:
    pay = Pay.model_validate({"mode": mode})
    slow = replace(work(*[60.0] * 10), reward_minor=0)
    assert reward_minor(10, pay) == 0
    assert payments_due(slow, pay) == []
    assert payments_for_part(slow, "partial", pay) == []


def test_amounts_read_as_money() -> None:
    assert [money(5, "EUR"), money(1200, "JPY")] == ["0.05 EUR", "1200 JPY"]


def work(*seconds: float) -> Work:
    return Work("mturk", "A1", "W1", reward_minor=63, trials=10, seconds_by_trial=seconds)


def test_quick_work_earns_its_reward_and_slow_work_a_top_up_too() -> None:
    assert [payment.kind for payment in payments_due(work(*[10.0] * 10), Pay())] == ["reward"]
    slow = payments_due(work(*[60.0] * 10), Pay())
    assert [(payment.kind, payment.amount_minor) for payment in slow] == [("reward", 63), ("top-up", 95)]


def test_the_same_work_always_plans_the_same_keys() -> None:
    first, second = payments_due(work(60.0, 60.0), Pay()), payments_due(work(60.0, 60.0), Pay())
    assert first == second
    assert len({payment.key for payment in first}) == len(first)


def test_handing_in_without_an_answer_is_left_to_a_person() -> None:
    assert payments_due(work(), Pay()) == []


@given(trials=st.lists(st.floats(0, 600), max_size=10), rounds=st.lists(st.floats(0, 600), max_size=5))
def test_a_part_never_earns_more_than_the_whole_nor_less_than_its_time(
    trials: list[float], rounds: list[float]
) -> None:
    done = Work("mturk", "A1", "W1", 63, 10, tuple(trials), tuple(rounds))
    part, whole = part_minor(done, Pay()), sum(payment.amount_minor for payment in payments_due(done, Pay()))
    assert part >= done.worked_s(Pay()) / 3600 * 945 - 1e-6
    assert part <= max(whole, part_minor(Work("mturk", "A1", "W1", 63, 10, (), tuple(rounds)), Pay()))


def test_no_work_earns_nothing_and_plans_nothing() -> None:
    assert payments_for_part(Work("mturk", "A1", "W1", 63, 10, ()), "partial", Pay()) == []


def test_time_in_steps_is_paid_up_to_the_limit_of_each_round() -> None:
    done = Work("mturk", "A1", "W1", 63, 10, (), (3600.0, 30.0))
    (payment,) = payments_for_part(done, "screening", Pay(longest_paid_s_per_trial=60))
    assert (payment.kind, payment.amount_minor) == ("screening", 32)  # a minute and a half


def test_who_never_gets_through_the_steps_earns_no_more_than_their_limit() -> None:
    rounds = (120.0,) * 29  # a wrong number of tones every two minutes, until the task's time is over
    farmed = Work("mturk", "A1", "W1", 63, 10, (), rounds)
    worked = Work("mturk", "A1", "W1", 63, 10, (120.0,) * 10, rounds)
    assert part_minor(farmed, Pay()) == 315  # twenty minutes
    assert worked.worked_s(Pay()) == 2400
    assert worked.worked_s(Pay(longest_paid_before_s=86_400)) == 4680


def test_what_was_paid_for_a_part_counts_towards_the_floor_and_not_towards_the_reward() -> None:
    slow = Work("mturk", "A1", "W1", 63, 10, (60.0,) * 10, paid_before_minor=90)
    assert [(payment.kind, payment.amount_minor) for payment in payments_due(slow, Pay())] == [
        ("reward", 63),
        ("top-up", 5),
    ]


def test_the_cost_counts_every_assignment_and_its_fee() -> None:
    pay = Pay(expected_s_per_trial=60, wage_per_hour=6, fees="mturk")  # a dollar for ten trials
    assert cost_minor([Hit("h", "fixed", 10, 3)], pay) == 3 * (100 + 20)
