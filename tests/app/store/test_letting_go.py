"""Steps before the first pair, being let go, running out of time: paid for what was done. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from app.store import arriving
from app.store import work as store
from app.store.events import latest_events
from app.store.leaving import screen_out, settle_run_out
from app.store.money import work_done
from app.store.progress import judgment_rows
from app.store.steps import note_round, open_step
from app.tables import AssignmentRow, WorkerRow
from hits.collect import payments_due
from hits.judgment import Said
from hits.pay import Pay
from tests.app.store.left import PAY, go_through, ledger, state, trial_states, walk_out


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
