"""Researchers sign in: by name and password, or by a link that works once."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from threading import Lock
from time import monotonic
from typing import ParamSpec, TypeVar, cast

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.asker import address
from app.plain_text import require_plain
from app.serving import served
from app.store import people
from app.store.events import note_event
from app.store.people import Researcher

THROTTLE = "earwitness-throttle"
FAILURES_ALLOWED = 8
WITHIN_S = 300.0
MOST_REMEMBERED = 10_000  # names and addresses; the oldest are forgotten first

BY_LINK = "by_link"  # of a session: a password need not be known

PARTS = frozenset({"research.live", "research.clip"})  # of pages: nobody wants to come back to one

WRONG = "Name and password do not belong together."

Given = ParamSpec("Given")
Shown = TypeVar("Shown")

pages = Blueprint("auth", __name__)
pages.before_request(require_plain)


@dataclass
class Throttle:
    """Counts failures to sign in, in this process's memory: a few tries within five minutes, then a rest."""

    clock: Callable[[], float] = monotonic
    failures: dict[str, list[float]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def begin(self, *keys: str) -> float:
        """Count a try as failed until it is found right, so that many at once are no more than a few; as `wait_s`."""
        with self.lock:
            wait_s = self.wait_s(*keys)
            if wait_s == 0:
                self.failed(*keys)
            return wait_s

    def wait_s(self, *keys: str) -> float:
        """Seconds until the next try is heard; 0 when it is heard now."""
        now = self.clock()
        waits = [0.0]
        for key in keys:
            recent = [at for at in self.failures.get(key, []) if now - at < WITHIN_S]
            if len(recent) >= FAILURES_ALLOWED:
                waits.append(WITHIN_S - (now - recent[-FAILURES_ALLOWED]))
        return max(waits)

    def failed(self, *keys: str) -> None:
        """Remember a failure under each key."""
        now = self.clock()
        for key in keys:
            recent = [at for at in self.failures.pop(key, []) if now - at < WITHIN_S]
            self.failures[key] = [*recent, now]  # popped and set: the latest stand last
        while len(self.failures) > MOST_REMEMBERED:
            del self.failures[next(iter(self.failures))]

    def succeeded(self, *keys: str) -> None:
        """Forget the failures under each key."""
        for key in keys:
            self.failures.pop(key, None)


def here() -> Researcher:
    """Who is signed in; only within a view that `signed_in` or `owner` guards."""
    return cast(Researcher, g.researcher)


def _signed_in_as() -> Researcher | None:
    """The researcher of this session; None where it is nobody's, or was ended elsewhere."""
    name, stamp = session.get("researcher"), session.get("stamp")
    if not isinstance(name, str) or not isinstance(stamp, str):
        return None
    with served().database.reading() as database:
        found = people.researcher(database, name)
    return found if found is not None and hmac.compare_digest(found.stamp, stamp) else None


def signed_in(view: Callable[Given, Shown]) -> Callable[Given, Shown | Response]:
    """Let only researchers see a view; others are asked to sign in, and come back to it."""

    @wraps(view)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Shown | Response:
        found = _signed_in_as()
        if found is not None:
            g.researcher = found
            return view(*args, **kwargs)
        session.pop("researcher", None)
        if request.method == "GET" and request.endpoint not in PARTS:
            session["next"] = request.path  # our own path, so nobody can be sent elsewhere by it
        return redirect(url_for("auth.login"), 303)

    return guarded


def owner(view: Callable[Given, Shown]) -> Callable[Given, Shown | Response | tuple[str, int]]:
    """Let only owners act; a viewer reads why not."""

    @signed_in
    @wraps(view)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Shown | tuple[str, int]:
        if here().acts:
            return view(*args, **kwargs)
        page = render_template(
            "stop.html",
            title="Only an owner of the study can do that",
            sentence=f"You are signed in as {here().name}, who reads everything and changes nothing.",
            next_step="Ask an owner, or to be made one: on the page People, or by the command earwitness researcher.",
            reason="viewer",
        )
        return page, 403

    return guarded


@pages.get("/login")
def login() -> str | Response:
    """Ask for name and password."""
    if _signed_in_as() is not None:
        return redirect(url_for("research.dashboard"), 303)
    return render_template("research/login.html", name="", sentence=None)


@pages.post("/login")
def check() -> tuple[str, int] | Response:
    """Sign in, or say in one sentence that this was not it, whichever half was wrong."""
    name, password = request.form.get("name", "").strip()[:200], request.form.get("password", "")[:1000]
    sentence, status = tried(name, password)
    if sentence is not None:
        return render_template("research/login.html", name=name, sentence=sentence), status
    return _enter(name)


def tried(name: str, password: str) -> tuple[str | None, int]:
    """Try a password: None where it is right, else the sentence that says what is wrong, and its HTTP status."""
    throttle = cast(Throttle, current_app.extensions[THROTTLE])
    keys = (f"name {name}", f"address {address()}")
    wait_s = throttle.begin(*keys)
    if wait_s > 0:
        return f"That was tried too often. Please wait {max(1, round(wait_s / 60))} minutes and try again.", 429
    with served().database.reading() as database:
        right = people.check_password(database, name, password)
        known = people.researcher(database, name) is not None
    if right:
        throttle.succeeded(*keys)
        return None, 200
    whose = name if known else "a name that nobody has"  # which may be a password in the wrong field
    with served().database.writing() as database:
        note_event(database, "sign-in-failed", f"a wrong password was given for {whose}, from {request.remote_addr}")
    return WRONG, 401


@pages.get("/sign-in/<token>")
def link(token: str) -> str:
    """Show a button only: programs that look at links before people do must not use them up."""
    return render_template("research/sign_in.html", token=token)


@pages.post("/sign-in/<token>")
def redeem(token: str) -> tuple[str, int] | Response:
    """Sign in by a link, once."""
    with served().database.writing() as database:
        name = people.redeem_link(database, token)
        if name is None:
            note_event(database, "sign-in-failed", f"a link was used that is worth nothing, from {request.remote_addr}")
    if name is None:
        sentence = "This link was used before, or is out of date."
        return render_template("research/login.html", name="", sentence=sentence), 401
    return _enter(name, by_link=True)


@pages.post("/logout")
def logout() -> Response:
    """Sign out, on this device."""
    found = _signed_in_as()
    session.clear()
    if found is not None:
        with served().database.writing() as database:
            note_event(database, "sign-out", f"{found.name} signed out", found.name)
    return redirect(url_for("auth.login"), 303)


def begin_session(researcher: Researcher, *, by_link: bool = False) -> None:
    """Start a fresh session, so that one made before signing in is worth nothing."""
    session.clear()
    session.permanent = True
    if by_link:
        session[BY_LINK] = True
    session["researcher"], session["stamp"] = researcher.name, researcher.stamp


def _enter(name: str, *, by_link: bool = False) -> Response:
    with served().database.writing() as database:
        found = people.researcher(database, name)
        if found is None:  # removed just now
            return redirect(url_for("auth.login"), 303)
        note_event(database, "sign-in", f"{name} signed in by {'a link' if by_link else 'password'}", name)
    wanted = session.get("next")
    begin_session(found, by_link=by_link)
    return redirect(wanted or url_for("research.dashboard"), 303)
