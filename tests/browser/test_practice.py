"""How to answer and the practice in a real browser: by touch, by keys, and heard for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.store.pairs import keep_pairs
from app.tables import AssignmentRow, JudgmentRow, StepRow
from app.web import Web, create_app
from hits.screening import Screening
from tests.browser.axe import check_accessible
from tests.browser.conftest import FIRST_S, SECOND_S, _pair, serving
from tests.browser.test_annotator import choose, listen, overflow

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Come = Callable[[int], str]
PRACTICE = ("identical", "identical", "obvious", "obvious")


@pytest.fixture(scope="module")
def come(web: Web) -> Iterator[Come]:
    """Where a worker begins in a study with practice."""
    made = []
    for number, condition in enumerate(PRACTICE, start=50):
        pair = replace(_pair(number, web.folder / "pairs"), condition=condition, role="practice")
        made.append(
            pair if condition == "obvious" else replace(pair, noisy_path=pair.original_path, noisy_length_s=FIRST_S)
        )
    with web.database.writing() as session:
        keep_pairs(session, made, {condition: (condition, None) for condition in PRACTICE})
    screening = Screening(sound_check=False, practice=True)
    practising = replace(web, study=web.study.model_copy(update={"screening": screening}))
    with serving(lambda _: create_app(practising)) as at:
        ids = "hitId=3HIT&turkSubmitTo=http://127.0.0.1:9"
        yield lambda number: f"{at}/annotate/?assignmentId=3PR{number}&workerId=APR{number}&{ids}"


def found(web: Web, number: int) -> list[dict[str, object]]:
    """What is kept of a worker's practice."""
    with web.database.reading() as session:
        worker = select(AssignmentRow.worker).where(AssignmentRow.platform_assignment_id == f"3PR{number}")
        return list(session.get_one(StepRow, (session.scalars(worker).one(), "practice")).found)


def begin(page: Page, address: str) -> None:
    """From the platform's link to how to answer, with its four clips ready."""
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector("[data-page=how]")
    for player in page.locator("[data-player]").all():
        expect(player).to_have_attribute("data-state", "ready")


def is_ready(page: Page, kind: str) -> None:
    """A page with two players is there, and both can be played."""
    page.wait_for_selector(f"[data-page={kind}]")
    for which in ("first", "second"):
        page.wait_for_selector(f"[data-page={kind}] [data-player={which}][data-state=ready]")


def test_a_person_hears_examples_practises_twice_is_told_what_it_was_and_begins(
    web: Web, come: Come, open_page: OpenPage
) -> None:
    page = open_page()
    begin(page, come(1))
    different = page.get_by_role("group", name="An example of “different”")
    different.get_by_role("button", name="Play the second clip").click()
    expect(different.get_by_text("Heard", exact=True)).to_have_count(1)
    page.get_by_role("button", name="Next").click()
    for number in (1, 2):
        is_ready(page, "practice")
        expect(page.get_by_text(f"Practice {number} of 2: nothing counts yet")).to_be_visible()
        expect(page.get_by_role("button", name="Next")).to_be_disabled()
        listen(page)
        choose(page, "activation", "different")
        choose(page, "valence", "same")
        choose(page, "activation_rating", "4")
        choose(page, "valence_rating", "2")
        page.get_by_role("button", name="Next").click()
        is_ready(page, "feedback")
        expect(page.get_by_role("heading", name="These two were")).to_be_visible()
        listen(page)  # once more
        page.get_by_role("button", name="Next").click()
    is_ready(page, "trial")
    expect(page.get_by_text("1 of 2", exact=True)).to_be_visible()

    kept = found(web, 1)
    assert [one["page"] for one in kept] == ["how", "trial", "feedback", "trial", "feedback"]
    told = [one for one in kept if one["page"] == "trial"]
    assert sorted(str(one["expected"]) for one in told) == ["different", "same"]
    for one in told:
        heard_s = FIRST_S + (FIRST_S if one["expected"] == "same" else SECOND_S)
        assert float(str(one["first_s"])) + float(str(one["second_s"])) == pytest.approx(heard_s, abs=0.07)
        assert (one["activation_rating"], one["valence_rating"]) == (4, 2)
    with web.database.reading() as session:
        of_worker = select(JudgmentRow).join(AssignmentRow, AssignmentRow.assignment_id == JudgmentRow.assignment_id)
        assert session.scalars(of_worker.where(AssignmentRow.platform_assignment_id == "3PR1")).all() == []


