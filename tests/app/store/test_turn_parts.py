"""The one pair of hands and work that was not handed in whole: it is paid for the part that was done, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.hands.paying import plan_refused_again
from app.hands.worksite import Worksite
from app.store.events import latest_events
from app.store.leaving import leave, screen_out
from app.store.ledger import payments
from app.store.lock import hands
from app.store.progress import overview
from app.store.steps import note_round, open_step
from app.store.work import Work
from app.tables import AssignmentRow
from hits.pay import Pay
from hits.recruiting import PlatformRefused
from tests.app.store.hands import hand_in


def walk_out(study, worker: str, hit: int = 0) -> Work:
    """Begin, answer once, leave."""
    begun = study.begin(hit, worker)
    study.answer(begun)
    with study.database.writing() as session:
        leave(session, begun.assignment_id, delete_answers=False, pay=Pay(), now=study.now)
    return begun


def fail_a_step(study, worker: str, hit: int = 0) -> Work:
    """Begin, fail the sound check in fifty seconds, be let go."""
    begun = study.begin(hit, worker)
    with study.database.writing() as session:
        open_step(session, begun.worker, begun.assignment_id, "sound-check", {}, study.now)
        note_round(session, begun.worker, "sound-check", {"seconds": 50.0}, study.now, settled="failed")
        screen_out(session, begun.assignment_id, pay=Pay())
    return begun


ENDINGS = pytest.mark.parametrize("ends", [walk_out, fail_a_step], ids=["partial", "screening"])


@ENDINGS
def test_whoever_does_not_hand_in_is_paid_once_however_often_the_hands_come_by(study_of, platform, ends) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    ends(study, "W1")
    assert turn().paid == 1
    assert turn().idle
    assert [(assignment, amount) for assignment, amount, _ in platform.bonuses.values()] == [("A-0-W1", 16)]
    assert platform.approved == []


@ENDINGS
@pytest.mark.parametrize("breaks", ["break_before", "break_after"])
def test_a_part_is_paid_once_over_a_line_that_breaks(study_of, platform, breaks: str, ends) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    ends(study, "W1")
    setattr(platform, breaks, {"bonus"})
    for _ in range(3):
        turn()
    assert len(platform.bonuses) == 1
    with study.database.reading() as session:
        assert [row["state"] for row in payments(session)] == ["confirmed"]


@ENDINGS
@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_process_that_dies_while_it_pays_a_part_pays_it_once(study_of, platform, dies: str, ends) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    ends(study, "W1")

    class Killed(BaseException):
        """As if the machine had stopped."""

    paying = platform.bonus

    def die(*asked: object) -> None:
        if dies == "after":
            paying(*asked)
        raise Killed

    platform.bonus = die
    with pytest.raises(Killed):
        turn()
    platform.bonus = paying
    turn()
    assert len(platform.bonuses) == 1
    with study.database.reading() as session:
        assert [row["state"] for row in payments(session)] == ["confirmed"]


@ENDINGS
def test_a_part_that_the_platform_refuses_is_said_and_asked_for_again(study_of, platform, ends) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    ends(study, "W1")
    platform.refuse = {"bonus"}
    assert "was refused: bonus: no" in turn().notes[0]
    with study.database.reading() as session:
        assert [(row["state"], row["note"]) for row in payments(session)] == [("refused", "bonus: no")]
    platform.refuse = set()
    assert turn().paid == 0
    with hands(study.database) as held:
        assert plan_refused_again(Worksite(study.whole, study.database, platform, "http://localhost/", held)) == 1
    assert turn().paid == 1


@pytest.mark.parametrize("refused_first", [False, True])
def test_what_was_left_and_handed_in_all_the_same_is_paid_as_a_whole_alone(
    study_of, platform, refused_first: bool
) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    begun = walk_out(study, "W1")
    if refused_first:
        platform.refuse = {"bonus"}
        turn()
        platform.refuse = set()
    platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "W1")
    turn()
    with hands(study.database) as held:
        plan_refused_again(Worksite(study.whole, study.database, platform, "http://localhost/", held))
    turn()
    assert (platform.approved, platform.bonuses) == (["A-0-W1"], {})
    with study.database.reading() as session:
        assert {(row["kind"], row["state"]) for row in payments(session)} == {
            ("partial", "dropped"),
            ("reward", "confirmed"),
        }
        assert any("was dropped" in text for text in (one.text for one in latest_events(session)))
        assert overview(session, study.rules.hits, Pay()).pending_minor == 0


def test_a_part_that_was_paid_before_the_whole_was_handed_in_stands_beside_the_reward(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    begun = walk_out(study, "W1")
    turn()
    platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "W1")
    turn()
    assert (platform.approved, len(platform.bonuses)) == (["A-0-W1"], 1)


def run_out(study) -> None:
    """Everything that was begun had its time two days ago."""
    with study.database.writing() as session:
        for row in session.scalars(select(AssignmentRow)):
            row.expires_at = datetime.now(UTC) - timedelta(days=2)


def test_work_whose_time_ran_out_is_paid_for_the_part_that_was_done(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    study.answer(study.begin(0, "W1"))
    run_out(study)
    assert turn().paid == 1
    assert turn().idle
    assert [amount for _, amount, _ in platform.bonuses.values()] == [16]
    with study.database.reading() as session:
        assert any("ran out of time" in text for text in (one.text for one in latest_events(session)))


def test_work_that_was_handed_in_while_nobody_looked_is_no_part(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    hand_in(study, platform, "W1")
    run_out(study)
    turn()
    assert (platform.approved, platform.bonuses) == (["A-0-W1"], {})


def test_nothing_is_settled_for_a_hit_that_could_not_be_asked_about(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    study.answer(study.begin(0, "W1"))
    run_out(study)

    def closed(platform_hit_id: str):
        raise PlatformRefused("there is no such HIT")

    platform.assignments = closed
    assert turn().paid == 0
    with study.database.reading() as session:
        assert payments(session) == []
