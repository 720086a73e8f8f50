"""People walk through a HIT in a real browser, and hear real sound."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.tables import AssignmentRow, JudgmentRow
from app.web import Web

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Arrive = Callable[[int], str]


def begin(page: Page, address: str) -> None:
    """From the platform's link to the first pair, with both clips ready."""
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector("[data-player=first][data-state=ready]")
    page.wait_for_selector("[data-player=second][data-state=ready]")


def listen(page: Page) -> None:
    """Play both clips to their ends."""
    for which in ("first", "second"):
        page.get_by_role("button", name=f"Play the {which} clip").click()
        page.wait_for_selector(f"[data-player={which}][data-heard]")


def choose(page: Page, name: str, value: str) -> None:
    """Click an answer where a person does: on its label."""
    page.locator(f"label:has(input[name={name}][value='{value}'])").click()


def judgments(web: Web, assignment: str) -> list[JudgmentRow]:
    """What was kept of one worker, in order."""
    with web.database.reading() as session:
        query = (
            select(JudgmentRow)
            .join(AssignmentRow, AssignmentRow.assignment_id == JudgmentRow.assignment_id)
            .where(AssignmentRow.platform_assignment_id == assignment)
            .order_by(JudgmentRow.submitted_at)
        )
        return list(session.scalars(query))


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_a_person_hears_answers_rates_and_hands_in(web: Web, open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(1))
    listen(page)
    choose(page, "activation", "different")
    choose(page, "valence", "same")
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

    with page.expect_request("http://127.0.0.1:9/**") as handed_in:
        page.get_by_role("textbox").fill("The second one was loud.")
        page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="thank you"))
        page.get_by_role("button", name="Hand in").click()
    assert handed_in.value.method == "POST"
    assert "assignmentId=3A1" in (handed_in.value.post_data or "")
    first, second = judgments(web, "3A1")
    assert (first.activation, first.valence, first.activation_rating, first.valence_rating) == (
        "different",
        "same",
        4,
        2,
    )
    assert (second.activation, second.activation_rating) == ("same", None)
    assert first.listened_s == pytest.approx(1.3, abs=0.07)
    for _ in range(50):  # the comment travels beside the form
        with web.database.reading() as session:
            kept = session.scalar(select(AssignmentRow.comment).where(AssignmentRow.platform_assignment_id == "3A1"))
        if kept:
            break
        time.sleep(0.05)
    assert kept == "The second one was loud."


def test_the_keyboard_alone_is_enough(web: Web, open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    page.goto(arrive(2))
    page.get_by_role("button", name="Begin").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-player=second][data-state=ready]")
    for keys in ("2251", "11"):  # different, different, figures 5 and 1; then the same, the same
        page.wait_for_selector("[data-player=first][data-state=ready]")
        page.wait_for_selector("[data-player=second][data-state=ready]")
        page.keyboard.press("Space")
        page.wait_for_selector("[data-player=first][data-heard]")
        page.keyboard.press("Space")
        page.wait_for_selector(".questions:enabled")
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        page.wait_for_load_state()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    first, second = judgments(web, "3A2")
    assert (first.activation, first.valence, first.activation_rating, first.valence_rating) == (
        "different",
        "different",
        5,
        1,
    )
    assert (second.activation, second.valence) == ("same", "same")


def test_native_controls_keep_their_own_keys(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(3))
    listen(page)
    page.locator("input[name=activation][value=same]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")

    expect(page.locator("input[name=activation][value=different]")).to_be_checked()
    expect(page.locator("[data-state=playing]")).to_have_count(0)
    page.keyboard.press("1")
    expect(page.locator("input[name=valence]:checked")).to_have_count(0)


def test_the_questions_open_only_when_both_clips_were_heard_to_their_ends(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(4))
    answer, following = page.locator("input[name=activation][value=same]"), page.get_by_role("button", name="Next")
    expect(answer).to_be_disabled()

    page.get_by_role("button", name="Play the first clip").click()
    page.wait_for_selector("[data-player=first][data-heard]")
    expect(answer).to_be_disabled()
    page.get_by_role("button", name="Play the second clip").click()
    page.wait_for_timeout(150)
    page.get_by_role("button", name="Stop the second clip").click()
    expect(page.get_by_text("Not heard to the end")).to_be_visible()
    expect(answer).to_be_disabled()
    expect(following).to_be_disabled()

    page.get_by_role("button", name="Play the second clip").click()
    expect(answer).to_be_enabled()
    expect(following).to_be_enabled()


def test_starting_one_clip_stops_the_other(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(5))
    page.get_by_role("button", name="Play the first clip").click()
    page.wait_for_timeout(100)
    page.get_by_role("button", name="Play the second clip").click()

    page.wait_for_selector("[data-player=second][data-heard]")
    assert page.locator("[data-player=first][data-heard]").count() == 0
    assert float(page.locator("input[name=first_s]").input_value()) < 0.5


