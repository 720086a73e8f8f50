"""Wishes are carried out once, whatever breaks; money and messages never go twice. On SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.store import arriving
from app.store.assignments import assignment
from app.store.events import PAUSED, fact, latest_events
from app.store.ledger import payments
from app.store.work import Work
from app.tables import AssignmentRow, PaymentRow, WorkerRow
from hits.judgment import Said
from hits.pay import Pay
from hits.recruiting import PlatformUnreachable
from tests.app.store.conftest import Desk

REASON = "Every answer came before the clips had ended."


def test_a_form_that_is_sent_twice_is_one_wish_and_pays_once(desk: Desk) -> None:
    work = desk.handed_in()
    bonus = {"assignment_id": work.assignment_id, "amount_minor": 150, "reason": "For your patience."}
    first, second = (desk.wish("bonus", "same form", **bonus) for _ in range(2))
    desk.grant()
    desk.grant()

    assert first == second
    assert desk.came_of(first) == ("done", "paid")
    assert [paid for paid in desk.platform.bonuses.values() if paid[1] == 150] == [
        (work.platform_assignment_id, 150, "For your patience.")
    ]
    assert desk.ledger("bonus") == [("confirmed", 150)]


@pytest.mark.parametrize("breaks", ["prepare before", "prepare after", "bonus before", "bonus after"])
def test_a_bonus_whose_line_breaks_is_paid_once(desk: Desk, breaks: str) -> None:
    work = desk.handed_in()
    what, when = breaks.split()
    getattr(desk.platform, f"break_{when}").add(what)
    wish = desk.wish("bonus", assignment_id=work.assignment_id, amount_minor=150, reason="For your patience.")
    for _ in range(3):
        desk.grant(whole_turn=True)

    assert desk.came_of(wish)[0] == "done"
    assert desk.ledger("bonus") == [("confirmed", 150)]
    assert sum(paid[1] == 150 for paid in desk.platform.bonuses.values()) == 1


@pytest.mark.parametrize("cut_at", ["sent", "confirmed"])
def test_a_program_that_is_killed_between_two_steps_of_a_bonus_pays_once(
    desk: Desk, cut_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.hands import paying

    work, kept = desk.handed_in(), paying.keep_payment

    def cut(session: object, payment: object) -> None:
        if payment.kind == "bonus" and payment.state == cut_at:
            raise KeyboardInterrupt
        kept(session, payment)

    desk.wish("bonus", assignment_id=work.assignment_id, amount_minor=150, reason="For your patience.")
    with monkeypatch.context() as patch:
        patch.setattr(paying, "keep_payment", cut)
        with pytest.raises(KeyboardInterrupt):
            desk.grant()
    desk.grant(whole_turn=True)
    desk.grant(whole_turn=True)

    assert desk.ledger("bonus") == [("confirmed", 150)]
    assert sum(paid[1] == 150 for paid in desk.platform.bonuses.values()) == 1


def test_a_second_bonus_that_the_books_could_not_tell_from_the_first_is_refused(desk: Desk) -> None:
    work = desk.handed_in()
    bonus = {"assignment_id": work.assignment_id, "amount_minor": 150, "reason": "For your patience."}
    desk.wish("bonus", **bonus)
    again = desk.wish("bonus", **bonus)
    other = desk.wish("bonus", **{**bonus, "reason": "And once more."})
    desk.grant()

    assert desk.came_of(again)[0] == "refused"
    assert "give it other words" in desk.came_of(again)[1]
    assert desk.came_of(other) == ("done", "paid")


def test_a_bonus_above_the_cap_is_refused_with_the_sum(desk: Desk) -> None:
    work = desk.handed_in()
    desk.whole = desk.whole.model_copy(update={"pay": Pay(cap=3.0)})
    wish = desk.wish("bonus", assignment_id=work.assignment_id, amount_minor=250, reason="For your patience.")
    desk.grant()

    assert desk.came_of(wish)[0] == "refused"
    assert "above the cap of 3.00 USD" in desk.came_of(wish)[1]
    assert desk.ledger("bonus") == []


def test_a_refused_bonus_shows_the_platforms_words(desk: Desk) -> None:
    work = desk.handed_in()
    desk.platform.refuse.add("bonus")
    wish = desk.wish("bonus", assignment_id=work.assignment_id, amount_minor=150, reason="For your patience.")
    desk.grant()

    assert desk.came_of(wish) == ("refused", "bonus: no")


def test_work_without_an_answer_is_paid_once_a_person_approves_it(desk: Desk) -> None:
    work = desk.handed_in(answered=False)
    desk.grant(whole_turn=True)
    assert desk.ledger("reward") == []
    wish = desk.wish("approve", assignment_id=work.assignment_id)
    desk.grant()

    assert desk.came_of(wish) == ("done", "paid")
    assert desk.platform.approved == [work.platform_assignment_id]


def to_review(desk: Desk) -> Work:
    """Work that was handed in and collected, and waits for a person's look."""
    desk.whole = desk.whole.model_copy(update={"pay": Pay(review_for_h=24)})
    begun = desk.study.begin(0, "W0")
    desk.study.do_all(begun)
    desk.platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "W0")
    desk.grant(whole_turn=True)
    return begun


