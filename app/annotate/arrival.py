"""Who comes, by the platform's link, and which code takes them back."""

from __future__ import annotations

import logging

from flask import request

from app.annotate.room import Halt
from app.languages import amount
from app.serving import Web
from app.store.events import fact
from app.store.identities import platform_worker_id
from app.store.leaving import so_far
from app.store.news import LINK_KEYS
from app.store.work import Work
from hits.completion import completion_codes
from hits.recruiting import Arrival, ArrivalRefused, Completion, Outcome

log = logging.getLogger(__name__)


def arrival_of(web: Web) -> Arrival:
    """Who comes, from the URL that was followed.

    Raises:
        Halt: no platform would send anybody by that URL, or it is not signed as the study asks.
    """
    try:
        arrival = web.platform.arrive(request.args, web.submit_hosts)
        if web.signed_links:
            with web.database.reading() as session:
                keys = fact(session, LINK_KEYS) or {"keys": []}
            web.platform.require_signed(request.args, {"keys": keys["keys"]}, web.public_url)
    except ArrivalRefused as refused:
        log.info("an arrival was refused: %s", refused)
        raise Halt("wrong-arrival") from refused
    return arrival


def way_back(web: Web, work: Work, outcome: Outcome) -> Completion:
    """How a worker goes back to the platform, with the code of how it ended."""
    with web.database.reading() as session:
        worker_id = platform_worker_id(session, work.worker)
    arrival = Arrival(work.platform_hit_id, work.platform_assignment_id, worker_id, work.submit_to)
    return web.platform.complete(arrival, outcome, completion_codes(web.secret_key, work.hit_token)[outcome])


def code_back(web: Web, work: Work, outcome: Outcome) -> Completion | None:
    """The way back of somebody who hands nothing in; None where the platform asks for no code, and so knows of none."""
    completion = way_back(web, work, outcome)
    return completion if completion.code is not None else None


def gone(web: Web, work: Work) -> Halt:
    """The stop of work that is over: with what a part of it earns, and the way back of somebody whom the study let go.

    What ran out earns what it will once the platform has let go of it.
    """
    completion = code_back(web, work, "screened-out") if work.state == "screened-out" else None
    pay, earned_minor = web.study.pay, 0
    if work.state == "screened-out" or (work.state == "expired" and pay.pay_unfinished):
        with web.database.reading() as session:
            earned_minor = so_far(session, work.assignment_id, pay).left_minor
    return Halt(work.state, completion, amount(earned_minor, pay.currency) if earned_minor else None)
