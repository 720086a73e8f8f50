"""Researchers sign in: by name and password, or by a link that works once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from time import monotonic
from typing import ParamSpec, TypeVar, cast

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.serving import served
from app.store import people

THROTTLE = "earwitness-throttle"
FAILURES_ALLOWED = 8
WITHIN_S = 300.0
MOST_REMEMBERED = 10_000  # names and addresses; the oldest are forgotten first

PARTS = frozenset({"research.live"})  # of pages: nobody wants to come back to one

WRONG = "Name and password do not belong together."

Given = ParamSpec("Given")
Shown = TypeVar("Shown")

pages = Blueprint("auth", __name__)


@dataclass
class Throttle:
    """Counts failures to sign in, in this process's memory: a few tries within five minutes, then a rest."""

    clock: Callable[[], float] = monotonic
    failures: dict[str, list[float]] = field(default_factory=dict)

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


def signed_in(view: Callable[Given, Shown]) -> Callable[Given, Shown | Response]:
    """Let only researchers see a view; others are asked to sign in, and come back to it."""

    @wraps(view)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Shown | Response:
        if "researcher" in session:
            return view(*args, **kwargs)
        if request.method == "GET" and request.endpoint not in PARTS:
            session["next"] = request.path  # our own path, so nobody can be sent elsewhere by it
        return redirect(url_for("auth.login"), 303)

    return guarded


@pages.get("/login")
def login() -> str | Response:
    """Ask for name and password."""
    if "researcher" in session:
        return redirect(url_for("research.dashboard"), 303)
    return render_template("research/login.html", name="", sentence=None)


@pages.post("/login")
def check() -> tuple[str, int] | Response:
    """Sign in, or say in one sentence that this was not it, whichever half was wrong."""
    throttle = cast(Throttle, current_app.extensions[THROTTLE])
    name, password = request.form.get("name", "").strip()[:200], request.form.get("password", "")[:1000]
    keys = (f"name {name}", f"address {request.remote_addr}")
    wait_s = throttle.wait_s(*keys)
    if wait_s > 0:
        sentence = f"That was tried too often. Please wait {max(1, round(wait_s / 60))} minutes and try again."
        return render_template("research/login.html", name=name, sentence=sentence), 429
    with served().database.reading() as database:
        right = people.check_password(database, name, password)
    if not right:
        throttle.failed(*keys)
        return render_template("research/login.html", name=name, sentence=WRONG), 401
    throttle.succeeded(*keys)
    return _enter(name)


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
        sentence = "This link was used before, or is out of date."
        return render_template("research/login.html", name="", sentence=sentence), 401
    return _enter(name)


@pages.post("/logout")
def logout() -> Response:
    """Sign out."""
    session.clear()
    return redirect(url_for("auth.login"), 303)


def _enter(name: str) -> Response:
    """Start a fresh session, so that one made before signing in is worth nothing."""
    wanted = session.get("next")
    session.clear()
    session.permanent = True
    session["researcher"] = name
    return redirect(wanted or url_for("research.dashboard"), 303)
