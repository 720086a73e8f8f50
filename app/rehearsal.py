"""Simulated listeners on the real pages: they come by an invite, accept, download, wait, answer, hand in, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Literal
from urllib.parse import urljoin

import numpy as np
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from app.ears import Ears
from app.seen_pages import Form, Page, PageUnexpected
from app.store.database import Database
from app.store.steps import asked_under
from app.store.work import condition_of, trial
from hits.judgment import RATED, Said
from hits.listeners import Listener, say, truly_changed
from hits.qualification import Round, order_by_ear

TIMEOUT_S = 60
LOOK_AGAIN_S = 3.0
MOST_PAGES = 200  # before the first trial


class NotInvited(Exception):
    """The study thanks a listener and asks for no more."""


#: Stops after which there is nothing more to do for a listener.
GOING_HOME = ("not-invited", "screened-out")


@dataclass(frozen=True)
class Rehearsal:
    """What listeners need beside themselves.

    Attributes:
        invite_url: an invite of the marketplace that is meant for simulated listeners.
        database: only to know which pair a trial is about; answers go through the pages.
        changes: share of pairs (activation, valence) that truly change, by condition.
        seed: of what is true and of what is said.
        ears: what every listener hears with.
    """

    invite_url: str
    database: Database
    changes: Mapping[str, tuple[float, float]]
    seed: int
    ears: Ears = field(default_factory=Ears)
    stop: Event = field(default_factory=Event)  # listeners finish what they accepted and go home


@dataclass(frozen=True)
class Visit:
    """One listener at work: what its way takes with it from page to page."""

    browser: requests.Session
    listener: Listener
    rehearsal: Rehearsal
    rng: np.random.Generator


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


def line() -> requests.Session:
    """A line to the server, opened anew where the server closed it in a pause, as browsers do; every page bears it."""
    session = requests.Session()
    again = HTTPAdapter(max_retries=Retry(total=3, allowed_methods=None, backoff_factor=0.2))
    session.mount("http://", again)
    session.mount("https://", again)
    return session


def _listen(listener: Listener, number: int, rehearsal: Rehearsal) -> int:
    """One listener's way, from the invite to going home."""
    rng = np.random.default_rng([rehearsal.seed, number])
    answered = 0
    time.sleep(float(rng.random()) * 2)  # people do not come in step
    with line() as browser, suppress(NotInvited):
        visit = Visit(browser, listener, rehearsal, rng)
        invite = _get(browser, rehearsal.invite_url)
        tasks = _post(browser, invite.form("invite"))
        while not rehearsal.stop.is_set():
            offers = [form for form in tasks.forms if "accept" in form.action]
            if offers:
                answered += _do_task(visit, offers[int(rng.integers(len(offers)))])
            else:
                rehearsal.stop.wait(LOOK_AGAIN_S)
            tasks = _get(browser, urljoin(rehearsal.invite_url, "../work"))
    return answered


def _do_task(visit: Visit, offer: Form) -> int:
    """Accept a task and do it, or return it where it can't be done; the number of trials that were answered.

    Raises:
        NotInvited: the study does not want this listener any more.
    """
    task = _post(visit.browser, offer)
    if task.frame is None:  # somebody was faster
        return 0
    page, answered = _pass_steps(visit, _get(visit.browser, task.frame)), 0
    while page.kind == "trial":
        page = _answer(visit, page)
        answered += 1
    if page.kind == "thanks":
        _post(visit.browser, page.form("externalSubmit"))
        return answered
    _post(visit.browser, task.form("return"))
    if page.reason in GOING_HOME:
        raise NotInvited
    visit.rehearsal.stop.wait(LOOK_AGAIN_S)
    return answered


def _pass_steps(visit: Visit, page: Page) -> Page:
    """From the welcome through every step to the first page that is none.

    Raises:
        PageUnexpected: the way does not end.
    """
    for _ in range(MOST_PAGES):
        if page.kind not in PASSAGES:
            return page
        page = PASSAGES[page.kind](visit, page)
    raise PageUnexpected(page.url, f"a page {page.kind!r} after {MOST_PAGES} others", "the first trial")


