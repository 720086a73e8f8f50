"""A task, from taking a place in a HIT to handing it in: in a frame, or as a form of our own."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.marketplace import question, work
from app.marketplace.form_answers import form_answers_xml, read_answers
from app.marketplace.records import PostedHit, WorkAssignment, Worker
from app.marketplace.refusals import NoSuchHit, Refused
from app.marketplace.room import pages, require_worker, site
from app.marketplace.store import hits

PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
SUBMIT_PATH = "/mturk/externalSubmit"  # MTurk's own, behind turkSubmitTo
#: What a task in a frame may do. Without `allow-same-origin` it has an origin that nobody else has.
OPAQUE = "allow-scripts allow-forms allow-popups allow-top-navigation-by-user-activation"


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
    worker, hit = _to_preview(hit_id)
    return _frame(worker, hit, {"assignmentId": PREVIEW, "hitId": hit_id}, assignment=None)


@pages.get("/work/<mturk_id:assignment_id>")
def task(assignment_id: str) -> Response | str:
    """The task in a frame, with MTurk's parameters; what was handed in or given back says so instead."""
    worker, assignment, hit = _own(assignment_id)
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
    _, hit = _to_preview(hit_id)
    html = question.read_task(hit.question).html
    if html is None:
        raise NoSuchHit(hit_id)
    here = question.origin(site().public_url)
    g.own_policy = f"sandbox {OPAQUE}; form-action {here}; frame-ancestors 'self'"
    return make_response(question.html_task(html, here + request.script_root + SUBMIT_PATH))


@pages.post("/work/<mturk_id:assignment_id>/answers")
def answer_form(assignment_id: str) -> AnyResponse | str:
    """Hand in the answers to a QuestionForm; what can't be taken is asked again."""
    worker, assignment, hit = _own(assignment_id)
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


def _to_preview(hit_id: str) -> tuple[Worker, PostedHit]:
    """Who is signed in, and an open HIT that this worker may look at."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        hit = work.find_open_hit(connection, worker, hit_id)
        work.require_allowed(connection, worker, hit, "Preview")
    return worker, hit


def _own(assignment_id: str) -> tuple[Worker, WorkAssignment, PostedHit | None]:
    """Who is signed in, an assignment of this worker's, and its HIT as far as it is there."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        assignment = work.find_own(connection, worker, assignment_id)
        return worker, assignment, hits.find_hit(connection, assignment.hit_id)


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
