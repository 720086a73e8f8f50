"""Where the annotator's pages stop somebody, and what they say then."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.annotate.stops import STOPS
from app.store.arriving import RefusedWhy
from app.store.events import PAUSED, keep_fact
from app.tables import AssignmentRow, HitRow, WorkerRow
from app.web import Web, create_app
from tests.app.annotating import begin, clips, count, kind, query


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"turkSubmitTo": "https://evil.example"}, 400),
        ({"turkSubmitTo": "https://workersandbox.mturk.com.evil.example"}, 400),
        ({"hitId": ""}, 400),
        ({"hitId": "3OTHER"}, 200),
    ],
)
def test_arrivals_from_nowhere_are_stopped(web: Web, client: FlaskClient, changes: dict[str, str], status: int) -> None:
    page = client.get(f"/annotate/?{query(**changes)}")
    begun = client.post(f"/annotate/?{query(**changes)}")

    assert page.status_code == status
    assert "evil.example" not in page.text
    assert begun.status_code in (400, 404)
    assert kind(begun) == "stop"
    assert count(web, AssignmentRow) == 0


def test_script_in_the_query_stays_text(client: FlaskClient) -> None:
    attack = '"><script>alert(1)</script>'
    for name in ("hitId", "workerId", "assignmentId", "extra"):
        page = client.get(f"/annotate/?{query()}&{urlencode({name: attack})}")
        assert "<script>alert" not in page.text
        changed = client.get(f"/annotate/?{query(**{name: attack})}")
        assert "<script>alert" not in changed.text


def test_a_link_cut_short_is_a_stop(client: FlaskClient) -> None:
    here = begin(client)
    page = client.get(f"{here[:-3]}/")

    assert (page.status_code, kind(page)) == (404, "stop")


def test_a_worker_who_is_not_invited_on_reads_why(web: Web, client: FlaskClient) -> None:
    begin(client)
    with web.database.writing() as session:
        for worker in session.scalars(select(WorkerRow)):
            worker.trusted = False
    page = client.post(f"/annotate/?{query(assignmentId='3ANOTHER')}")

    assert kind(page) == "stop"
    assert "Everything that you handed in is paid" in page.text


@pytest.mark.parametrize("state", ["submitted", "approved", "rejected"])
def test_an_assignment_that_is_over_has_a_page_of_its_own(web: Web, client: FlaskClient, state: str) -> None:
    here = begin(client)
    with web.database.writing() as session:
        session.scalars(select(AssignmentRow)).one().state = state
    page = client.get(here)

    assert kind(page) == "stop"
    assert str(STOPS[state].title) in unescape(page.text)


def test_every_reason_of_a_refusal_has_its_page() -> None:
    assert set(RefusedWhy.__args__) <= set(STOPS)


def test_a_closed_hit_stops_newcomers_and_lets_its_workers_go_on(web: Web, client: FlaskClient) -> None:
    here = begin(client, 1)
    with web.database.writing() as session:
        session.get_one(HitRow, "h1").state = "closed"

    assert begin(client, 1) == here
    assert kind(client.get(f"/annotate/?{query(1)}")) == "welcome"
    assert client.post(f"/annotate/?{query(2)}").status_code == 404


def test_a_pause_asks_newcomers_to_come_back_and_lets_its_workers_go_on(web: Web, client: FlaskClient) -> None:
    here = begin(client, 1)
    with web.database.writing() as session:
        keep_fact(session, PAUSED, {})
    looked, began = client.get(f"/annotate/?{query(2)}"), client.post(f"/annotate/?{query(2)}")

    assert {kind(looked), kind(began)} == {"stop"}
    assert 'data-reason="paused"' in looked.text
    assert looked.text == began.text
    assert begin(client, 1) == here
    assert kind(client.get(f"/annotate/?{query(1)}")) == "welcome"


def test_a_pause_says_nothing_of_a_task_that_is_closed(web: Web, client: FlaskClient) -> None:
    with web.database.writing() as session:
        keep_fact(session, PAUSED, {})
        session.get_one(HitRow, "h1").state = "closed"
    assert 'data-reason="unknown-hit"' in client.post(f"/annotate/?{query(2)}").text


def test_a_form_that_is_far_too_long_is_refused(client: FlaskClient) -> None:
    here = begin(client)
    page = client.post(f"{here}answer", data={"nonce": "x" * 100_000})

    assert (page.status_code, kind(page)) == (413, "stop")


def test_a_fault_of_ours_is_a_page_and_no_traceback(web: Web) -> None:
    broken = create_app(replace(web, folder=None))  # type: ignore[arg-type]
    client = broken.test_client()
    page = client.get(clips(client.get(begin(client)))[0])

    assert (page.status_code, kind(page)) == (503, "stop")
    assert "Traceback" not in page.text
