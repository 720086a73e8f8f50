"""Simulated listeners on the real pages: they come by an invite, accept, download, wait, answer, hand in, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from threading import Event
from typing import Literal
from urllib.parse import urljoin

import numpy as np
import requests

from app.store.database import Database
from app.store.work import condition_of, trial
from hits.judgment import RATED, Rate, Said, Scale
from hits.listeners import Listener, say, truly_changed

TIMEOUT_S = 60
LOOK_AGAIN_S = 3.0


class PageUnexpected(RuntimeError):
    """A page was not the one that comes next on a worker's way."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        super().__init__(f"a simulated listener found {found} at {url}; expected {expected}")


class NotInvited(Exception):
    """The study thanks a listener and asks for no more."""


@dataclass
class Form:
    """A form of a page: where it goes, and its hidden fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What a listener sees of a page: its kind, its forms, its two players, its frame."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.url = response.url
        self.kind = ""
        self.reason = ""
        self.forms: list[Form] = []
        self.sources: list[str] = []
        self.lengths_s: list[float] = []
        self.frame: str | None = None
        self.rate: Rate = "noisy-if-different"
        self.scale: Scale = "manikins"
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters on a worker's way."""
        at = {name: value or "" for name, value in attrs}
        if tag == "main":
            self.kind, self.reason = at.get("data-page", ""), at.get("data-reason", "")
        elif tag == "form":
            self.forms.append(Form(urljoin(self.url, at.get("action", "")), at.get("method", "get")))
        elif tag == "input" and self.forms:
            self._note_input(at)
        elif tag == "iframe":
            self.frame = urljoin(self.url, at.get("src", ""))
        elif "data-length-s" in at:
            self.sources.append(urljoin(self.url, at["data-src"]))
            self.lengths_s.append(float(at["data-length-s"]))

    def _note_input(self, at: dict[str, str]) -> None:
        if at.get("type") == "hidden":
            self.forms[-1].fields[at["name"]] = at.get("value", "")
        if at.get("type") == "range":
            self.scale = "slider"
        if at.get("name") == "first_activation_rating":
            self.rate = "both"

    def form(self, part_of_action: str) -> Form:
        """The first form whose action has that part.

        Raises:
            PageUnexpected: there is none.
        """
        for form in self.forms:
            if part_of_action in form.action:
                return form
        raise PageUnexpected(self.url, f"no form for {part_of_action!r} on a page {self.kind!r}", "that form")


@dataclass(frozen=True)
class Rehearsal:
    """What listeners need beside themselves.

    Attributes:
        invite_url: an invite of the marketplace that is meant for simulated listeners.
        database: only to know which pair a trial is about; answers go through the pages.
        changes: share of pairs (activation, valence) that truly change, by condition.
        seed: of what is true and of what is said.
    """

    invite_url: str
    database: Database
    changes: Mapping[str, tuple[float, float]]
    seed: int
    stop: Event = field(default_factory=Event)  # listeners finish what they accepted and go home


def rehearse(listeners: list[Listener], rehearsal: Rehearsal, missing: Callable[[], int]) -> int:
    """Let listeners work, all at once, until no judgment is missing; the number of trials that were answered.

    Each waits as long as the clips last, as the server demands.

    Args:
        listeners: who listens.
        rehearsal: what they need.
        missing: asked once a second how many judgments are still missing.

    Raises:
        PageUnexpected: a page was not what a worker needs next.
        requests.RequestException: the server does not answer.
    """
    with ThreadPoolExecutor(max_workers=len(listeners)) as pool:
        going = [pool.submit(_listen, listener, number, rehearsal) for number, listener in enumerate(listeners)]
        try:
            left: set[Future[int]] = set(going)
            while left and missing():
                done, left = wait(left, timeout=1.0, return_when=FIRST_EXCEPTION)
                if any(one.exception() for one in done):
                    break
        finally:
            rehearsal.stop.set()
    return sum(one.result() for one in going)


