"""What work is worth."""

from hypothesis import given
from hypothesis import strategies as st

from hits.collect import Work, part_minor, payments_due, payments_for_part
from hits.judgment import Hit
from hits.pay import Pay, active_s, earned_minor, fee_minor, money, reward_minor, top_up_minor
from hits.publish import cost_minor


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


def test_the_fee_is_a_fifth_and_a_cent_at_least_and_nothing_of_nothing() -> None:
    assert [fee_minor(amount, Pay()) for amount in (0, 1, 100, 101)] == [0, 1, 20, 21]


def test_amounts_read_as_money() -> None:
    assert money(5, "EUR") == "0.05 EUR"


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


def test_what_was_paid_for_a_part_counts_towards_the_floor_and_not_towards_the_reward() -> None:
    slow = Work("mturk", "A1", "W1", 63, 10, (60.0,) * 10, paid_before_minor=90)
    assert [(payment.kind, payment.amount_minor) for payment in payments_due(slow, Pay())] == [
        ("reward", 63),
        ("top-up", 5),
    ]


def test_the_cost_counts_every_assignment_and_its_fee() -> None:
    pay = Pay(expected_s_per_trial=60, wage_per_hour=6)  # a dollar for ten trials
    assert cost_minor([Hit("h", "fixed", 10, 3)], pay) == 3 * (100 + 20)
