"""A pause reaches the platform, whatever breaks; nobody loses time, work or pay by it. On SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.hands import pausing
from app.store.events import fact, keep_fact, latest_events
from app.store.held import NAME, held_hits
from app.tables import HitRow
from hits.recruiting import PlatformUnreachable
from tests.app.store.conftest import Desk


def open_ids(desk: Desk) -> set[str]:
    with desk.study.database.reading() as session:
        return set(session.scalars(select(HitRow.platform_hit_id).where(HitRow.state == "open")))


def states(desk: Desk) -> set[str]:
    with desk.study.database.reading() as session:
        return set(session.scalars(select(HitRow.state)))


def hours_pass(desk: Desk, hours: float) -> None:
    """As if everything had happened so much earlier."""
    past = timedelta(hours=hours)
    with desk.study.database.writing() as session:
        for row in session.scalars(select(HitRow)):
            row.closes_at -= past
            held = fact(session, NAME + row.platform_hit_id)
            if held is not None:
                at = datetime.fromisoformat(str(held["at"])) - past
                keep_fact(session, NAME + row.platform_hit_id, {"at": at.isoformat()})


def test_a_pause_holds_every_hit_back_on_the_platform_and_a_resume_lets_it_go(desk: Desk) -> None:
    desk.wish("pause")
    desk.grant()
    assert desk.platform.paused == open_ids(desk)
    assert len(desk.platform.paused) > 1

    desk.wish("resume")
    desk.grant()
    assert desk.platform.paused == set()
    with desk.study.database.reading() as session:
        assert held_hits(session, desk.study.database.now()).is_open == []
        assert {"pause", "resume"} <= {one.kind for one in latest_events(session)}


@pytest.mark.parametrize("act", ["pause", "resume"])
@pytest.mark.parametrize("breaks", ["break_before", "break_after"])
def test_a_line_that_breaks_leaves_no_hit_behind(desk: Desk, act: str, breaks: str) -> None:
    if act == "resume":
        desk.wish("pause")
        desk.grant()
    getattr(desk.platform, breaks).add(act)
    wish = desk.wish(act)
    with pytest.raises(PlatformUnreachable):
        desk.grant()
    assert desk.came_of(wish)[0] == "waiting"
    desk.grant()

    assert desk.came_of(wish)[0] == "done"
    assert desk.platform.paused == (open_ids(desk) if act == "pause" else set())


@pytest.mark.parametrize(("act", "step"), [("pause", "hold"), ("resume", "let_go")])
def test_a_program_that_is_killed_after_the_platform_s_yes_goes_on_where_it_was(
    desk: Desk, act: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if act == "resume":
        desk.wish("pause")
        desk.grant()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    desk.wish(act)
    with monkeypatch.context() as patch:
        patch.setattr(pausing, step, killed)
        with pytest.raises(KeyboardInterrupt):
            desk.grant()
    desk.grant(whole_turn=True)

    assert desk.platform.paused == (open_ids(desk) if act == "pause" else set())


def test_a_hit_that_can_not_be_paused_is_said_once_and_hides_no_other(desk: Desk) -> None:
    desk.platform.refuse.add("pause")
    wish = desk.wish("pause")
    notes = desk.grant().notes
    assert len([one for one in notes if "could not be paused: pause: no" in one]) == len(open_ids(desk))
    assert desk.came_of(wish)[0] == "done"
    assert desk.grant(whole_turn=True).notes == []


def test_time_on_the_shelf_stands_still_in_a_pause(desk: Desk) -> None:
    desk.wish("pause")
    desk.grant()
    hours_pass(desk, 30)
    desk.grant(whole_turn=True)
    assert states(desk) == {"open"}

    desk.wish("resume")
    desk.grant(whole_turn=True)
    assert states(desk) == {"open"}
    assert all(0 < left_s <= 1000 for left_s in desk.platform.left_s.values())
    with desk.study.database.reading() as session:
        assert all(end > desk.study.database.now() for end in session.scalars(select(HitRow.closes_at)))


def test_whoever_is_at_work_finishes_in_a_pause_and_is_paid(desk: Desk) -> None:
    begun = desk.study.begin(0, "W0")
    desk.wish("pause")
    desk.grant()
    desk.study.do_all(begun)
    desk.platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, "W0")

    assert desk.grant(whole_turn=True).paid == 1


def test_what_is_closed_in_a_pause_stays_closed(desk: Desk) -> None:
    desk.wish("pause")
    desk.grant()
    desk.wish("close")
    desk.grant(whole_turn=True)
    desk.wish("resume")
    desk.grant(whole_turn=True)

    assert states(desk) == {"closed"}
    assert desk.platform.left_s == {}
    with desk.study.database.reading() as session:
        assert held_hits(session, desk.study.database.now()).closed == []


def test_a_hit_whose_publication_nobody_saw_is_found_and_held_back(desk: Desk) -> None:
    with desk.study.database.writing() as session:
        row = session.scalars(select(HitRow).order_by(HitRow.hit_id)).first()
        row.state, row.platform_hit_id = "sent", None
    desk.wish("pause")
    turn = desk.grant(whole_turn=True)

    assert turn.published == 1
    assert desk.platform.paused == open_ids(desk)
    assert set(desk.platform.hits) <= desk.platform.paused