def test_nothing_jumps_when_the_figures_appear(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(6))
    following = page.get_by_role("button", name="Next")
    before = following.bounding_box()
    listen(page)
    choose(page, "valence", "different")

    expect(page.get_by_text("In the second clip, the feeling is")).to_be_visible()
    assert following.bounding_box() == before


def test_what_is_missing_is_asked_for_before_anything_is_sent(web: Web, open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(7))
    listen(page)
    choose(page, "activation", "different")
    page.get_by_role("button", name="Next").click()

    expect(page.get_by_text("1 of 2")).to_be_visible()
    assert page.locator("input:invalid").count() > 0
    assert judgments(web, "3A7") == []


def test_a_refused_answer_comes_back_with_answers_and_what_was_heard(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(8))
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "same")
    page.evaluate("document.querySelector('[name=second_s]').value = '0.1'")  # as a page that lost its count
    with page.expect_response(lambda response: response.status == 422):
        page.evaluate("document.querySelector('form[data-trial]').submit()")

    expect(page.get_by_role("alert")).to_contain_text("You still need to hear the second clip to its end.")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("input[name=activation][value=same]")).to_be_checked()
    page.wait_for_selector("[data-player=first][data-heard]")
    page.get_by_role("button", name="Play the second clip").click()
    expect(page.get_by_role("button", name="Next")).to_be_enabled()


def test_the_way_back_leads_to_the_pair_that_is_asked_now(web: Web, open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(9))
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "same")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.go_back()
    page.goto(arrive(9))
    page.get_by_role("button", name="Begin").click()

    expect(page.get_by_text("2 of 2")).to_be_visible()
    assert len(judgments(web, "3A9")) == 1


def test_an_answer_given_without_a_connection_waits_in_the_page_and_goes_out_once(
    web: Web, open_page: OpenPage, arrive: Arrive
) -> None:
    page = open_page()
    begin(page, arrive(41))
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "different")
    choose(page, "activation_rating", "2")
    choose(page, "valence_rating", "5")

    page.route("**/answer", lambda route: route.abort("internetdisconnected"))
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("No connection. Your answer is kept on this page")).to_be_visible()
    assert judgments(web, "3A41") == []

    page.unroute("**/answer")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_text("2 of 2")).to_be_visible()
    (kept,) = judgments(web, "3A41")
    assert (kept.activation, kept.valence, kept.valence_rating) == ("same", "different", 5)


def test_the_next_pair_is_there_before_it_is_asked(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(43))
    coming = str(page.locator("[data-coming]").get_attribute("data-coming")).split(" ")
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "same")
    page.get_by_role("button", name="Next").click()
    page.wait_for_selector("[data-player=second][data-state=ready]")

    fetched = page.evaluate(
        "performance.getEntriesByType('resource').filter(one => one.name.includes('/clip/'))"
        ".map(one => [new URL(one.name).pathname, one.transferSize])"
    )

    assert sorted(path for path, _ in fetched) == sorted(coming)
    assert [bytes_ for _, bytes_ in fetched] == [0, 0]  # out of the browser's own store


def test_a_server_that_is_busy_gets_the_answer_when_it_is_not(web: Web, open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(42))
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "same")

    page.route("**/answer", lambda route: route.fulfill(status=503, body="no"), times=1)
    page.get_by_role("button", name="Next").click()

    expect(page.get_by_text("The server is busy.")).to_be_visible()
    expect(page.get_by_text("2 of 2")).to_be_visible(timeout=10_000)
    assert len(judgments(web, "3A42")) == 1


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_no_page_is_wider_than_its_window(open_page: OpenPage, arrive: Arrive, width: int) -> None:
    page = open_page(width, 640)
    page.goto(arrive(100 + width))
    assert overflow(page) == 0
    begin(page, arrive(100 + width))
    listen(page)
    choose(page, "activation", "different")

    assert overflow(page) == 0
    sizes = [box.bounding_box() for box in page.locator(".steps label").all()]
    assert len(sizes) == 10
    assert all(size is not None and size["width"] >= 56 and size["height"] >= 56 for size in sizes)


def test_a_figure_and_a_question_are_named_for_those_who_do_not_see_them(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(11))
    listen(page)
    choose(page, "activation", "different")

    energetic = page.get_by_role("group", name="Did both feel equally energetic?")
    expect(energetic.get_by_role("radio", name="Different")).to_be_checked()
    feeling = page.get_by_role("group", name="In the second clip, the feeling is")
    expect(feeling.get_by_role("radio", name="4, rather pleasant")).to_be_visible()
