"""A marketplace over real HTTP on a real database, a requester with boto3, workers with requests."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from botocore.config import Config
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from app.marketplace.administration import add_invite, add_requester, upgrade
from app.marketplace.factory import create_marketplace
from hits.platforms.mturk.wire import external_question

QUESTION = external_question("http://127.0.0.1:9/task?pair=1&side=left")


class Clock:
    """A clock that a test can set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class LiveMarketplace:
    """A marketplace that is up, mounted under /marketplace as it is beside a study."""

    database_url: str
    url: str
    clock: Clock
    keys: tuple[str, str]

    def client(self, **changes: Any) -> Any:
        """A boto3 client of the requester's."""
        settings = {
            "endpoint_url": f"{self.url}/requester",
            "region_name": "us-east-1",
            "aws_access_key_id": self.keys[0],
            "aws_secret_access_key": self.keys[1],
            "config": Config(retries={"total_max_attempts": 1}),
        }
        return boto3.Session().client("mturk", **{**settings, **changes})

    def worker(self, **invite: Any) -> WorkerBrowser:
        """A worker who came in by an invite of their own."""
        browser = WorkerBrowser(self.url)
        browser.come_in(add_invite(self.database_url, self.keys[0], **invite))
        return browser


@dataclass
class WorkerBrowser:
    """A worker as the pages see one: cookies, forms with their hidden fields."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url + path, timeout=30)

    @property
    def worker_id(self) -> str:
        """The WorkerId that the pages show."""
        return re.findall(r"<code>(\w+)</code>", self.get("/work").text)[0]

    def post_form(self, page: str, action: str, **fields: str | list[str]) -> requests.Response:
        """Open a page and post its form with that action, hidden fields and all."""
        text = self.get(page).text
        found = re.search(
            rf'<form method="post" action="([^"]*{re.escape(action)}[^"]*)">(.*?)</form>', text, re.DOTALL
        )
        assert found is not None, f"no form {action} in {text}"
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', found[2]))
        base = urlsplit(self.url)
        return self.session.post(f"{base.scheme}://{base.netloc}{found[1]}", data={**hidden, **fields}, timeout=30)

    def come_in(self, code: str) -> requests.Response:
        return self.post_form(f"/invite/{code}", f"/invite/{code}")

    def open_hits(self) -> list[str]:
        return re.findall(r'data-hit-id="([A-Z0-9]+)"', self.get("/work").text)

    def accept(self, hit_id: str) -> dict[str, str]:
        """Accept a HIT; the task's parameters, as they stand in the frame's address."""
        page = self.post_form("/work", f"/work/{hit_id}/accept")
        page.raise_for_status()
        return self.parameters(page.text)

    @staticmethod
    def parameters(page: str) -> dict[str, str]:
        """The parameters of the frame's address in a task's page."""
        found = re.search(r'<iframe src="([^"]+)"', page)
        assert found is not None, page
        return {name: values[0] for name, values in parse_qs(urlsplit(unescape(found[1])).query).items()}

    def submit(self, task: dict[str, str], **answers: Any) -> requests.Response:
        """Post what a task's form posts, from a frame: without cookies."""
        form = {"assignmentId": task["assignmentId"], **(answers or {"finished": "yes"})}
        return requests.post(task["turkSubmitTo"] + "/mturk/externalSubmit", data=form, timeout=30)


@pytest.fixture(scope="session")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded SQLite database without rows, to be copied."""
    path: Path = tmp_path_factory.mktemp("upgraded") / "marketplace.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path, upgraded: Path) -> str:
    """A marketplace's database, upgraded: SQLite, or by indirect parameter PostgreSQL."""
    if getattr(request, "param", "sqlite") == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        upgrade(url)
        return url
    return f"sqlite:///{shutil.copy(upgraded, tmp_path / 'marketplace.db')}"


@pytest.fixture
def market(database_url: str) -> Iterator[LiveMarketplace]:
    """A marketplace that is up, with a requester who has 1,000 dollars."""
    clock = Clock()
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    origin = f"http://127.0.0.1:{server.server_port}"
    app = create_marketplace(database_url, "a secret of the tests", origin, clock=clock, courier_interval_s=0.2)
    server.app = DispatcherMiddleware(Response("the study", 404), {"/marketplace": app})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    keys = add_requester(database_url, "The Listening Lab", 100_000)
    yield LiveMarketplace(database_url, f"{origin}/marketplace", clock, keys)
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["marketplace_courier"].stop()
    app.extensions["marketplace"].store.close()


@pytest.fixture
def post_hit(market: LiveMarketplace) -> Callable[..., str]:
    """Put a HIT out by boto3; its id."""
    client = market.client()

    def post(**changes: Any) -> str:
        hit = {
            "Title": "Compare two recordings",
            "Description": "Listen to two clips and say whether the emotion is the same.",
            "Keywords": "audio, emotion",
            "Reward": "0.63",
            "MaxAssignments": 3,
            "AssignmentDurationInSeconds": 600,
            "LifetimeInSeconds": 86_400,
            "AutoApprovalDelayInSeconds": 86_400,
            "Question": QUESTION,
        }
        return str(client.create_hit(**{**hit, **changes})["HIT"]["HITId"])

    return post
