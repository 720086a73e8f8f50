"""Collection follows the decision: pairs are released round by round, and what is not released is not asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import delete, select

from analysis.rule import DecisionRule
from app.hands.following import follow
from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.store.arriving import WorkRefused, begin
from app.store.asked import Asked, asked_so_far, closed_pairs, is_closed, keep_asked, spare_pairs
from app.store.database import Database
from app.store.decision_so_far import decision_so_far, judgments_that_count
from app.store.events import LAUNCHED, keep_fact, latest_events
from app.store.lock import hands
from app.store.missing import is_complete, votes_still_missing, votes_still_open
from app.store.pairs import keep_pairs
from app.store.work import Work
from app.study import CorpusPlace, SoundsPlace, Study
from app.tables import AssignmentRow, HitRow, JudgmentRow, PairRow, TrialRow, WorkerRow
from hits.recruiting import Arrival
from tests.app.store.conftest import DIFFERENT, FACTS, SAME, pair, places

#: Ends after one round of one pair a condition, since there are no positive controls to go on with.
ONE_ROUND = DecisionRule(design="e", batch=1, most_pairs=1, identical=1, positive=1, baseline="plug-in")
ROUNDS = ONE_ROUND.model_copy(update={"most_pairs": 3})


@pytest.fixture
def two(launched: Callable[..., object], platform: object, tmp_path: object) -> Callable[..., object]:
    """A study of three pairs in each of two conditions and one control, and a function that takes one turn."""

    def make(rule: DecisionRule = ONE_ROUND, **design: object) -> tuple[object, Callable[..., Turn]]:
        given = {"pairs": 3, "checks": 1, "hits": 4, "trials_per_hit": 4, "checks_per_hit": 1, **design}
        study = launched(**given)
        place = {"name": "demo", "path": tmp_path}
        whole = Study(corpus=CorpusPlace(**place), sounds=(SoundsPlace(**place),), hits=study.rules.hits, decision=rule)
        with study.database.writing() as session:
            keep_fact(session, LAUNCHED, {})
            keep_pairs(session, [pair(n, "study", "fade-out") for n in range(3, 6)], FACTS)
            keep_pairs(session, [pair(50, "identical", "identical")], FACTS)

        def turn() -> Turn:
            with hands(study.database) as held:
                return take_turn(Worksite(whole, study.database, platform, "http://localhost/annotate/", held))

        study.whole = whole
        return study, turn

    return make


def handed_out(study: object, worker: str) -> list[tuple[str, str, int]]:
    """Role, condition and place of what a worker was handed, checks left out."""
    with study.database.reading() as session:
        rows = select(PairRow.role, PairRow.condition, PairRow.place).join(TrialRow).join(AssignmentRow)
        found = session.execute(rows.where(AssignmentRow.worker == worker, TrialRow.role != "check"))
        return sorted(tuple(row) for row in found)


def open_hits(study: object) -> int:
    with study.database.reading() as session:
        return len(session.scalars(select(HitRow).where(HitRow.state == "open")).all())


def begin_at(study: object, platform_hit_id: str, worker: str) -> Work:
    """A worker begins a HIT that went out later."""
    arrival = Arrival(platform_hit_id, f"A-{platform_hit_id}-{worker}", worker, "https://submit.example")
    with study.database.writing() as session:
        return begin(session, arrival, rules=study.rules, secret_key="k", rng=np.random.default_rng(0), now=study.now)


class TestWhatIsReleased:
    @pytest.fixture
    def placed(self, database: Database) -> Database:
        made = [pair(n, "study", ("fade-in", "fade-out")[n % 2]) for n in range(8)]
        made += [pair(n, role, role) for role in ("identical", "positive") for n in range(4)]
        made += [pair(n, "check", "identical") for n in range(100, 102)]
        with database.writing() as session:
            keep_pairs(session, made, FACTS)
        return database

    @pytest.mark.parametrize(
        "found",
        [
            Asked({"fade-in": 2}, 3, 1),
            Asked({"fade-in": 2, "fade-out": 4}, 0, 4, ahead={"fade-in": 1}),
            Asked({}, 0, 0),
            Asked({"fade-in": 2, "fade-out": 4}, 4, 4, finished=True, ahead={"fade-in": 1}),
        ],
    )
    def test_an_answer_and_whoever_hands_out_say_the_same_of_every_pair(self, placed: Database, found: Asked) -> None:
        with placed.writing() as session:
            keep_asked(session, found)
            assert asked_so_far(session) == found
            rows = session.scalars(select(PairRow)).all()
            held = {row.pair_id for row in rows if found.holds(row.role, row.condition, row.place, ahead=True)}
            due = {row.pair_id for row in rows if found.holds(row.role, row.condition, row.place)}
            checks = {row.pair_id for row in rows if row.role == "check"}
            closed = closed_pairs(session)
            assert closed == {row.pair_id for row in rows} - held - checks
            assert closed == {row.pair_id for row in rows if is_closed(session, row.pair_id)}
            assert spare_pairs(session) == held - due

    def test_without_a_word_everything_is_asked(self, placed: Database) -> None:
        with placed.writing() as session:
            keep_asked(session, Asked({}, 0, 0))
            keep_asked(session, None)
            assert closed_pairs(session) == spare_pairs(session) == frozenset()
            assert not is_closed(session, "study001")


class TestATurn:
    def test_first_only_the_first_round_is_asked_about(self, two) -> None:
        study, turn = two()
        turn()
        assert open_hits(study) < 4  # what nobody needs leaves the shelf
        handed = handed_out(study, study.begin(0, "W1").worker)
        assert handed == [("identical", "identical", 0), ("study", "fade-in", 0), ("study", "fade-out", 0)]

    def test_once_nothing_is_open_nobody_is_asked_and_every_hit_leaves_the_shelf(self, two, platform) -> None:
        study, turn = two()
        turn()
        for number, worker in enumerate(("W1", "W2")):
            begun = study.begin(number, worker)
            study.do_all(begun)
            platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, worker)
        done = turn()
        assert "no condition wants more pairs (2 UNDECIDED); nobody is asked any more" in done.notes
        with study.database.reading() as session:
            design = study.rules.hits
            assert votes_still_open(session, design, study.now) == votes_still_missing(session, design, study.now) == 0
            assert is_complete(session, design, study.now)
            told = [one.text for one in latest_events(session, kind="decision")]
            assert "fade-in stays UNDECIDED after 1 pair" in told
        assert open_hits(study) == 0
        assert turn().idle
        with pytest.raises(WorkRefused):
            study.begin(2, "W3")

    def test_nothing_is_complete_while_votes_that_would_be_enough_are_not_handed_in(self, two) -> None:
        study, turn = two()
        turn()
        for number, worker in enumerate(("W1", "W2")):
            study.do_all(study.begin(number, worker))
        turn()
        with study.database.reading() as session:
            assert not votes_still_missing(session, study.rules.hits, study.now)
            assert not is_complete(session, study.rules.hits, study.now)
        assert open_hits(study) == 2  # those in hand: nobody comes in vain meanwhile

    def test_what_is_in_hand_is_finished_paid_and_late(self, two, platform) -> None:
        study, turn = two()
        turn()
        begun = study.begin(0, "W1")
        study.answer(begun)
        with study.database.writing() as session:
            keep_asked(session, replace(asked_so_far(session), finished=True))
        study.do_all(begun)
        platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "W1")
        assert turn().paid == 1
        with study.database.reading() as session:
            said = session.scalars(select(JudgmentRow).order_by(JudgmentRow.submitted_at)).all()
            late = [row.late for row in said if row.role != "check"]
        assert late[1:] == [True] * (len(late) - 1)
        assert len(said) == begun.trials

    def test_the_votes_of_who_is_not_used_any_more_are_asked_for_again(self, two, platform) -> None:
        study, turn = two()
        turn()
        begun = [study.begin(number, worker) for number, worker in enumerate(("W1", "W2"))]
        for number, one in enumerate(begun):
            study.do_all(one)
            platform.hand_in(one.platform_assignment_id, one.platform_hit_id, f"W{number + 1}")
        turn()
        with study.database.writing() as session:
            session.get_one(WorkerRow, begun[0].worker).trusted = False
        turn()
        with study.database.reading() as session:
            assert votes_still_open(session, study.rules.hits, study.now) == 3
            kept = decision_so_far(session)
            assert [one.pairs for one in kept.conditions] == [1, 1]  # what was decided stands meanwhile
            assert not kept.finished
            assert len(judgments_that_count(session)) == 3
        turn()
        assert open_hits(study) >= 1

    def test_a_round_waits_for_whoever_heard_a_change_and_hands_in_later(self, two, platform) -> None:
        study, turn = two()
        turn()
        begun = [study.begin(number, worker) for number, worker in enumerate(("W1", "W2"))]
        study.do_all(begun[0], DIFFERENT)
        study.do_all(begun[1], SAME)
        platform.hand_in(begun[1].platform_assignment_id, begun[1].platform_hit_id, "W2")
        turn()
        turn()  # what the first one planned goes out
        with study.database.reading() as session:
            out = session.scalars(select(HitRow.platform_hit_id).where(HitRow.state == "open")).all()
        third = begin_at(study, out[-1], "W3")
        study.do_all(third, SAME)
        platform.hand_in(third.platform_assignment_id, third.platform_hit_id, "W3")
        turn()
        with study.database.reading() as session:  # two that were handed in say the same: it would be decided
            assert (decision_so_far(session).rounds, decision_so_far(session).finished) == (0, False)
        platform.hand_in(begun[0].platform_assignment_id, begun[0].platform_hit_id, "W1")
        turn()
        with study.database.reading() as session:
            assert decision_so_far(session).finished

    def test_before_anything_is_published_nothing_has_ended(self, two) -> None:
        study, _ = two()
        with study.database.writing() as session:
            session.execute(delete(TrialRow))
            session.execute(delete(PairRow))
            assert follow(session, study.whole) == []
            assert decision_so_far(session) is None

    def test_a_study_that_ran_out_of_pairs_goes_on_when_there_are_more(self, two, platform) -> None:
        study, turn = two(rule=ONE_ROUND.model_copy(update={"batch": 3, "most_pairs": 9}), hits=12)
        turn()
        for number in range(6):
            try:
                begun = study.begin(number, f"W{number}")
            except WorkRefused:
                continue
            study.do_all(begun)
            platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, f"W{number}")
        turn()
        with study.database.reading() as session:
            assert is_complete(session, study.rules.hits, study.now)
        with study.database.writing() as session:
            keep_pairs(session, [pair(n) for n in range(20, 24)], FACTS)
        done = turn()
        assert "fade-in is open after 3 pairs" in done.notes
        with study.database.reading() as session:
            assert asked_so_far(session).conditions == {"fade-in": 6, "fade-out": 3}
            assert votes_still_open(session, study.rules.hits, study.now) == 6

    def test_the_same_judgments_are_worked_out_once(self, two) -> None:
        study, turn = two()
        turn()
        with study.database.writing() as session:
            keep_asked(session, None)
            assert follow(session, study.whole) == []
            assert asked_so_far(session) is None  # nothing changed, so nothing was looked at

    def test_under_a_fixed_design_everything_is_asked_about_again(self, two) -> None:
        study, turn = two()
        turn()
        with study.database.writing() as session:
            assert closed_pairs(session)
            follow(session, study.whole.model_copy(update={"decision": DecisionRule()}))
            assert not closed_pairs(session)
            assert decision_so_far(session) is None

    def test_a_design_that_becomes_sequential_begins_with_what_was_asked_about(self, two, platform) -> None:
        study, turn = two(rule=DecisionRule())
        begun = study.begin(0, "W1")
        study.do_all(begun)
        platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "W1")
        turn()
        judged = {pair_id for pair_id in places(study.database) if pair_id in _pairs_judged(study)}
        with study.database.writing() as session:
            follow(session, study.whole.model_copy(update={"decision": ONE_ROUND}))
        found = places(study.database)
        by_group = {"fade-in": ("study000", "study001", "study002"), "fade-out": ("study003", "study004", "study005")}
        for group in by_group.values():
            heard = sorted(found[one] for one in group if one in judged)
            assert heard == list(range(len(heard)))


def _pairs_judged(study: object) -> set[str]:
    with study.database.reading() as session:
        return set(session.scalars(select(JudgmentRow.pair_id)))


class TestAhead:
    def test_room_that_is_left_in_a_hit_is_filled_with_what_comes_next(self, two) -> None:
        study, turn = two(rule=ROUNDS, trials_per_hit=6)
        turn()
        handed = handed_out(study, study.begin(0, "W1").worker)
        due = [("identical", "identical", 0), ("study", "fade-in", 0), ("study", "fade-out", 0)]
        assert set(handed) == {*due, ("study", "fade-in", 1), ("study", "fade-out", 1)}

    def test_nobody_is_asked_about_what_comes_next_alone(self, two) -> None:
        study, turn = two(rule=ROUNDS, trials_per_hit=6)
        turn()
        begun = [study.begin(number, worker) for number, worker in enumerate(("W1", "W2"))]
        assert all(one.trials == 6 for one in begun)
        with pytest.raises(WorkRefused):  # both votes that are needed at least are in hand
            study.begin(2, "W3")
