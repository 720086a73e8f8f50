"""People and programs that come in: researchers, their roles, their tokens; and one's own password and sessions."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.auth import BY_LINK, WRONG, begin_session, here, owner, signed_in, tried
from app.research.room import missing, pages, unclear
from app.serving import served
from app.store import api_tokens
from app.store import people as store
from app.store.events import note_event
from app.store.people import ROLES, PasswordRefused, ResearcherRefused


@pages.get("/people")
@owner
def people() -> str:
    """Who may sign in, and which programs may ask."""
    with served().database.reading() as database:
        found = store.researchers(database)
        return render_template(
            "research/people.html", researchers=found, tokens=api_tokens.tokens(database), roles=ROLES
        )


@pages.post("/people")
@owner
def invite() -> str | tuple[str, int]:
    """Let somebody in, by a link that is shown this once."""
    name, role = request.form.get("name", "").strip(), request.form.get("role", "")
    if role not in ROLES:
        return unclear("Please choose what the researcher may do: own the study, or view it.")
    try:
        with served().database.writing() as database:
            store.require_new(database, name)  # a link would let one researcher act as another
            token = store.make_link(database, name, role)
            note_event(database, "people", f"a link to sign in was made for {name}, who is new: {role}", here().name)
    except ResearcherRefused as refused:
        return unclear(f"{refused}.")
    return _shown_once(
        f"A link for {name}",
        "It signs in once, within twelve hours. Send it in a way that only they read.",
        f"{served().public_url.rstrip('/')}{url_for('auth.link', token=token)}",
        url_for("research.people"),
    )


@pages.post("/people/<name>/role")
@owner
def set_role(name: str) -> Response | tuple[str, int]:
    """Make somebody an owner or a viewer."""
    role = request.form.get("role", "")
    if role not in ROLES:
        return unclear("Please choose what the researcher may do: own the study, or view it.")

    def change(database: Session) -> None:
        store.set_role(database, name, role)
        note_event(database, "people", f"{name} is now: {role}", here().name)

    return _changed(change)


@pages.post("/people/<name>/remove")
@owner
def remove(name: str) -> Response | tuple[str, int]:
    """Let somebody sign in no more."""

    def change(database: Session) -> None:
        store.remove_researcher(database, name)
        note_event(database, "people", f"{name} can sign in no more", here().name)

    return _changed(change)


def _changed(change: Callable[[Session], None]) -> Response | tuple[str, int]:
    try:
        with served().database.writing() as database:
            change(database)
    except ResearcherRefused as refused:
        return unclear(f"{refused}.")
    return redirect(url_for("research.people"), 303)


@pages.get("/account")
@signed_in
def account() -> str:
    """One's own password, sessions and tokens."""
    with served().database.reading() as database:
        mine = api_tokens.tokens(database, here().name)
    return render_template("research/account.html", tokens=mine, by_link=session.get(BY_LINK, False))


@pages.post("/account/password")
@signed_in
def change_password() -> Response | tuple[str, int]:
    """Take a new password; every other session ends. Who came by a link need not know the old one."""
    if not session.get(BY_LINK, False):
        sentence, _ = tried(here().name, request.form.get("old", "")[:1000])
        if sentence is not None:
            return unclear("The present password is another one." if sentence == WRONG else sentence)
    try:
        with served().database.writing() as database:
            store.set_password(database, here().name, request.form.get("new", "")[:1000])
            note_event(database, "people", f"{here().name} changed the password", here().name)
    except PasswordRefused as refused:
        return unclear(f"{refused}.".capitalize())
    return _stay()


@pages.post("/account/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> Response:
    """End every session of mine but this one."""
    with served().database.writing() as database:
        store.sign_out_everywhere(database, here().name)
        note_event(database, "people", f"{here().name} signed out everywhere else", here().name)
    return _stay(by_link=session.get(BY_LINK, False))


def _stay(*, by_link: bool = False) -> Response:
    """Go on in this session, now that its stamp has changed."""
    with served().database.reading() as database:
        again = store.researcher(database, here().name)
    if again is not None:
        begin_session(again, by_link=by_link)
    return redirect(url_for("research.account"), 303)


@pages.post("/account/tokens")
@signed_in
def make_token() -> str:
    """A token for a program, shown this once."""
    label = request.form.get("label", "")
    with served().database.writing() as database:
        word = api_tokens.make_token(database, here().name, label)
        note_event(database, "token", f"a token was made: {label.strip() or 'without a label'}", here().name)
    return _shown_once(
        "Your new token",
        "Whoever has it reads what you read, and acts where you may. Keep it where only the program finds it.",
        word,
        url_for("research.account"),
    )


@pages.post("/tokens/<name>/revoke")
@signed_in
def revoke(name: str) -> Response | tuple[str, int]:
    """Make a token worthless: one's own, or as an owner anybody's."""
    with served().database.writing() as database:
        mine = api_tokens.tokens(database, None if here().acts else here().name)
        if name not in {one.name for one in mine}:
            return missing("token")
        revoked = api_tokens.revoke(database, name)
        note_event(database, "token", f"the token {name} of {revoked.researcher} was revoked", here().name)
    back = "research.account" if revoked.researcher == here().name else "research.people"
    return redirect(url_for(back), 303)


def _shown_once(title: str, sentence: str, secret: str, back: str) -> str:
    return render_template("research/once.html", title=title, sentence=sentence, secret=secret, back=back)
