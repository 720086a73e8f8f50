"""A researcher signs in with a real browser and looks at the study."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from app.store.events import note_event
from app.tables import EventRow
from app.web import Web
from tests.browser.widths import sticking_out

pytestmark = pytest.mark.browser

PASSWORD = "a long enough password"


def sign_in(page: Page, address: str) -> None:
    """Fill in the form and come to the dashboard."""
    page.goto(f"{address}/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="What is happening")).to_be_visible()
    page.wait_for_load_state("load")  # its scripts listen from then on


@pytest.mark.parametrize("width", [320, 1200])
def test_the_dashboard_is_readable_on_a_phone_and_on_a_desk(
    open_page: Callable[..., Page], address: str, width: int
) -> None:
    page = open_page(width, 800)
    sign_in(page, address)

    assert sticking_out(page) == []
    expect(page.get_by_role("link", name="judgments.csv")).to_be_visible()


def test_times_are_shown_in_the_readers_zone_with_utc_in_the_title(
    web: Web, open_page: Callable[..., Page], address: str
) -> None:
    with web.database.writing() as session:
        session.add(EventRow(at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC), kind="test", text="long ago"))
    page = open_page()
    sign_in(page, address)
    time = page.locator("time[datetime='2026-03-01T12:30:00+00:00']").first

    expect(time).to_have_attribute("title", "2026-03-01 12:30:00 UTC")
    expect(time).to_have_attribute("data-local", "")


def test_the_dashboard_is_fresh_when_somebody_looks_at_it(
    web: Web, open_page: Callable[..., Page], address: str
) -> None:
    page = open_page()
    sign_in(page, address)
    with web.database.writing() as session:
        note_event(session, "test", "something new happened")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when somebody comes back to it

    expect(page.get_by_text("something new happened")).to_be_visible()


def test_a_table_is_sorted_by_a_click_on_a_head_and_stays_so(
    web: Web, open_page: Callable[..., Page], address: str
) -> None:
    page = open_page()
    sign_in(page, address)
    head = page.get_by_role("columnheader", name="condition")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    with web.database.writing() as session:
        note_event(session, "test", "while it is sorted")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("while it is sorted")).to_be_visible()
    expect(head).to_have_attribute("aria-sort", "descending")


def test_signing_out_leads_back_to_the_door(open_page: Callable[..., Page], address: str) -> None:
    page = open_page()
    sign_in(page, address)
    page.get_by_role("button", name="Sign out ada").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{address}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_dashboard_left_open_asks_to_sign_in_once_its_time_is_over(
    open_page: Callable[..., Page], address: str
) -> None:
    page = open_page()
    sign_in(page, address)
    page.context.clear_cookies()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=15_000)