def test_keys_alone_are_enough(web: Web, come: Come, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(2))
    page.get_by_role("button", name="Play the first clip").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-player=example-same-first][data-heard]")
    page.get_by_role("button", name="Next").press("Enter")
    for _ in range(2):
        is_ready(page, "practice")
        for which in ("first", "second"):
            page.keyboard.press("Space")
            page.wait_for_selector(f"[data-player={which}][data-heard]")
        page.wait_for_selector(".questions:enabled")
        for key in "11":
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        is_ready(page, "feedback")
        page.get_by_role("button", name="Next").press("Enter")
    is_ready(page, "trial")
    assert [one["activation"] for one in found(web, 2) if one["page"] == "trial"] == ["same", "same"]


def test_a_thumb_on_a_phone_is_enough(come: Come, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(come(3))
    page.get_by_role("button", name="Begin").tap()
    page.wait_for_selector("[data-page=how]")
    page.get_by_role("button", name="Next").tap()
    for _ in range(2):
        is_ready(page, "practice")
        for which in ("first", "second"):
            page.get_by_role("button", name=f"Play the {which} clip").tap()
            page.wait_for_selector(f"[data-player={which}][data-heard]")
        for name in ("activation", "valence"):
            page.locator(f"label:has(input[name={name}][value=same])").tap()
        page.get_by_role("button", name="Next").tap()
        is_ready(page, "feedback")
        page.get_by_role("button", name="Next").tap()
    is_ready(page, "trial")
    context.close()


@pytest.mark.parametrize("width", [320, 360, 1200])
def test_every_page_is_accessible_and_no_wider_than_its_window(come: Come, open_page: OpenPage, width: int) -> None:
    page = open_page(width, 740)
    begin(page, come(width))
    check_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("button", name="Next").click()
    is_ready(page, "practice")
    check_accessible(page)
    assert overflow(page) == 0
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "same")
    page.get_by_role("button", name="Next").click()
    is_ready(page, "feedback")
    check_accessible(page)
    assert overflow(page) == 0


def test_what_is_missing_is_said_on_the_same_page_with_what_was_chosen(come: Come, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(4))
    page.get_by_role("button", name="Next").click()
    is_ready(page, "practice")
    listen(page)
    choose(page, "activation", "same")
    choose(page, "valence", "same")
    page.evaluate("document.querySelector('[name=second_s]').value = '0.01'")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_have_text("You still need to hear the second clip to its end.")
    expect(page.locator("[name=activation][value=same]")).to_be_checked()


def test_the_examples_open_beside_a_trial_which_stays_as_it_is(come: Come, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(5))
    page.get_by_role("button", name="Next").click()
    is_ready(page, "practice")
    listen(page)
    choose(page, "activation", "same")
    page.get_by_text("What the words mean, and keys").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Hear the examples again").click()
    examples = opened.value
    examples.wait_for_selector("[data-player=example-same-first][data-state=ready]")
    examples.get_by_role("button", name="Play the first clip").first.click()
    examples.wait_for_selector("[data-player=example-same-first][data-heard]")
    expect(page.locator("[name=activation][value=same]")).to_be_checked()
    examples.get_by_role("link", name="Back to the pair that is asked now").click()
    is_ready(examples, "practice")


def test_the_welcome_fits_a_phone_without_scrolling(come: Come, open_page: OpenPage) -> None:
    page = open_page(360, 740)
    page.goto(come(6))
    expect(page.get_by_role("button", name="Begin")).to_be_in_viewport(ratio=1)
    height = "document.querySelector('main').getBoundingClientRect().bottom"
    assert page.evaluate(height) <= 740


def test_a_clip_that_does_not_arrive_holds_nobody_up(come: Come, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(come(7))
    page.route("**/clip/**", lambda route: route.fulfill(status=503, body=""))
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("An example did not arrive. You can go on without it.")).to_be_visible()
    page.unroute("**/clip/**")
    page.get_by_role("button", name="Next").click()
    is_ready(page, "practice")