def _go_on(visit: Visit, page: Page) -> Page:
    """A page that is only to be read."""
    return _post(visit.browser, page.forms[0])


def _check_sound(visit: Visit, page: Page) -> Page:
    """Count the tones."""
    tones = visit.rehearsal.ears.count_tones(_fetch(visit, page.sources[0]))
    return _post(visit.browser, page.form("").filled(tones=str(tones)))


def _find_one_of_three(visit: Visit, page: Page) -> Page:
    """One round of the headphone screening; or the page between two attempts, which has no sound."""
    if not page.sources:
        return _go_on(visit, page)
    ears, wav = visit.rehearsal.ears, _fetch(visit, page.sources[0])
    place = ears.quietest(wav) if page.asks == "antiphase" else ears.faint_tone(wav, visit.rng)
    return _post(visit.browser, page.form("").filled(answer=str(place)))


def _practise(visit: Visit, page: Page) -> Page:
    """A practice trial is answered as if nothing differed; what it says to that is read."""
    if not page.sources:
        return _go_on(visit, page)
    _hear_both(visit, page)
    said = Said("same", "same", *((3.0,) * 4 if page.rate == "both" else ()), scale=page.scale)
    return _post(visit.browser, page.form("").filled(**_spoken(said, "second"), **_heard(page)))


def _rank(visit: Visit, page: Page) -> Page:
    """Put clips in order as one hears them; or go on from the page between two attempts, which has no sound."""
    if not page.sources:
        return _go_on(visit, page)
    _hear_both(visit, page)
    form = page.form("")
    with visit.rehearsal.database.reading() as session:
        known = asked_under(session, "qualification", form.fields["round"])
    if known is None:
        raise PageUnexpected(page.url, "a round that the database does not know", "a round of this study")
    clips = Round.of_json(known).clips
    ordered = order_by_ear({clip.token: clip.rating for clip in clips}, visit.rng)
    places = {f"{token}_place": str(place) for place, token in enumerate(ordered, start=1)}
    return _post(visit.browser, form.filled(**places, **{f"{clip.token}_s": str(clip.length_s) for clip in clips}))


#: How each page before the first trial is passed, by its kind.
PASSAGES: Mapping[str, Callable[[Visit, Page], Page]] = {
    "welcome": _go_on,
    "sound-check": _check_sound,
    "headphones": _find_one_of_three,
    "qualification": _rank,
    "how": _go_on,
    "practice": _practise,
    "feedback": _go_on,
}


def _answer(visit: Visit, page: Page) -> Page:
    """Hear both clips, and answer."""
    _hear_both(visit, page)
    form, rehearsal = page.form(""), visit.rehearsal
    with rehearsal.database.reading() as session:
        known = condition_of(session, form.fields["trial_id"])
        asked = trial(session, form.fields["trial_id"])
    if known is None or asked is None:
        raise PageUnexpected(page.url, "a trial that the database does not know", "a trial of this study")
    changed = truly_changed(*known, rehearsal.seed, rehearsal.changes)
    said = say(visit.listener, changed, visit.rng, page.rate, page.scale)
    return _post(visit.browser, form.filled(**_spoken(said, asked.noisy_is), **_heard(page)))


def _hear_both(visit: Visit, page: Page) -> None:
    """Download both clips, and wait until they would have been heard."""
    for source in page.sources:
        _fetch(visit, source)
    time.sleep(sum(page.lengths_s))


def _heard(page: Page) -> dict[str, str]:
    """What the page's form says of how long both clips sounded."""
    return {f"{which}_s": str(length_s) for which, length_s in zip(("first", "second"), page.lengths_s, strict=True)}


def _fetch(visit: Visit, source: str) -> bytes:
    """A sound of a page."""
    sound = visit.browser.get(source, timeout=TIMEOUT_S)
    if not sound.ok or not sound.content:
        raise PageUnexpected(source, f"status {sound.status_code}", "a sound")
    return sound.content


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
