"""The workers' first pages: come in by an invite, find a task, see what was earned."""

from __future__ import annotations

from flask import g, redirect, render_template, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.marketplace import work
from app.marketplace.offers import offers as offers_to
from app.marketplace.refusals import Refused
from app.marketplace.room import MOST_PAST_SHOWN, MOST_TASKS_SHOWN, pages, require_worker, site, who
from app.marketplace.store import assignments, hits, messages, payments, requesters, workers


class NoSuchInvite(Refused):
    """No invite has that code."""

    def __init__(self) -> None:
        super().__init__("InviteDoesNotExist", _("No invite has this address. Check the link, or ask for a new one."))


@pages.get("/")
def start() -> AnyResponse:
    """The tasks; who is not signed in learns there how to be."""
    return redirect(url_for(".tasks"))


@pages.get("/invite/<invite_code:code>")
def invite(code: str) -> str:
    """Who invites, to what, and what is paid."""
    with site().store.read() as connection:
        found = requesters.find_invite(connection, code)
        if found is None:
            raise NoSuchInvite
        requester = requesters.find_requester(connection, found.access_key_id)
        worker = who(connection)
        member = worker is not None and workers.works_for(connection, worker.worker_id, found.access_key_id)
        posted = hits.page_of_hits(connection, found.access_key_id, None, MOST_TASKS_SHOWN)
    offers = {(hit.title, hit.reward_minor): hit for hit in posted if hit.status_at(g.now) == "Assignable"}
    return render_template(
        "marketplace/invite.html",
        invite=found,
        requester=requester,
        open=member or found.open_at(g.now),
        offers=list(offers.values()),
        worker=worker,
    )


@pages.post("/invite/<invite_code:code>")
def come_in(code: str) -> AnyResponse:
    """Make a worker of whoever follows an invite, and sign them in."""
    with site().store.write() as connection:
        found = requesters.find_invite(connection, code)
        if found is None:
            raise NoSuchInvite
        worker = work.join(connection, found, who(connection), g.now)
    session["worker_id"] = worker.worker_id
    session.permanent = True
    return redirect(url_for(".tasks"), 303)


@pages.get("/work")
def tasks() -> str:
    """What the worker has begun, and what is open."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        offers = offers_to(connection, worker, g.now, MOST_TASKS_SHOWN)
        mine = assignments.assignments_of_worker(connection, worker.worker_id, MOST_PAST_SHOWN)
        unread = messages.unread(connection, worker.worker_id)
    begun = [(assignment, title) for assignment, title, _ in mine if assignment.status == "Accepted"]
    return render_template("marketplace/work.html", worker=worker, offers=offers, begun=begun, unread=unread)


@pages.get("/earnings")
def earnings() -> str:
    """What was paid, and what waits for approval."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        paid = payments.payments_of_worker(connection, worker.worker_id, MOST_PAST_SHOWN)
        earned = payments.earned_minor(connection, worker.worker_id)
        mine = assignments.assignments_of_worker(connection, worker.worker_id, MOST_PAST_SHOWN)
    waiting = [(assignment, title, reward) for assignment, title, reward in mine if assignment.status == "Submitted"]
    titles = {assignment.assignment_id: title for assignment, title, _ in mine}
    return render_template(
        "marketplace/earnings.html", worker=worker, paid=paid, earned=earned, waiting=waiting, titles=titles
    )
