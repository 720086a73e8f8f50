"""Nothing is paid twice, and nothing is forgotten, wherever the line or the process breaks."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.ledger import FOLLOWS, REASONS, Payment, WrongStep, payment_key, reconcile, send

REWARD = Payment(payment_key("mturk", "A1", "reward"), "reward", "A1", "W1", 63)
TOP_UP = Payment(payment_key("mturk", "A1", "top-up"), "top-up", "A1", "W1", 40)
PARTIAL = Payment(payment_key("mturk", "A1", "partial"), "partial", "A1", "W1", 40)
SCREENING = Payment(payment_key("mturk", "A1", "screening"), "screening", "A1", "W1", 40)
EVERY = [REWARD, TOP_UP, PARTIAL, SCREENING]


def last(steps: Iterable[Payment]) -> Payment:
    return list(steps)[-1]


@pytest.mark.parametrize("payment", EVERY, ids=lambda payment: payment.kind)
class TestEveryPayment:
    def test_is_written_down_as_sent_before_the_platform_is_called(self, payment: Payment, platform) -> None:
        steps = send(payment, platform)
        assert next(steps).state == "sent"
        assert not platform.approved
        assert not platform.bonuses
        assert next(steps).state == "confirmed"

    def test_is_made_once_when_the_line_breaks_after_it_was_made(self, payment: Payment, platform) -> None:
        platform.break_after = {"approve", "bonus"}
        unknown = last(send(payment, platform))
        assert unknown.state == "unknown"
        settled = reconcile(unknown, approved=bool(platform.approved), platform=platform)
        assert settled.state == "confirmed"
        assert len(platform.approved) + len(platform.bonuses) == 1

    def test_is_made_once_when_the_line_breaks_before(self, payment: Payment, platform) -> None:
        platform.break_before = {"approve", "bonus"}
        unknown = last(send(payment, platform))
        settled = reconcile(unknown, approved=bool(platform.approved), platform=platform)
        assert settled.state == "planned"
        assert last(send(settled, platform)).state == "confirmed"
        assert len(platform.approved) + len(platform.bonuses) == 1

    def test_that_was_sent_by_a_process_that_died_is_settled_by_the_books(self, payment: Payment, platform) -> None:
        steps = send(payment, platform)
        sent = next(steps)  # and here the process dies
        assert reconcile(sent, approved=False, platform=platform).state == "planned"

    def test_that_is_refused_says_why_and_is_not_lost(self, payment: Payment, platform) -> None:
        platform.refuse = {"approve", "bonus"}
        refused = last(send(payment, platform))
        assert (refused.state, "no" in refused.note) == ("refused", True)
        assert refused.step("planned").state == "planned"


def test_a_confirmed_payment_can_never_be_sent_again(platform) -> None:
    confirmed = last(send(REWARD, platform))
    with pytest.raises(WrongStep, match="is confirmed; it can't become sent"):
        next(send(confirmed, platform))


@given(st.lists(st.sampled_from(sorted(FOLLOWS)), max_size=12))
def test_no_order_of_steps_leads_away_from_confirmed(states: list[str]) -> None:
    payment, confirmed = REWARD, False
    for state in states:
        try:
            payment = payment.step(state)  # type: ignore[arg-type]
        except WrongStep:
            continue
        assert not confirmed
        confirmed = payment.state == "confirmed"


def test_a_bonus_is_settled_by_its_own_reason_and_by_no_other(platform) -> None:
    for payment in (TOP_UP, PARTIAL):  # of the same amount, for the same assignment
        last(send(payment, platform))
    assert reconcile(SCREENING.step("sent"), approved=False, platform=platform).state == "planned"
    assert reconcile(PARTIAL.step("sent"), approved=False, platform=platform).state == "confirmed"
    assert len(set(REASONS.values())) == len(REASONS) == 3


def test_a_bonus_with_words_of_its_own_is_sent_and_found_with_them(platform) -> None:
    kind = replace(TOP_UP, reason="For the second pair, which was long.")
    last(send(kind, platform))
    assert reconcile(kind.step("sent"), approved=False, platform=platform).state == "confirmed"
    assert reconcile(TOP_UP.step("sent"), approved=False, platform=platform).state == "planned"


@pytest.mark.parametrize("state", ["planned", "refused"])
def test_what_has_not_left_can_be_dropped_and_is_planned_anew_before_it_leaves(state: str) -> None:
    dropped = replace(PARTIAL, state=state).step("dropped")
    assert FOLLOWS[dropped.state] == {"planned"}


@pytest.mark.parametrize("state", ["sent", "unknown", "confirmed"])
def test_what_may_have_left_is_never_dropped(state: str) -> None:
    with pytest.raises(WrongStep):
        replace(PARTIAL, state=state).step("dropped")


def test_keys_differ_by_platform_assignment_and_kind() -> None:
    kinds = [payment.kind for payment in EVERY]
    keys = {payment_key(p, a, k) for p in ("x", "y") for a in ("1", "2") for k in kinds}
    assert len(keys) == 16
    assert all(len(key) <= 64 for key in keys)


def test_a_bonus_that_could_not_be_set_up_stays_planned_since_nothing_moved(platform) -> None:
    platform.break_before = {"prepare"}
    (step,) = send(TOP_UP, platform)

    assert (step.state, platform.bonuses) == ("planned", {})
    assert "prepare: the line broke" in step.note


def test_the_platforms_name_for_a_bonus_is_kept_before_it_is_paid(platform) -> None:
    sent, settled = send(TOP_UP, platform)

    assert (sent.state, sent.handle) == ("sent", "set-up-1")
    assert settled.state == "confirmed"


def test_where_the_books_do_not_say_a_payment_stays_unknown_for_a_person(platform) -> None:
    platform.books_are_closed = True
    settled = reconcile(TOP_UP.step("sent"), False, platform)

    assert settled.state == "unknown"
    assert "a person has to" in settled.note