def _listen(listener: Listener, number: int, rehearsal: Rehearsal) -> int:
    """One listener's way, from the invite to going home."""
    rng = np.random.default_rng([rehearsal.seed, number])
    answered = 0
    time.sleep(float(rng.random()) * 2)  # people do not come in step
    with requests.Session() as browser, suppress(NotInvited):
        invite = _get(browser, rehearsal.invite_url)
        tasks = _post(browser, invite.form("invite"))
        while not rehearsal.stop.is_set():
            offers = [form for form in tasks.forms if "accept" in form.action]
            if offers:
                answered += _do_task(browser, offers[int(rng.integers(len(offers)))], listener, rehearsal, rng)
            else:
                rehearsal.stop.wait(LOOK_AGAIN_S)
            tasks = _get(browser, urljoin(rehearsal.invite_url, "../work"))
    return answered


def _do_task(
    browser: requests.Session, offer: Form, listener: Listener, rehearsal: Rehearsal, rng: np.random.Generator
) -> int:
    """Accept a task and do it, or return it where it can't be done; the number of trials that were answered.

    Raises:
        NotInvited: the study does not want this listener any more.
    """
    task = _post(browser, offer)
    if task.frame is None:  # somebody was faster
        return 0
    page = _get(browser, task.frame)
    if page.kind == "welcome":
        page = _post(browser, page.forms[0])
    answered = 0
    while page.kind == "trial":
        page = _answer(browser, page, listener, rehearsal, rng)
        answered += 1
    if page.kind == "thanks":
        _post(browser, page.form("externalSubmit"))
        return answered
    _post(browser, task.form("return"))
    if page.reason == "not-invited":
        raise NotInvited
    rehearsal.stop.wait(LOOK_AGAIN_S)
    return answered


def _answer(
    browser: requests.Session, page: Page, listener: Listener, rehearsal: Rehearsal, rng: np.random.Generator
) -> Page:
    """Download both clips, wait until they would have been heard, answer."""
    for source in page.sources:
        sound = browser.get(source, timeout=TIMEOUT_S)
        if not sound.ok or not sound.content:
            raise PageUnexpected(source, f"status {sound.status_code}", "the sound of a clip")
    time.sleep(sum(page.lengths_s))
    form = page.form("")
    with rehearsal.database.reading() as session:
        known = condition_of(session, form.fields["trial_id"])
        asked = trial(session, form.fields["trial_id"])
    if known is None or asked is None:
        raise PageUnexpected(page.url, "a trial that the database does not know", "a trial of this study")
    said = say(listener, truly_changed(*known, rehearsal.seed, rehearsal.changes), rng, page.rate, page.scale)
    fields = {
        **form.fields,
        **_spoken(said, asked.noisy_is),
        "first_s": str(page.lengths_s[0]),
        "second_s": str(page.lengths_s[1]),
    }
    return _post(browser, Form(form.action, form.method, fields))


def _spoken(said: Said, noisy_is: Literal["first", "second"]) -> dict[str, str]:
    """An answer as the page's form names it."""
    fields: dict[str, str] = {"activation": said.activation, "valence": said.valence}
    original_is = "first" if noisy_is == "second" else "second"
    for name in RATED:
        rating, clip = getattr(said, name), original_is if name.startswith("original_") else noisy_is
        shown = f"{clip}_{name.removeprefix('original_')}" if said.rates_both else name
        if rating is not None:
            fields[shown] = str(rating)
    return fields


def _get(browser: requests.Session, url: str) -> Page:
    return Page(_require(browser.get(url, timeout=TIMEOUT_S)))


def _post(browser: requests.Session, form: Form) -> Page:
    return Page(_require(browser.post(form.action, data=form.fields, timeout=TIMEOUT_S)))


def _require(response: requests.Response) -> requests.Response:
    """Stops of the way (409, 410: taken, run out) are pages too; anything else that is no success is a failure."""
    if response.ok or response.status_code in (404, 409, 410):
        return response
    raise PageUnexpected(response.url, f"status {response.status_code}", "a page")
