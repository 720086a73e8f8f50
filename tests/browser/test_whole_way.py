"""The whole way of a worker, with everything that a study can ask for, in a real browser with real sound."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect
from sqlalchemy import select
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app.marketplace import administration
from app.marketplace.factory import create_marketplace
from app.store.database import sqlite_url
from app.store.pairs import keep_pairs
from app.tables import AssignmentRow, HitRow, JudgmentRow, StepRow
from app.web import Web, create_app
from hits.judgment import Hit
from hits.platforms.mturk.mturk import MTurk
from hits.publish import offer_of
from hits.qualification import Round
from hits.screening import Qualification, Screening
from tests.browser.axe import check_accessible
from tests.browser.conftest import FIRST_S, TRIALS, _pair, serving
from tests.browser.test_qualification import write_ranking

pytestmark = pytest.mark.browser

CONSENT = "By taking part you agree that your answers are *published* without your name."
ROUNDS = 12


@pytest.fixture(scope="module")
def asking(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A study that asks for everything: consent, sound check, headphones, a qualification, practice, two languages."""
    folder = tmp_path_factory.mktemp("everything")
    write_ranking(folder / "pairs")
    practice = []
    for number, condition in enumerate(("identical", "identical", "obvious", "obvious"), start=90):
        pair = replace(_pair(number, web.folder / "pairs"), condition=condition, role="practice")
        twin = {"noisy_path": pair.original_path, "noisy_length_s": FIRST_S} if condition == "identical" else {}
        practice.append(replace(pair, **twin))
    with web.database.writing() as session:
        keep_pairs(session, practice, {condition: (condition, None) for condition in ("identical", "obvious")})
    for path in (web.folder / "pairs").glob("*.flac"):
        shutil.copy(path, folder / "pairs")
    study = web.study.model_copy(
        update={
            "study": web.study.study.model_copy(update={"consent": CONSENT, "languages": ("en", "de", "es", "ar")}),
            "screening": Screening(headphones="required"),
            "qualification": Qualification(wanted=True, clips=5),
        }
    )
    yield replace(web, folder=folder, study=study)
    with web.database.writing() as session:
        session.query(JudgmentRow).filter(JudgmentRow.pair_id.in_([pair.pair_id for pair in practice])).delete()


@pytest.fixture
def market(asking: Web, tmp_path: Path) -> Iterator[tuple[str, MTurk, str]]:
    """The study beside a marketplace that has its HIT: the invite, the requester's hands, the HIT's id."""
    url = sqlite_url(tmp_path / "marketplace.db")
    administration.upgrade(url)
    access_key_id, secret = administration.add_requester(url, "The lab", 100_000)
    invite = administration.add_invite(url, access_key_id)

    def site(at: str) -> DispatcherMiddleware:
        study = create_app(replace(asking, submit_hosts=frozenset({at}), public_url=at))
        return DispatcherMiddleware(study, {"/marketplace": create_marketplace(url, "a key", at)})

    with serving(site) as at:
        platform = MTurk(f"{at}/marketplace/requester", access_key_id=access_key_id, secret_access_key=secret)
        offer = offer_of(Hit("h1", "fixed", TRIALS, 9), "way", asking.study.hits, asking.study.pay, f"{at}/annotate/")
        hit_id = platform.publish(offer)
        with asking.database.writing() as session:
            session.get_one(HitRow, "h1").platform_hit_id = hit_id
        yield f"{at}/marketplace/invite/{invite}", platform, hit_id
        with asking.database.writing() as session:
            session.get_one(HitRow, "h1").platform_hit_id = "3HIT"


