"""Buttons: what they ask for is written down and carried out by `earwitness run`, so that no page waits."""

from __future__ import annotations

from flask import redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.auth import here, owner
from app.research.asking import Asked, Unclear, detail_of, kind_of
from app.research.room import pages, unclear
from app.serving import Web, served
from app.store.events import note_event
from app.store.people import Researcher
from app.store.wishes import Wish, make_wish

LONGEST_NONCE = 64


@pages.post("/wishes/<kind>")
@owner
def wish(kind: str) -> Response | tuple[str, int]:
    """Write a wish down, once however often its form is sent, and go back to what it is about."""
    web = served()
    try:
        with web.database.writing() as session:
            made = wish_for(session, web, kind, request.form.to_dict(), here())
    except Unclear as problem:
        return unclear(str(problem))
    return redirect(_place_of(made), 303)


def wish_for(session: Session, web: Web, kind: str, asked: Asked, researcher: Researcher) -> Wish:
    """Write a wish down with who asked, or find the one that this form made before.

    Raises:
        Unclear: it can't be carried out as it was said.
    """
    known, nonce = kind_of(kind), asked.get("nonce", "")
    if not 0 < len(nonce) <= LONGEST_NONCE:
        raise Unclear("The form has no nonce, a word of its own that tells a second click from a second wish.")
    detail = detail_of(known, asked, web, session)
    made, is_new = make_wish(session, known, detail, researcher.name, f"{researcher.name}/{nonce}")
    if is_new:
        told = "; ".join(f"{name}: {value}" for name, value in detail.items() if value is not None)
        note_event(session, "wish", f"{known} was asked for" + (f" ({told})" if told else ""), researcher.name)
    elif (made.kind, made.detail) != (known, detail):
        raise Unclear(f"This nonce was used for another wish, {made.kind}. Take a word of its own for each.")
    return made


def _place_of(made: Wish) -> str:
    """The page that shows what comes of a wish."""
    if "assignment_id" in made.detail:
        return url_for("research.assignment", assignment_id=made.detail["assignment_id"])
    if "worker" in made.detail:
        return url_for("research.worker", name=made.detail["worker"])
    if made.kind == "message":
        return url_for("research.workers")
    return url_for("research.ledger" if made.kind == "settle" else "research.dashboard")
