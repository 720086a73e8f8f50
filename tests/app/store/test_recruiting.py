"""Recruiting in hand: shares, utterances, a last day, and panels that say nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.hands.shelf import close_all
from app.hands.worksite import Turn, Worksite
from app.store.arriving import WorkRefused
from app.store.ledger import payments
from app.store.lock import hands
from app.store.pairs import keep_pairs
from app.tables import AssignmentRow, HitRow, PairRow, PaymentRow, TrialRow
from hits.batch import Hits
from hits.pay import Pay
from hits.recruiting import Traits
from tests.app.store.conftest import pair


def states(study: object) -> list[str]:
    with study.database.reading() as session:
        return sorted(session.scalars(select(HitRow.state)))


def pairs_of(study: object, worker: str) -> list[str]:
    """The study pairs that a worker was handed."""
    with study.database.reading() as session:
        handed = select(TrialRow.pair_id).join(AssignmentRow).where(AssignmentRow.worker == worker)
        return sorted(session.scalars(handed.where(TrialRow.role == "study")))


class TestShares:
    def test_a_worker_who_did_enough_is_thanked_and_others_go_on(self, launched: Callable[..., object]) -> None:
        study = launched(pairs=9, checks=1, hits=3, trials_per_hit=4, checks_per_hit=1, max_hits_per_worker=1)
        first = study.begin(0, "W1")
        assert study.begin(0, "W1").assignment_id == first.assignment_id  # it is the same go
        with pytest.raises(WorkRefused) as refused:
            study.begin(1, "W1")
        assert refused.value.reason == "not-invited"
        assert study.begin(1, "W2").trials == 4

    def test_what_ran_out_or_was_returned_is_no_share(self, launched: Callable[..., object]) -> None:
        study = launched(pairs=9, checks=1, hits=3, trials_per_hit=4, checks_per_hit=1, max_hits_per_worker=1)
        study.begin(0, "W1")
        study.now += timedelta(days=1)
        begun = study.begin(1, "W1")
        with study.database.writing() as session:
            session.get_one(AssignmentRow, begun.assignment_id).state = "returned"
        assert study.begin(2, "W1").trials == 3  # its one check was heard

    def test_an_utterance_is_heard_as_often_as_the_design_allows(self, launched: Callable[..., object]) -> None:
        study = launched(pairs=0, checks=1, hits=4, trials_per_hit=3, checks_per_hit=0, max_per_clip=2)
        self.three_pairs_a_clip(study, clips=2)
        begun = study.begin(0, "W1")
        study.do_all(begun)
        study.hand_in(begun)
        assert len(pairs_of(study, begun.worker)) == 3
        study.begin(1, "W1")
        with study.database.reading() as session:
            clips = session.scalars(
                select(PairRow.clip_id).where(PairRow.pair_id.in_(pairs_of(study, begun.worker)))
            ).all()
        assert sorted(clips) == ["c0", "c0", "c1", "c1"]
        with pytest.raises(WorkRefused) as refused:
            study.begin(2, "W1")
        assert refused.value.reason == "nothing-open"
        assert study.begin(3, "W2").trials == 3

    def three_pairs_a_clip(self, study: object, clips: int) -> None:
        from dataclasses import replace

        made = [replace(pair(10 * clip + copy), clip_id=f"c{clip}") for clip in range(clips) for copy in range(3)]
        with study.database.writing() as session:
            keep_pairs(session, made, {"fade-in": ("fade", None)})

    def test_within_a_hit_too_where_it_is_once(self, launched: Callable[..., object]) -> None:
        study = launched(pairs=0, checks=1, hits=1, trials_per_hit=5, checks_per_hit=0, max_per_clip=1)
        self.three_pairs_a_clip(study, clips=2)
        assert study.begin(0, "W1").trials == 2

    def test_a_fixed_hit_that_would_say_it_too_often_goes_to_others(self, launched: Callable[..., object]) -> None:
        study = launched(pairs=4, policy="fixed", trials_per_hit=3, checks=1, checks_per_hit=1, max_per_clip=1)
        with study.database.writing() as session:
            for row in session.scalars(select(PairRow).where(PairRow.role == "study")):
                row.clip_id = "the same"  # every pair says one sentence
        with pytest.raises(WorkRefused) as refused:
            study.begin(0, "W1")
        assert refused.value.reason == "nothing-open"


class TestTheLastDay:
    def test_nothing_is_published_after_it_and_what_is_open_leaves_the_shelf(self, study_of, platform) -> None:
        study, turn = study_of(pairs=9, checks=1, hits=2, trials_per_hit=4, checks_per_hit=1, deadline="2000-01-01")
        done = turn()
        assert (done.published, done.closed) == (0, 2)
        assert states(study) == ["closed", "closed"]
        assert turn().idle
        with pytest.raises(WorkRefused):
            study.begin(0, "W1")

    def test_it_is_open_until_the_day_is_over(self, study_of, platform) -> None:
        today = datetime.now(UTC).date()
        assert not Hits(deadline=today).over_at(datetime.now(UTC))
        assert Hits(deadline=date(2000, 1, 1)).over_at(datetime(2000, 1, 2, tzinfo=UTC))
        _study, turn = study_of(
            pairs=9, checks=1, hits=0, trials_per_hit=4, checks_per_hit=1, deadline=(today + timedelta(days=2))
        )
        turn()
        assert turn().published > 0

    def test_who_is_at_work_is_paid_after_it(self, study_of, platform) -> None:
        study, turn = study_of(pairs=6, checks=1, hits=2, trials_per_hit=4, checks_per_hit=1, deadline="2000-01-01")
        begun = study.begin(0, "W1")
        turn()
        study.do_all(begun)
        platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "W1")
        assert turn().paid == 1

    def test_a_hit_whose_publication_nobody_saw_is_found_and_taken_down(self, study_of, platform) -> None:
        study, turn = study_of(pairs=9, checks=1, hits=1, trials_per_hit=4, checks_per_hit=1)
        with study.database.writing() as session:
            row = session.scalars(select(HitRow)).one()
            row.state, row.platform_hit_id = "sent", None
        with hands(study.database) as held:
            close_all(Worksite(study.whole, study.database, platform, "http://localhost/", held), Turn())
        assert turn().closed == 1
        assert states(study) == ["closed"]


class TestAPanelThatSaysNothing:
    SILENT = Traits(shared_hits=True, reports=False, pays=False, rejects=False)

    def begin(self, study: object, worker: str, assignment: str) -> object:
        import numpy as np

        from app.store import arriving
        from hits.recruiting import Arrival

        with study.database.writing() as session:
            return arriving.begin(
                session,
                Arrival("P-hit-00000", assignment, worker, None),
                rules=study.rules,
                secret_key="k",
                rng=np.random.default_rng(0),
                now=study.now,
                reports=False,
            )

    def test_the_study_s_own_word_is_taken_and_money_waits_for_a_payout(self, study_of, platform) -> None:
        platform.traits = self.SILENT
        study, turn = study_of(pairs=3, checks=1, hits=1, trials_per_hit=4, checks_per_hit=1)
        study.do_all(self.begin(study, "W1", "A1"))
        for _ in range(2):
            turn()
        with study.database.reading() as session:
            assert [(row["kind"], row["state"]) for row in payments(session)] == [("reward", "planned")]
        assert platform.approved == []

    def test_one_worker_has_one_go_whatever_the_assignment_is_called(self, study_of, platform) -> None:
        study, _ = study_of(pairs=6, checks=1, hits=1, trials_per_hit=3, checks_per_hit=1)
        first = self.begin(study, "W1", "A1")
        study.do_all(first)
        assert self.begin(study, "W1", "A2").assignment_id == first.assignment_id

    def test_no_more_people_come_in_than_there_are_places(self, study_of, platform) -> None:
        study, _ = study_of(pairs=6, checks=1, hits=1, trials_per_hit=3, checks_per_hit=1)
        with study.database.writing() as session:
            session.scalars(select(HitRow)).one().assignments_wanted = 2
        study.do_all(self.begin(study, "W1", "A1"))
        self.begin(study, "W2", "A2")
        with pytest.raises(WorkRefused) as refused:
            self.begin(study, "W3", "A3")
        assert refused.value.reason == "unknown-hit"

    @pytest.mark.parametrize("mode", ["credit", "volunteer"])
    def test_where_no_money_is_paid_work_is_accepted_and_nothing_planned(self, study_of, platform, mode: str) -> None:
        study, turn = study_of(
            pairs=3, checks=1, hits=1, trials_per_hit=4, checks_per_hit=1, pay=Pay.model_validate({"mode": mode})
        )
        begun = study.begin(0, "W1")
        study.do_all(begun)
        platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "W1")
        turn()
        turn()
        with study.database.reading() as session:
            assert session.scalars(select(PaymentRow)).all() == []
            assert session.scalars(select(AssignmentRow.state)).all() == ["approved"]
        assert platform.approved == [begun.platform_assignment_id]
