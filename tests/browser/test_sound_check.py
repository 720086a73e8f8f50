"""Sound check and headphone screening in a real browser: by mouse, by keys, and without any script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.store.steps import StepName
from app.tables import AssignmentRow, StepRow
from app.web import Web, create_app
from hits.screening import Screening
from tests.browser.axe import check_accessible
from tests.browser.conftest import serving
from tests.browser.test_annotator import overflow

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Come = Callable[[int], str]


@pytest.fixture(scope="module")
def come(web: Web) -> Iterator[Come]:
    """Where a worker begins in a study that asks for both."""
    screening = Screening(sound_check=True, headphones="required", practice=False)
    screened = replace(web, study=web.study.model_copy(update={"screening": screening}))
    with serving(lambda _: create_app(screened)) as at:
        ids = "hitId=3HIT&turkSubmitTo=http://127.0.0.1:9"
        yield lambda number: f"{at}/annotate/?assignmentId=3SC{number}&workerId=ASC{number}&{ids}"


def asked(web: Web, number: int, step: StepName) -> dict[str, object]:
    """What only the server knows of the round that a worker is in."""
    with web.database.reading() as session:
        worker = select(AssignmentRow.worker).where(AssignmentRow.platform_assignment_id == f"3SC{number}")
        return dict(session.get_one(StepRow, (session.scalars(worker).one(), step)).asked)


def begin(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector("[data-hear][data-state=ready]")


def go_on(page: Page) -> None:
    """Press Enter, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_person_counts_the_tones_and_goes_on(web: Web, come: Come, open_page: OpenPage) -> None:
    page = open_page(360, 740)
    begin(page, come(1))
    page.get_by_role("button", name="Play the tones").click()
    expect(page.get_by_role("button", name="Stop the tones")).to_be_visible()
    page.wait_for_selector("[data-heard][data-state=heard]")
    page.get_by_label("How many tones did you hear?").fill(str(asked(web, 1, "sound-check")["tones"]))
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("heading", name="Which of the three was the quietest?")).to_be_visible()


def test_keys_alone_are_enough(web: Web, come: Come, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(2))
    page.keyboard.press(" ")
    page.wait_for_selector("[data-state=playing]")
    page.keyboard.press(" ")
    expect(page.get_by_text("Not heard to the end")).to_be_visible()
    page.keyboard.press(str(asked(web, 2, "sound-check")["tones"]))
    go_on(page)
    page.wait_for_selector("[data-page=headphones] [data-state=ready]")
    page.keyboard.press(" ")
    for place in ("1", "2", "3"):
        page.wait_for_selector(f"[data-sounding]:has([value='{place}'])")
        expect(page.locator("[data-sounding]")).to_have_count(1)
    page.wait_for_selector("[data-heard]")
    expect(page.locator("[data-sounding]")).to_have_count(0)
    page.keyboard.press("9")  # no such answer
    page.keyboard.press("3")
    expect(page.get_by_role("radio", name="3")).to_be_checked()
    go_on(page)
    expect(page.get_by_text("Round 2 of 12")).to_be_visible()


def test_keys_do_nothing_of_their_own_inside_a_control(web: Web, come: Come, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(3))
    field = page.get_by_label("How many tones did you hear?")
    field.press("1")
    field.press("2")
    expect(field).to_have_value("12")
    field.press(" ")
    expect(page.locator("[data-hear]")).to_have_attribute("data-state", "ready")


def test_an_empty_answer_stays_on_the_page(come: Come, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(4))
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_label("How many tones did you hear?")).to_be_focused()


def test_without_scripts_the_tones_play_and_the_answer_counts(web: Web, come: Come, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(come(5))
    page.get_by_role("button", name="Begin").click()
    plain = page.locator("audio[controls]")
    expect(plain).to_be_visible()
    sound = context.request.get(f"{page.url.split('/annotate/')[0]}{plain.get_attribute('src')}")
    assert (sound.status, sound.headers["content-type"]) == (200, "audio/wav")
    page.get_by_label("How many tones did you hear?").fill(str(asked(web, 5, "sound-check")["tones"]))
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("Round 1 of 12")).to_be_visible()
    page.get_by_role("radio", name="2").check()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("Round 2 of 12")).to_be_visible()
    context.close()


def test_an_answer_waits_for_the_connection(web: Web, come: Come, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(6))
    page.keyboard.press(str(asked(web, 6, "sound-check")["tones"]))
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.get_by_text("No connection.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Round 1 of 12")).to_be_visible()


@pytest.mark.parametrize("width", [1200, 320])
def test_every_page_is_accessible_and_fits(web: Web, come: Come, open_page: OpenPage, width: int) -> None:
    page, number = open_page(width), 7000 + width
    begin(page, come(number))
    check_accessible(page)
    for _ in range(3):
        page.keyboard.press("9")
        go_on(page)
        page.wait_for_selector("[data-state=ready]")
    expect(page.get_by_role("heading", name="When it does not work yet")).to_be_visible()
    check_accessible(page)
    assert overflow(page) == 0
    page.keyboard.press(str(asked(web, number, "sound-check")["tones"]))
    go_on(page)
    for turn in range(1, 13):
        page.wait_for_selector("[data-state=ready]")
        if turn in (1, 7):
            check_accessible(page)
            assert overflow(page) == 0
        page.keyboard.press(str(1 + int(str(asked(web, number, "headphones")["place"])) % 3))
        go_on(page)
    expect(page.get_by_role("heading", name="Once more, please")).to_be_visible()
    check_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("button", name="Try once more").click()
    expect(page.get_by_text("Round 1 of 12")).to_be_visible()
