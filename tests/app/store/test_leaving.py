"""Leaving, being let go, running out of time: paid for the part that was done, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import numpy as np
import pytest
from sqlalchemy import select

from app.store import arriving
from app.store import work as store
from app.store.events import latest_events
from app.store.leaving import leave, screen_out, settle_run_out, so_far
from app.store.ledger import payments
from app.store.money import committed_minor, drop_parts, plan_payments, work_done
from app.store.progress import judgment_rows, trials_out
from app.store.standing import standings
from app.store.steps import note_round, open_step
from app.store.trials import asked_and_coming
from app.tables import AssignmentRow, HitRow, JudgmentRow, PaymentRow, TrialRow, WorkerRow
from hits.collect import payments_due
from hits.judgment import Said
from hits.listening import Listened
from hits.pay import Pay

SAME = Said("same", "same")
PAY = Pay(fees="mturk")  # 9.45 an hour: 16 cents for the first minute


def walk_out(study: object, begun: store.Work, *, delete: bool = False, pay: Pay = PAY) -> bool:
    with study.database.writing() as session:
        return leave(session, begun.assignment_id, delete_answers=delete, pay=pay, now=study.now)


def ledger(study: object) -> list[tuple[str, int, str]]:
    with study.database.reading() as session:
        rows = sorted(payments(session), key=lambda row: row["kind"])
        return [(row["kind"], row["amount_minor"], row["state"]) for row in rows]


def state(study: object, begun: store.Work) -> str:
    with study.database.reading() as session:
        return session.get_one(AssignmentRow, begun.assignment_id).state


def trial_states(study: object, begun: store.Work) -> list[str]:
    with study.database.reading() as session:
        rows = select(TrialRow.state).where(TrialRow.assignment_id == begun.assignment_id)
        return list(session.scalars(rows.order_by(TrialRow.position)))


def confirm(study: object) -> None:
    """As if the platform had paid all that is planned."""
    with study.database.writing() as session:
        for row in session.scalars(select(PaymentRow)):
            row.state = "confirmed"


def go_through(study: object, begun: store.Work, *seconds: float, settled: str = "passed") -> None:
    """A step of several rounds, each of which takes so long."""
    for number, lasted in enumerate(seconds, start=1):
        with study.database.writing() as session:
            open_step(session, begun.worker, begun.assignment_id, "sound-check", {"tones": 3}, study.now)
        study.now += timedelta(seconds=lasted)
        with study.database.writing() as session:
            over = settled if number == len(seconds) else None
            note_round(session, begun.worker, "sound-check", {"right": True}, study.now, settled=over)


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


class TestSteps:
    def test_their_rounds_are_time_at_work(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7)
        begun = study.begin(0, "W1")
        go_through(study, begun, 50.0, 20.0)
        study.answer(begun, after_s=30.0)

        with study.database.reading() as session:
            done = work_done(session, begun.assignment_id)

        assert (done.seconds_by_round, done.seconds_by_trial) == ((50.0, 20.0), (30.0,))
        assert done.worked_s(PAY) == 100.0

    def test_a_round_that_says_its_own_seconds_is_believed(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7)
        begun = study.begin(0, "W1")
        study.now += timedelta(seconds=90)
        with study.database.writing() as session:
            open_step(session, begun.worker, begun.assignment_id, "practice", {}, study.now)
            note_round(session, begun.worker, "practice", {"seconds": 12.5}, study.now, settled="passed")
            assert work_done(session, begun.assignment_id).seconds_by_round == (12.5,)

    def test_a_page_that_was_left_open_is_paid_up_to_the_limit(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7, assignment_duration_s=86_400)
        begun = study.begin(0, "W1")
        go_through(study, begun, 3600.0, 10.0)

        with study.database.reading() as session:
            assert work_done(session, begun.assignment_id).worked_s(PAY) == 130.0

    def test_they_lift_finished_work_to_the_wage_floor_too(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7)
        begun = study.begin(0, "W1")
        go_through(study, begun, 100.0, 100.0)
        study.do_all(begun)

        with study.database.reading() as session:
            due = payments_due(work_done(session, begun.assignment_id), PAY)

        assert [(payment.kind, payment.amount_minor) for payment in due] == [("reward", 48), ("top-up", 31)]

    def test_a_round_is_paid_with_one_assignment_only(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", pairs=12, trials_per_hit=7)
        first = study.begin(0, "W1")
        go_through(study, first, 50.0)
        study.now += timedelta(seconds=5)
        second = study.begin(1, "W1")
        study.now += timedelta(seconds=5)
        go_through(study, second, 20.0)

        with study.database.reading() as session:
            assert work_done(session, first.assignment_id).seconds_by_round == (50.0,)
            assert work_done(session, second.assignment_id).seconds_by_round == (20.0,)


class TestScreeningOut:
    def test_pays_the_time_it_took_and_releases_the_pairs_once(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7)
        begun = study.begin(0, "W1")
        go_through(study, begun, 50.0, 45.0, settled="failed")

        for _ in range(2):
            with study.database.writing() as session:
                screen_out(session, begun.assignment_id, pay=PAY)

        assert ledger(study) == [("screening", 32, "planned")]
        assert state(study, begun) == "screened-out"
        assert set(trial_states(study, begun)) == {"released"}
        with study.database.reading() as session:
            assert [one.kind for one in latest_events(session)].count("screened-out") == 1

    def test_is_remembered_and_reserves_nothing(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", pairs=12, trials_per_hit=7)
        begun = study.begin(0, "W1")
        go_through(study, begun, 50.0, settled="failed")
        arrival = arriving.Arrival("P-hit-00001", "A-other", "W1", "https://submit.example")

        def come(required: dict[str, timedelta | None]) -> store.Work:
            with study.database.writing() as session:
                return arriving.begin(
                    session,
                    arrival,
                    rules=study.rules,
                    secret_key="k",
                    rng=np.random.default_rng(0),
                    now=study.now,
                    required=required,
                )

        with pytest.raises(arriving.WorkRefused) as refused:
            come({"sound-check": None})
        assert refused.value.reason == "screened-out"
        with study.database.reading() as session:
            assert len(session.scalars(select(AssignmentRow)).all()) == 1
        with pytest.raises(arriving.WorkRefused):
            come({"sound-check": timedelta(hours=24)})
        study.now += timedelta(hours=25)
        assert come({"sound-check": timedelta(hours=24)}).trials == 7  # with other headphones, perhaps

    def test_bars_nobody_where_the_study_asks_for_it_no_more(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", pairs=12, trials_per_hit=7)
        go_through(study, study.begin(0, "W1"), 50.0, settled="failed")
        arrival = arriving.Arrival("P-hit-00001", "A-other", "W1", "https://submit.example")
        with study.database.writing() as session:
            begun = arriving.begin(
                session,
                arrival,
                rules=study.rules,
                secret_key="k",
                rng=np.random.default_rng(0),
                now=study.now,
                required={"headphones": None},
            )
        assert begun.trials == 7


class TestRunningOut:
    def settle(self, study: object, *, pay: Pay = PAY) -> int:
        with study.database.writing() as session:
            return settle_run_out(session, "P-hit-00000", pay=pay, now=study.now)

    def test_is_paid_for_the_part_that_was_done_a_day_later(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7, assignment_duration_s=60)
        begun = study.begin(0, "W1")
        study.answer(begun)
        study.now += timedelta(hours=24)
        assert self.settle(study) == 0

        study.now += timedelta(seconds=61)

        assert self.settle(study) == 1
        assert ledger(study) == [("partial", 16, "planned")]
        assert state(study, begun) == "expired"
        assert self.settle(study) == 0
        with study.database.reading() as session:
            assert [row["used"] for row in judgment_rows(session)] == [False]

    def test_is_paid_too_where_all_was_answered_and_never_handed_in(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7, assignment_duration_s=600)
        begun = study.begin(0, "W1")
        study.do_all(begun)
        study.now += timedelta(days=2)

        assert self.settle(study) == 1
        assert ledger(study) == [("partial", 48, "planned")]

    def test_earns_nothing_where_nothing_was_done_or_the_study_says_so(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7, assignment_duration_s=60)
        idle, begun = study.begin(0, "W1"), study.begin(0, "W2")
        study.answer(begun)
        study.now += timedelta(days=2)

        assert self.settle(study, pay=Pay(pay_unfinished=False)) == 0
        assert ledger(study) == []
        assert (state(study, idle), state(study, begun)) == ("expired", "expired")

    def test_work_that_was_handed_in_is_left_alone(self, launched: Callable[..., object]) -> None:
        study = launched(policy="fixed", trials_per_hit=7, assignment_duration_s=600)
        begun = study.begin(0, "W1")
        study.do_all(begun)
        study.hand_in(begun)
        study.now += timedelta(days=2)

        assert self.settle(study) == 0
        assert state(study, begun) == "submitted"


def test_deleting_answers_does_not_wash_off_failed_checks(launched: Callable[..., object]) -> None:
    study = launched(pairs=6, checks=8, hits=3, trials_per_hit=4, checks_per_hit=3)
    begun = study.begin(0, "CARELESS")
    study.do_all(begun, Said("different", "same", 1, 1))

    walk_out(study, begun, delete=True)

    with study.database.reading() as session:
        assert not session.get_one(WorkerRow, begun.worker).trusted
    with pytest.raises(arriving.WorkRefused) as refused:
        study.begin(1, "CARELESS")
    assert refused.value.reason == "not-invited"
