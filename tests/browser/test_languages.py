"""The pages in every language in a real browser: right to left where it is so, and ratings keep their meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from app.study import About
from app.web import Web, create_app
from tests.browser.axe import check_accessible
from tests.browser.conftest import serving
from tests.browser.test_annotator import choose, judgments, overflow

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
LANGUAGES = ("en", "de", "es", "ar")


@pytest.fixture(scope="module")
def spoken_at(web: Web) -> Iterator[str]:
    """Where the study is served in all languages."""
    about = About(languages=LANGUAGES)
    spoken = replace(web, study=web.study.model_copy(update={"study": about}))
    with serving(lambda _: create_app(spoken)) as at:
        yield at


def arrival(at: str, worker: str, **more: str) -> str:
    worker = worker.upper()
    ids = {"assignmentId": f"3L{worker}", "hitId": "3HIT", "workerId": f"AL{worker}", **more}
    return (
        f"{at}/annotate/?"
        + "&".join(f"{name}={value}" for name, value in ids.items())
        + ("&turkSubmitTo=http://127.0.0.1:9")
    )


def begin(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".actions button").click()
    page.wait_for_selector("[data-player=second][data-state=ready]")


def listen(page: Page) -> None:
    for which in ("first", "second"):
        page.locator(f"[data-player={which}] button").click()
        page.wait_for_selector(f"[data-player={which}][data-heard]")


def middles(page: Page, selector: str) -> list[float]:
    """Where the middles of some boxes are, from the left edge of the window, in the order of the page."""
    boxes = [one.bounding_box() for one in page.locator(selector).all()]
    return [box["x"] + box["width"] / 2 for box in boxes if box]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_way_fits_a_narrow_phone_and_is_accessible(
    open_page: OpenPage, spoken_at: str, language: str
) -> None:
    page = open_page(320)
    page.goto(arrival(spoken_at, f"N{language}", lang=language))
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert overflow(page) == 0
    check_accessible(page)
    begin(page, arrival(spoken_at, f"N{language}", lang=language))
    for number in (1, 2):
        expect(page.locator("progress")).to_have_attribute("value", str(number - 1))
        page.wait_for_selector("[data-player=second][data-state=ready]")
        listen(page)
        for name in ("activation", "valence"):
            choose(page, name, "different")
        assert overflow(page) == 0
        check_accessible(page)
        for name in ("activation_rating", "valence_rating"):
            choose(page, name, "2")
        page.locator(".actions button").click()
    expect(page.locator("main")).to_have_attribute("data-page", "thanks")
    assert overflow(page) == 0
    check_accessible(page)


@pytest.mark.parametrize(("language", "calm_is"), [("en", "left"), ("ar", "right")])
def test_figures_their_numbers_and_their_ends_turn_round_together(
    open_page: OpenPage, spoken_at: str, language: str, calm_is: str
) -> None:
    page = open_page()
    begin(page, arrival(spoken_at, f"T{language}", lang=language))
    listen(page)
    choose(page, "activation", "different")
    row = page.locator(".scale").first
    expect(row).to_be_visible()
    places = {
        what: middles(page, f".scale:has([name=activation_rating]) {what}")
        for what in ("input", ".num", ".manikin", ".ends span")
    }
    for what, found in places.items():
        ordered = sorted(found, reverse=calm_is == "right")
        assert found == ordered, f"{what} do not run from the {calm_is}"
        assert len(set(found)) == len(found)
    assert [one.text_content() for one in row.locator(".num").all()] == ["1", "2", "3", "4", "5"]
    assert row.locator("input").first.get_attribute("value") == "1"


def test_a_rating_by_key_means_the_same_from_right_to_left(web: Web, open_page: OpenPage, spoken_at: str) -> None:
    page = open_page()
    begin(page, arrival(spoken_at, "KEYS", lang="ar"))
    listen(page)
    for key in ("2", "1", "5", "1"):  # different, the same, very excited, very unpleasant
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator("progress")).to_have_attribute("value", "1")
    [kept] = judgments(web, "3LKEYS")
    assert (kept.activation, kept.valence) == ("different", "same")
    assert (kept.activation_rating, kept.valence_rating) == (5, 1)


def test_a_play_button_is_the_same_from_right_to_left(open_page: OpenPage, spoken_at: str) -> None:
    tips = []
    for language in ("en", "ar"):
        page = open_page()
        begin(page, arrival(spoken_at, f"P{language}", lang=language))
        disc, triangle = (middles(page, f"[data-player=first] {part}")[0] for part in (".disc", ".triangle"))
        tips.append(round(triangle - disc, 1))
        first, second = middles(page, "[data-player]")
        assert (first < second) == (language == "en")  # the first stands where reading begins
    assert tips[0] == tips[1] > 0


def test_a_worker_changes_the_language_on_the_way_with_keys_alone(open_page: OpenPage, spoken_at: str) -> None:
    page = open_page(360)
    begin(page, arrival(spoken_at, "FOOT"))
    choice = page.get_by_role("navigation", name="Language")
    for link in choice.get_by_role("link").all():
        box = link.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    choice.get_by_role("link", name="Deutsch").press("Enter")
    expect(page.get_by_role("heading", name="Hör dir beide Aufnahmen an")).to_be_visible()
    page.goto(arrival(spoken_at, "FOOT"))
    expect(page.get_by_role("button", name="Anfangen")).to_be_visible()
    assert page.context.cookies() == []
