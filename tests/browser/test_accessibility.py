"""axe-core finds nothing at WCAG 2.2 AA, on any page, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from hits.platforms.mturk.mturk import MTurk
from tests.browser.axe import check_accessible
from tests.browser.test_annotator import begin, choose, listen
from tests.browser.test_researcher import sign_in

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Arrive = Callable[[int], str]


@pytest.mark.parametrize("width", [1200, 320])
def test_a_worker_s_way_from_the_link_to_the_thanks(open_page: OpenPage, arrive: Arrive, width: int) -> None:
    page = open_page(width)
    page.goto(arrive(50 + width))
    check_accessible(page)

    begin(page, arrive(50 + width))
    check_accessible(page)
    listen(page)
    choose(page, "activation", "different")
    choose(page, "valence", "same")
    check_accessible(page)
    choose(page, "activation_rating", "4")
    choose(page, "valence_rating", "2")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.wait_for_selector("[data-player=second][data-state=ready]")
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "same")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    check_accessible(page)


def test_a_stop(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(f"{address}/annotate/?assignmentId=3A1&hitId=3NONE&workerId=AW1&turkSubmitTo=http://127.0.0.1:9")
    check_accessible(page)


def test_what_a_researcher_sees_at_the_door_and_inside(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(f"{address}/login")
    check_accessible(page)
    sign_in(page, address)
    check_accessible(page)


def test_the_marketplace_from_the_invite_to_the_earnings(house: tuple[str, MTurk], open_page: OpenPage) -> None:
    page = open_page()
    page.goto(house[0])
    check_accessible(page)
    page.get_by_role("button", name="Take part").click()
    check_accessible(page)
    page.get_by_role("link", name="Preview").click()
    expect(page.frame_locator("iframe").get_by_text("This is a preview.")).to_be_visible()
    check_accessible(page)
    page.goto(f"{house[0].partition('/invite/')[0]}/earnings")
    check_accessible(page)


def test_what_is_wrong_is_found(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(f"{address}/login")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input><button></button>')")

    with pytest.raises(AssertionError, match=r"(?s)button-name|label"):
        check_accessible(page)
