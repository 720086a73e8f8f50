"""The lead rule in a study: one same is enough, and different is asked on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.store.standing import standings
from app.store.undo import last_answered, undo
from app.tables import AssignmentRow, JudgmentRow, TrialRow, WorkerRow
from hits.allocate import votes_wanted
from tests.app.store.conftest import DIFFERENT, SAME

LEAD = {"votes_per_pair": 7, "vote_rule": "lead"}


class TestTheLead:
    def wanted(self, study: object, pair_id: str) -> int:
        """Votes that a pair needs at least."""
        with study.database.reading() as session:
            (found,) = standings(session, study.now, [pair_id])
        return votes_wanted(found, study.rules.hits)

    def say(self, study: object, hit: int, said: object) -> tuple[object, str]:
        """Somebody answers one trial; the assignment and the pair."""
        begun = study.begin(hit, f"W{hit}")
        trial = study.open(begun)
        study.answer(begun, said)
        with study.database.reading() as session:
            return begun, session.get_one(TrialRow, trial.trial_id).pair_id

    @pytest.fixture
    def one(self, launched) -> object:
        """A study of one pair."""
        return launched(pairs=1, checks=0, hits=5, trials_per_hit=1, checks_per_hit=0, **LEAD)

    def test_one_same_is_enough_and_different_is_asked_on(self, one) -> None:
        assert [self.wanted(one, "study000"), *self.after(one, DIFFERENT, DIFFERENT, DIFFERENT)] == [1, 2, 1, 0]

    def after(self, study: object, *answers: object) -> list[int]:
        return [self.wanted(study, self.say(study, hit, said)[1]) for hit, said in enumerate(answers)]

    def test_it_ends_where_same_leads_however_much_was_different_before(self, one) -> None:
        assert self.after(one, DIFFERENT, SAME, SAME) == [2, 1, 0]

    def test_a_vote_that_comes_when_all_is_said_is_late(self, one) -> None:
        slow = one.begin(4, "W4")
        with one.database.writing() as session:  # its platform gave it back, and somebody else came
            session.get_one(AssignmentRow, slow.assignment_id).expires_at = one.now
        one.answer(one.begin(0, "W0"))
        with one.database.writing() as session:
            session.get_one(AssignmentRow, slow.assignment_id).expires_at = one.now + timedelta(hours=1)
        one.answer(slow)
        with one.database.reading() as session:
            assert list(session.scalars(select(JudgmentRow.late).order_by(JudgmentRow.submitted_at))) == [False, True]

    def test_votes_of_who_is_not_used_any_more_leave_the_lead(self, one) -> None:
        begun, pair_id = self.say(one, 0, DIFFERENT)
        self.say(one, 1, DIFFERENT)
        assert self.wanted(one, pair_id) == 1
        with one.database.writing() as session:
            session.get_one(WorkerRow, begun.worker).trusted = False
        assert self.wanted(one, pair_id) == 2

    def test_an_answer_may_be_taken_back_until_the_next_vote_of_its_pair_is_handed_out(self, one) -> None:
        begun, pair_id = self.say(one, 0, DIFFERENT)
        with one.database.writing() as session:
            trial_id = last_answered(session, begun.assignment_id, one.now)
            assert undo(session, begun.assignment_id, trial_id, rule=one.rules.quality, now=one.now)
        assert self.wanted(one, pair_id) == 1
        one.answer(begun, DIFFERENT)
        one.now += timedelta(seconds=1)
        one.begin(1, "W1")
        with one.database.reading() as session:
            assert last_answered(session, begun.assignment_id, one.now) is None