@pytest.mark.parametrize("breaks", ["", "before", "after"])
def test_a_rejection_says_why_and_drops_what_was_planned(desk: Desk, breaks: str) -> None:
    work = to_review(desk)
    if breaks:
        getattr(desk.platform, f"break_{breaks}").add("reject")
    wish = desk.wish("reject", assignment_id=work.assignment_id, reason=REASON)
    if breaks:
        with pytest.raises(PlatformUnreachable):
            desk.grant()
        assert desk.came_of(wish)[0] == "waiting"
    desk.grant()

    assert desk.came_of(wish)[0] == "done"
    assert desk.platform.rejected == {work.platform_assignment_id: REASON}
    assert [state for state, _ in desk.ledger("reward")] == ["dropped"]
    with desk.study.database.reading() as session:
        assert assignment(session, work.assignment_id).rejected_because == REASON


@pytest.mark.parametrize("breaks", ["", "before", "after"])
def test_rejected_work_that_a_person_accepts_after_all_is_paid_once_and_used(desk: Desk, breaks: str) -> None:
    work = to_review(desk)
    desk.wish("reject", assignment_id=work.assignment_id, reason=REASON)
    desk.grant()
    assert desk.ledger("reward")[0][0] == "dropped"
    if breaks:
        getattr(desk.platform, f"break_{breaks}").add("approve")
    desk.wish("approve", assignment_id=work.assignment_id)
    for _ in range(3):
        desk.grant(whole_turn=True)

    assert desk.platform.approved == [work.platform_assignment_id]
    assert desk.platform.rejected == {}
    assert [state for state, _ in desk.ledger("reward")] == ["confirmed"]
    with desk.study.database.reading() as session:
        assert assignment(session, work.assignment_id).state == "approved"


def test_rejecting_once_more_waits_until_it_is_known_whether_the_work_was_paid_after_all(desk: Desk) -> None:
    work = to_review(desk)
    desk.wish("reject", assignment_id=work.assignment_id, reason=REASON)
    desk.grant()
    desk.platform.break_before.add("approve")
    desk.wish("approve", assignment_id=work.assignment_id)
    desk.grant()
    again = desk.wish("reject", assignment_id=work.assignment_id, reason=REASON)
    with desk.study.database.writing() as session:
        reward = session.scalars(select(PaymentRow).where(PaymentRow.kind == "reward")).one()
        reward.state = "unknown"
    desk.grant()
    state, note = desk.came_of(again)
    assert (state, "on its way" in note) == ("refused", True)


