"""The workers' pages: come in by an invite, find a task, do it, hand it in, see what was earned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from babel.units import format_unit
from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import format_date, format_time, get_locale
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as AnyResponse

from app.catalogues import WRITTEN_IN
from app.languages import amount
from app.marketplace import question, work
from app.marketplace.form_answers import form_answers_xml, read_answers
from app.marketplace.offers import offers as offers_to
from app.marketplace.records import PostedHit, Worker
from app.marketplace.refusals import NoSuchHit, Refused
from app.marketplace.store import assignments, hits, messages, payments, requesters, workers
from app.marketplace.store.engine import Store

EXTENSION = "marketplace"
PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
SUBMIT_PATH = "/mturk/externalSubmit"  # MTurk's own, behind turkSubmitTo
MOST_TASKS_SHOWN = 100
MOST_PAST_SHOWN = 500
#: What a task in a frame may do. Without `allow-same-origin` it has an origin that nobody else has.
OPAQUE = "allow-scripts allow-forms allow-popups allow-top-navigation-by-user-activation"
CURRENCY = "USD"  # as on MTurk

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


class NoSuchInvite(Refused):
    """No invite has that code."""

    def __init__(self) -> None:
        super().__init__("InviteDoesNotExist", _("No invite has this address. Check the link, or ask for a new one."))


def site() -> Site:
    """What the factory was given."""
    found: Site = current_app.extensions[EXTENSION]
    return found


@pages.before_request
def settle() -> None:
    """Before anything is shown or done: what time has brought meanwhile."""
    g.now = site().clock()
    work.settle(site().store, g.now)


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
        worker = _who(connection)
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
        worker = work.join(connection, found, _who(connection), g.now)
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


@pages.post("/work/<mturk_id:hit_id>/accept")
def accept(hit_id: str) -> AnyResponse:
    """Take a place in a HIT and go to its task; a second click leads to the same assignment."""
    with site().store.write() as connection:
        worker = require_worker(connection)
        assignment_id = work.accept(connection, worker, hit_id, g.now)
    return redirect(url_for(".task", assignment_id=assignment_id), 303)


@pages.get("/preview/<mturk_id:hit_id>")
def preview(hit_id: str) -> Response:
    """A task as it looks before it is accepted."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        hit = work.find_open_hit(connection, worker, hit_id)
        work.require_allowed(connection, worker, hit, "Preview")
    return _frame(worker, hit, {"assignmentId": PREVIEW, "hitId": hit_id}, assignment=None)


@pages.get("/work/<mturk_id:assignment_id>")
def task(assignment_id: str) -> Response | str:
    """The task in a frame, with MTurk's parameters; what was handed in or given back says so instead."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        assignment = work.find_own(connection, worker, assignment_id)
        hit = hits.find_hit(connection, assignment.hit_id)
    if assignment.status != "Accepted" or hit is None:
        return render_template("marketplace/past.html", worker=worker, assignment=assignment)
    parameters = {
        "assignmentId": assignment.assignment_id,
        "hitId": assignment.hit_id,
        "workerId": worker.worker_id,
        "turkSubmitTo": question.origin(site().public_url) + request.script_root,
    }
    return _frame(worker, hit, parameters, assignment=assignment)


@pages.get("/frame/<mturk_id:hit_id>")
def html_task(hit_id: str) -> Response:
    """An HTMLQuestion's own page: strangers' code, kept at an origin of its own, away from the worker's cookie."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        hit = work.find_open_hit(connection, worker, hit_id)
        work.require_allowed(connection, worker, hit, "Preview")
    html = question.read_task(hit.question).html
    if html is None:
        raise NoSuchHit(hit_id)
    here = question.origin(site().public_url)
    g.own_policy = f"sandbox {OPAQUE}; form-action {here}; frame-ancestors 'self'"
    return make_response(question.html_task(html, here + request.script_root + SUBMIT_PATH))


