"""How workers get qualifications: ask, take the test, be scored or wait for the requester."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import Connection

from app.marketplace.answer_key import read_key
from app.marketplace.form_answers import Answer, chosen_by_question, form_answers_xml
from app.marketplace.granting import grant
from app.marketplace.ids import new_id
from app.marketplace.records import QualificationType, Wish, WishStatus, Worker
from app.marketplace.refusals import Refused
from app.marketplace.store import qualification_requests, qualifications, workers
from app.marketplace.work import GRACE_S


class NoSuchQualification(Refused):
    """A worker asked for a qualification that is not there for this worker."""

    def __init__(self) -> None:
        super().__init__("QualificationTypeDoesNotExist", _("There is no such qualification. Look at the list."))


def next_attempt(wanted: QualificationType, wishes: Sequence[Wish], now: datetime) -> datetime | None:
    """From when a worker may ask for a type: now or later; None for never again.

    Args:
        wanted: the type.
        wishes: all that the worker has asked for.
        now: the time.
    """
    begun = [wish.begun_at for wish in wishes if wish.qualification_type_id == wanted.qualification_type_id]
    if not begun:
        return now
    return None if wanted.retry_delay_s is None else max(begun) + timedelta(seconds=wanted.retry_delay_s)


def open_wish(wanted: QualificationType, wishes: Sequence[Wish], now: datetime) -> Wish | None:
    """The request that waits for a decision, or whose test still runs."""
    for wish in wishes:
        if wish.qualification_type_id != wanted.qualification_type_id:
            continue
        if wish.status == "Pending" or (wish.status == "Begun" and not run_out(wish, now)):
            return wish
    return None


def run_out(wish: Wish, now: datetime) -> bool:
    """Whether the time for its test is over."""
    return wish.deadline is not None and now > wish.deadline + timedelta(seconds=GRACE_S)


def ask(connection: Connection, worker: Worker, type_id: str, now: datetime) -> Wish:
    """Ask for a qualification: granted at once, or with a test to take, or waiting for the requester.

    Who has a test open gets the same one again.

    Raises:
        NoSuchQualification: there is none for this worker.
        Refused: the worker has it, or may not ask again, or not yet.
    """
    wanted = qualifications.lock_type(connection, type_id)
    if wanted is None or not wanted.active or not workers.works_for(connection, worker.worker_id, wanted.access_key_id):
        raise NoSuchQualification
    held = qualifications.find_qualification(connection, type_id, worker.worker_id)
    if held is not None and held.granted:
        raise Refused("QualificationAlreadyExists", _("You have this qualification already."))
    wishes = qualification_requests.wishes_of_worker(connection, worker.worker_id)
    known = open_wish(wanted, wishes, now)
    if known is not None:
        return known
    allowed_at = next_attempt(wanted, wishes, now)
    if allowed_at is None or allowed_at > now:
        raise Refused(
            "RetryNotAllowed", _("You have asked for this before. The list says whether and when you may again.")
        )
    _close_run_out(connection, wanted, wishes)
    return _begin(connection, worker, wanted, now)


def answer(connection: Connection, worker: Worker, request_id: str, answers: Sequence[Answer], now: datetime) -> Wish:
    """Hand a test in: scored at once where the type has a key for it, else the requester reads it.

    Raises:
        NoSuchQualification: this worker has no such test, or its type is gone.
        Refused: its time is over, or it was handed in before.
    """
    wish = own_wish(connection, worker, request_id)
    wanted = qualifications.lock_type(connection, wish.qualification_type_id)
    if wanted is None:
        raise NoSuchQualification
    if wish.status != "Begun" or run_out(wish, now):
        raise Refused("TestIsOver", _("This test was handed in already, or its time is over."))
    written = form_answers_xml(answers)
    scored = wanted.answer_key is not None and wanted.test == wish.test
    status: WishStatus = "Granted" if scored else "Pending"
    if not qualification_requests.change_wish(
        connection, request_id, "Begun", status=status, answer=written, submitted_at=now
    ):
        raise Refused("TestIsOver", _("This test was handed in already, or its time is over."))
    if scored and wanted.answer_key is not None:
        value = read_key(wanted.answer_key).value(chosen_by_question(answers))
        grant(connection, wanted, worker.worker_id, value, now)
    return replace(wish, status=status, submitted_at=now)


def own_wish(connection: Connection, worker: Worker, request_id: str) -> Wish:
    """A request of this worker's.

    Raises:
        NoSuchQualification: there is none of that id, or it is another worker's.
    """
    wish = qualification_requests.find_wish(connection, request_id)
    if wish is None or wish.worker_id != worker.worker_id:
        raise NoSuchQualification
    return wish


def _begin(connection: Connection, worker: Worker, wanted: QualificationType, now: datetime) -> Wish:
    duration = None if wanted.test_duration_s is None else timedelta(seconds=wanted.test_duration_s)
    has_test = wanted.test is not None
    wish = Wish(
        request_id=new_id(),
        qualification_type_id=wanted.qualification_type_id,
        worker_id=worker.worker_id,
        status="Begun" if has_test else "Granted" if wanted.auto_granted else "Pending",
        test=wanted.test,
        answer=None,
        begun_at=now,
        deadline=now + duration if has_test and duration is not None else None,
        submitted_at=None if has_test else now,
        reason=None,
    )
    qualification_requests.add_wish(connection, wish)
    if wish.status == "Granted":
        grant(connection, wanted, worker.worker_id, wanted.auto_granted_value, now)
    return wish


def _close_run_out(connection: Connection, wanted: QualificationType, wishes: Sequence[Wish]) -> None:
    """A test that nobody handed in was an attempt."""
    for wish in wishes:
        if wish.qualification_type_id == wanted.qualification_type_id:
            qualification_requests.change_wish(connection, wish.request_id, "Begun", status="Rejected")
