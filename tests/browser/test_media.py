"""Clips that a real browser fetches from storage: by signed links that end, under the bucket's own CORS rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.media import Storage
from app.stocking import Stock, upload
from app.store.media import forget_stored
from app.tables import AssignmentRow
from app.web import Web, create_app
from tests.app.storage import StorageAtHand, storage_at_hand
from tests.browser.conftest import FIRST_S, SECOND_S, TRIALS, _pair, serving
from tests.browser.test_annotator import begin, choose, judgments, listen

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]

#: Hears what every clip gives out while it sounds: how long, how loud at the most, and the pitch of the loudest part.
EARS = """
    window.heard = [];
    const connect = AudioBufferSourceNode.prototype.connect;
    AudioBufferSourceNode.prototype.connect = function (...all) {
      const ear = new AnalyserNode(this.context, { fftSize: 4096, smoothingTimeConstant: 0 });
      const loud = new Float32Array(ear.fftSize), tones = new Float32Array(ear.frequencyBinCount);
      const met = { level: 0, hz: 0, fromS: this.context.currentTime, lastedS: null };
      window.heard.push(met);
      const ticks = setInterval(() => {
        ear.getFloatTimeDomainData(loud);
        const level = Math.max(...loud);
        if (level <= met.level) return;
        ear.getFloatFrequencyData(tones);
        met.level = level;
        met.hz = tones.indexOf(Math.max(...tones)) * this.context.sampleRate / ear.fftSize;
      }, 20);
      this.addEventListener("ended", () => {
        clearInterval(ticks);
        met.lastedS = this.context.currentTime - met.fromS;
      });
      connect.call(this, ear);
      return connect.apply(this, all);
    };
"""


@dataclass(frozen=True)
class Stored:
    """The study of two pairs with its clips in storage, and where it is served."""

    web: Web
    storage: StorageAtHand
    address: str

    def worker(self, number: int) -> str:
        """Where a platform sends one worker."""
        return (
            f"{self.address}/annotate/?assignmentId=3M{number}&hitId=3HIT&workerId=AM{number}"
            "&turkSubmitTo=http://127.0.0.1:9"
        )

    def fetched(self) -> list[tuple[str, Mapping[str, str]]]:
        """What pages asked the storage for: paths, and the headers that came with each."""
        return [
            (path, sent) for method, path, _, sent in self.storage.door.came if "ORIGIN" in sent and method == "GET"
        ]

    def ends_at(self, number: int, moment: datetime) -> None:
        """Let a worker's task end then."""
        with self.web.database.writing() as session:
            theirs = select(AssignmentRow).where(AssignmentRow.platform_assignment_id == f"3M{number}")
            session.scalars(theirs).one().expires_at = moment


@pytest.fixture
def stored(web: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    """Two copies of each clip in a bucket that lets nobody's pages fetch yet."""
    with storage_at_hand(monkeypatch) as storage:
        stock = Stock(Storage(storage.settings()), web.database, web.folder / "pairs", web.secret_key)
        upload(stock, stock.variants([_pair(number, web.folder / "pairs") for number in range(TRIALS)], 2), str)
        with serving(lambda at: create_app(replace(web, settings=storage.settings(), public_url=at))) as address:
            yield Stored(web, storage, address)
        with web.database.writing() as session:
            forget_stored(session)


@pytest.fixture
def allowed(stored: Stored) -> Stored:
    """With the rule that docs/media.md names, and no other."""
    Storage(stored.storage.settings()).let_pages_fetch(stored.address)
    return stored


@pytest.fixture
def patient_page(browser: Browser) -> Iterator[Page]:
    """A page whose console may complain: the storage is going to say no."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def answer(page: Page) -> None:
    """The same and the same, and on."""
    choose(page, "activation", "same")
    choose(page, "valence", "same")
    page.get_by_role("button", name="Next").click()


def test_clips_from_storage_sound_to_their_ends_and_none_is_fetched_from_the_app(
    allowed: Stored, open_page: OpenPage
) -> None:
    page, asked = open_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(EARS)
    begin(page, allowed.worker(1))
    heard = []
    for number in range(TRIALS):
        expect(page.get_by_text(f"{number + 1} of {TRIALS}")).to_be_visible()
        page.wait_for_selector("[data-player=second][data-state=ready]")
        listen(page)
        heard += page.evaluate("heard")
        answer(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    assert [met["hz"] for met in heard] == pytest.approx([330, 440] * TRIALS, abs=12)
    assert [met["level"] for met in heard] == pytest.approx([0.1] * 2 * TRIALS, rel=0.02)
    assert all(met["lastedS"] >= length_s - 0.03 for met, length_s in zip(heard, [FIRST_S, SECOND_S] * 2, strict=True))
    assert [row.listened_s for row in judgments(allowed.web, "3M1")] == pytest.approx([1.3] * TRIALS, abs=0.07)
    assert not [url for url in asked if "/clip/" in url]
    fetched = allowed.fetched()
    assert {f"{allowed.storage.url}{path}" for path, _ in fetched} == {
        url.partition("?")[0] for url in asked if url.startswith(allowed.storage.url)
    }
    assert len(fetched) == len({path for path, _ in fetched}) == 2 * TRIALS  # the next pair's were kept from before
    assert not [sent for _, sent in fetched if {"COOKIE", "REFERER", "AUTHORIZATION"} & set(sent)]


def test_a_bucket_without_the_rule_gives_no_page_its_clips_and_the_page_says_so_until_it_has_one(
    stored: Stored, patient_page: Page
) -> None:
    patient_page.goto(stored.worker(3))
    patient_page.get_by_role("button", name="Begin").click()
    expect(patient_page.get_by_text("A clip did not arrive")).to_be_visible()
    expect(patient_page.locator("[data-state=failed]")).to_have_count(2)
    Storage(stored.storage.settings()).let_pages_fetch(stored.address)
    patient_page.get_by_role("link", name="Load this pair again").click()

    listen(patient_page)
    expect(patient_page.locator(".questions:enabled")).to_have_count(1)


def test_links_that_end_while_a_pair_is_on_its_way_are_replaced_when_it_is_loaded_again(
    allowed: Stored, patient_page: Page
) -> None:
    door, slow = allowed.storage.door, Event()
    begin(patient_page, allowed.worker(4))
    listen(patient_page)
    soon = datetime.now(UTC) + timedelta(hours=1)
    allowed.ends_at(4, soon)  # the second pair's links end earlier than the first page thought
    door.refuses = lambda _method, _path: None if slow.wait(30) else (503, "SlowDown")
    answer(patient_page)
    expect(patient_page.get_by_text("2 of 2")).to_be_visible()
    expect(patient_page.locator("[data-state=loading]")).to_have_count(2)
    door.ahead = timedelta(hours=2)  # as if they had been on their way for so long
    allowed.ends_at(4, soon + timedelta(hours=2))
    slow.set()
    expect(patient_page.get_by_text("A clip did not arrive")).to_be_visible()
    patient_page.get_by_role("link", name="Load this pair again").click()

    patient_page.wait_for_selector("[data-player=second][data-state=ready]")
    listen(patient_page)
    answer(patient_page)
    expect(patient_page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert len(judgments(allowed.web, "3M4")) == TRIALS