def test_what_is_rejected_on_the_platforms_own_pages_is_rejected_here(desk: Desk) -> None:
    work = to_review(desk)
    desk.platform.becomes(work.platform_assignment_id, "rejected")
    desk.grant(whole_turn=True)
    assert [state for state, _ in desk.ledger("reward")] == ["dropped"]
    with desk.study.database.reading() as session:
        assert assignment(session, work.assignment_id).state == "rejected"

    desk.platform.becomes(work.platform_assignment_id, "approved")  # there too, and said here
    desk.wish("approve", assignment_id=work.assignment_id)
    desk.grant()
    assert [state for state, _ in desk.ledger("reward")] == ["confirmed"]
    with desk.study.database.reading() as session:
        assert assignment(session, work.assignment_id).state == "approved"


def test_work_that_is_returned_before_it_is_paid_is_paid_for_its_part_alone(desk: Desk) -> None:
    work = to_review(desk)
    desk.platform.becomes(work.platform_assignment_id, "returned")
    for _ in range(2):
        desk.grant(whole_turn=True)
    assert [state for state, _ in desk.ledger("reward")] == ["dropped"]
    with desk.study.database.reading() as session:
        assert assignment(session, work.assignment_id).state == "returned"


def test_a_rejection_that_the_platform_refuses_takes_nobody_their_pay(desk: Desk) -> None:
    work = to_review(desk)
    desk.platform.refuse.add("reject")
    wish = desk.wish("reject", assignment_id=work.assignment_id, reason=REASON)
    desk.grant()
    assert desk.came_of(wish) == ("refused", "reject: no")
    paid = desk.wish("approve", assignment_id=work.assignment_id)
    desk.grant()
    assert desk.came_of(paid) == ("done", "paid")
    late = desk.wish("reject", assignment_id=work.assignment_id, reason=REASON)
    desk.grant()
    assert desk.came_of(late)[0] == "refused"


@pytest.mark.parametrize("breaks", ["before", "after"])
def test_a_message_goes_at_most_once(desk: Desk, breaks: str) -> None:
    work = desk.handed_in()
    getattr(desk.platform, f"break_{breaks}").add("message")
    wish = desk.wish("message", worker=work.worker, subject="Hello", text="Thank you")
    desk.grant()
    desk.grant()

    assert desk.came_of(wish)[0] == "refused"
    assert "look at the platform before you write again" in desk.came_of(wish)[1]
    assert desk.platform.messages == ([] if breaks == "before" else [("W0", "Hello", "Thank you")])


