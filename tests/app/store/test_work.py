"""A worker's way through a HIT, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.store import arriving, trials, work
from app.store.missing import votes_still_missing, votes_still_open
from app.store.progress import judgment_rows, overview
from app.tables import AssignmentRow, JudgmentRow, TrialRow
from hits.judgment import Said
from hits.listening import Listened, NotHeard

SAME, DIFFERENT = Said("same", "same"), Said("different", "same", 2, 3)


def test_a_fixed_hit_asks_its_slots_of_every_worker(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7, checks_per_hit=1)
    asked = []
    for worker in ("W1", "W2"):
        begun = study.begin(0, worker)
        with study.database.reading() as session:
            rows = session.scalars(select(TrialRow).where(TrialRow.assignment_id == begun.assignment_id))
            asked.append([row.pair_id for row in sorted(rows, key=lambda row: row.position)])
    assert asked[0] == asked[1]
    assert len(asked[0]) == 7


def test_coming_back_resumes_at_the_first_unanswered_trial(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.answer(begun)
    again = study.begin(0, "W1")
    assert again.assignment_id == begun.assignment_id
    assert again.answered == 1
    trial = study.open(again)
    assert trial is not None
    assert trial.position == 2


def test_an_adaptive_hit_is_filled_from_what_is_open_and_reserves_it(launched: Callable[..., object]) -> None:
    study = launched(pairs=4, hits=4, trials_per_hit=5, checks_per_hit=1)
    first = study.begin(0, "W1")
    assert first.trials == 5  # four pairs and a check
    with study.database.reading() as session:
        assert votes_still_open(session, study.rules.hits, study.now) == 4
        assert votes_still_missing(session, study.rules.hits, study.now) == 8
    study.begin(1, "W2")
    with pytest.raises(arriving.WorkRefused, match="nothing left") as refused:
        study.begin(2, "W3")
    assert refused.value.reason == "nothing-open"


def test_a_reservation_that_ran_out_is_handed_to_somebody_else(launched: Callable[..., object]) -> None:
    study = launched(pairs=2, checks=1, hits=5, trials_per_hit=3, assignment_duration_s=60)
    study.begin(0, "W1")
    study.begin(1, "W2")
    with pytest.raises(arriving.WorkRefused):
        study.begin(2, "W3")
    study.now += timedelta(seconds=61)
    assert study.begin(2, "W3").trials == 3


def test_a_late_answer_is_kept_marked_and_counts_for_nothing(launched: Callable[..., object]) -> None:
    study = launched(pairs=1, checks=0, hits=5, trials_per_hit=1, checks_per_hit=0, assignment_duration_s=60)
    slow = study.begin(0, "W0")
    study.open(slow)
    study.now += timedelta(seconds=61)
    for number, worker in enumerate(("W1", "W2"), start=1):
        study.do_all(study.begin(number, worker))
    study.do_all(slow, DIFFERENT)
    with study.database.reading() as session:
        rows = list(judgment_rows(session))
        assert [row["late"] for row in rows] == [False, False, True]
        assert votes_still_missing(session, study.rules.hits, study.now) == 0


def test_the_third_vote_of_a_fixed_study_is_not_late(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", pairs=1, checks=1, trials_per_hit=2)
    for worker in ("W1", "W2", "W3"):
        study.do_all(study.begin(0, worker))
    with study.database.reading() as session:
        assert not any(row["late"] for row in judgment_rows(session))


def test_a_tie_is_asked_a_third_time_and_agreement_is_not(launched: Callable[..., object]) -> None:
    study = launched(pairs=2, checks=0, hits=9, trials_per_hit=1, checks_per_hit=0)
    said = {"study000": [SAME, DIFFERENT, SAME], "study001": [SAME, SAME]}
    number = 0
    while True:
        try:
            begun = study.begin(number, f"W{number}")
        except arriving.WorkRefused:
            break
        trial = study.open(begun)
        with study.database.reading() as session:
            pair_id, _ = trials.condition_of(session, trial.trial_id)
        study.answer(begun, said[pair_id].pop(0))
        number += 1
    assert said == {"study000": [], "study001": []}


def test_two_answers_of_one_trial_make_one_judgment(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1")
    trial = study.open(begun)
    study.now += timedelta(seconds=9)
    for said in (SAME, DIFFERENT):
        with study.database.writing() as session:
            heard = Listened(trial.first_length_s, trial.second_length_s)
            work.answer(
                session, begun.assignment_id, trial.trial_id, trial.nonce, said, heard, rules=study.rules, now=study.now
            )
    with study.database.reading() as session:
        assert [row["activation"] for row in judgment_rows(session)] == ["same"]


def test_an_answer_needs_its_nonce_its_assignment_and_ears(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    mine, theirs = study.begin(0, "W1"), study.begin(0, "W2")
    trial = study.open(mine)
    study.now += timedelta(seconds=9)

    def answer(assignment_id: str, nonce: str, first_s: float = 9.0) -> None:
        with study.database.writing() as session:
            work.answer(
                session,
                assignment_id,
                trial.trial_id,
                nonce,
                SAME,
                Listened(first_s, 9.0),
                rules=study.rules,
                now=study.now,
            )

    with pytest.raises(work.TrialClosed):
        answer(mine.assignment_id, "wrong")
    with pytest.raises(work.TrialClosed):
        answer(theirs.assignment_id, trial.nonce)
    with pytest.raises(NotHeard):
        answer(mine.assignment_id, trial.nonce, first_s=0.2)
    with study.database.reading() as session:
        assert list(judgment_rows(session)) == []


def test_an_answer_within_the_clips_length_is_too_quick(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    with pytest.raises(NotHeard, match="sooner"):
        study.answer(study.begin(0, "W1"), after_s=2.0)


def test_who_fails_the_checks_is_paid_not_used_and_not_invited_on(launched: Callable[..., object]) -> None:
    study = launched(pairs=6, checks=8, hits=9, trials_per_hit=4, checks_per_hit=3)
    study.do_all(study.begin(0, "CARELESS"), DIFFERENT)  # identical pairs, all called different
    with study.database.reading() as session:
        assert not any(row["used"] for row in judgment_rows(session))
        seen = overview(session, study.rules.hits, study.rules.pay)
        assert seen.assignments_by_state == {"finished": 1}
        assert votes_still_missing(session, study.rules.hits, study.now) == 12
    with pytest.raises(arriving.WorkRefused) as refused:
        study.begin(1, "CARELESS")
    assert refused.value.reason == "not-invited"


def test_controls_never_judge_a_worker(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", pairs=6, checks=1, trials_per_hit=7)
    begun = study.begin(0, "W1")
    study.do_all(begun, DIFFERENT)
    study.hand_in(begun)
    with study.database.reading() as session:
        assert all(row["used"] for row in judgment_rows(session))  # one failed check is too few to say


def test_two_workers_with_one_assignment_id_do_not_meet(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    first = study.begin(0, "W1", assignment="A1")
    second = study.begin(0, "W2", assignment="A1")  # returned by the first, accepted by the second
    assert first.assignment_id != second.assignment_id


def test_workers_who_come_at_once_never_get_the_same_vote(launched: Callable[..., object]) -> None:
    study = launched(pairs=5, checks=0, hits=20, trials_per_hit=2, checks_per_hit=0)
    failures: list[BaseException] = []

    def come(number: int) -> None:
        try:
            study.begin(number, f"W{number}")
        except arriving.WorkRefused:
            pass
        except BaseException as error:  # noqa: BLE001  # shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with study.database.reading() as session:
        handed_out = Counter(session.scalars(select(TrialRow.pair_id)))
    assert set(handed_out.values()) == {2}


def test_one_worker_who_opens_two_tabs_at_once_gets_one_assignment(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    failures: list[BaseException] = []

    def come() -> None:
        try:
            study.begin(0, "W1", assignment="A1")
        except BaseException as error:  # noqa: BLE001  # shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with study.database.reading() as session:
        assert len(list(session.scalars(select(AssignmentRow)))) == 1
        assert len(list(session.scalars(select(JudgmentRow)))) == 0


def test_a_pair_that_a_worker_meets_again_is_a_repeat_and_no_second_vote(launched: Callable[..., object]) -> None:
    study = launched(pairs=2, checks=1, policy="fixed", trials_per_hit=3)
    study.do_all(study.begin(0, "W1", "A1"))
    study.do_all(study.begin(0, "W1", "A2"))  # the first was returned on the platform, and the HIT accepted once more
    with study.database.reading() as session:
        assert Counter(row["role"] for row in judgment_rows(session)) == {"study": 2, "check": 1, "repeat": 3}
        assert votes_still_missing(session, study.rules.hits, study.now) == 4


def roles_of(study: object, begun: work.Work) -> dict[str, str]:
    """The role in which each pair of an assignment is asked, in order."""
    with study.database.reading() as session:
        rows = session.scalars(select(TrialRow).where(TrialRow.assignment_id == begun.assignment_id))
        return {row.pair_id: row.role for row in sorted(rows, key=lambda row: row.position)}


def test_a_worker_is_asked_once_more_about_a_pair_of_an_earlier_hit_and_never_a_third_time(
    launched: Callable[..., object],
) -> None:
    study = launched(pairs=9, checks=0, hits=9, trials_per_hit=3, checks_per_hit=0, repeats_per_hit=1)
    first = study.begin(0, "W1")
    assert list(roles_of(study, first).values()) == ["study"] * 3  # nothing to repeat yet: an open pair instead
    study.do_all(first)
    known, repeated = set(roles_of(study, first)), set()
    for number in (1, 2, 3):
        later = study.begin(number, "W1")
        asked = roles_of(study, later)
        (again,) = (pair_id for pair_id, role in asked.items() if role == "repeat")
        assert again in known - repeated
        repeated.add(again)
        study.do_all(later)
        known |= set(asked)
    with study.database.reading() as session:
        counts = Counter(row["role"] for row in judgment_rows(session))
    assert counts == {"study": 9, "repeat": 3}


def test_a_repeat_is_no_vote_and_keeps_nobody_else_from_voting(launched: Callable[..., object]) -> None:
    study = launched(pairs=3, checks=0, hits=9, trials_per_hit=2, checks_per_hit=0, repeats_per_hit=1)
    study.do_all(study.begin(0, "W1"))
    with study.database.reading() as session:
        open_before = votes_still_open(session, study.rules.hits, study.now)
    again = study.begin(1, "W1")  # one pair anew, and one that lies reserved as a repeat
    assert sorted(roles_of(study, again).values()) == ["repeat", "study"]
    with study.database.reading() as session:
        assert votes_still_open(session, study.rules.hits, study.now) == open_before - 1
        missing_before = votes_still_missing(session, study.rules.hits, study.now)
    study.do_all(again)
    with study.database.reading() as session:
        assert votes_still_missing(session, study.rules.hits, study.now) == missing_before - 1


def test_a_fixed_hit_leaves_a_repeat_s_place_out_for_who_comes_first(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", pairs=4, checks=0, trials_per_hit=3, checks_per_hit=0, repeats_per_hit=1)
    first = study.begin(0, "W1")
    assert list(roles_of(study, first).values()) == ["study", "study"]
    study.do_all(first)
    assert sorted(roles_of(study, study.begin(1, "W1")).values()) == ["repeat", "study", "study"]
    assert list(roles_of(study, study.begin(1, "W2")).values()) == ["study", "study"]


def test_checks_are_never_repeated(launched: Callable[..., object]) -> None:
    study = launched(pairs=4, checks=2, policy="fixed", trials_per_hit=4, checks_per_hit=1, repeats_per_hit=1)
    study.do_all(study.begin(0, "W1"))
    asked = roles_of(study, study.begin(1, "W1"))
    (again,) = (pair_id for pair_id, role in asked.items() if role == "repeat")
    assert again.startswith("study")


def test_ratings_of_both_clips_are_kept_with_their_scale(launched: Callable[..., object]) -> None:
    study = launched(
        pairs=2, checks=0, hits=9, trials_per_hit=2, checks_per_hit=0, rate="both", rate_both_share=1.0, scale="slider"
    )
    begun = study.begin(0, "W1")
    assert study.open(begun).rate == "both"
    study.answer(begun, Said("same", "same", 2.35, 3.0, 4.99, 1.0, scale="slider"))
    with study.database.reading() as session:
        (row,) = judgment_rows(session)
    assert (row["activation_rating"], row["valence_rating"], row["scale"]) == (2.35, 3.0, "slider")
    assert (row["original_activation_rating"], row["original_valence_rating"]) == (4.99, 1.0)


def test_which_trials_rate_both_clips_is_drawn_without_a_look_at_the_role(launched: Callable[..., object]) -> None:
    design = {"rate": "both", "rate_both_share": 0.5}
    study = launched(policy="fixed", pairs=40, checks=20, trials_per_hit=60, checks_per_hit=20, **design)
    study.begin(0, "W1")
    with study.database.reading() as session:
        met = Counter((row.role, row.rate) for row in session.scalars(select(TrialRow)))
    assert met["study", "both"] + met["study", "noisy-if-different"] == 40
    assert 12 <= met["study", "both"] <= 28
    assert 4 <= met["check", "both"] <= 16


def test_a_worker_whose_time_is_over_is_told_so(launched: Callable[..., object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7, assignment_duration_s=60)
    study.now = datetime.now(UTC)
    begun = study.begin(0, "W1")
    assert begun.state == "accepted"
    study.now -= timedelta(hours=1)
    assert study.begin(0, "W2").state == "expired"


def test_what_was_never_handed_in_counts_for_nothing_in_the_end(launched: Callable[..., object]) -> None:
    study = launched(pairs=1, checks=0, hits=9, trials_per_hit=1, checks_per_hit=0, assignment_duration_s=60)
    for number, worker in enumerate(("FORGED1", "FORGED2")):
        study.do_all(study.begin(number, worker), DIFFERENT)
    study.now += timedelta(hours=1)
    with study.database.reading() as session:
        assert not any(row["used"] for row in judgment_rows(session))
        assert votes_still_missing(session, study.rules.hits, study.now) == 2
    for number, worker in enumerate(("W1", "W2"), start=2):
        honest = study.begin(number, worker)
        study.do_all(honest)
        study.hand_in(honest)
    with study.database.reading() as session:
        used = [row for row in judgment_rows(session) if row["used"]]
        assert [(row["activation"], row["late"]) for row in used] == [("same", False), ("same", False)]


def test_ids_that_somebody_made_up_reserve_little(launched: Callable[..., object]) -> None:
    study = launched(pairs=30, checks=0, hits=9, trials_per_hit=3, checks_per_hit=0)
    for number in range(1 + arriving.RETURNS_TOLERATED):
        study.begin(0, f"FORGED{number}")
    with pytest.raises(arriving.WorkRefused) as refused:
        study.begin(0, "FORGED")
    assert refused.value.reason == "hit-taken"


def test_an_assignment_that_changes_hands_frees_what_it_held(launched: Callable[..., object]) -> None:
    study = launched(pairs=2, checks=0, hits=1, trials_per_hit=2, checks_per_hit=0)
    study.begin(0, "W1", assignment="A1")
    study.now += timedelta(seconds=1)
    study.begin(0, "W2", assignment="A1")
    with study.database.reading() as session:
        assert votes_still_open(session, study.rules.hits, study.now) == 2
