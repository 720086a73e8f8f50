"""Simulated listeners on the real pages: they come by an invite, accept, download, wait, answer, hand in, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Literal, TypeAlias, TypeVar
from urllib.parse import parse_qs, urljoin, urlsplit

import numpy as np
import requests

from app.browsing import TIMEOUT_S, get, line, post
from app.ears import Ears
from app.seen_pages import Form, Page, PageUnexpected
from app.store.database import Database
from app.store.steps import asked_under
from app.store.trials import condition_of, trial
from hits.judgment import RATED, Said
from hits.listeners import Listener, say, truly_changed
from hits.qualification import Round, order_by_ear

MOST_PAGES = 200  # before the first trial


Found = TypeVar("Found")

#: What a listener does: it gives the seconds that pass before the next thing is done, and what came of it in the end.
Way: TypeAlias = Generator[float, None, Found]


class NotInvited(Exception):
    """The study thanks a listener and asks for no more."""


class WentAway(Exception):
    """A listener left in the middle of a task, without a word."""


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


@dataclass
class Diary:
    """What a listener has done so far: trials that were answered, tasks that were handed in, and under which id."""

    answered: int = 0
    handed_in: int = 0
    worker_id: str | None = None


@dataclass(frozen=True)
class Visit:
    """One listener at work: what its way takes with it from page to page."""

    browser: requests.Session
    listener: Listener
    rehearsal: Rehearsal
    rng: np.random.Generator
    diary: Diary


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
        going = [pool.submit(_at_their_pace, visit(one, number, rehearsal)) for number, one in enumerate(listeners)]
        try:
            left: set[Future[Diary]] = set(going)
            while left and missing():
                done, left = wait(left, timeout=1.0, return_when=FIRST_EXCEPTION)
                if any(one.exception() for one in done):
                    break
        finally:
            rehearsal.stop.set()
    return sum(one.result().answered for one in going)


def _at_their_pace(way: Way[Found]) -> Found:
    """Do as a listener does, and wait as long; what came of it."""
    while True:
        try:
            pause_s = next(way)
        except StopIteration as over:
            found: Found = over.value
            return found
        time.sleep(pause_s)


def visit(listener: Listener, number: int, rehearsal: Rehearsal, diary: Diary | None = None) -> Way[Diary]:
    """One listener's way, from the invite to going home.

    Args:
        listener: who comes.
        number: sets listeners of one seed apart.
        rehearsal: what they need.
        diary: is written while the listener goes; the same that comes back in the end.
    """
    rng, diary = np.random.default_rng([rehearsal.seed, number]), diary or Diary()
    yield float(rng.random()) * 2  # people do not come in step
    with line() as browser, suppress(NotInvited, WentAway):
        here = Visit(browser, listener, rehearsal, rng, diary)
        invite = get(browser, rehearsal.invite_url)
        tasks, in_vain = post(browser, invite.form("invite")), 0
        while _stays(here, in_vain):
            offers = [form for form in tasks.forms if "accept" in form.action]
            if offers and (yield from _do_task(here, offers[int(rng.integers(len(offers)))])):
                in_vain = 0
            else:
                in_vain += 1
                yield listener.looks_again_s
            tasks = get(browser, urljoin(rehearsal.invite_url, "../work"))
    return diary


def _stays(visit: Visit, in_vain: int) -> bool:
    """Whether a listener who has no task now looks for one, after so many looks in vain."""
    listener, done = visit.listener, visit.diary.handed_in
    tired = listener.hits_at_most is not None and done >= listener.hits_at_most
    gives_up = listener.looks_at_most is not None and in_vain >= listener.looks_at_most
    return not (tired or gives_up or visit.rehearsal.stop.is_set())


def _do_task(visit: Visit, offer: Form) -> Way[bool]:
    """Accept a task and do it, or return it where it can't be done: whether it is worth looking for another at once.

    Raises:
        NotInvited: the study does not want this listener any more.
        WentAway: the listener has had enough.
    """
    task = post(visit.browser, offer)
    if task.frame is None:  # somebody was faster
        return True
    visit.diary.worker_id = parse_qs(urlsplit(task.frame).query)["workerId"][0]
    page = yield from _pass_steps(visit, get(visit.browser, task.frame))
    while page.kind == "trial":
        if visit.listener.leaves_after is not None and visit.diary.answered >= visit.listener.leaves_after:
            raise WentAway
        page = yield from _answer(visit, page)
        visit.diary.answered += 1
    if page.kind == "thanks":
        post(visit.browser, page.form("externalSubmit"))
        visit.diary.handed_in += 1
        return True
    post(visit.browser, task.form("return"))
    if page.reason in GOING_HOME:
        raise NotInvited
    return False


def _pass_steps(visit: Visit, page: Page) -> Way[Page]:
    """From the welcome through every step to the first page that is none.

    Raises:
        PageUnexpected: the way does not end.
    """
    for _ in range(MOST_PAGES):
        if page.kind not in PASSAGES:
            return page
        page = yield from PASSAGES[page.kind](visit, page)
    raise PageUnexpected(page.url, f"a page {page.kind!r} after {MOST_PAGES} others", "the first trial")


def _go_on(visit: Visit, page: Page) -> Way[Page]:
    """A page that is only to be read."""
    yield visit.listener.reading_s
    return post(visit.browser, page.forms[0])


def _check_sound(visit: Visit, page: Page) -> Way[Page]:
    """Count the tones."""
    wav = yield from _fetch(visit, page.sources[0])
    yield _patience_s(visit, page)
    tones = visit.rehearsal.ears.count_tones(wav)
    return post(visit.browser, page.form("").filled(tones=str(tones)))


def _patience_s(visit: Visit, page: Page) -> float:
    """Time that a sound takes which no server waits for: whoever is in a rehearsal's hurry does not hear it out."""
    thinking_s = visit.listener.thinks_s(visit.rng)
    return sum(page.lengths_s) + thinking_s if thinking_s else 0.0


