"""Leaving, being let go, running out of time: paid for the part that was done, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from app.store import work as store
from app.store.events import latest_events
from app.store.leaving import so_far
from app.tables import AssignmentRow, HitRow, JudgmentRow
from hits.judgment import Said
from hits.pay import Pay
from tests.app.store.left import PAY, ledger, state, trial_states, walk_out


def test_leaving_pays_the_time_at_work_by_the_minute_begun_and_releases_the_rest(launched: Callable[..., object]):
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    for seconds in (45.0, 30.0):
        study.answer(begun, after_s=seconds)
    study.open(begun)

    assert walk_out(study, begun)

    assert ledger(study) == [("partial", 32, "planned")]  # two minutes begun
    assert state(study, begun) == "withdrawn"
    assert trial_states(study, begun) == ["answered"] * 2 + ["released"] * 5


def test_quick_work_earns_its_share_of_the_reward_as_the_page_said(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)  # a reward of 48
    begun = study.begin(0, "W1")
    for _ in range(5):
        study.answer(begun, after_s=4.0)

    walk_out(study, begun)

    assert ledger(study) == [("partial", 34, "planned")]  # five sevenths; its time alone would be 16


def test_leaving_after_the_last_answer_earns_no_less_than_its_reward(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.do_all(begun)
    with study.database.reading() as session:
        seen = so_far(session, begun.assignment_id, PAY)

    walk_out(study, begun)

    assert (seen.done, seen.trials, seen.left_minor, seen.whole_minor) == (7, 7, 48, 48)
    assert ledger(study) == [("partial", 48, "planned")]
    assert state(study, begun) == "withdrawn"


def test_no_work_earns_nothing(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.open(begun)
    study.now += timedelta(seconds=300)  # with the first pair open

    assert walk_out(study, begun)

    assert ledger(study) == []
    assert state(study, begun) == "withdrawn"


def test_where_the_study_pays_nothing_leaving_earns_nothing(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    with study.database.writing() as session:
        for row in session.scalars(select(HitRow)):
            row.reward_minor = 0
    begun = study.begin(0, "W1")
    study.answer(begun)

    walk_out(study, begun, pay=Pay(wage_per_hour=0))

    assert ledger(study) == []


def test_leaving_twice_is_leaving_once(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)

    assert walk_out(study, begun)
    study.now += timedelta(seconds=500)
    assert walk_out(study, begun)

    assert ledger(study) == [("partial", 16, "planned")]
    with study.database.reading() as session:
        assert [one.kind for one in latest_events(session)].count("left") == 1


def test_two_clicks_at_the_same_moment_plan_one_payment(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    together, answers = Barrier(2), []

    def click() -> None:
        together.wait()
        answers.append(walk_out(study, begun, delete=True))

    clicks = [Thread(target=click) for _ in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    assert answers == [True, True]
    assert ledger(study) == [("partial", 16, "planned")]


def test_deleted_answers_are_gone_and_said_nowhere_but_their_time_is_paid(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    for _ in range(2):
        study.answer(begun, Said("different", "same", 2, 3), after_s=40.0)
    with study.database.writing() as session:
        store.finish(session, begun.assignment_id, "the second one was sad")

    walk_out(study, begun, delete=True)

    assert ledger(study) == [("partial", 32, "planned")]
    assert trial_states(study, begun) == ["released"] * 7
    with study.database.reading() as session:
        row = session.get_one(AssignmentRow, begun.assignment_id)
        assert (row.answers_deleted, row.comment) == (True, "")
        assert session.scalars(select(JudgmentRow)).all() == []
        told = " ".join(text for text in (one.text for one in latest_events(session)))
        assert "were deleted at its worker's wish" in told
        assert "different" not in told
        assert "sad" not in told


def test_answers_that_were_kept_at_first_can_still_be_deleted(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    walk_out(study, begun)

    assert walk_out(study, begun, delete=True)

    assert trial_states(study, begun) == ["released"] * 7
    assert ledger(study) == [("partial", 16, "planned")]


@pytest.mark.parametrize("at", ["submitted", "approved", "rejected", "screened-out", "returned", "expired"])
def test_what_is_over_already_can_not_be_left(launched: Callable[..., object], at: str) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    with study.database.writing() as session:
        session.get_one(AssignmentRow, begun.assignment_id).state = at

    assert not walk_out(study, begun, delete=True)

    assert state(study, begun) == at
    assert ledger(study) == []
    assert trial_states(study, begun)[0] == "answered"


def test_what_ran_out_is_settled_by_the_platform_and_not_by_a_late_click(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7, assignment_duration_s=60)
    begun = study.begin(0, "W1")
    study.answer(begun)
    study.now += timedelta(seconds=61)

    assert not walk_out(study, begun)
    assert ledger(study) == []