@pages.post("/work/<mturk_id:assignment_id>/answers")
def answer_form(assignment_id: str) -> AnyResponse | str:
    """Hand in the answers to a QuestionForm; what can't be taken is asked again."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        assignment = work.find_own(connection, worker, assignment_id)
        hit = hits.find_hit(connection, assignment.hit_id)
    form = None if hit is None else question.read_task(hit.question).form
    if form is None:
        raise NoSuchHit(assignment.hit_id)
    answers = read_answers(form, request.form.getlist)
    if any(answer.fault for answer in answers):
        given = {answer.asked.identifier: answer for answer in answers}
        return render_template(
            "marketplace/task.html", worker=worker, hit=hit, form=form, answers=given, assignment=assignment
        )
    with site().store.write() as connection:
        work.hand_in(connection, assignment_id, form_answers_xml(answers), g.now)
    return redirect(url_for(".task", assignment_id=assignment_id), 303)


@pages.post("/work/<mturk_id:assignment_id>/return")
def give_back(assignment_id: str) -> AnyResponse:
    """Return an assignment."""
    with site().store.write() as connection:
        work.give_back(connection, require_worker(connection), assignment_id, g.now)
    return redirect(url_for(".tasks"), 303)


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


def hand_in() -> Response:
    """Store what a task's own form posts: the assignment's id is the authority, since no cookie need reach a frame."""
    assignment_id = request.form.get("assignmentId", "")
    fields = [(name, value) for name in request.form for value in request.form.getlist(name)]
    if not any(name not in question.RESERVED_FIELDS for name, _ in fields):
        raise Refused("NoAnswer", _("The task sent nothing but its id. Go back to the task and hand it in once more."))
    with site().store.write() as connection:
        work.hand_in(connection, assignment_id, question.answers_xml(fields), g.now)
    return make_response(render_template("marketplace/handed_in.html"))


pages.add_url_rule(SUBMIT_PATH, view_func=hand_in, methods=["POST"])


def _who(connection: Connection) -> Worker | None:
    worker_id = session.get("worker_id")
    return None if worker_id is None else workers.find_worker(connection, worker_id)


def require_worker(connection: Connection) -> Worker:
    """Who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    worker = _who(connection)
    if worker is None:
        raise NotSignedIn
    return worker


def _frame(worker: Worker, hit: PostedHit, parameters: dict[str, str], *, assignment: object) -> Response:
    """A task's page: another site or an HTMLQuestion in a frame, a QuestionForm as a form of our own."""
    asked = question.read_task(hit.question)
    address, opaque = None, asked.html is not None
    if asked.url is not None:
        address = question.task_url_for(hit.question, parameters)
        g.frame_origin = question.origin(address)
    elif opaque:
        address = f"{url_for('pages.html_task', hit_id=hit.hit_id)}?{urlencode(parameters)}"
    page = render_template(
        "marketplace/task.html",
        worker=worker,
        hit=hit,
        address=address,
        sandbox=OPAQUE if opaque else f"{OPAQUE} allow-same-origin",
        form=asked.form,
        answers={},
        assignment=assignment,
    )
    return make_response(page)


def show_amount(minor: int) -> str:
    """An amount in the marketplace's one currency.

    >>> show_amount(63)
    '$0.63'
    """
    return amount(minor, CURRENCY)


def show_pay(minor: int) -> str:
    """What a task pays, for a worker to read.

    >>> show_pay(63), show_pay(0)
    ('$0.63', 'unpaid')
    """
    return show_amount(minor) if minor else str(_("unpaid"))


def show_time(seconds: int) -> str:
    """A length of time for a worker to read.

    >>> show_time(90), show_time(3600), show_time(172800)
    ('2 minutes', '60 minutes', '2 days')
    """
    for unit, length_s in (("day", 86_400), ("hour", 3600)):
        if seconds >= 2 * length_s:
            return _many(seconds // length_s, unit)
    return _many(-(-seconds // 60), "minute")


def _many(count: int, unit: str) -> str:
    return str(format_unit(count, f"duration-{unit}", locale=get_locale() or WRITTEN_IN))


def show_moment(at: datetime) -> str:
    """A moment for a worker to read: the day as the page's language writes it, the time in UTC."""
    return str(_("%(date)s, %(time)s UTC", date=format_date(at, "long"), time=format_time(at, "HH:mm")))