def _find_one_of_three(visit: Visit, page: Page) -> Way[Page]:
    """One round of the headphone screening; or the page between two attempts, which has no sound."""
    if not page.sources:
        return (yield from _go_on(visit, page))
    ears, wav = visit.rehearsal.ears, (yield from _fetch(visit, page.sources[0]))
    yield _patience_s(visit, page)
    place = ears.quietest(wav) if page.asks == "antiphase" else ears.faint_tone(wav, visit.rng)
    return post(visit.browser, page.form("").filled(answer=str(place)))


def _practise(visit: Visit, page: Page) -> Way[Page]:
    """A practice trial is answered as if nothing differed; what it says to that is read."""
    if not page.sources:
        return (yield from _go_on(visit, page))
    yield from _hear(visit, page)
    said = Said("same", "same", *((3.0,) * 4 if page.rate == "both" else ()), scale=page.scale)
    return post(visit.browser, page.form("").filled(**_spoken(said, "second"), **_heard(page)))


def _rank(visit: Visit, page: Page) -> Way[Page]:
    """Put clips in order as one hears them; or go on from the page between two attempts, which has no sound."""
    if not page.sources:
        return (yield from _go_on(visit, page))
    yield from _hear(visit, page)
    form = page.form("")
    with visit.rehearsal.database.reading() as session:
        known = asked_under(session, "qualification", form.fields["round"])
    if known is None:
        raise PageUnexpected(page.url, "a round that the database does not know", "a round of this study")
    clips = Round.of_json(known).clips
    ordered = order_by_ear({clip.token: clip.rating for clip in clips}, visit.rng)
    places = {f"{token}_place": str(place) for place, token in enumerate(ordered, start=1)}
    return post(visit.browser, form.filled(**places, **{f"{clip.token}_s": str(clip.length_s) for clip in clips}))


#: How each page before the first trial is passed, by its kind.
PASSAGES: Mapping[str, Callable[[Visit, Page], Way[Page]]] = {
    "welcome": _go_on,
    "sound-check": _check_sound,
    "headphones": _find_one_of_three,
    "qualification": _rank,
    "how": _go_on,
    "practice": _practise,
    "feedback": _go_on,
}


def _answer(visit: Visit, page: Page) -> Way[Page]:
    """Hear both clips, and answer; whoever has the page in another tab, too, answers there once more."""
    other = get(visit.browser, page.url) if visit.listener.two_tabs else None
    yield from _hear(visit, page)
    form, rehearsal = page.form(""), visit.rehearsal
    with rehearsal.database.reading() as session:
        known = condition_of(session, form.fields["trial_id"])
        asked = trial(session, form.fields["trial_id"])
    if known is None or asked is None:
        raise PageUnexpected(page.url, "a trial that the database does not know", "a trial of this study")
    changed = truly_changed(*known, rehearsal.seed, rehearsal.changes)
    said = say(visit.listener, changed, visit.rng, page.rate, page.scale)
    filled = {**_spoken(said, asked.noisy_is), **_heard(page)}
    after = post(visit.browser, form.filled(**filled))
    return after if other is None else post(visit.browser, other.form("").filled(**filled))


def _hear(visit: Visit, page: Page) -> Way[None]:
    """Download all clips of a page, wait until they would have been heard, and think."""
    for source in page.sources:
        yield from _fetch(visit, source)
    yield sum(page.lengths_s) + visit.listener.thinks_s(visit.rng)


def _heard(page: Page) -> dict[str, str]:
    """What the page's form says of how long both clips sounded."""
    return {f"{which}_s": str(length_s) for which, length_s in zip(("first", "second"), page.lengths_s, strict=True)}


def _fetch(visit: Visit, source: str) -> Way[bytes]:
    """A sound of a page, as soon as the line has brought it."""
    sound = visit.browser.get(source, timeout=TIMEOUT_S)
    if not sound.ok or not sound.content:
        raise PageUnexpected(source, f"status {sound.status_code}", "a sound")
    yield visit.listener.waits_s(len(sound.content))
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
