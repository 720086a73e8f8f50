"""What the platform learns of qualifications, and what a rehearsal knows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.marketplace import administration
from app.marketplace.factory import create_marketplace
from app.rehearsal import Rehearsal, rehearse
from app.store.database import sqlite_url
from app.store.lock import hands
from app.store.steps import asked_under, mark_told, untold_steps
from app.tables import AssignmentRow, HitRow, JudgmentRow, StepRow, WorkerRow
from app.web import Web, create_app
from hits.judgment import Hit
from hits.listeners import Listener
from hits.platforms.mturk.mturk import MTurk
from hits.publish import offer_of
from hits.qualification import Round
from hits.recruiting import PlatformRefused, PlatformUnreachable
from pipelines.ranking import DIMENSIONS
from tests.app.annotating import begin, hidden, kind
from tests.app.qualification.conftest import asked, found, put_in_order, send
from tests.browser.conftest import serving
from tests.conftest import RudePlatform


class Forgetful(RudePlatform):
    """It does not know some workers any more."""

    def __init__(self) -> None:
        super().__init__()
        self.unknown_workers: set[str] = set()

    def grant(self, worker_id: str, qualification_name: str, score: int) -> None:
        if worker_id in self.unknown_workers:
            raise PlatformRefused(f"{worker_id}: nobody has this id")
        super().grant(worker_id, qualification_name, score)


@pytest.fixture
def turn(qualified_web: Web) -> tuple[Forgetful, Callable[[], Turn]]:
    """A platform, and what takes one turn there."""
    platform = Forgetful()

    def take() -> Turn:
        with hands(qualified_web.database) as held:
            return take_turn(Worksite(qualified_web.study, qualified_web.database, platform, "http://localhost/", held))

    return platform, take


NAME = "Hears emotion in voices (study)"


def go_through(web: Web, client: FlaskClient, number: int, *, backwards: bool = False) -> None:
    """One worker's whole qualification."""
    here = begin(client, number)
    for _ in range(2):
        for _ in DIMENSIONS:
            page = client.get(here)
            if kind(page) == "qualification" and "One more try" not in page.text:
                put_in_order(web, client, here, number, backwards=backwards)
        send(client, here, {"again": "yes"})


def test_the_platform_learns_of_who_passed_and_of_who_did_not(
    qualified_web: Web, client: FlaskClient, turn: tuple[Forgetful, Callable[[], Turn]]
) -> None:
    platform, take = turn
    go_through(qualified_web, client, 1)
    go_through(qualified_web, client, 2, backwards=True)
    client.get(begin(client, 3))  # still at it
    take()
    assert platform.granted == {("AWORKER1", NAME): 100, ("AWORKER2", NAME): 0}
    platform.granted.clear()
    take()
    assert platform.granted == {}


def test_a_refusal_is_a_note_and_others_are_told_all_the_same(
    qualified_web: Web, client: FlaskClient, turn: tuple[Forgetful, Callable[[], Turn]]
) -> None:
    platform, take = turn
    go_through(qualified_web, client, 1)
    go_through(qualified_web, client, 2)
    platform.unknown_workers.add("AWORKER1")
    with qualified_web.database.reading() as session:
        begun = session.query(AssignmentRow).filter_by(platform_assignment_id="3ASSIGNMENT1").one()
        worker = begun.worker  # never the platform's own id: notes are kept
    assert take().notes == [f"a qualification could not be given: {worker}: nobody has this id"]
    assert platform.granted == {("AWORKER2", NAME): 100}
    platform.unknown_workers.clear()
    platform.break_after = {"grant"}
    with pytest.raises(PlatformUnreachable):
        take()
    assert take().notes == []
    assert platform.granted == {("AWORKER1", NAME): 100, ("AWORKER2", NAME): 100}


def test_whoever_was_forgotten_is_not_named_to_the_platform(
    qualified_web: Web, client: FlaskClient, turn: tuple[Forgetful, Callable[[], Turn]]
) -> None:
    platform, take = turn
    go_through(qualified_web, client, 1)
    with qualified_web.database.writing() as session:
        session.query(WorkerRow).update({"platform_worker_id": None})
    take()
    assert platform.granted == {}


def test_whoever_is_through_is_told_of_once(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    client.get(begin(client, 2))  # still at it
    put_in_order(qualified_web, client, here)
    put_in_order(qualified_web, client, here)
    with qualified_web.database.writing() as session:
        (untold,) = untold_steps(session, "qualification")
        assert untold.platform_worker_id == "AWORKER1"
        mark_told(session, untold.worker, "qualification", found(qualified_web).opened_at)
        assert untold_steps(session, "qualification") == []


def test_a_rehearsal_may_know_what_is_asked(qualified_web: Web, client: FlaskClient) -> None:
    page = client.get(begin(client))
    with qualified_web.database.reading() as session:
        known = asked_under(session, "qualification", hidden(page)["round"])
        assert asked_under(session, "qualification", "nothing") is None
    assert known is not None
    assert Round.of_json(known) == asked(qualified_web)


def test_a_simulated_listener_ranks_on_its_way_to_the_pairs(qualified_web: Web, tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "marketplace.db")
    administration.upgrade(url)
    access_key_id, secret = administration.add_requester(url, "The lab", 100_000)
    code = administration.add_invite(url, access_key_id)

    def site(at: str) -> DispatcherMiddleware:
        served = replace(qualified_web, submit_hosts=frozenset({at}), public_url=at)
        return DispatcherMiddleware(create_app(served), {"/marketplace": create_marketplace(url, "a key", at)})

    def missing() -> int:
        with qualified_web.database.reading() as session:
            return 3 - session.query(JudgmentRow).count()

    with serving(site) as at:
        platform = MTurk(f"{at}/marketplace/requester", access_key_id=access_key_id, secret_access_key=secret)
        design = qualified_web.study
        offer = offer_of(Hit("h1", "fixed", 3, 3), "house", design.hits, design.pay, f"{at}/annotate/")
        with qualified_web.database.writing() as session:
            session.get_one(HitRow, "h1").platform_hit_id = platform.publish(offer)
        come = Rehearsal(f"{at}/marketplace/invite/{code}", qualified_web.database, {}, seed=1)
        assert rehearse([Listener("one", 0.0, 1.0)], come, missing) == 3
        with hands(qualified_web.database) as held:
            take_turn(Worksite(design, qualified_web.database, platform, f"{at}/annotate/", held))
    with qualified_web.database.reading() as session:
        step = session.query(StepRow).one()
        assert (step.state, step.told_at is not None) == ("passed", True)
