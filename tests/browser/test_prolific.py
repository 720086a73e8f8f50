"""Somebody from Prolific in a real browser: from the link with three ids to the page that takes the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.tables import AssignmentRow, HitRow
from app.web import Web, create_app
from hits.completion import completion_codes
from hits.judgment import Hit
from hits.platforms.prolific.prolific import Prolific
from hits.publish import offer_of
from tests.browser.axe import check_accessible
from tests.browser.conftest import serving
from tests.browser.test_annotator import begin, overflow
from tests.browser.test_leaving import answer
from tests.hits.prolific_stand_in import TOKEN, StandIn

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A stand-in for Prolific, up."""
    made = StandIn()
    yield made
    made.close()


@pytest.fixture
def link(web: Web, stand_in: StandIn) -> Iterator[Callable[[], str]]:
    """The address that Prolific would send somebody new to."""
    with serving(lambda at: create_app(on_prolific(web, stand_in, at))) as at:
        with web.database.writing() as session:
            row = session.get_one(HitRow, "h1")
            before, codes = row.platform_hit_id, completion_codes(web.secret_key, row.token)
            offer = offer_of(
                Hit("h1", "fixed", 2, 9), row.token, web.study.hits, web.study.pay, f"{at}/annotate/", codes
            )
            row.platform_hit_id = Prolific(TOKEN, stand_in.url).publish(offer)
            study_id = row.platform_hit_id

        def come() -> str:
            address = stand_in.studies[study_id]["external_study_url"]
            for name, value in stand_in.take_place(study_id).items():
                address = address.replace(f"{{{{%{name}%}}}}", value)
            return str(address)

        yield come
        with web.database.writing() as session:
            session.get_one(HitRow, "h1").platform_hit_id = before


def on_prolific(web: Web, stand_in: StandIn, at: str) -> Web:
    """The same study, for people from the stand-in."""
    return replace(web, platform=Prolific, submit_hosts=frozenset({stand_in.url}), public_url=at)


@pytest.mark.parametrize("width", [360, 1200])
def test_the_way_from_prolific_s_link_to_the_page_that_takes_the_code(
    web: Web, stand_in: StandIn, link: Callable[[], str], open_page: OpenPage, width: int
) -> None:
    page = open_page(width, 740)
    begin(page, link())
    for left in ("1 of 2", "2 of 2"):
        expect(page.get_by_text(left)).to_be_visible()
        page.wait_for_selector("[data-player=second][data-state=ready]")
        answer(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    code = page.locator(".code").inner_text()
    box = page.locator(".code").bounding_box()
    assert box is not None
    assert box["height"] >= 28  # large enough to be copied by hand
    assert overflow(page) == 0
    check_accessible(page)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code

    page.get_by_role("textbox").fill("It was clear.")
    page.get_by_role("link", name="Hand in").click()
    expect(page.get_by_role("heading", name="Back on Prolific")).to_be_visible()
    assert page.url == f"{stand_in.url}/submissions/complete?cc={code}"
    (submission,) = stand_in.submissions.values()
    assert (submission["status"], submission["entered_code"]) == ("AWAITING REVIEW", code)
    for _ in range(50):  # the comment travels beside the link
        if comment(web, str(submission["id"])):
            break
        page.wait_for_timeout(100)
    assert comment(web, str(submission["id"])) == "It was clear."


def test_whoever_leaves_takes_another_code_along(
    stand_in: StandIn, link: Callable[[], str], open_page: OpenPage
) -> None:
    page = open_page(360, 740)
    begin(page, link())
    answer(page)
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.get_by_text("What is stored, and how to leave").click()
    page.get_by_role("link", name="Leave this study").click()
    page.get_by_role("button", name="Leave and keep my answers").click()
    expect(page.get_by_role("heading", name="You have left this study")).to_be_visible()
    assert overflow(page) == 0
    check_accessible(page)
    page.get_by_role("link", name="Back to the platform").click()
    expect(page.get_by_role("heading", name="Back on Prolific")).to_be_visible()
    (study,) = stand_in.studies.values()
    (submission,) = stand_in.submissions.values()
    kinds = {one["code"]: one["code_type"] for one in study["completion_codes"]}
    assert kinds[submission["entered_code"]] == "OTHER"


def test_without_scripts_the_code_can_be_read_and_the_link_followed(
    web: Web, link: Callable[[], str], browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(360, 740)
    begin(page, link())
    for left in ("1 of 2", "2 of 2"):
        expect(page.get_by_text(left)).to_be_visible()
        page.wait_for_selector("[data-player=second][data-state=ready]")
        answer(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(page.url)
    assert plain.locator(".code").inner_text() == page.locator(".code").inner_text()
    expect(plain.get_by_role("button", name="Copy the code")).to_be_hidden()
    plain.get_by_role("link", name="Hand in").click()
    expect(plain.get_by_role("heading", name="Back on Prolific")).to_be_visible()
    context.close()


def comment(web: Web, submission_id: str) -> str:
    """The closing words that were kept."""
    with web.database.reading() as session:
        query = select(AssignmentRow.comment).where(AssignmentRow.platform_assignment_id == submission_id)
        return session.scalars(query).one()
