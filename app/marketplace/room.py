"""The room that all of a worker's pages share: what they know, who is signed in, what time has brought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, current_app, g, session
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.routing import BaseConverter

from app.marketplace import work
from app.marketplace.records import Worker
from app.marketplace.refusals import Refused
from app.marketplace.store import workers
from app.marketplace.store.engine import Store

EXTENSION = "marketplace"
MOST_TASKS_SHOWN = 100
MOST_PAST_SHOWN = 500

pages = Blueprint("pages", __name__)


class MturkId(BaseConverter):
    """The part of an address that is an id in MTurk's pattern; anything else is no page."""

    regex = "[A-Z0-9]{1,64}"


class InviteCode(BaseConverter):
    """The part of an address that is an invite's code."""

    regex = "[A-Za-z0-9_-]{1,64}"


@dataclass(frozen=True)
class Site:
    """What the pages need to know; the factory puts it into the app's extensions."""

    store: Store
    clock: Callable[[], datetime]
    public_url: str
    stylesheet_url: str


class NotSignedIn(Refused):
    """A page was asked for by somebody who did not come in by an invite, or whose cookie is gone."""

    def __init__(self) -> None:
        super().__init__("NotSignedIn", _("Open the invite link that you were given; it signs you in."))


def site() -> Site:
    """What the factory was given."""
    found: Site = current_app.extensions[EXTENSION]
    return found


@pages.before_request
def settle() -> None:
    """Before anything is shown or done: what time has brought meanwhile."""
    g.now = site().clock()
    work.settle(site().store, g.now)


def who(connection: Connection) -> Worker | None:
    """Who is signed in; None where nobody is."""
    worker_id = session.get("worker_id")
    return None if worker_id is None else workers.find_worker(connection, worker_id)


def require_worker(connection: Connection) -> Worker:
    """Who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    worker = who(connection)
    if worker is None:
        raise NotSignedIn
    return worker
