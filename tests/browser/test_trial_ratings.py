"""Ratings of one clip or of both, on manikins and on sliders, by pointer, by finger and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from app.web import Web, create_app
from tests.browser.axe import check_accessible
from tests.browser.conftest import serving
from tests.browser.test_annotator import begin, choose, judgments, listen, overflow

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def visit(web: Web) -> Iterator[Callable[..., str]]:
    """The address at which a worker finds the study with other settings of its trials."""
    served: dict[tuple[str, str], str] = {}
    going = []

    def at(number: int, rate: str = "noisy-if-different", scale: str = "manikins") -> str:
        if (rate, scale) not in served:
            hits = web.study.hits.model_copy(update={"rate": rate, "rate_both_share": 1.0, "scale": scale})
            other = replace(web, study=web.study.model_copy(update={"hits": hits}))
            going.append(serving(lambda _: create_app(other)))
            served[rate, scale] = going[-1].__enter__()
        query = f"assignmentId=3A{number}&hitId=3HIT&workerId=AW{number}&turkSubmitTo=http://127.0.0.1:9"
        return f"{served[rate, scale]}/annotate/?{query}"

    yield at
    for one in going:
        one.__exit__(None, None, None)


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()


def moved(page: Page, name: str) -> str:
    """What the form would send of a slider."""
    return page.locator(f"input[name={name}]").input_value()


def range_of(page: Page, name: str) -> object:
    return page.locator(f"div:has(> input[name={name}]) > input[type=range]")


def test_both_clips_are_rated_one_after_the_other_whatever_was_said(
    web: Web, open_page: OpenPage, visit: Callable[..., str]
) -> None:
    page = open_page()
    begin(page, visit(901, rate="both"))
    listen(page)
    choose(page, "activation", "same")
    expect(page.get_by_text("In the first clip, the voice is")).to_be_hidden()
    choose(page, "valence", "same")
    expect(page.get_by_text("In the first clip, the voice is")).to_be_visible()
    expect(page.get_by_text("In the second clip, the voice is")).to_be_hidden()
    choose(page, "first_activation_rating", "4")
    choose(page, "first_valence_rating", "2")
    choose(page, "second_activation_rating", "5")
    choose(page, "second_valence_rating", "1")
    check_accessible(page)
    go_on(page)

    (kept,) = judgments(web, "3A901")
    assert (kept.original_activation_rating, kept.original_valence_rating) == (4, 2)
    assert (kept.activation_rating, kept.valence_rating, kept.scale) == (5, 1, "manikins")


def test_four_rows_want_no_more_than_the_keyboard(web: Web, open_page: OpenPage, visit: Callable[..., str]) -> None:
    page = open_page()
    begin(page, visit(902, rate="both"))
    listen(page)
    for key in "213542":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 2")).to_be_visible()

    (kept,) = judgments(web, "3A902")
    assert (kept.activation, kept.valence) == ("different", "same")
    assert (kept.original_activation_rating, kept.original_valence_rating) == (3, 5)
    assert (kept.activation_rating, kept.valence_rating) == (4, 2)


def test_an_answer_without_the_second_clip_s_ratings_is_asked_for_and_not_sent(
    web: Web, open_page: OpenPage, visit: Callable[..., str]
) -> None:
    page = open_page()
    begin(page, visit(903, rate="both"))
    listen(page)
    for key in "1135":
        page.keyboard.press(key)
    page.get_by_role("button", name="Next").click()

    assert page.locator("input:invalid").count() == 10
    assert judgments(web, "3A903") == []


def test_a_slider_counts_only_once_it_was_moved(web: Web, open_page: OpenPage, visit: Callable[..., str]) -> None:
    page = open_page()
    begin(page, visit(904, scale="slider"))
    listen(page)
    choose(page, "activation", "different")
    choose(page, "valence", "same")
    check_accessible(page)
    assert moved(page, "activation_rating") == moved(page, "valence_rating") == ""
    page.get_by_role("button", name="Next").click()
    assert page.locator("input:invalid").count() == 2

    page.route("**/questions.js", lambda route: (page.wait_for_timeout(300), route.continue_()))  # the clips are sooner
    with page.expect_response(lambda response: response.status == 422):
        page.evaluate("document.querySelector('form[data-trial]').submit()")  # as a page without its script would
    expect(page.get_by_role("alert")).to_contain_text("how calm or excited")
    assert judgments(web, "3A904") == []

    page.wait_for_selector(".sam:enabled")
    box = range_of(page, "activation_rating").bounding_box()
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    range_of(page, "valence_rating").click()  # the very middle is an answer, too
    go_on(page)
    (kept,) = judgments(web, "3A904")
    assert kept.activation_rating == pytest.approx(4.6, abs=0.15)
    assert (kept.valence_rating, kept.scale) == (pytest.approx(3.0, abs=0.03), "slider")


def test_a_slider_is_moved_by_arrows_home_and_end_and_says_where_it_is_in_words(
    web: Web, open_page: OpenPage, visit: Callable[..., str]
) -> None:
    page = open_page()
    begin(page, visit(905, scale="slider"))
    listen(page)
    page.keyboard.press("2")
    page.keyboard.press("1")
    voice = page.get_by_role("group", name="In the second clip, the voice is").get_by_role("slider")
    expect(voice).to_have_attribute("aria-valuetext", "Not chosen yet")
    voice.focus()
    for key, value, words in (
        ("ArrowRight", "3.10", "neither calm nor excited"),
        ("ArrowDown", "3.00", "neither calm nor excited"),
        ("End", "5.00", "very excited"),
        ("ArrowLeft", "4.90", "very excited"),
        ("Home", "1.00", "very calm"),
    ):
        page.keyboard.press(key)
        expect(voice).to_have_attribute("aria-valuetext", words)
        assert moved(page, "activation_rating") == value
    page.keyboard.press("4")
    assert moved(page, "valence_rating") == ""  # nothing is captured inside a control
    voice.evaluate("one => one.blur()")
    page.keyboard.press("4")
    assert moved(page, "valence_rating") == "4.00"
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 2")).to_be_visible()
    (kept,) = judgments(web, "3A905")
    assert (kept.activation_rating, kept.valence_rating) == (1.0, 4.0)


@pytest.mark.parametrize("width", [320, 360, 1200])
@pytest.mark.parametrize("scale", ["manikins", "slider"])
def test_four_rows_fit_every_window_and_every_finger(
    open_page: OpenPage, visit: Callable[..., str], width: int, scale: str
) -> None:
    page = open_page(width, 740)
    begin(page, visit(910 + width + len(scale), rate="both", scale=scale))
    listen(page)
    following = page.get_by_role("button", name="Next").bounding_box()
    for key in "113542":
        page.keyboard.press(key)

    assert overflow(page) == 0
    expect(page.get_by_text("All answered.")).to_be_visible()
    assert page.get_by_role("button", name="Next").bounding_box() == following  # nothing jumped
    for figure in page.locator(".sam .manikin").all():
        assert figure.bounding_box()["width"] >= 56
    for control in page.locator(".sam :is(.steps label, input[type=range])").all():
        assert control.bounding_box()["height"] >= 44
