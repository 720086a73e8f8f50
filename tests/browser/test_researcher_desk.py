"""A researcher's desk in a real browser: every page on a phone and on a desk, buttons by keyboard, clips that sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.hands.worksite import Turn, Worksite
from app.store.database import Database, sqlite_url
from app.store.events import LAUNCHED, keep_fact
from app.store.lock import hands
from app.tables import AssignmentRow, Base, PaymentRow
from app.web import Web, create_app
from app.wishing import grant_wishes
from tests.app.conftest import SEALING, fill_study
from tests.app.crowd import assignment_name, gather, worker_name
from tests.app.desk import let_in
from tests.app.test_research_plan import plan
from tests.browser.axe import check_accessible
from tests.browser.conftest import serving
from tests.browser.test_researcher import sign_in
from tests.browser.widths import sticking_out

pytestmark = pytest.mark.browser

PAGES = {
    "condition": "/conditions/nat-co-10db",
    "plan": "/plan",
    "workers": "/workers",
    "worker": f"/workers/{worker_name(1)}",
    "assignments": "/assignments",
    "assignment": f"/assignments/{assignment_name(2)}",
    "ledger": "/ledger",
    "events": "/events",
    "people": "/people",
    "account": "/account",
}


@pytest.fixture
def desk(web: Web, tmp_path: Path) -> Iterator[tuple[Web, str]]:
    """A study that twelve people listened for, with one payment unknown and one refused; where it is served."""
    database = Database(sqlite_url(tmp_path / "study.db"), lambda: SEALING)
    Base.metadata.create_all(database.engine)
    own = replace(web, database=database, folder=tmp_path)
    fill_study(own, 3)
    gather(own, workers=12, trials=6, paid_minor=110)
    let_in(own, "ada")
    plan(tmp_path)
    with database.writing() as session:
        keep_fact(session, LAUNCHED, {})
        session.get_one(PaymentRow, "reward-0").state = "unknown"
        session.get_one(PaymentRow, "reward-1").state = "refused"
        session.get_one(AssignmentRow, assignment_name(2)).state = "submitted"
    with serving(lambda _: create_app(own)) as at:
        yield own, at
    database.dispose()


def length_s(clip: Locator) -> float:
    """How long a clip sounds, once it was played to its end."""
    return clip.evaluate(
        "one => new Promise((done, fail) => { one.onended = () => done(one.duration); one.onerror = fail; "
        "one.muted = true; one.play().catch(fail); })"
    )


@pytest.mark.parametrize("width", [360, 1200])
def test_every_page_is_accessible_and_no_wider_than_its_window(
    desk: tuple[Web, str], open_page: Callable[..., Page], width: int
) -> None:
    page = open_page(width, 800)
    sign_in(page, desk[1])
    for name, path in {"study": "/", **PAGES}.items():
        page.goto(desk[1] + path)
        for closed in page.locator("details").all():
            closed.evaluate("one => one.open = true")
        assert sticking_out(page) == [], name
        check_accessible(page, name)


def test_a_bonus_by_keyboard_is_asked_for_and_done(
    desk: tuple[Web, str], open_page: Callable[..., Page], platform: object
) -> None:
    web, at = desk
    page = open_page()
    sign_in(page, at)
    page.goto(at + PAGES["assignment"])
    page.get_by_text("Give a bonus…").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Amount, USD").fill("1.50")
    page.keyboard.press("Tab")
    page.keyboard.type("For your patience.")
    page.keyboard.press("Enter")

    shown = page.get_by_label("What was asked for")
    expect(shown).to_contain_text("waiting bonus of 1.50 USD, ada")
    with hands(web.database) as held:
        grant_wishes(Worksite(web.study, web.database, platform, at, held), Turn(), web.folder / "pairs")
    page.reload()
    expect(shown).to_contain_text("done bonus of 1.50 USD, ada")
    expect(page.locator("#payments")).to_contain_text("For your patience.")


def test_both_clips_of_a_trial_can_be_heard(desk: tuple[Web, str], open_page: Callable[..., Page]) -> None:
    page = open_page()
    sign_in(page, desk[1])
    page.goto(desk[1] + PAGES["assignment"])
    for number in (0, 1):
        assert 0.05 < length_s(page.locator("audio").nth(number)) < 5


@pytest.mark.parametrize("width", [360, 1200])
def test_a_row_of_the_plot_opens_its_pairs_by_keyboard_and_both_clips_sound(
    desk: tuple[Web, str], open_page: Callable[..., Page], width: int
) -> None:
    page = open_page(width, 800)
    sign_in(page, desk[1])
    row = page.get_by_role("link", name="nat-co-10db UNDECIDED")
    row.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="nat-co-10db")).to_be_visible()
    for clip in page.locator("audio").all()[:2]:
        assert length_s(clip) > 0.05
    page.get_by_label("Order").select_option("by pair")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Order")).to_have_value("pair")


def test_from_the_ledger_to_the_trial_is_one_click(desk: tuple[Web, str], open_page: Callable[..., Page]) -> None:
    page = open_page()
    sign_in(page, desk[1])
    page.get_by_role("link", name="Ledger", exact=True).click()
    page.locator("#payments a", has_text="a0").first.click()

    expect(page.get_by_role("heading", name="Trials")).to_be_visible()


def test_a_page_of_a_worker_loads_nothing_of_the_desk(
    open_page: Callable[..., Page], arrive: Callable[[int], str]
) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(arrive(4711))
    expect(page.get_by_role("heading").first).to_be_visible()

    assert any("earwitness.css" in url for url in asked)
    assert not any("desk.css" in url for url in asked)
