"""People put clips in order in a real browser: with a mouse, a finger, the keyboard alone, and buttons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.store.steps import step_of
from app.tables import AssignmentRow
from app.web import Web, create_app
from hits.qualification import Round
from hits.screening import Qualification
from pipelines.ranking import DIMENSIONS, FILE_NAME, FORMAT, VERSION, RankedClip, RankingSet
from tests.browser.axe import check_accessible
from tests.browser.conftest import RATE_HZ, serving
from tests.browser.test_annotator import OpenPage, overflow

pytestmark = pytest.mark.browser

CLIPS, CLIP_S = 5, 0.4
Arrive = Callable[[int], str]


def write_ranking(folder: Path) -> None:
    """Two sets a dimension, of clips whose pitch says how they are rated."""
    time_s = np.arange(int(CLIP_S * RATE_HZ)) / RATE_HZ
    (folder / "ranking").mkdir(parents=True)
    sets = []
    for dimension in DIMENSIONS:
        for number in range(2):
            clips = []
            for step in range(CLIPS):
                clip_id = f"{dimension}{number}{step}"
                sound = 0.1 * np.sin(2 * np.pi * (220 + 60 * step) * time_s)
                soundfile.write(folder / "ranking" / f"{clip_id}.flac", sound, RATE_HZ, subtype="PCM_16")
                clips.append(RankedClip(clip_id, f"ranking/{clip_id}.flac", CLIP_S, 1.0 + step / 2, "", ""))
            sets.append(asdict(RankingSet(f"{dimension}{number}", dimension, tuple(clips))))
    (folder / FILE_NAME).write_text(json.dumps({"format": FORMAT, "version": VERSION, "sets": sets}))


@pytest.fixture(scope="module")
def asking(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Web:
    """The study, which asks for a qualification, with sound of its own."""
    folder = tmp_path_factory.mktemp("qualification")
    write_ranking(folder / "pairs")
    for path in (web.folder / "pairs").glob("*.flac"):
        (folder / "pairs" / path.name).write_bytes(path.read_bytes())
    wanted = Qualification(wanted=True, clips=CLIPS)
    return replace(web, folder=folder, study=web.study.model_copy(update={"qualification": wanted}))


@pytest.fixture(scope="module")
def come(asking: Web) -> Iterator[Arrive]:
    """The address that a platform would send one worker to."""
    with serving(lambda _: create_app(asking)) as at:
        yield (
            lambda number: (
                f"{at}/annotate/?assignmentId=3Q{number}&hitId=3HIT&workerId=AQ{number}&turkSubmitTo=http://127.0.0.1:9"
            )
        )


def asked(web: Web, number: int) -> Round:
    """What only the server knows of the page that a worker sees."""
    with web.database.reading() as session:
        begun = AssignmentRow.platform_assignment_id == f"3Q{number}"
        worker = session.scalars(select(AssignmentRow.worker).where(begun)).one()
        step = step_of(session, worker, "qualification")
    assert step is not None
    return Round.of_json(step.asked)


def right(web: Web, number: int) -> list[str]:
    """The letters of the clips as the raters would order them."""
    letters = dict(zip("ABCDE", asked(web, number).clips, strict=True))
    return sorted(letters, key=lambda letter: letters[letter].rating)


def begin(page: Page, address: str) -> None:
    """From the platform's link to the clips, all of them ready."""
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    wait_until_ready(page)


def wait_until_ready(page: Page) -> None:
    expect(page.locator("[data-player][data-state=ready]")).to_have_count(CLIPS)


def order(page: Page) -> str:
    """The letters from top to bottom."""
    return "".join(row.get_attribute("data-letter") or "" for row in page.locator(".rank > li").all())


def row(page: Page, letter: str) -> str:
    return f".rank > li[data-letter={letter}]"


def listen(page: Page) -> None:
    """Play every clip to its end."""
    for letter in "ABCDE":
        page.get_by_role("button", name=f"Play clip {letter}").click()
        expect(page.locator(f"{row(page, letter)} [data-heard]")).to_be_visible()


def into_the_middle(page: Page) -> None:
    """Scroll so that no drag comes near the window's edges, where it scrolls by itself."""
    page.evaluate("document.querySelector('.rank').scrollIntoView({block: 'center'})")


def by_mouse(page: Page, letter: str, place: int) -> None:
    """Drag a clip by its number to a place, in small steps."""
    into_the_middle(page)
    grip = page.locator(f"{row(page, letter)} .grip").bounding_box()
    target = page.locator(".rank > li").nth(place).bounding_box()
    assert grip is not None
    assert target is not None
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(grip["x"] + 20, target["y"] + target["height"] / 2, steps=12)
    page.mouse.up()


def by_keys(page: Page, letter: str, place: int) -> None:
    """Move a clip by the arrow keys."""
    page.locator(f"{row(page, letter)} .grip").focus()
    by = place - order(page).index(letter)
    for _ in range(abs(by)):
        page.keyboard.press("ArrowDown" if by > 0 else "ArrowUp")


def by_buttons(page: Page, letter: str, place: int) -> None:
    """Move a clip by its own two buttons."""
    by = place - order(page).index(letter)
    for _ in range(abs(by)):
        page.get_by_role("button", name=f"Move clip {letter} {'down' if by > 0 else 'up'}").click()


