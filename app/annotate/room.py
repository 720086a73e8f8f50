"""The room that all of a worker's views share: its stops, its frame, whose link it is."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from app import headers
from app.annotate.stops import STOPS, Stop
from app.annotate.tokens import LinkRefused, assignment_of
from app.serving import served
from hits.recruiting import Completion

pages = Blueprint("annotate", __name__, url_prefix="/annotate")


class Halt(Exception):
    """A view can't go on: the page that says so."""

    def __init__(self, reason: str, completion: Completion | None = None, earned: str | None = None) -> None:
        super().__init__(reason)
        self.stop: Stop = STOPS[reason]
        self.completion = completion  # how to go back to the platform, where it wants to be told by a code
        self.earned = earned


@pages.errorhandler(Halt)
def show_stop(halt: Halt) -> tuple[str, int]:
    """A page for every stop."""
    stop, pay = halt.stop, served().study.pay
    keeps_word = pay.paying and (stop.reason != "expired" or pay.pay_unfinished)
    page = render_template(
        "stop.html",
        title=stop.title,
        sentence=stop.sentence,
        paid=stop.paid if keeps_word else None,
        earned=halt.earned,
        next_step=stop.next_step,
        reason=stop.reason,
        completion=halt.completion,
    )
    return page, stop.status


@pages.after_request
def allow_frames(response: Response) -> Response:
    """A task lives in the platform's frame, and hands work in there; nowhere else."""
    hosts = served().submit_hosts
    framed_by = " ".join(("'self'", *sorted(hosts)))
    response.headers["Content-Security-Policy"] = headers.policy(
        framed_by=framed_by, posts_to=hosts, fetches_from=_storage()
    )
    return response


def _storage() -> frozenset[str]:
    """Where the study's clips come from, if not from here."""
    if not served().settings.media_bucket:
        return frozenset()
    from app.annotate.stored import storage_origins  # here, so that only who uses storage waits for its library

    return storage_origins(served().settings)


def assignment_behind(token: str) -> str:
    """The assignment that a link stands for; the page that says so where it is not one of ours."""
    try:
        return assignment_of(served().secret_key, token)
    except LinkRefused as refused:
        raise Halt("wrong-link") from refused
