"""People leave in a real browser: by keyboard, on a phone, in the platform's frame, and are paid on the platform."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.store.money import payments_in
from app.tables import AssignmentRow
from app.web import Web
from hits.ledger import send
from hits.platforms.mturk.mturk import MTurk
from tests.browser.axe import check_accessible
from tests.browser.test_annotator import begin, choose, judgments, listen, overflow

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Arrive = Callable[[int], str]


def state(web: Web, assignment: str) -> str | None:
    """The state of an assignment of the platform's."""
    with web.database.reading() as session:
        return session.scalar(select(AssignmentRow.state).where(AssignmentRow.platform_assignment_id == assignment))


def answer(page: Page) -> None:
    """Hear the pair that is shown, and say that nothing differs."""
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "same")
    page.get_by_role("button", name="Next").click()


@pytest.mark.parametrize("width", [1200, 320])
def test_the_way_out_is_at_the_foot_of_every_page_and_can_be_read_by_all(
    web: Web, open_page: OpenPage, arrive: Arrive, width: int
) -> None:
    page = open_page(width, 640)
    begin(page, arrive(700 + width))
    page.get_by_text("What is stored, and how to leave").click()
    expect(page.get_by_text("No cookies are set")).to_be_visible()
    check_accessible(page)
    way_out = page.get_by_role("link", name="Leave this study")
    way_out.scroll_into_view_if_needed()
    box = way_out.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    way_out.click()  # which a bar that stood above it would take

    expect(page.get_by_role("heading", name="Would you like to leave?")).to_be_visible()
    check_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("link", name="Go back to the task").click()
    expect(page.get_by_text("1 of 2")).to_be_visible()
    assert state(web, f"3A{700 + width}") == "accepted"


def test_leaving_with_the_keyboard_and_deleting_afterwards(web: Web, open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(710))
    answer(page)
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.get_by_role("link", name="Leave this study").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Leave and keep my answers").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="You have left this study")).to_be_visible()
    check_accessible(page)
    assert len(judgments(web, "3A710")) == 1
    page.get_by_role("button", name="Delete my answers").click()
    expect(page.get_by_text("Your answers are deleted.")).to_be_visible()
    check_accessible(page)
    assert judgments(web, "3A710") == []


def test_the_browser_s_way_back_leads_to_no_pair_that_can_be_answered(
    web: Web, open_page: OpenPage, arrive: Arrive
) -> None:
    page, other = open_page(), open_page()
    begin(page, arrive(711))
    begin(other, arrive(711))
    page.get_by_role("link", name="Leave this study").click()
    page.get_by_role("button", name="Leave and delete my answers").dblclick()
    expect(page.get_by_role("heading", name="You have left this study")).to_be_visible()
    answer(other)  # in the tab that still shows a pair
    expect(other.get_by_role("heading", name="You have left this study")).to_be_visible()
    page.go_back()
    page.go_back()
    page.reload()

    expect(page.get_by_role("heading", name="You have left this study")).to_be_visible()
    assert (state(web, "3A711"), judgments(web, "3A711")) == ("withdrawn", [])


def test_whoever_leaves_in_the_platform_s_frame_returns_the_task_and_is_paid_by_it(
    web: Web, house: tuple[str, MTurk], open_page: OpenPage
) -> None:
    invite, platform = house
    page = open_page(1200, 1000)
    page.goto(invite)
    page.get_by_role("button", name="Take part").click()
    page.get_by_role("link", name="Preview").click()
    page.get_by_role("button", name="Accept").click()
    task = page.frame_locator("iframe")
    task.get_by_role("button", name="Begin").click()
    for which in ("first", "second"):
        task.get_by_role("button", name=f"Play the {which} clip").click()
        expect(task.locator(f"[data-player={which}][data-heard]")).to_be_visible()
    for name in ("activation", "valence"):
        task.locator(f"label:has(input[name={name}][value=same])").click()
    task.get_by_role("button", name="Next").click()
    expect(task.get_by_text("2 of 2")).to_be_visible()
    task.get_by_role("link", name="Leave this study").click()
    task.get_by_role("button", name="Leave and keep my answers").click()
    expect(task.get_by_text("Please return the task on the platform")).to_be_visible()
    with web.database.reading() as session:
        planned = payments_in(session, "planned")
    # Those of the panel's people in this file are 3A and three digits; the marketplace's ids may begin likewise.
    (payment,) = [one for one in planned if not re.fullmatch(r"3A\d{3}", one.platform_assignment_id)]
    page.get_by_role("button", name="Return").click()
    assert [step.state for step in send(payment, platform)] == ["sent", "confirmed"]

    page.goto(f"{invite.partition('/invite/')[0]}/earnings")
    expect(page.get_by_text("$0.16").first).to_be_visible()
    assert platform.bonus_sent(payment.platform_assignment_id, 16, payment.words)