def put_in_order(page: Page, wanted: list[str], move: Callable[[Page, str, int], None]) -> None:
    for place, letter in enumerate(wanted):
        move(page, letter, place)
    assert order(page) == "".join(wanted)


def test_a_person_orders_twice_and_comes_to_the_pairs(asking: Web, come: Arrive, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(1))
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    put_in_order(page, right(asking, 1), by_mouse)
    listen(page)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="from unpleasant to pleasant")).to_be_visible()
    wait_until_ready(page)
    listen(page)
    put_in_order(page, right(asking, 1), by_buttons)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Listen to both clips")).to_be_visible()


def test_the_keyboard_alone_is_enough_and_every_move_is_said(asking: Web, come: Arrive, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(2))
    for number in range(CLIPS):
        page.keyboard.press("Tab")
        grip = page.evaluate("document.activeElement.matches('.grip')")
        assert grip, f"row {number} begins with what moves it"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("[data-player][data-heard]")).to_have_count(number + 1)
        for _ in range(2):
            page.keyboard.press("Tab")
    put_in_order(page, right(asking, 2), by_keys)
    letter = right(asking, 2)[-1]
    page.locator(f"{row(page, letter)} .grip").focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("status")).to_have_text(f"Clip {letter} is now number 4 of 5.")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == (
        f"Clip {letter}, number 4 of 5. Move it with the arrow keys."
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # there is no place below the last
    expect(page.get_by_role("status")).to_have_text(f"Clip {letter} is now number 5 of 5.")
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="from unpleasant to pleasant")).to_be_visible()


def test_a_finger_drags_and_still_scrolls_beside_the_handle(asking: Web, come: Arrive, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = context.new_page()
    begin(page, come(3))
    hands = context.new_cdp_session(page)

    def touch(kind: str, x: float, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        hands.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def slide(x: float, from_y: float, to_y: float) -> None:
        touch("touchStart", x, from_y)
        for y in np.linspace(from_y, to_y, 20):
            touch("touchMove", x, float(y))
        touch("touchEnd", x, to_y)

    def by_finger(page: Page, letter: str, place: int) -> None:
        into_the_middle(page)
        grip = page.locator(f"{row(page, letter)} .grip").bounding_box()
        target = page.locator(".rank > li").nth(place).bounding_box()
        assert grip is not None
        assert target is not None
        slide(grip["x"] + 20, grip["y"] + grip["height"] / 2, target["y"] + target["height"] / 2)

    put_in_order(page, right(asking, 3), by_finger)
    page.evaluate("scrollTo(0, 0)")
    state = page.locator(f"{row(page, 'A')} .state").bounding_box()
    assert state is not None
    before = order(page)
    slide(state["x"] + 5, 500, 200)
    assert page.evaluate("scrollY") > 100
    assert order(page) == before
    context.close()


def test_a_drag_that_is_taken_away_leaves_a_whole_order(come: Arrive, open_page: OpenPage) -> None:
    page = open_page()
    begin(page, come(4))
    box = page.locator(f"{row(page, 'A')} .grip").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 10, box["y"] + 500, steps=10)
    page.evaluate("document.querySelector('[data-dragged] .grip').releasePointerCapture(1)")
    page.mouse.move(box["x"] + 10, box["y"] + 20, steps=3)
    page.mouse.up()
    assert order(page) == "BCDEA"
    assert page.locator("[data-dragged]").count() == 0
    assert [field.input_value() for field in page.locator(".rank select").all()] == ["1", "2", "3", "4", "5"]


def test_after_an_order_that_falls_short_the_next_try_is_offered(
    asking: Web, come: Arrive, open_page: OpenPage
) -> None:
    page = open_page()
    begin(page, come(5))
    for turn in range(2):
        if turn:
            expect(page.get_by_role("heading", name="from unpleasant to pleasant")).to_be_visible()
            wait_until_ready(page)
        listen(page)
        put_in_order(page, right(asking, 5)[::-1], by_keys)
        page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="One more try")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Try once more").click()
    expect(page.get_by_text("try 2 of 2, with other clips")).to_be_visible()


@pytest.mark.parametrize("width", [1200, 360, 320])
def test_nothing_is_found_wrong_and_everything_fits(asking: Web, come: Arrive, open_page: OpenPage, width: int) -> None:
    page = open_page(width)
    begin(page, come(100 + width))
    check_accessible(page)
    page.get_by_role("button", name="Play clip A").click()
    expect(page.locator(f"{row(page, 'A')} [data-heard]")).to_be_visible()
    check_accessible(page)
    assert overflow(page) == 0
    for target in page.locator(".rank button").all():
        box = target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    page.locator(".help summary").click()
    assert overflow(page) == 0


def test_nothing_jumps_as_clips_are_heard_and_moved(come: Arrive, open_page: OpenPage) -> None:
    page = open_page(360)
    begin(page, come(6))
    tops = "[...document.querySelectorAll('.rank > li, .end, .help')].map((one) => one.offsetTop)"
    before = page.evaluate(tops)
    listen(page)
    by_keys(page, "C", 0)
    assert page.evaluate(tops) == before


def test_without_scripts_places_are_numbers(come: Arrive, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(come(7))
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_label("Place")).to_have_count(CLIPS)
    assert page.locator(".grip:visible, [data-move]:visible").count() == 0
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("You still need to hear clip A to its end.")).to_be_visible()
    context.close()
