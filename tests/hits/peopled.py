"""Platforms with people on them: how a test lets somebody new come, work and hand in."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import requests
from werkzeug.serving import make_server

from app.marketplace.administration import add_invite, add_requester, upgrade
from app.marketplace.factory import create_marketplace
from hits.platforms.base import Platform
from hits.platforms.mturk.mturk import MTurk
from hits.platforms.panel import Panel
from hits.platforms.prolific.prolific import Prolific
from hits.recruiting import Arrival, Offer
from tests.hits.prolific_stand_in import StandIn

OFFER = Offer(
    token="study-1-hit-1",
    title="Compare two recordings",
    description="Listen & say whether the emotion is the same.",
    keywords=("audio", "emotion"),
    url="http://127.0.0.1:9/task?hit=1&token=a%26b",
    reward_minor=63,
    assignments=3,
    assignment_duration_s=600,
    lifetime_s=86_400,
    auto_approval_delay_s=86_400,
    minutes=4,
    codes={"completed": "DONE123456", "screened-out": "OUT1234567", "withdrawn": "LEFT123456"},
)


HOSTS = frozenset({"https://lab.example"})


class NobodyLetIn(Exception):
    """The platform shows a HIT to nobody new."""


@dataclass
class Come:
    """Somebody new at a HIT: the arrival, as the page sees it, and the way back to the platform."""

    arrival: Arrival
    hand_in: Callable[[], object] = lambda: None


@dataclass
class Peopled:
    """A platform with people on it: `come` lets a new one begin a HIT, `work` do it to its end."""

    platform: Platform
    come: Callable[[str], Come]

    def work(self, hit_id: str) -> Arrival:
        come = self.come(hit_id)
        come.hand_in()
        return come.arrival


class Market:
    """Our marketplace, up on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.database_url = f"sqlite:///{folder / 'marketplace.db'}"
        upgrade(self.database_url)
        self._server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._server.app = self.app = create_marketplace(self.database_url, "a secret", self.url)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.keys = add_requester(self.database_url, "The Listening Lab", 100_000)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.app.extensions["marketplace"].store.close()

    def platform(self, **settings: Any) -> MTurk:
        return MTurk(f"{self.url}/requester", access_key_id=self.keys[0], secret_access_key=self.keys[1], **settings)

    def come(self, hit_id: str) -> Come:
        """A new worker comes in and accepts; later, the form is posted that the platform's file says."""
        code, session = add_invite(self.database_url, self.keys[0]), requests.Session()
        for address in (f"/invite/{code}", f"/work/{hit_id}/accept"):
            page = session.get(self.url + (address if "invite" in address else "/work"), timeout=30).text
            tokens = re.findall(r'name="csrf_token" value="([^"]+)"', page)
            if not tokens:  # nothing is on the list
                raise NobodyLetIn
            page = session.post(self.url + address, data={"csrf_token": tokens[0]}, timeout=30).text
        task = unescape(re.findall(r'<iframe src="([^"]+)"', page)[0])
        arrival = MTurk.arrive(dict(parse_qsl(urlsplit(task).query)), frozenset({self.url}))
        completion = MTurk.complete(arrival)
        return Come(
            arrival,
            lambda: requests.post(completion.action, data=dict(completion.fields), timeout=30).raise_for_status(),
        )


def come_to_prolific(stand_in: StandIn, study_id: str) -> Come:
    """A new participant takes a place; later, the link is followed that the platform's file says."""
    if stand_in.studies[study_id]["status"] != "ACTIVE":
        raise NobodyLetIn
    arrival = Prolific.arrive(stand_in.take_place(study_id), frozenset({stand_in.url}))
    completion = Prolific.complete(arrival, "completed", OFFER.codes["completed"])
    return Come(
        arrival,
        lambda: requests.get(completion.action, params=dict(completion.fields), timeout=30).raise_for_status(),
    )


def come_to_panel(hit_id: str) -> Come:
    """Somebody new follows the link that a person put into the panel, to which the panel added an id."""
    link = Panel().invitation("https://lab.example/annotate/", hit_id)
    query = dict(parse_qsl(urlsplit(link).query))
    return Come(Panel.arrive({**query, "worker": f"p{uuid4().hex}"}, HOSTS))
