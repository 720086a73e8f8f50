"""Simulated listeners on a served study: with headphones they pass every step, with loudspeakers they are sent home."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from sqlalchemy import func, select
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app import dry_run
from app.browsing import line
from app.ears import Ears
from app.marketplace import administration
from app.marketplace.factory import create_marketplace
from app.rehearsal import Rehearsal, rehearse
from app.store.database import sqlite_url
from app.tables import AssignmentRow, HitRow, JudgmentRow, StepRow
from app.web import Web, create_app
from hits.judgment import Hit
from hits.listeners import Listener
from hits.platforms.mturk.mturk import MTurk
from hits.publish import offer_of
from hits.screening import Screening
from tests.browser.conftest import serving


@pytest.fixture
def invite(web: Web, tmp_path: Path) -> Iterator[str]:
    """The study with sound check and headphones, on a marketplace beside it: the link by which listeners come."""
    url = sqlite_url(tmp_path / "marketplace.db")
    administration.upgrade(url)
    access_key_id, secret = administration.add_requester(url, "The lab", 100_000)
    invite = administration.add_invite(url, access_key_id)
    screening = Screening(sound_check=True, headphones="required", practice=False)
    study = web.study.model_copy(update={"screening": screening})

    def site(at: str) -> DispatcherMiddleware:
        served = replace(web, study=study, submit_hosts=frozenset({at}), public_url=at)
        return DispatcherMiddleware(create_app(served), {"/marketplace": create_marketplace(url, "a key", at)})

    with serving(site) as at:
        platform = MTurk(f"{at}/marketplace/requester", access_key_id=access_key_id, secret_access_key=secret)
        offer = offer_of(Hit("h1", "fixed", 3, 3), "house", study.hits, study.pay, f"{at}/annotate/")
        with web.database.writing() as session:
            session.get_one(HitRow, "h1").platform_hit_id = platform.publish(offer)
        yield f"{at}/marketplace/invite/{invite}"


def answered(web: Web) -> int:
    with web.database.reading() as session:
        return session.scalar(select(func.count()).select_from(JudgmentRow)) or 0


def missing(web: Web, judgments: int) -> Callable[[], int]:
    """How many judgments are still to come, until so many are there or everybody was sent home."""

    def look() -> int:
        with web.database.reading() as session:
            gone = session.scalar(select(AssignmentRow.state).where(AssignmentRow.state == "screened-out").limit(1))
        return 0 if gone else judgments - answered(web)

    return look


@pytest.mark.parametrize("headphones", [True, False])
def test_a_listener_walks_through_a_whole_hit_with_headphones_and_not_with_loudspeakers(
    web: Web, invite: str, headphones: bool
) -> None:
    rehearsal = Rehearsal(invite, web.database, {}, seed=1, ears=Ears(headphones=headphones))
    done = rehearse([Listener("one", 0.0, 1.0)], rehearsal, missing(web, 3))
    assert done == answered(web) == (3 if headphones else 0)
    with web.database.reading() as session:
        steps = {row.step: row.state for row in session.scalars(select(StepRow))}
        rounds = [
            one["right"]
            for one in session.get_one(StepRow, (session.scalar(select(StepRow.worker)), "headphones")).found
        ]
    assert steps == {"sound-check": "passed", "headphones": "passed" if headphones else "failed"}
    assert rounds == [6, 6] if headphones else len(rounds) == 4


def test_what_is_open_again_after_all_was_decided_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = iter([True, False])
    nothing = SimpleNamespace(pairs_decided=0, assignments_by_state={"accepted": 1})
    monkeypatch.setattr(dry_run, "take_turn", lambda _site, turn: turn)
    monkeypatch.setattr(dry_run, "votes_still_missing", lambda *_: 0)
    monkeypatch.setattr(dry_run, "is_complete", lambda *_: next(complete))
    monkeypatch.setattr(dry_run, "overview", lambda *_: nothing)
    rehearsal = SimpleNamespace(stop=Event())
    performance = dry_run._Performance(MagicMock(), rehearsal, datetime.now(UTC), lambda _: None)
    performance._take_turn()
    assert rehearsal.stop.is_set()
    performance._take_turn()  # a worker's votes were dropped meanwhile
    assert not rehearsal.stop.is_set()


def test_a_line_that_the_server_closed_is_opened_anew() -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        first, _ = listening.accept()
        first.recv(1024)
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing it resets it
        first.close()
        second, _ = listening.accept()
        second.recv(1024)
        second.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        second.close()

    server = Thread(target=serve)
    server.start()
    with listening, line() as browser:
        assert browser.post(f"http://127.0.0.1:{listening.getsockname()[1]}/", data={"a": "b"}, timeout=10).text == "ok"
        server.join()
