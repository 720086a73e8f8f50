"""Forgetting a worker: nothing leads back, nothing that was answered is lost, and nobody goes unpaid by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.sealing import worker_key
from app.store.events import note_event
from app.store.forgetting import CantForget, Forgotten, forget, forget_older
from app.store.lock import hands
from app.store.payouts import Paid, balances, mark_paid
from app.store.progress import count_judgments
from app.store.steps import note_round, open_step
from app.study import About, CorpusPlace, SoundsPlace, Study
from app.tables import AssignmentRow, EventRow, JudgmentRow, PaymentRow, PayoutRow, StepRow, WishRow, WorkerRow
from hits.batch import Hits
from tests.app.store.test_identities import everything, files

KNOWN = "A3KNOWNWORKERID"
HASH = worker_key("mturk", KNOWN, "k")


@pytest.fixture
def studied(launched: Callable[..., object], platform, tmp_path: Path) -> tuple[object, Callable[..., Turn]]:
    """A study in which a worker did one task with all that can be kept of it, and its next turn."""
    study = launched(pairs=6, policy="fixed", trials_per_hit=3, checks_per_hit=0)
    study.now = datetime.now(UTC)

    def turn(keep_ids_days: int | None = None) -> Turn:
        whole = Study(
            study=About(keep_ids_days=keep_ids_days),
            corpus=CorpusPlace(name="demo", path=tmp_path),
            sounds=SoundsPlace(name="demo", path=tmp_path),
            hits=Hits(policy="fixed", trials_per_hit=3, checks_per_hit=0),
        )
        with hands(study.database) as held:
            return take_turn(Worksite(whole, study.database, platform, "http://localhost/annotate/", held))

    begun = study.begin(0, KNOWN)
    with study.database.writing() as session:
        open_step(session, begun.worker, begun.assignment_id, "sound-check", {}, study.now)
        note_round(session, begun.worker, "sound-check", {"right": True}, study.now)
    study.do_all(begun)
    platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, KNOWN)
    with study.database.writing() as session:
        session.get_one(AssignmentRow, begun.assignment_id).comment = "my name is Kim"
        note_event(session, "quality", f"worker {begun.worker} was looked at", "ada")
        session.add(
            WishRow(
                at=study.now,
                kind="message",
                detail={"worker": begun.worker, "id": KNOWN},
                state="done",
                note=begun.worker,
            )
        )
    return study, turn


def settle(study, turn: Callable[..., Turn]) -> None:
    """Pay everything, and let the time of the task go by."""
    turn()
    with study.database.writing() as session:
        session.execute(update(AssignmentRow).values(expires_at=datetime.now(UTC) - timedelta(days=3)))
        session.execute(update(PaymentRow).values(changed_at=datetime.now(UTC) - timedelta(days=3)))
        session.execute(update(WorkerRow).values(first_seen_at=datetime.now(UTC) - timedelta(days=3)))


def gone(study, said: str = KNOWN, **how: bool) -> Forgotten:
    with study.database.writing(overwriting=True) as session:
        done = forget(session, said, now=datetime.now(UTC), **how)
    study.database.wipe_log()
    return done


@pytest.mark.parametrize("said", [KNOWN, HASH], ids=["by the platform's id", "by the hash"])
def test_nothing_leads_back_to_who_was_forgotten(studied, said: str) -> None:
    study, turn = studied
    settle(study, turn)
    with study.database.writing() as session:
        session.add(
            PayoutRow(
                payout_id="p1", worker=HASH, amount_minor=5, reference="r", paid_on=study.now.date(), made_at=study.now
            )
        )
    assert KNOWN in everything(study.database)  # in a wish
    done = gone(study, said)
    left = everything(study.database)
    assert KNOWN not in left
    assert HASH not in left
    assert "Kim" not in left
    assert done.worker in left
    if study.database.engine.dialect.name == "sqlite":
        assert KNOWN.encode() not in files(study.database)
        assert HASH.encode() not in files(study.database)
    with study.database.reading() as session:
        texts = list(session.scalars(select(EventRow.text).where(EventRow.kind == "forgotten")))
        assert texts == ["a worker was forgotten"]
        assert session.scalars(select(PayoutRow.worker)).one() == done.worker
        assert session.scalars(select(StepRow.worker)).one() == done.worker


def test_what_was_answered_stays_and_keeps_together(studied) -> None:
    study, turn = studied
    settle(study, turn)
    done = gone(study)
    assert (done.judgments, done.deleted) == (3, 0)
    with study.database.reading() as session:
        assert set(session.scalars(select(JudgmentRow.worker))) == {done.worker}
        row = session.get_one(WorkerRow, done.worker)
        assert (row.platform_worker_id, row.trusted) == (None, True)


def test_answers_are_deleted_where_that_is_asked_for_and_their_pairs_are_asked_again(studied) -> None:
    study, turn = studied
    settle(study, turn)
    assert gone(study, with_answers=True).deleted == 3
    with study.database.reading() as session:
        assert count_judgments(session) == 0
        assert session.scalars(select(AssignmentRow.answers_deleted)).one()


def test_two_times_is_a_sentence(studied) -> None:
    study, turn = studied
    settle(study, turn)
    done = gone(study)
    with pytest.raises(CantForget, match="has neither any more"):
        gone(study)
    with pytest.raises(CantForget, match="is forgotten already"):
        gone(study, done.worker)


def test_who_has_a_task_is_not_forgotten_before_it_is_over(studied) -> None:
    study, _ = studied
    study.begin(1, "W2")
    with pytest.raises(CantForget, match="nobody would know whom to pay"):
        gone(study, "W2", waive=True)


def test_who_is_owed_money_is_paid_first_unless_the_worker_waives_it(studied, platform) -> None:
    study, turn = studied
    platform.refuse = {"approve"}
    settle(study, turn)
    with pytest.raises(CantForget, match=r"is owed 0\.16"):
        gone(study)
    done = gone(study, waive=True)
    assert done.waived_minor == 16
    with study.database.reading() as session:
        assert session.scalars(select(PaymentRow.state)).all() == ["dropped"]
        assert "16 cents" in session.scalars(select(EventRow.text).where(EventRow.kind == "forgotten")).one()


def test_money_on_its_way_can_t_be_waived(studied) -> None:
    study, turn = studied
    settle(study, turn)
    with study.database.writing() as session:
        session.execute(update(PaymentRow).values(state="unknown"))
    with pytest.raises(CantForget, match="on its way"):
        gone(study, waive=True)


def test_what_is_booked_and_not_paid_out_keeps_whoever_it_is_owed_to(studied) -> None:
    study, turn = studied
    settle(study, turn)
    with pytest.raises(CantForget, match=r"0\.16 is booked for the worker and not paid out yet"):
        gone(study, booked=True)
    with study.database.writing() as session:
        assert forget_older(session, 1, datetime.now(UTC), booked=True) == 0
        said = [
            Paid(one.worker, one.payout_id, 16, "t", study.now.date(), "")
            for one in balances(session, "mturk", "confirmed")
        ]
        mark_paid(session, said, "mturk", "confirmed", "USD")
        assert forget_older(session, 1, datetime.now(UTC), booked=True) == 0  # it was paid only now
        session.execute(update(PayoutRow).values(made_at=datetime.now(UTC) - timedelta(days=3)))
        assert forget_older(session, 1, datetime.now(UTC), booked=True) == 1


def test_what_is_booked_can_be_waived_and_is_listed_no_more(studied) -> None:
    study, turn = studied
    settle(study, turn)
    assert gone(study, booked=True, waive=True).waived_minor == 16
    with study.database.reading() as session:
        assert balances(session, "mturk", "confirmed") == []
        assert "16 cents" in session.scalars(select(EventRow.text).where(EventRow.kind == "forgotten")).one()


def test_a_wish_for_pay_that_waits_keeps_its_worker(studied, platform) -> None:
    study, turn = studied
    settle(study, turn)
    with study.database.writing() as session:
        mine = session.scalars(select(AssignmentRow.assignment_id)).one()
        wish = WishRow(at=study.now, kind="bonus", detail={"assignment_id": mine}, state="waiting")
        session.add(wish)
    with pytest.raises(CantForget, match=r"asked for pay for the worker \(bonus\)"):
        gone(study, waive=True)
    with study.database.writing() as session:
        session.execute(update(WishRow).values(state="done"))
    assert gone(study).judgments == 3


def test_a_task_of_which_nobody_asked_yet_whether_it_was_handed_in_keeps_its_worker(studied, platform) -> None:
    study, turn = studied
    with study.database.writing() as session:
        session.execute(update(AssignmentRow).values(expires_at=datetime.now(UTC) - timedelta(days=3)))
    with pytest.raises(CantForget, match="nobody knows yet whether it was handed in"):
        gone(study, waive=True)
    turn()
    assert platform.approved == [f"A-0-{KNOWN}"]
    assert gone(study).judgments == 3


def test_what_was_handed_in_and_waits_for_a_person_keeps_its_worker(studied) -> None:
    study, turn = studied
    settle(study, turn)
    with study.database.writing() as session:
        session.execute(delete(PaymentRow))
        session.execute(update(AssignmentRow).values(state="submitted"))
        assert forget_older(session, 1, datetime.now(UTC)) == 0
    with pytest.raises(CantForget, match="neither accepted nor rejected yet"):
        gone(study, waive=True)


def test_a_name_inside_a_longer_word_stays(studied) -> None:
    study, turn = studied
    study.now = datetime.now(UTC)
    settle(study, turn)
    with study.database.writing() as session:
        note_event(session, "note", f"{KNOWN}X is another")
    gone(study)
    assert f"{KNOWN}X is another" in everything(study.database)


def test_after_the_days_that_a_study_keeps_ids_the_turn_forgets(studied) -> None:
    study, turn = studied
    settle(study, turn)
    turn()
    assert KNOWN not in turn(keep_ids_days=4).notes
    with study.database.reading() as session:
        assert session.get(WorkerRow, HASH) is not None
    assert any("1 worker forgotten" in note for note in turn(keep_ids_days=2).notes)
    with study.database.reading() as session:
        assert session.get(WorkerRow, HASH) is None
    assert not any("forgotten" in note for note in turn(keep_ids_days=2).notes)


def test_whoever_is_owed_anything_is_not_forgotten_by_time(studied, platform) -> None:
    study, turn = studied
    platform.refuse = {"approve"}
    settle(study, turn)
    with study.database.writing() as session:
        assert forget_older(session, 1, datetime.now(UTC)) == 0
        session.execute(update(PaymentRow).values(state="confirmed"))
        assert forget_older(session, 1, datetime.now(UTC)) == 1
