"""Prolific and money on a bad day: nobody is paid twice, and what nobody knows is left to a person."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from hits.ledger import reconcile, send
from hits.platforms.prolific.prolific import Prolific
from hits.recruiting import PlatformRefused, PlatformUnreachable
from tests.hits.prolific_stand_in import TOKEN, Manner, StandIn
from tests.hits.test_prolific import pay


def test_a_bonus_is_set_up_kept_and_paid_once(stand_in: StandIn, prolific: Prolific) -> None:
    payment = pay(stand_in, prolific)
    sent, settled = send(payment, prolific)

    assert (sent.state, sent.handle, settled.state) == ("sent", stand_in.pays[0], "confirmed")
    assert stand_in.paid_minor(payment.platform_assignment_id) == 30
    assert reconcile(sent, approved=False, platform=prolific).state == "confirmed"


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("manner", [None, "before", "after", "hang-up", "busy"])
@pytest.mark.parametrize("broken", ["bonus-payments/$", "/pay/$", "GET .*/submissions/"])
@pytest.mark.parametrize("books", ["say", "say nothing", "say it later"])
def test_a_bonus_is_paid_once_or_left_for_a_person_wherever_the_line_or_the_process_breaks(
    stand_in: StandIn, prolific: Prolific, steps: int, manner: Manner | None, broken: str, books: str
) -> None:
    payment = pay(stand_in, prolific)
    stand_in.shows_bonuses, stand_in.pays_late = books != "say nothing", books == "say it later"
    stand_in.manners = [(broken, manner)] if manner else []
    *_, kept = payment, *itertools.islice(send(payment, prolific), steps)  # and there the process is killed
    for _ in range(4):  # turns of a new process, until it is settled or a person has to
        again = Prolific(TOKEN, stand_in.url, timeout_s=5)
        with suppress(PlatformUnreachable):
            kept = reconcile(kept, approved=False, platform=again) if kept.state in ("sent", "unknown") else kept
        if kept.state == "planned":
            *_, kept = send(kept, again)

    assert len(stand_in.pays) <= 1
    assert stand_in.paid_minor(payment.platform_assignment_id) in (0, 30)
    assert kept.state in ("confirmed", "unknown")
    if kept.state == "confirmed":
        assert stand_in.paid_minor(payment.platform_assignment_id) == 30


def test_a_bonus_that_is_missing_on_the_books_may_be_on_its_way(stand_in: StandIn, prolific: Prolific) -> None:
    payment = pay(stand_in, prolific)
    stand_in.pays_late, stand_in.manners = True, [("/pay/", "after")]
    *_, unknown = send(payment, prolific)
    assert unknown.state == "unknown"
    waiting = reconcile(unknown, approved=False, platform=prolific)
    assert (waiting.state, "a person has to" in waiting.note) == ("unknown", True)
    stand_in.settle()
    assert reconcile(waiting, approved=False, platform=prolific).state == "confirmed"


def test_two_bonuses_of_one_amount_are_never_taken_for_each_other(stand_in: StandIn, prolific: Prolific) -> None:
    first = pay(stand_in, prolific)
    second = replace(first, key="another", kind="partial")
    list(send(first, prolific))
    stand_in.manners = [("/pay/", "before")]
    *_, unknown = send(second, prolific)

    settled = reconcile(unknown, approved=False, platform=prolific, alike=1)

    assert (settled.state, "a person has to" in settled.note) == ("unknown", True)
    assert stand_in.paid_minor(first.platform_assignment_id) == 30


def test_one_process_asks_once_for_each_set_up(stand_in: StandIn, prolific: Prolific) -> None:
    payment = pay(stand_in, prolific)
    who = (payment.platform_worker_id, payment.platform_assignment_id, 30, "care")
    handle = prolific.prepare_bonus(*who)
    stand_in.manners = [("/pay/", "after")]
    for _ in range(2):
        with pytest.raises(PlatformUnreachable):
            prolific.bonus(*who, "t", handle)
    assert stand_in.pays == [handle]

    stand_in.balance, refused = 0, prolific.prepare_bonus(*who)
    with pytest.raises(PlatformRefused, match="insufficient funds"):
        prolific.bonus(*who, "t", refused)
    stand_in.balance = 100
    prolific.bonus(*who, "t", refused)  # a clear no moved nothing


def test_no_two_requests_are_made_at_once(stand_in: StandIn, prolific: Prolific) -> None:
    stand_in.slow_s, stand_in.manners = 0.1, [("balance", "slow")] * 5
    together = [threading.Thread(target=prolific.balance_minor) for _ in range(5)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert stand_in.most_at_once == 1
