"""Taking the last answer back, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from time import sleep

from sqlalchemy import select

from app.store.pairs import keep_pairs
from app.store.undo import last_answered, undo
from app.store.work import Work, answer
from app.tables import EventRow, JudgmentRow, WorkerRow
from hits.judgment import Said
from hits.listening import Listened
from tests.app.store.conftest import pair

SAME, DIFFERENT = Said("same", "same"), Said("different", "same", 2, 3)


def last(study: object, begun: Work) -> str | None:
    with study.database.reading() as session:
        return last_answered(session, begun.assignment_id, study.now)


def take_back(study: object, begun: Work, trial_id: str) -> bool:
    with study.database.writing() as session:
        return undo(session, begun.assignment_id, trial_id, rule=study.rules.quality, now=study.now)


def said(study: object) -> list[str]:
    with study.database.reading() as session:
        return [row.activation for row in session.scalars(select(JudgmentRow).order_by(JudgmentRow.submitted_at))]


def test_the_last_answer_is_asked_again_and_the_new_one_counts(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    study.answer(begun, DIFFERENT)
    trial_id = last(study, begun)
    assert trial_id is not None

    assert take_back(study, begun, trial_id)

    asked = study.open(begun)
    assert (asked.trial_id, asked.position, asked.opened_at) == (trial_id, 2, study.now)
    assert said(study) == ["same"]
    study.answer(begun, SAME)
    assert said(study) == ["same", "same"]


def test_what_was_said_first_stays_on_record(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun, DIFFERENT)

    take_back(study, begun, last(study, begun))

    with study.database.reading() as session:
        (event,) = session.scalars(select(EventRow).where(EventRow.kind == "undo"))
    assert "activation different, valence same, rated 2 and 3" in event.text


def test_only_the_last_answer_can_be_taken_back_and_once(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    first = last(study, begun)
    study.answer(begun)
    second = last(study, begun)

    assert not take_back(study, begun, first)
    assert take_back(study, begun, second)
    assert not take_back(study, begun, second)
    assert len(said(study)) == 1


def test_the_one_that_was_open_meanwhile_has_to_be_heard_anew(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    opened_at = study.open(begun).opened_at
    study.now += timedelta(seconds=30)

    take_back(study, begun, last(study, begun))
    study.answer(begun)

    assert study.open(begun).opened_at > opened_at


def test_once_the_pair_s_next_vote_is_handed_out_the_answer_stays(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7, checks_per_hit=0)
    begun = study.begin(0, "W1")
    study.answer(begun)
    trial_id = last(study, begun)
    assert trial_id is not None

    study.now += timedelta(seconds=1)
    study.begin(0, "W2")

    assert last(study, begun) is None
    assert not take_back(study, begun, trial_id)
    assert len(said(study)) == 1


def test_a_finished_task_can_be_taken_up_again_until_it_is_handed_in(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.do_all(begun)
    trial_id = last(study, begun)

    assert take_back(study, begun, trial_id)
    assert study.open(begun).trial_id == trial_id

    study.do_all(begun)
    study.hand_in(begun)
    assert last(study, begun) is None


def test_a_check_that_was_failed_by_a_slip_is_weighed_by_the_second_answer(launched: Callable[..., object]) -> None:
    study = launched(pairs=1, checks=1, policy="fixed", trials_per_hit=2, checks_per_hit=1)
    begun = study.begin(0, "W1")
    while True:
        study.answer(begun, DIFFERENT)
        with study.database.reading() as session:
            worker = session.scalars(select(WorkerRow)).one()
            counts = (worker.checks_passed, worker.checks_answered)
        if counts == (0, 1):
            break

    take_back(study, begun, last(study, begun))
    study.answer(begun, SAME)

    with study.database.reading() as session:
        worker = session.scalars(select(WorkerRow)).one()
        assert (worker.checks_passed, worker.checks_answered) == (1, 1)


def test_a_repeat_is_taken_back_and_asked_again_as_a_repeat_whoever_was_asked_meanwhile(
    launched: Callable[..., object],
) -> None:
    study = launched(pairs=2, checks=0, hits=9, trials_per_hit=2, checks_per_hit=0, repeats_per_hit=1)
    study.do_all(study.begin(0, "W1"))
    with study.database.writing() as session:
        keep_pairs(session, [pair(50)], {"fade-in": ("fade", None)})
    begun = study.begin(1, "W1")
    while study.open(begun) is not None:
        study.answer(begun, DIFFERENT)
        trial_id = last(study, begun)
        with study.database.reading() as session:
            role = session.scalars(select(JudgmentRow.role).where(JudgmentRow.trial_id == trial_id)).one()
        if role == "repeat":
            break
    study.now += timedelta(seconds=1)
    study.begin(2, "W2")

    assert take_back(study, begun, trial_id)
    study.answer(begun, SAME)

    with study.database.reading() as session:
        rows = list(session.scalars(select(JudgmentRow).where(JudgmentRow.role == "repeat")))
    assert [row.activation for row in rows] == ["same"]


def test_ratings_of_both_clips_stay_on_record(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7, rate="both", rate_both_share=1.0)
    begun = study.begin(0, "W1")
    study.answer(begun, Said("same", "same", 2, 3, 4, 5))

    take_back(study, begun, last(study, begun))

    with study.database.reading() as session:
        (event,) = session.scalars(select(EventRow).where(EventRow.kind == "undo"))
    assert "valence same, rated 2 and 3, the original 4 and 5" in event.text


def test_when_the_time_is_over_nothing_can_be_taken_back(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7, assignment_duration_s=60)
    begun = study.begin(0, "W1")
    study.answer(begun)
    study.now += timedelta(seconds=120)

    assert last(study, begun) is None


def test_an_answer_that_is_just_being_kept_is_not_undone_underneath(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    before, asked, came = last(study, begun), study.open(begun), []
    study.now += timedelta(seconds=10)
    back = Thread(target=lambda: came.append(take_back(study, begun, before)))
    with study.database.writing() as session:
        answer(
            session,
            begun.assignment_id,
            asked.trial_id,
            asked.nonce,
            DIFFERENT,
            Listened(asked.first_length_s, asked.second_length_s),
            rules=study.rules,
            now=study.now,
        )
        back.start()
        sleep(0.3)  # it waits for this answer
    back.join()

    assert came == [False]
    assert sorted(said(study)) == ["different", "same"]
    assert last(study, begun) == asked.trial_id
    study.do_all(begun)
    assert len(said(study)) == 7
