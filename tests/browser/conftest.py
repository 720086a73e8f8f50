"""A real browser before a real server: a small study with sound that can be heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, ConsoleMessage, Page
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from app.marketplace import administration
from app.marketplace.factory import create_marketplace
from app.sealing import Sealing, new_seal_key
from app.settings import Settings
from app.store.database import Database, sqlite_url
from app.store.hits import plan_hits
from app.store.pairs import keep_pairs
from app.store.people import set_password
from app.study import CorpusPlace, SoundsPlace, Study
from app.tables import Base, HitRow
from app.web import Web, create_app
from hits.batch import Hits
from hits.judgment import Hit, Slot
from hits.platforms.mturk.mturk import MTurk
from hits.publish import offer_of
from hits.screening import Screening
from pipelines.clip import Pair

SEALING = Sealing("a key for tests", [new_seal_key()])
#: What a browser notes when a test refuses an answer, is busy, or takes the connection away.
PROVOKED = ("status of 410", "status of 422", "status of 503", "ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED")
RATE_HZ = 16_000
FIRST_S, SECOND_S = 0.8, 0.5  # long enough to be stopped in the middle
TRIALS = 2
PASSWORD = "a long enough password"


def _is_complaint(said: ConsoleMessage) -> bool:
    return said.type == "error" and not any(met in said.text for met in PROVOKED)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page of some width; at the end, no page may have complained to its console."""
    complaints: list[str] = []
    contexts = []

    def open_(width: int = 1200, height: int = 800) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A study of two pairs, one HIT for many workers, one researcher."""
    folder = tmp_path_factory.mktemp("study")
    database = Database(sqlite_url(folder / "study.db"), lambda: SEALING)
    Base.metadata.create_all(database.engine)
    study = Study(
        corpus=CorpusPlace(name="demo", path=folder),
        sounds=SoundsPlace(name="demo", path=folder),
        hits=Hits(policy="fixed", trials_per_hit=TRIALS, checks_per_hit=0),
        screening=Screening(sound_check=False, practice=False),
    )
    pairs = [_pair(number, folder / "pairs") for number in range(TRIALS)]
    with database.writing() as session:
        keep_pairs(session, pairs, {"nat-co-0db": ("background", 0.0)})
        slots = tuple(Slot(pair.pair_id, "study") for pair in pairs)
        plan_hits(session, [Hit("h1", "fixed", TRIALS, 1000, slots)], "study", study.hits, study.pay)
        row = session.get_one(HitRow, "h1")
        row.state, row.platform_hit_id, row.opened_at = "open", "3HIT", datetime.now(UTC)
        set_password(session, "ada", PASSWORD)
    yield Web(
        database=database,
        study=study,
        folder=folder,
        settings=Settings(),
        platform=MTurk,
        submit_hosts=frozenset({"http://127.0.0.1:9"}),
        secret_key="a key for tests",
        public_url="http://127.0.0.1",
    )
    database.dispose()


def _pair(number: int, folder: Path) -> Pair:
    pair = Pair(
        pair_id=f"pair{number}",
        clip_id=f"clip{number}",
        condition="nat-co-0db",
        role="study",
        original_path=Path(f"original{number}.flac"),
        noisy_path=Path(f"noisy{number}.flac"),
        original_length_s=FIRST_S,
        noisy_length_s=SECOND_S,
        original_sha256="0" * 64,
        noisy_sha256="1" * 64,
        seed=number,
        params={},
    )
    folder.mkdir(exist_ok=True)
    for path, length_s, hz in ((pair.original_path, FIRST_S, 330), (pair.noisy_path, SECOND_S, 440)):
        time_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
        soundfile.write(folder / path, 0.1 * np.sin(2 * np.pi * hz * time_s), RATE_HZ, subtype="PCM_16")
    return pair


@contextmanager
def serving(make_site: Callable[[str], Any]) -> Iterator[str]:
    """Serve a site that knows its own address on a free port; the address."""
    server = make_server("127.0.0.1", 0, lambda environ, start: [], threaded=True)
    server.app = make_site(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def address(web: Web) -> Iterator[str]:
    """Where the study is served."""
    with serving(lambda _: create_app(web)) as at:
        yield at


@pytest.fixture
def house(web: Web, tmp_path: Path) -> Iterator[tuple[str, MTurk]]:
    """The study's HIT on the marketplace beside it: the link by which workers come, and the requester's hands."""
    url = sqlite_url(tmp_path / "marketplace.db")
    administration.upgrade(url)
    access_key_id, secret = administration.add_requester(url, "The lab", 100_000)
    invite = administration.add_invite(url, access_key_id)

    def site(at: str) -> DispatcherMiddleware:
        study = create_app(replace(web, submit_hosts=frozenset({at}), public_url=at))
        return DispatcherMiddleware(study, {"/marketplace": create_marketplace(url, "a key", at)})

    with serving(site) as at:
        platform = MTurk(f"{at}/marketplace/requester", access_key_id=access_key_id, secret_access_key=secret)
        hit, design = Hit("h1", "fixed", TRIALS, 9), web.study
        hit_id = platform.publish(offer_of(hit, "house", design.hits, design.pay, f"{at}/annotate/"))
        with web.database.writing() as session:
            session.get_one(HitRow, "h1").platform_hit_id = hit_id
        yield f"{at}/marketplace/invite/{invite}", platform
        with web.database.writing() as session:
            session.get_one(HitRow, "h1").platform_hit_id = "3HIT"


@pytest.fixture
def arrive(address: str) -> Callable[[int], str]:
    """The address that a platform would send one worker to."""
    return lambda number: (
        f"{address}/annotate/?assignmentId=3A{number}&hitId=3HIT&workerId=AW{number}&turkSubmitTo=http://127.0.0.1:9"
    )
