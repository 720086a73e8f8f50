"""A worker's own pages: what requesters wrote, and what the worker says of themselves."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.marketplace.refusals import Refused
from app.marketplace.room import MOST_PAST_SHOWN, require_worker, settle, site
from app.marketplace.store import messages, workers

COUNTRY_LENGTH = 2  # ISO 3166; longer codes are regions of the world
NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})

own = Blueprint("own", __name__)
own.before_request(settle)


@own.get("/messages")
def inbox() -> str:
    """What requesters wrote, newest first; from now on it counts as read."""
    with site().store.write() as connection:
        worker = require_worker(connection)
        found = messages.messages_of_worker(connection, worker.worker_id, MOST_PAST_SHOWN)
        messages.mark_read(connection, worker.worker_id, g.now)
    return render_template("marketplace/messages.html", worker=worker, messages=found)


@own.get("/you")
def you() -> str:
    """Where the worker lives, and whether of age: asked only because tasks may ask for it."""
    with site().store.read() as connection:
        worker = require_worker(connection)
    return render_template("marketplace/you.html", worker=worker, countries=countries())


@own.post("/you")
def keep_you() -> AnyResponse:
    """Keep what the worker says."""
    country = request.form.get("country", "")
    subdivision = request.form.get("subdivision", "").strip().upper()
    if country and country not in countries():
        raise Refused("NoAnswer", _("Please choose a country from the list."))
    if subdivision and not (len(subdivision) == COUNTRY_LENGTH and subdivision.isascii() and subdivision.isalnum()):
        raise Refused("NoAnswer", _("A part of a country has two letters or digits, such as CA for California."))
    with site().store.write() as connection:
        worker = require_worker(connection)
        workers.keep_statement(
            connection,
            worker.worker_id,
            country=country or None,
            subdivision=subdivision or None,
            adult="adult" in request.form,
        )
    return redirect(url_for("pages.tasks"), 303)


def countries() -> dict[str, str]:
    """All countries by code, in the order of their names in the page's language."""
    names = getattr(get_locale(), "territories", {})
    known = {
        code: name
        for code, name in names.items()
        if len(code) == COUNTRY_LENGTH and code.isalpha() and code not in NO_COUNTRIES
    }
    return dict(sorted(known.items(), key=lambda one: one[1]))
