"""From an invite link to work that the platform knows of: the marketplace, and the task in its frame."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.store.database import Database
from app.tables import AssignmentRow, HitRow
from app.web import Web
from hits.platforms.mturk.mturk import MTurk
from tests.browser.widths import sticking_out

pytestmark = pytest.mark.browser


def platform_hit(database: Database) -> str:
    """The marketplace's id of the study's HIT."""
    with database.reading() as session:
        return str(session.scalar(select(HitRow.platform_hit_id)))


def test_a_person_comes_by_invite_works_in_the_frame_and_hands_in(
    web: Web, house: tuple[str, MTurk], open_page: Callable[..., Page]
) -> None:
    invite, platform = house
    page = open_page(1200, 1000)
    page.goto(invite)
    page.get_by_role("button", name="Take part").click()
    page.get_by_role("link", name="Preview").click()
    task = page.frame_locator("iframe")
    expect(task.get_by_text("This is a preview.")).to_be_visible()
    page.get_by_role("button", name="Accept").click()

    task.get_by_role("button", name="Begin").click()
    for number in (1, 2):
        expect(task.get_by_text(f"{number} of 2")).to_be_visible()
        for which in ("first", "second"):
            task.get_by_role("button", name=f"Play the {which} clip").click()
            expect(task.locator(f"[data-player={which}][data-heard]")).to_be_visible()
        for name in ("activation", "valence"):
            task.locator(f"label:has(input[name={name}][value=same])").click()
        task.get_by_role("button", name="Next").click()
    task.get_by_role("button", name="Hand in").click()
    expect(task.get_by_role("heading", name="Thank you, handed in")).to_be_visible()

    (handed_in,) = platform.assignments(platform_hit(web.database))
    with web.database.reading() as session:
        ours = session.scalar(
            select(AssignmentRow.state).where(AssignmentRow.platform_assignment_id == handed_in.assignment_id)
        )
    assert (handed_in.state, ours) == ("submitted", "finished")
    assert [cookie["path"] for cookie in page.context.cookies()] == ["/marketplace"]  # none from the task


def test_an_invite_is_read_in_words_on_a_phone(house: tuple[str, MTurk], open_page: Callable[..., Page]) -> None:
    page = open_page(360, 740)
    page.goto(house[0])

    offer = page.locator("dd").bounding_box()
    assert offer is not None
    assert offer["width"] > 120
    assert sticking_out(page) == []


def test_a_button_keeps_its_shape_when_keys_reach_it(house: tuple[str, MTurk], open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto(house[0])
    shape = "getComputedStyle(document.querySelector('button')).borderRadius"
    before = page.evaluate(shape)
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.matches('button:focus-visible')")
    assert page.evaluate(shape) == before