def test_a_program_that_is_killed_while_it_writes_does_not_write_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, write = desk.handed_in(), desk.platform.message

    def killed(*message: object) -> None:
        write(*message)
        raise KeyboardInterrupt

    wish = desk.wish("message", worker=work.worker, subject="Hello", text="Thank you")
    with monkeypatch.context() as patch:
        patch.setattr(desk.platform, "message", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.grant()
    desk.grant()

    assert desk.platform.messages == [("W0", "Hello", "Thank you")]
    assert desk.came_of(wish)[0] == "refused"


def test_a_message_to_everybody_leaves_out_who_is_not_invited_on(desk: Desk) -> None:
    first, _ = desk.handed_in(0), desk.handed_in(1)
    desk.wish("invite", worker=first.worker, trusted=False, reason="clicked through")
    wish = desk.wish("message", subject="Hello", text="Thank you")
    desk.grant()

    assert desk.came_of(wish) == ("done", "sent to 1 worker")
    assert desk.platform.messages == [("W1", "Hello", "Thank you")]


@pytest.mark.parametrize(("paid", "state"), [(True, "confirmed"), (False, "planned")])
def test_a_person_settles_what_the_books_do_not_say(desk: Desk, paid: bool, state: str) -> None:
    work = desk.handed_in()
    desk.platform.books_are_closed = True
    desk.platform.break_after.add("bonus")
    desk.wish("bonus", assignment_id=work.assignment_id, amount_minor=150, reason="For your patience.")
    desk.grant()
    assert desk.ledger("bonus") == [("unknown", 150)]
    with desk.study.database.reading() as session:
        key = next(row["key"] for row in payments(session) if row["kind"] == "bonus")
    wish, again = (desk.wish("settle", key=key, paid=paid) for _ in range(2))
    desk.grant()

    assert desk.came_of(wish)[0] == "done"
    assert desk.came_of(again)[0] == "refused"
    assert desk.ledger("bonus") == [(state, 150)]
    with desk.study.database.reading() as session:
        assert session.get_one(PaymentRow, key).note.startswith("ada found out")


def test_what_a_person_decided_of_a_worker_is_not_lifted_by_checks(desk: Desk) -> None:
    work = desk.study.begin(0, "W0")
    desk.wish("invite", worker=work.worker, trusted=False, reason="answers in a pattern")
    desk.grant()
    desk.study.do_all(work)  # a check among them

    with desk.study.database.reading() as session:
        row = session.get_one(WorkerRow, work.worker)
        assert row.checks_answered > 0
        assert (row.trusted, row.distrusted_because) == (False, "ada: answers in a pattern")
    desk.wish("invite", worker=work.worker, trusted=None, reason="")
    desk.grant()
    with desk.study.database.reading() as session:
        assert session.get_one(WorkerRow, work.worker).trusted is True


def test_who_is_invited_on_by_hand_stays_so_however_the_checks_go(desk: Desk) -> None:
    work = desk.study.begin(0, "W0")
    desk.wish("invite", worker=work.worker, trusted=True, reason="I listened along")
    desk.grant()
    with desk.study.database.writing() as session:
        session.get_one(WorkerRow, work.worker).checks_answered = 9
    desk.study.do_all(work, Said("different", "different", 4, 4))

    with desk.study.database.reading() as session:
        assert session.get_one(WorkerRow, work.worker).trusted is True


def test_while_a_study_is_paused_nobody_new_begins_and_the_others_go_on(desk: Desk) -> None:
    begun = desk.study.begin(0, "W0")
    desk.wish("pause")
    desk.grant()
    with pytest.raises(arriving.WorkRefused) as refused:
        desk.study.begin(1, "W1")
    assert refused.value.reason == "paused"
    assert desk.study.begin(0, "W0").assignment_id == begun.assignment_id
    desk.study.do_all(begun)
    desk.wish("resume")
    desk.grant()

    assert desk.study.begin(1, "W1").state == "accepted"
    with desk.study.database.reading() as session:
        assert fact(session, PAUSED) is None


def test_a_wish_without_an_answer_waits_and_says_so(desk: Desk) -> None:
    desk.platform.break_before.add("expire")
    wish = desk.wish("close")
    with pytest.raises(PlatformUnreachable):
        desk.grant()
    assert desk.came_of(wish) == ("waiting", "no answer yet: expire: the line broke before")
    desk.grant()
    assert desk.came_of(wish)[0] == "done"


def test_pairs_that_were_taken_in_meanwhile_are_not_published_at_the_old_price(desk: Desk) -> None:
    wish = desk.wish("publish", clips=None, total_minor=100, pairs_before=0)
    desk.grant()

    assert desk.came_of(wish)[0] == "refused"
    assert "taken in meanwhile" in desk.came_of(wish)[1]


def test_every_wish_and_what_came_of_it_is_noted_with_who_wished(desk: Desk) -> None:
    work = desk.handed_in()
    desk.wish("bonus", assignment_id=work.assignment_id, amount_minor=150, reason="For your patience.")
    desk.grant()
    with desk.study.database.reading() as session:
        noted = [one for one in latest_events(session, by_hand=True) if one.kind == "wish"]
        made_by = [row["made_by"] for row in payments(session) if row["kind"] == "bonus"]
    assert [(one.researcher, one.text) for one in noted] == [("ada", f"bonus ({work.assignment_id}): done. paid")]
    assert made_by == ["ada"]


def test_a_wish_about_nothing_that_is_there_is_refused(desk: Desk) -> None:
    wishes = [
        desk.wish("approve", assignment_id="of another study"),
        desk.wish("settle", key="of another study", paid=True),
        desk.wish("invite", worker="of another study", trusted=True, reason="a good ear"),
    ]
    desk.grant()
    assert {desk.came_of(wish)[0] for wish in wishes} == {"refused"}
    with desk.study.database.reading() as session:
        assert session.get(AssignmentRow, "of another study") is None
