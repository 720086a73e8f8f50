"""What was left, or deleted, and came back: at the same moment, to others, or handed in after all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from app.store import arriving
from app.store import work as store
from app.store.missing import trials_out
from app.store.money import committed_minor, drop_parts, plan_payments, work_done
from app.store.progress import judgment_rows
from app.store.standing import standings
from app.store.trials import asked_and_coming
from app.tables import HitRow, JudgmentRow
from hits.collect import payments_due
from hits.listening import Listened
from tests.app.store.left import PAY, SAME, confirm, ledger, state, trial_states, walk_out


def test_an_answer_that_comes_after_leaving_is_not_kept(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    trial = study.open(begun)
    study.now += timedelta(seconds=10)
    walk_out(study, begun)

    with study.database.writing() as session, pytest.raises(store.TrialClosed, match="was left"):
        store.answer(
            session,
            begun.assignment_id,
            trial.trial_id,
            trial.nonce,
            SAME,
            Listened(1.0, 2.0),
            rules=study.rules,
            now=study.now,
        )
    with study.database.reading() as session:
        assert session.scalars(select(JudgmentRow)).all() == []


def test_an_answer_and_a_leave_at_the_same_moment_end_in_one_order_or_the_other(
    launched: Callable[..., object],
) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.open(begun)
    together = Barrier(2)

    def answer() -> None:
        with study.database.writing() as session:
            asked, _ = asked_and_coming(session, begun.assignment_id)
            together.wait(5) if study.database.engine.dialect.name == "postgresql" else None
            try:
                store.answer(
                    session,
                    begun.assignment_id,
                    asked.trial_id,
                    asked.nonce,
                    SAME,
                    Listened(1.0, 2.0),
                    rules=study.rules,
                    now=study.now + timedelta(seconds=10),
                )
            except store.TrialClosed:
                session.rollback()

    def go() -> None:
        if study.database.engine.dialect.name == "postgresql":
            together.wait(5)
        walk_out(study, begun, delete=True)

    both = [Thread(target=answer), Thread(target=go)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert state(study, begun) == "withdrawn"
    assert set(trial_states(study, begun)) == {"released"}
    with study.database.reading() as session:
        assert session.scalars(select(JudgmentRow)).all() == []


def test_released_pairs_are_handed_to_others_at_once(launched: Callable[..., object]) -> None:
    study = launched(pairs=2, checks=1, hits=5, trials_per_hit=3)
    first = study.begin(0, "W1")
    study.begin(1, "W2")
    with pytest.raises(arriving.WorkRefused):
        study.begin(2, "W3")

    walk_out(study, first)

    assert study.begin(2, "W3").trials == 3
    with study.database.reading() as session:
        assert {one.reserved for one in standings(session, study.now) if one.role == "study"} == {2}


def test_kept_answers_are_votes_once_the_platform_says_whose_they_are(launched: Callable[..., object]) -> None:
    study = launched(pairs=2, checks=0, hits=5, trials_per_hit=2, checks_per_hit=0, assignment_duration_s=600)
    begun = study.begin(0, "W1")
    study.answer(begun)
    walk_out(study, begun)

    def votes() -> int:
        with study.database.reading() as session:
            return sum(one.votes for one in standings(session, study.now))

    def used() -> list[bool]:
        with study.database.reading() as session:
            return [row["used"] for row in judgment_rows(session)]

    assert (votes(), used()) == (1, [False])
    study.now += timedelta(hours=2)
    assert (votes(), used()) == (0, [False])  # nobody knows whose they are
    confirm(study)
    assert (votes(), used()) == (1, [True])


def test_whoever_left_may_take_another_task_with_the_pairs_that_were_not_heard(launched: Callable[..., object]) -> None:
    study = launched(pairs=4, checks=0, hits=5, trials_per_hit=4, checks_per_hit=0)
    begun = study.begin(0, "W1")
    study.answer(begun)
    study.open(begun)  # one was answered, one was opened, two were not
    walk_out(study, begun)

    again = study.begin(1, "W1")

    assert again.trials == 2


def test_the_task_that_was_left_is_not_taken_up_again(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    walk_out(study, begun)

    again = study.begin(0, "W1")

    assert (again.assignment_id, again.state) == (begun.assignment_id, "withdrawn")


def test_what_was_left_is_committed_once_and_its_place_is_open_again(launched: Callable[..., object]) -> None:
    study = launched(pairs=9, checks=1, hits=2, trials_per_hit=4, checks_per_hit=1)
    with study.database.reading() as session:
        before = committed_minor(session, PAY)
        out = trials_out(session, study.rules.hits, study.now)
    begun = study.begin(0, "W1")
    study.answer(begun)
    walk_out(study, begun)

    with study.database.writing() as session:
        assert committed_minor(session, PAY) == before + 16 + 4
        assert trials_out(session, study.rules.hits, study.now) == out
        for hit in session.scalars(select(HitRow)):
            hit.state = "closed"
        session.flush()
        assert committed_minor(session, PAY) == 16 + 4  # nobody's reward is to come any more


def test_made_up_ids_run_up_no_debts(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)  # three workers a pair
    for number in range(5):
        begun = study.begin(0, f"FORGED{number}")
        study.answer(begun)
        walk_out(study, begun)

    with pytest.raises(arriving.WorkRefused, match="other hands"):
        study.begin(0, "FORGED5")
    confirm(study)
    assert study.begin(0, "W1").trials == 7


def test_handing_in_what_was_left_is_paid_as_a_whole_and_the_part_is_dropped(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    walk_out(study, begun)
    study.hand_in(begun)

    with study.database.writing() as session:
        due = payments_due(work_done(session, begun.assignment_id), PAY)
        drop_parts(session, begun.assignment_id)
        plan_payments(session, begun.assignment_id, due, PAY)

    assert ledger(study) == [("partial", 16, "dropped"), ("reward", 48, "planned")]
    assert state(study, begun) == "submitted"


def test_a_part_that_left_already_counts_towards_the_wage_floor(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    for _ in range(4):
        study.answer(begun, after_s=100.0)  # seven minutes, 1.11
    walk_out(study, begun)
    confirm(study)

    with study.database.reading() as session:
        due = payments_due(work_done(session, begun.assignment_id), PAY)

    assert ledger(study) == [("partial", 111, "confirmed")]
    assert [(payment.kind, payment.amount_minor) for payment in due] == [("reward", 48)]
