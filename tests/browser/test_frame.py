"""A task inside somebody else's page: it works there where it may be framed, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FrameLocator, Page, expect
from sqlalchemy import select
from werkzeug import Request, Response

from app.tables import AssignmentRow, JudgmentRow
from app.web import Web, create_app
from tests.browser.conftest import serving

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


def platform(task_url: str) -> Callable[[str], Any]:
    """A platform of somebody else: a page with the task in a sandboxed frame, and a place to hand it in."""

    def make(at: str) -> Any:
        @Request.application
        def answer(request: Request) -> Response:
            if request.path == "/mturk/externalSubmit":
                return Response(f"handed in: {request.form['assignmentId']}", mimetype="text/html")
            if request.path != "/":
                return Response(status=204)
            ids = f"assignmentId={request.args['a']}&hitId=3HIT&workerId=AFRAMED&turkSubmitTo={at}"
            frame = (
                f'<iframe src="{task_url}/annotate/?{ids}" width="800" height="900" allow="autoplay" '
                'sandbox="allow-scripts allow-same-origin allow-forms"></iframe>'
            )
            return Response(f"<!doctype html><title>A platform</title>{frame}", mimetype="text/html")

        return answer

    return make


@pytest.fixture(scope="module")
def foreign(web: Web) -> Iterator[tuple[str, str]]:
    """Two platforms on another site than the study: one that may frame the task, one that may not."""
    study: dict[str, Any] = {}
    with serving(lambda at: lambda *call: study["app"](*call)) as task_at:
        task_url = task_at.replace("127.0.0.1", "localhost")  # to a browser, another site than 127.0.0.1
        with serving(platform(task_url)) as known, serving(platform(task_url)) as unknown:
            study["app"] = create_app(replace(web, submit_hosts=frozenset({known}), public_url=task_url))
            yield known, unknown


def hear_and_answer(task: FrameLocator) -> None:
    for which in ("first", "second"):
        task.get_by_role("button", name=f"Play the {which} clip").click()
        expect(task.locator(f"[data-player={which}][data-heard]")).to_be_visible()
    for name in ("activation", "valence"):
        task.locator(f"label:has(input[name={name}][value=same])").click()
    task.get_by_role("button", name="Next").click()


def test_the_whole_task_works_in_a_frame_on_another_site_without_a_cookie(
    web: Web, foreign: tuple[str, str], open_page: OpenPage
) -> None:
    known, _ = foreign
    page = open_page(1000, 1000)
    set_cookies: list[str] = []
    page.on("response", lambda got: set_cookies.extend(v for k, v in got.headers.items() if k == "set-cookie"))
    page.goto(f"{known}/?a=3FRAMED")
    task = page.frame_locator("iframe")
    task.get_by_role("button", name="Begin").click()
    for number in (1, 2):
        expect(task.get_by_text(f"{number} of 2")).to_be_visible()
        hear_and_answer(task)
    task.get_by_role("button", name="Hand in").click()

    expect(task.get_by_text("handed in: 3FRAMED")).to_be_visible()
    assert urlsplit(page.frames[1].url).netloc == urlsplit(known).netloc
    assert (page.context.cookies(), set_cookies) == ([], [])
    with web.database.reading() as session:
        query = select(JudgmentRow).join(AssignmentRow).where(AssignmentRow.platform_assignment_id == "3FRAMED")
        assert len(session.scalars(query).all()) == 2


def test_a_place_that_the_study_does_not_know_can_not_frame_it(
    foreign: tuple[str, str], browser: Any
) -> None:  # `open_page` would take the browser's refusal for a complaint of ours
    _, unknown = foreign
    page = browser.new_page()
    refusals: list[str] = []
    page.on("console", lambda said: refusals.append(said.text))
    page.goto(f"{unknown}/?a=3STOLEN")
    page.wait_for_timeout(500)

    assert page.frame_locator("iframe").get_by_role("button", name="Begin").count() == 0
    assert any("frame-ancestors" in refusal for refusal in refusals)
    page.close()
