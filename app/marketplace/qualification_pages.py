"""A worker's qualifications: which there are, ask for one, take its test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.marketplace import wishing
from app.marketplace.form_answers import read_answers
from app.marketplace.question_form import read_form
from app.marketplace.records import Qualification, QualificationType, Wish
from app.marketplace.room import MOST_PAST_SHOWN, require_worker, settle, site
from app.marketplace.store import qualification_requests, qualifications

qualifying = Blueprint("qualifying", __name__)
qualifying.before_request(settle)


@dataclass(frozen=True)
class Entry:
    """A qualification type as one worker sees it; `again_at` is from when it may be asked for, None for never."""

    type: QualificationType
    held: Qualification | None
    open: Wish | None
    again_at: datetime | None


@qualifying.get("/qualifications")
def listed() -> str:
    """What the worker has, has asked for, and may ask for."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        types = qualifications.types_for_worker(connection, worker.worker_id, MOST_PAST_SHOWN)
        held = qualifications.qualifications_of_worker(connection, worker.worker_id)
        wishes = qualification_requests.wishes_of_worker(connection, worker.worker_id)
    entries = [
        Entry(
            one,
            held.get(one.qualification_type_id),
            wishing.open_wish(one, wishes, g.now),
            wishing.next_attempt(one, wishes, g.now),
        )
        for one in types
    ]
    return render_template("marketplace/qualifications.html", worker=worker, entries=entries, now=g.now)


@qualifying.post("/qualifications/<mturk_id:type_id>/ask")
def ask(type_id: str) -> AnyResponse:
    """Ask for a qualification; where it has a test, go there."""
    with site().store.write() as connection:
        wish = wishing.ask(connection, require_worker(connection), type_id, g.now)
    if wish.status == "Begun":
        return redirect(url_for(".test", request_id=wish.request_id), 303)
    return redirect(url_for(".listed"), 303)


@qualifying.get("/tests/<mturk_id:request_id>")
def test(request_id: str) -> str | AnyResponse:
    """A test, as long as it may be handed in."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        wish = wishing.own_wish(connection, worker, request_id)
        wanted = qualifications.find_type(connection, wish.qualification_type_id)
    if wish.status != "Begun" or wish.test is None or wanted is None or wishing.run_out(wish, g.now):
        return redirect(url_for(".listed"), 303)
    form = read_form(wish.test)
    return render_template("marketplace/test.html", worker=worker, wish=wish, type=wanted, form=form, answers={})


@qualifying.post("/tests/<mturk_id:request_id>")
def hand_in(request_id: str) -> str | AnyResponse:
    """Hand a test in; what can't be taken is asked again, as long as there is time."""
    with site().store.read() as connection:
        worker = require_worker(connection)
        wish = wishing.own_wish(connection, worker, request_id)
        wanted = qualifications.find_type(connection, wish.qualification_type_id)
    if wish.test is None or wanted is None:
        raise wishing.NoSuchQualification
    form = read_form(wish.test)
    answers = read_answers(form, request.form.getlist)
    if wish.status == "Begun" and any(answer.fault for answer in answers):
        given = {answer.asked.identifier: answer for answer in answers}
        return render_template("marketplace/test.html", worker=worker, wish=wish, type=wanted, form=form, answers=given)
    with site().store.write() as connection:
        wishing.answer(connection, worker, request_id, answers, g.now)
    return redirect(url_for(".listed"), 303)