class Walk:
    """One worker on the way: a window, and the task in it (the window itself, or a frame)."""

    def __init__(self, web: Web, page: Page) -> None:
        self.web, self.page, self.seen = web, page, set[str]()

    @property
    def task(self) -> Frame:
        """The task's own frame."""
        return self.page.frames[-1]

    def arrive_at(self, kind: str, name: str | None = None) -> None:
        """Wait for a page, look at it, and check that everybody can use it."""
        self.task.wait_for_selector(f"main[data-page={kind}]")
        if (name or kind) not in self.seen:
            self.seen.add(name or kind)
            check_accessible(self.page, name or kind)

    def asked(self, step: str) -> dict[str, object]:
        """What only the server knows of the round that is open to the worker who came last."""
        with self.web.database.reading() as session:
            latest = select(AssignmentRow.worker).order_by(AssignmentRow.accepted_at.desc()).limit(1)
            return dict(session.get_one(StepRow, (session.scalars(latest).one(), step)).asked)

    def press(self, name: str) -> None:
        """Press a button."""
        self.task.get_by_role("button", name=name, exact=True).click()

    def hear(self, *names: str) -> None:
        """Play clips to their ends."""
        for name in names:
            self.task.get_by_role("button", name=f"Play {name}").click()
            expect(self.task.locator("[data-player][data-state=playing]")).to_have_count(1)
            expect(self.task.locator("[data-player][data-state=playing]")).to_have_count(0)

    def check_sound(self) -> None:
        """Count the tones, wrongly at first."""
        self.arrive_at("sound-check")
        for said in (9, None):
            self.task.wait_for_selector("[data-hear][data-state=ready]")
            self.press("Play the tones")
            self.task.wait_for_selector("[data-hear][data-state=heard]")
            self.task.get_by_role("spinbutton").fill(str(said or self.asked("sound-check")["tones"]))
            self.press("Next")
            if said:
                expect(self.task.get_by_text("That was another number")).to_be_visible()

    def put_on_headphones(self) -> None:
        """Twelve rounds, each answered rightly; the first of both tests is heard."""
        for number in range(1, ROUNDS + 1):
            expect(self.task.get_by_text(f"Round {number} of {ROUNDS}")).to_be_visible()
            place = self.asked("headphones")["place"]
            if number in (1, 1 + ROUNDS // 2):
                test = self.task.locator("main").get_attribute("data-asks")
                self.arrive_at("headphones", f"headphones-{test}")
                self.task.wait_for_selector("[data-hear][data-state=ready]")
                self.press("Play the three sounds")
                self.task.wait_for_selector("[data-hear][data-state=heard]")
            self.task.locator(f"label:has(input[name=answer][value='{place}'])").click()
            self.press("Next")

    def qualify(self) -> None:
        """Both orders, as the raters have them."""
        for part in (1, 2):
            expect(self.task.get_by_text(f"{part} of 2", exact=True)).to_be_visible()
            self.arrive_at("qualification", f"qualification-{part}")
            expect(self.task.locator("[data-player][data-state=ready]")).to_have_count(5)
            self.hear(*(f"clip {letter}" for letter in "ABCDE"))
            letters = dict(zip("ABCDE", Round.of_json(self.asked("qualification")).clips, strict=True))
            for place, letter in enumerate(sorted(letters, key=lambda one: letters[one].rating)):
                grip = self.task.locator(f".rank > li[data-letter={letter}] .grip")
                grip.focus()
                for _ in range(5):
                    if self.task.locator(".rank > li").nth(place).get_attribute("data-letter") == letter:
                        break
                    self.page.keyboard.press("ArrowUp")
            self.press("Next")

    def practise(self) -> None:
        """How to answer, and two trials with what they were."""
        self.arrive_at("how")
        self.press("Next")
        for number in (1, 2):
            self.answer("practice", f"practice-{number}")
            self.arrive_at("feedback", f"feedback-{number}")
            self.press("Next")

    def answer(self, kind: str = "trial", name: str | None = None, *, differs: bool = False) -> None:
        """Hear a pair and answer it."""
        self.arrive_at(kind, name)
        for which in ("first", "second"):
            self.task.wait_for_selector(f"[data-player={which}][data-state=ready]")
        self.hear("the first clip", "the second clip")
        said = {"activation": "different" if differs else "same", "valence": "same"}
        said |= {"activation_rating": "4", "valence_rating": "2"} if differs else {}
        for field, value in said.items():
            self.task.locator(f"label:has(input[name={field}][value='{value}'])").click()
        if differs:
            self.arrive_at(kind, "trial-different")
        self.press("Next")

    def take(self) -> None:
        """From the button on the welcome page to the thanks."""
        self.press("I agree, begin")
        self.check_sound()
        self.put_on_headphones()
        self.qualify()
        self.practise()
        for number in range(1, TRIALS + 1):
            expect(self.task.get_by_text(f"{number} of {TRIALS}")).to_be_visible()
            self.answer(differs=number == 1)
        self.arrive_at("thanks")
        self.task.get_by_role("textbox").fill("Clear and kind.")
        self.press("Hand in")


def judged(web: Web) -> list[str]:
    """The roles of what the worker who came last said."""
    with web.database.reading() as session:
        latest = select(AssignmentRow.assignment_id).order_by(AssignmentRow.accepted_at.desc()).limit(1)
        said = select(JudgmentRow.role).where(JudgmentRow.assignment_id == session.scalars(latest).one())
        return list(session.scalars(said))


def test_from_an_invite_of_the_marketplace_through_the_frame_to_work_that_is_handed_in(
    asking: Web, market: tuple[str, MTurk, str], open_page: Callable[..., Page]
) -> None:
    invite, platform, hit_id = market
    page = open_page(1200, 1000)
    page.goto(invite)
    check_accessible(page, "invite")
    page.get_by_role("button", name="Take part").click()
    check_accessible(page, "work")
    page.get_by_role("button", name="Accept").click()
    page.wait_for_selector("iframe")
    walk = Walk(asking, page)
    walk.arrive_at("welcome")
    walk.take()
    expect(page.frame_locator("iframe").get_by_role("heading", name="Thank you, handed in")).to_be_visible()

    assert [seen.state for seen in platform.assignments(hit_id)] == ["submitted"]
    assert judged(asking) == ["study"] * TRIALS


def test_on_a_phone_by_touch_straight_from_a_platforms_link(asking: Web, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(15_000)
    with serving(lambda _: create_app(asking)) as at:
        page.goto(f"{at}/annotate/?assignmentId=3WAY&hitId=3HIT&workerId=AWAY&turkSubmitTo=http://127.0.0.1:9&lang=en")
        page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="handed in"))
        walk = Walk(asking, page)
        walk.arrive_at("welcome")
        walk.take()
        expect(page.get_by_text("handed in")).to_be_visible()

        assert judged(asking) == ["study"] * TRIALS
        assert context.cookies() == []
        context.close()
