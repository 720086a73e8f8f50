"""What goes wrong between people and servers: two tabs, a time that is over, a server that starts anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update
from werkzeug.serving import make_server

from app.tables import AssignmentRow
from app.web import Web, create_app
from tests.browser.test_annotator import begin, choose, judgments, listen

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Arrive = Callable[[int], str]


def both_same(page: Page) -> None:
    choose(page, "activation", "same")
    choose(page, "valence", "same")


def test_two_tabs_make_one_answer_and_both_go_on(web: Web, open_page: OpenPage, arrive: Arrive) -> None:
    first = open_page()
    begin(first, arrive(801))
    second = first.context.new_page()
    begin(second, arrive(801))
    for tab, said in ((first, "same"), (second, "different")):
        listen(tab)
        choose(tab, "activation", said)
        choose(tab, "valence", "same")
    choose(second, "activation_rating", "4")
    choose(second, "valence_rating", "3")
    first.get_by_role("button", name="Next").click()
    expect(first.get_by_text("2 of 2")).to_be_visible()
    second.get_by_role("button", name="Next").click()

    expect(second.get_by_text("2 of 2")).to_be_visible()
    assert [row.activation for row in judgments(web, "3A801")] == ["same"]


def test_an_answer_after_the_time_is_over_leads_to_a_page_that_says_so(
    web: Web, open_page: OpenPage, arrive: Arrive
) -> None:
    page = open_page()
    begin(page, arrive(802))
    listen(page)
    both_same(page)
    with web.database.writing() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(
            update(AssignmentRow).where(AssignmentRow.platform_assignment_id == "3A802").values(expires_at=past)
        )
    page.get_by_role("button", name="Next").click()

    expect(page.get_by_role("heading", name="The time for this task is over")).to_be_visible()
    assert judgments(web, "3A802") == []


def test_a_clip_whose_link_has_grown_old_offers_the_pair_anew(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    page.route("**/clip/*", lambda route: route.fulfill(status=410, body=""))
    page.goto(arrive(803))
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("A clip did not arrive")).to_be_visible()
    page.unroute("**/clip/*")
    page.get_by_role("link", name="Load this pair again").click()

    listen(page)


@contextmanager
def answering(web: Web, port: int) -> Iterator[int]:
    """A server of its own on that port, made anew each time: nothing of it outlives a stop but the database."""
    server = make_server("127.0.0.1", port, create_app(web), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_that_starts_anew_in_mid_session_loses_nothing(web: Web, open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    query = arrive(804).partition("?")[2]
    with answering(web, 0) as port:
        begin(page, f"http://127.0.0.1:{port}/annotate/?{query}")
        listen(page)
        both_same(page)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Your answer is kept on this page")).to_be_visible()
    assert judgments(web, "3A804") == []
    with answering(web, port):
        expect(page.get_by_text("2 of 2")).to_be_visible()
        page.wait_for_selector("[data-player=second][data-state=ready]")
        listen(page)
        both_same(page)
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    assert len(judgments(web, "3A804")) == 2
