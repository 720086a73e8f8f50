"""The one pair of hands: whatever breaks, HITs are out once, work is paid once, and spending ends at the cap."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select

from app.hands.paying import pay_due, plan_refused_again
from app.hands.shelf import close_all
from app.hands.worksite import Turn, Worksite
from app.store.events import latest_events
from app.store.ledger import payments
from app.store.lock import hands
from app.store.progress import overview
from app.tables import FactRow, HitRow, PairRow
from hits.pay import Pay
from hits.recruiting import PlatformRefused, PlatformUnreachable
from tests.app.store.hands import hand_in, plan


def test_a_line_that_breaks_while_publishing_makes_no_hit_twice(study_of, platform) -> None:
    study, turn = study_of(pairs=3, policy="fixed")
    plan(study)
    platform.break_after = {"publish"}
    with pytest.raises(PlatformUnreachable):
        turn()
    assert turn().published == 3
    assert len(platform.hits) == 3
    assert turn().published == 0


def test_what_was_handed_in_is_paid_once_however_often_the_hands_come_by(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    hand_in(study, platform, "W1")
    assert turn().paid == 1
    assert turn().idle
    assert platform.approved == ["A-0-W1"]


def test_slow_work_is_lifted_to_the_wage_floor(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    hand_in(study, platform, "W1", seconds=100.0)
    turn()
    with study.database.reading() as session:
        paid = sum(row["amount_minor"] for row in payments(session) if row["state"] == "confirmed")
    assert paid >= 7 * 100 / 3600 * 945
    assert len(platform.bonuses) == 1


@pytest.mark.parametrize("breaks", ["break_before", "break_after"])
def test_payments_survive_a_line_that_breaks(study_of, platform, breaks: str) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    hand_in(study, platform, "W1", seconds=100.0)
    setattr(platform, breaks, {"approve", "bonus"})
    for _ in range(4):
        turn()
    assert platform.approved == ["A-0-W1"]
    assert len(platform.bonuses) == 1
    with study.database.reading() as session:
        assert {row["state"] for row in payments(session)} == {"confirmed"}
        assert overview(session, study.rules.hits, Pay()).assignments_by_state == {"approved": 1}


def test_a_process_that_dies_after_paying_does_not_pay_again(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    hand_in(study, platform, "W1")

    class Killed(BaseException):
        """As if the machine had stopped."""

    paying = platform.approve

    def approve_and_die(assignment_id: str, *, though_rejected: bool = False) -> None:
        paying(assignment_id, though_rejected=though_rejected)
        raise Killed

    platform.approve = approve_and_die
    with pytest.raises(Killed):
        turn()
    platform.approve = paying
    turn()
    assert platform.approved == ["A-0-W1"]
    with study.database.reading() as session:
        assert [row["state"] for row in payments(session)] == ["confirmed"]


def test_a_refused_payment_is_said_and_kept(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    hand_in(study, platform, "W1")
    platform.refuse = {"approve"}
    assert "refused" in turn().notes[0]
    with study.database.reading() as session:
        assert [row["state"] for row in payments(session)] == ["refused"]
        assert any("refused" in one.text for one in latest_events(session))


def test_a_refused_payment_is_paid_once_somebody_asks_again(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    hand_in(study, platform, "W1")
    platform.refuse = {"approve"}
    turn()
    platform.refuse = set()
    assert turn().paid == 0
    with hands(study.database) as held:
        assert plan_refused_again(Worksite(study.whole, study.database, platform, "http://localhost/", held)) == 1
    assert turn().paid == 1
    assert platform.approved == ["A-0-W1"]


def test_workers_who_are_not_used_are_paid(study_of, platform) -> None:
    study, turn = study_of(pairs=6, checks=8, hits=3, trials_per_hit=4, checks_per_hit=3)
    from hits.judgment import Said

    begun = study.begin(0, "CARELESS")
    study.do_all(begun, Said("different", "same", 1, 1))
    platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "CARELESS")
    assert turn().paid == 1


def test_an_assignment_that_we_never_met_is_not_paid(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    study.begin(0, "W1")
    platform.hand_in("A-UNKNOWN", "P-hit-00000", "W9")
    assert turn().paid == 0


def test_open_votes_are_topped_up_with_hits_and_no_more(study_of, platform) -> None:
    _study, turn = study_of(pairs=9, checks=1, hits=0, trials_per_hit=4, checks_per_hit=1)
    turn()
    assert turn().published == 6  # 18 votes, three a HIT
    assert turn().published == 0


def test_spending_ends_at_the_cap_in_a_sentence(study_of, platform) -> None:
    _study, turn = study_of(pairs=9, checks=1, hits=0, trials_per_hit=4, checks_per_hit=1, pay=Pay(cap=0.5))
    assert any("above the cap of 0.50 USD" in note for note in turn().notes)
    assert platform.hits == {}


def test_when_every_pair_is_decided_the_hits_leave_the_shelf(study_of, platform) -> None:
    study, turn = study_of(pairs=2, checks=1, hits=4, trials_per_hit=3, checks_per_hit=1)
    for number, worker in enumerate(("W1", "W2")):
        study.do_all(study.begin(number, worker))
    assert turn().closed == 4


def test_closing_by_hand_is_not_undone_by_the_next_turn(study_of, platform) -> None:
    study, turn = study_of(pairs=9, checks=1, hits=2, trials_per_hit=4, checks_per_hit=1)
    with hands(study.database) as held:
        close_all(Worksite(study.whole, study.database, platform, "http://localhost/annotate/", held), Turn())
    turn()
    assert turn().published == 0


def test_nothing_due_is_nothing_done(study_of, platform) -> None:
    study, _ = study_of(policy="fixed")
    with hands(study.database) as held:
        done = Turn()
        pay_due(Worksite(study.whole, study.database, platform, "http://localhost/", held), done)
    assert done.idle
    assert datetime.now(UTC) > study.now.replace(year=2020)


def test_a_fixed_study_gets_all_its_votes_before_its_hits_leave_the_shelf(study_of, platform) -> None:
    study, turn = study_of(pairs=2, checks=1, policy="fixed", trials_per_hit=3)
    for worker in ("W1", "W2"):
        study.do_all(study.begin(0, worker))
    assert turn().closed == 0  # the majority is certain, and the third vote was promised all the same
    study.do_all(study.begin(0, "W3"))
    assert turn().closed == 1


def test_a_platform_that_takes_no_more_hits_does_not_keep_workers_from_their_pay(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    hand_in(study, platform, "W1")
    plan(study)
    platform.refuse = {"publish"}
    done = turn()
    assert done.paid == 1
    assert "publish: no" in done.notes[0]


def test_a_hit_that_the_platform_no_longer_knows_does_not_hide_the_others(study_of, platform) -> None:
    study, turn = study_of(pairs=6, policy="fixed", trials_per_hit=4)
    hand_in(study, platform, "W1", hit=0)
    hand_in(study, platform, "W2", hit=1)
    listing = platform.assignments

    def forgetful(platform_hit_id: str):
        if platform_hit_id == "P-hit-00000":
            raise PlatformRefused("there is no such HIT")
        return listing(platform_hit_id)

    platform.assignments = forgetful
    done = turn()
    assert done.paid == 1
    assert "P-hit-00000 could not be collected" in done.notes[0]


def test_hits_that_nobody_took_in_time_are_replaced(study_of, platform) -> None:
    study, turn = study_of(pairs=9, checks=1, hits=0, trials_per_hit=4, checks_per_hit=1)
    turn()
    assert turn().published == 6
    with study.database.writing() as session:
        for row in session.scalars(select(HitRow)):
            row.closes_at = datetime(2020, 1, 1, tzinfo=UTC)
    assert turn().closed == 6
    assert turn().published == 6


def test_a_stranger_under_the_same_assignment_id_does_not_get_the_pay(study_of, platform) -> None:
    study, turn = study_of(policy="fixed", trials_per_hit=7)
    study.do_all(study.begin(0, "STRANGER", "A1"))
    begun = study.begin(0, "W1", "A1")
    while study.open(begun) is not None:
        study.answer(begun, after_s=100.0)
    platform.hand_in("A1", begun.platform_hit_id, "W1")
    turn()
    with study.database.reading() as session:
        assert {row["worker"] for row in payments(session)} == {begun.worker}


def test_two_studies_of_one_name_never_share_a_hit(launched, platform) -> None:
    tokens = []
    for _ in range(2):
        study = launched(pairs=1, checks=0, checks_per_hit=0, hits=1)
        with study.database.reading() as session:
            tokens += list(session.scalars(select(HitRow.token)))
        with study.database.writing() as session:
            for table in (HitRow, PairRow, FactRow):
                session.execute(delete(table))
    assert len(set(tokens)) == 2
    assert max(map(len, tokens)) <= 64
