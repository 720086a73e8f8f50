"""A worker's own id comes in by a link and is never seen again: not on a page, not in a file, not in a log."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.store.identities import own_id
from app.store.people import make_link
from app.tables import Base, WorkerRow
from app.web import Web
from tests.app.test_leaving import answer as answer_page
from tests.app.test_leaving import begin, query, walk_out

KNOWN = "AWORKER1"


@pytest.fixture
def walked(web: Web, client: FlaskClient, caplog: pytest.LogCaptureFixture) -> str:
    """A worker begins, answers and leaves with a comment to be kept; the address of the worker's pages."""
    caplog.set_level(logging.DEBUG)
    here = begin(client)
    assert KNOWN not in here
    answer_page(client, here)
    walk_out(client, here)
    return here


def test_no_page_and_no_file_of_the_researcher_s_names_a_worker_by_the_platform_s_id(
    web: Web, flask_app: Flask, client: FlaskClient, walked: str, caplog: pytest.LogCaptureFixture
) -> None:
    with web.database.writing() as session:
        token = make_link(session, "ada")
        worker = session.scalars(select(WorkerRow.worker)).one()
    page = client.get(f"/sign-in/{token}").text
    word = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post(f"/sign-in/{token}", data={"csrf_token": word})
    seen = 0
    for rule in flask_app.url_map.iter_rules():
        arguments = {name: worker for name in rule.arguments if name == "worker"}
        if "GET" in (rule.methods or ()) and set(rule.arguments) == set(arguments) and "/annotate" not in rule.rule:
            with flask_app.test_request_context():
                at = flask_app.url_for(rule.endpoint, **arguments)
            found = client.get(at, follow_redirects=True)
            assert KNOWN not in found.get_data(as_text=True), at
            seen += found.status_code == 200
    assert seen > 5
    assert KNOWN not in caplog.text


def test_no_table_holds_the_id_as_it_came(web: Web, walked: str) -> None:
    with web.database.reading() as session:
        rows = [row for table in Base.metadata.sorted_tables for row in session.execute(select(table)).all()]
        assert KNOWN not in "\n".join(map(str, rows)).replace("3ASSIGNMENT13HIT", "")
        assert own_id(session, session.scalars(select(WorkerRow.platform_worker_id)).one()) == KNOWN


def test_what_a_worker_s_own_pages_say_to_a_broken_database_is_logged_without_the_id(
    web: Web, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    Base.metadata.tables["assignments"].drop(web.database.engine, checkfirst=False)
    assert client.post(f"/annotate/?{query(1)}").status_code == 503
    assert "no such table" in caplog.text
    assert KNOWN not in caplog.text
