"""Work waits for a person's look before it is paid, and is paid whatever clocks and researchers do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.store.leaving import leave
from app.store.review import to_review_until
from app.store.work import Work
from app.tables import AssignmentRow, PaymentRow
from hits.pay import Pay
from hits.recruiting import PlatformUnreachable
from tests.app.store.conftest import Desk

REASON = "Every answer came before the clips had ended."
SLOW = 100.0  # seconds a trial, so that there is a top-up


@pytest.fixture
def reviewed(desk: Desk) -> Desk:
    """A study whose work is looked at within a day."""
    desk.whole = desk.whole.model_copy(update={"pay": Pay(review_for_h=24)})
    return desk


def work_of(desk: Desk, hit: int = 0) -> Work:
    """Work that was handed in, and one turn."""
    begun = desk.study.begin(hit, f"W{hit}")
    while desk.study.open(begun) is not None:
        desk.study.answer(begun, after_s=SLOW)
    desk.platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, f"W{hit}")
    desk.grant(whole_turn=True)
    return begun


def came_earlier(desk: Desk, hours: float) -> None:
    """As if everything had been handed in and written down so much earlier; or later, below zero."""
    past = timedelta(hours=hours)
    with desk.study.database.writing() as session:
        for row in session.scalars(select(AssignmentRow).where(AssignmentRow.submitted_at.is_not(None))):
            row.submitted_at -= past
        for payment in session.scalars(select(PaymentRow)):
            payment.planned_at -= past


def ledger(desk: Desk) -> set[tuple[str, str]]:
    with desk.study.database.reading() as session:
        return {(row.kind, row.state) for row in session.scalars(select(PaymentRow))}


WAITING = {("reward", "planned"), ("top-up", "planned")}
PAID = {("reward", "confirmed"), ("top-up", "confirmed")}


def test_work_waits_for_its_reward_and_its_bonus_and_is_paid_once_the_time_is_over(reviewed: Desk) -> None:
    work = work_of(reviewed)
    database, pay = reviewed.study.database, reviewed.whole.pay
    with database.reading() as session:
        until = to_review_until(session, work.assignment_id, pay, database.now())
    assert timedelta(hours=23) < until - database.now() <= timedelta(hours=24)
    came_earlier(reviewed, 23.5)
    assert reviewed.grant(whole_turn=True).paid == 0
    assert ledger(reviewed) == WAITING

    came_earlier(reviewed, 1)
    assert reviewed.grant(whole_turn=True).paid == 2
    assert ledger(reviewed) == PAID
    with database.reading() as session:
        assert to_review_until(session, work.assignment_id, pay, database.now()) is None


def test_without_a_time_for_review_work_is_paid_with_the_turn_that_collects_it(desk: Desk) -> None:
    work_of(desk)
    assert ledger(desk) == PAID


def test_pay_now_pays_what_waits(reviewed: Desk) -> None:
    work_of(reviewed)
    wish = reviewed.wish("pay")
    reviewed.grant()
    assert reviewed.came_of(wish) == ("done", "2 payments confirmed")
    assert ledger(reviewed) == PAID


def test_who_approves_pays_reward_and_bonus_of_that_work_alone(reviewed: Desk) -> None:
    first, _ = work_of(reviewed, 0), work_of(reviewed, 1)
    wish = reviewed.wish("approve", assignment_id=first.assignment_id)
    reviewed.grant()

    assert reviewed.came_of(wish) == ("done", "paid")
    assert reviewed.platform.approved == [first.platform_assignment_id]
    with reviewed.study.database.reading() as session:
        rows = session.scalars(select(PaymentRow).where(PaymentRow.assignment_id == first.assignment_id)).all()
        assert {(row.kind, row.state, row.made_by) for row in rows} == {
            ("reward", "confirmed", "ada"),
            ("top-up", "confirmed", "ada"),
        }


@pytest.mark.parametrize("ends", ["pause", "close"])
def test_a_study_that_is_paused_or_closed_pays_what_was_to_be_reviewed(reviewed: Desk, ends: str) -> None:
    work_of(reviewed)
    reviewed.wish(ends)
    reviewed.grant(whole_turn=True)
    came_earlier(reviewed, 25)
    reviewed.grant(whole_turn=True)
    assert ledger(reviewed) == PAID


def test_a_clock_that_is_set_back_keeps_nobody_from_pay(reviewed: Desk) -> None:
    work_of(reviewed)
    came_earlier(reviewed, -24 * 365)
    reviewed.grant(whole_turn=True)
    assert ledger(reviewed) == PAID


def test_a_platform_whose_clock_is_ahead_makes_nobody_wait_longer(reviewed: Desk) -> None:
    work_of(reviewed)
    with reviewed.study.database.writing() as session:
        for row in session.scalars(select(AssignmentRow).where(AssignmentRow.submitted_at.is_not(None))):
            row.submitted_at += timedelta(days=400)
    assert reviewed.grant(whole_turn=True).paid == 0
    with reviewed.study.database.writing() as session:
        for payment in session.scalars(select(PaymentRow)):
            payment.planned_at -= timedelta(hours=25)
    assert reviewed.grant(whole_turn=True).paid == 2


def test_what_was_not_handed_in_and_a_persons_bonus_do_not_wait(reviewed: Desk) -> None:
    work = work_of(reviewed)
    left = reviewed.study.begin(1, "W1")
    reviewed.study.answer(left, after_s=SLOW)
    with reviewed.study.database.writing() as session:
        leave(session, left.assignment_id, delete_answers=False, pay=reviewed.whole.pay, now=reviewed.study.now)
    reviewed.wish("bonus", assignment_id=work.assignment_id, amount_minor=150, reason="For your patience.")
    reviewed.grant(whole_turn=True)
    assert ledger(reviewed) == {*WAITING, ("partial", "confirmed"), ("bonus", "confirmed")}


class TestRejecting:
    def test_only_while_it_is_to_be_reviewed(self, reviewed: Desk) -> None:
        work = work_of(reviewed)
        came_earlier(reviewed, 25)
        wish = reviewed.wish("reject", assignment_id=work.assignment_id, reason=REASON)
        reviewed.grant(whole_turn=True)

        assert reviewed.came_of(wish)[0] == "refused"
        assert "the time to review" in reviewed.came_of(wish)[1]
        assert reviewed.platform.rejected == {}
        assert ledger(reviewed) == PAID

    def test_never_where_work_is_paid_at_once(self, desk: Desk) -> None:
        desk.platform.refuse.add("approve")  # its reward could not be paid yet
        work = work_of(desk)
        wish = desk.wish("reject", assignment_id=work.assignment_id, reason=REASON)
        desk.grant()
        assert desk.came_of(wish)[0] == "refused"
        assert "pay.review_for_h is 0 h" in desk.came_of(wish)[1]
        assert desk.platform.rejected == {}

    def test_what_was_wished_in_time_counts_when_the_platform_answers_late(self, reviewed: Desk) -> None:
        work = work_of(reviewed)
        reviewed.platform.break_after.add("reject")
        wish = reviewed.wish("reject", assignment_id=work.assignment_id, reason=REASON)
        with pytest.raises(PlatformUnreachable):
            reviewed.grant(whole_turn=True)
        with reviewed.study.database.writing() as session:  # as if a day had gone by since
            from app.tables import WishRow

            session.get_one(WishRow, wish.wish_id).at -= timedelta(hours=25)
        came_earlier(reviewed, 25)
        reviewed.grant(whole_turn=True)

        assert reviewed.came_of(wish)[0] == "done"
        assert ledger(reviewed) == {("reward", "dropped"), ("top-up", "dropped")}
        assert reviewed.platform.approved == []

    def test_work_without_an_answer_is_left_to_a_person_for_as_long_as_it_is_open(self, desk: Desk) -> None:
        work = desk.handed_in(answered=False)
        wish = desk.wish("reject", assignment_id=work.assignment_id, reason=REASON)
        desk.grant()
        assert desk.came_of(wish)[0] == "done"


@pytest.mark.parametrize("mode", ["credit", "volunteer"])
def test_where_no_money_is_paid_work_is_accepted_after_the_time_for_review(desk: Desk, mode: str) -> None:
    desk.whole = desk.whole.model_copy(update={"pay": Pay(mode=mode, review_for_h=24)})
    work = work_of(desk)
    assert desk.platform.approved == []
    came_earlier(desk, 25)
    desk.grant(whole_turn=True)
    assert desk.platform.approved == [work.platform_assignment_id]
