"""The views of a worker: welcome, trial, clips, thanks, and every stop."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.annotate.answers import Posted, posted
from app.annotate.arrival import arrival_of, gone, way_back
from app.annotate.asking import asking, sources
from app.annotate.languages import about, asked_for, consent
from app.annotate.manikin import ENDS
from app.annotate.markdown import as_html
from app.annotate.parts import FIGURES
from app.annotate.room import Halt, assignment_behind, pages
from app.annotate.steps.base import Entrance
from app.annotate.tokens import assignment_token
from app.annotate.way import required_steps, settled_of, step_due
from app.languages import amount
from app.serving import Web, served
from app.store import arriving
from app.store import work as store
from app.store.arriving import WorkRefused
from app.store.languages import keep_language
from app.store.leaving import so_far
from app.store.outlook import look_around
from app.store.trials import OpenTrial, asked_and_coming, asked_trial, open_trial
from app.store.undo import last_answered, undo
from app.store.work import TrialClosed, Work
from hits.judgment import WrongAnswer
from hits.listening import NotHeard
from hits.pay import earned_so_far_minor

log = logging.getLogger(__name__)

DONE = ("finished", "submitted", "approved", "rejected", "returned", "expired", "withdrawn", "screened-out")


@pages.get("/")
def welcome() -> str:
    """What the task is. Somebody who only looks leaves no trace."""
    web = served()
    arrival = arrival_of(web)
    with web.database.reading() as session:
        facts = arriving.find_hit(session, arrival.hit_id, web.study.pay)
        paused = facts is None and arriving.meets_pause(
            session, arrival, web.rules.hits.platform, web.secret_key, reports=web.platform.traits.reports
        )
    if paused:
        raise Halt("paused")
    if facts is None and arrival.preview:
        raise Halt("unknown-hit")
    if facts is None:  # closed by now, but this worker may be at work on it
        return render_template("annotate/back.html", begin_at=_same_address("annotate.begin"))
    return render_template(
        "annotate/welcome.html",
        preview=arrival.preview,
        begin_at=_same_address("annotate.begin"),
        trials=facts.trials,
        minutes=facts.minutes,
        reward=_amount(web, facts.reward_minor),
        hourly=_amount(web, round(facts.reward_minor * 60 / facts.minutes)),
        about=about(web.study),
        consent=as_html(consent(web.study)),
        contact=web.study.study.contact,
        explains=not web.study.screening.practice,  # else how to answer is a page of its own
        figures=FIGURES,
        ends=ENDS,
    )


@pages.post("/")
def begin() -> AnyResponse:
    """Make or resume the worker's record, and go to the first open trial."""
    web = served()
    arrival = arrival_of(web)
    if arrival.preview:
        return redirect(_same_address("annotate.welcome"), 303)
    with web.database.reading() as session:
        look_around(session, web.study.hits, web.database.now())
    try:
        with web.database.writing() as session:
            work = arriving.begin(
                session,
                arrival,
                rules=web.rules,
                secret_key=web.secret_key,
                rng=web.draws(),
                now=web.database.now(),
                required=required_steps(web.study),
                reports=web.platform.traits.reports,
            )
            if (language := asked_for()) is not None:
                keep_language(session, work.assignment_id, language)
    except WorkRefused as refused:
        raise Halt(refused.reason) from refused
    return redirect(_here(assignment_token(web.secret_key, work.assignment_id)), 303)


@pages.get("/<token>/")
def trial(token: str) -> str | AnyResponse:
    """The pair that is asked now; thanks when all were answered; what leaving came to for whoever left."""
    web = served()
    assignment_id = assignment_behind(token)
    with web.database.reading() as session:
        standing = _standing(web, session, assignment_id)
        settled = settled_of(web, session, standing.work)
    step = step_due(web, standing.work, settled)
    if step is not None:
        return step.page(Entrance(web, token, standing.work))
    if standing.asked is not None:
        _open(web, standing.asked)
        return _trial_page(web, token, standing)
    if standing.work.state == "withdrawn":
        return redirect(url_for("annotate.leave", token=token), 303)
    if standing.work.state not in ("accepted", "finished"):
        raise gone(web, standing.work)
    return _thanks_page(web, token, standing.work, standing.last)


@pages.post("/<token>/answer")
def answer(token: str) -> AnyResponse | tuple[str, int]:
    """Keep an answer and go on, or say on the same page what is missing. One that was kept goes on."""
    web, sent = served(), posted(request.form)
    assignment_id, now = assignment_behind(token), web.database.now()
    try:
        with web.database.writing() as session:
            opened = asked_trial(session, assignment_id, now)
            if opened is not None and opened.trial_id == sent.trial_id:
                store.answer(
                    session,
                    assignment_id,
                    sent.trial_id,
                    sent.nonce,
                    sent.said(opened.rate, opened.noisy_is, web.study.hits.scale),
                    sent.listened,
                    rules=web.rules,
                    now=now,
                )
    except (NotHeard, WrongAnswer) as missing:
        sentence = gettext(str(missing))  # app.annotate.answers lists them
        with web.database.reading() as session:
            standing = _standing(web, session, assignment_id)
        if standing.asked is not None and standing.asked.trial_id == sent.trial_id:  # else another window went on
            return _trial_page(web, token, standing, sent, sentence), 422
    except TrialClosed:
        log.info("an answer came for a trial that is not open any more")
    return redirect(_here(token), 303)


@pages.post("/<token>/undo")
def take_back(token: str) -> AnyResponse:
    """Open the last pair again, if nobody else was asked about it since; otherwise go on where the worker is."""
    web, assignment_id = served(), assignment_behind(token)
    with web.database.writing() as session:
        _work(store.work(session, assignment_id))
        trial_id = request.form.get("last", "")[:64]
        undo(session, assignment_id, trial_id, rule=web.rules.quality, now=web.database.now())
    return redirect(_here(token), 303)


@pages.post("/<token>/comment")
def comment(token: str) -> AnyResponse:
    """Keep a worker's closing words."""
    web, assignment_id = served(), assignment_behind(token)
    with web.database.writing() as session:
        work = _work(store.work(session, assignment_id))
        if work.answered == work.trials:
            store.finish(
                session, assignment_id, request.form.get("comment", "").replace("\0", "").strip()
            )  # PostgreSQL keeps no NUL
    return redirect(url_for("annotate.trial", token=token, kept=""), 303)


@pages.get("/<token>/answer")
@pages.get("/<token>/undo")
@pages.get("/<token>/comment")
@pages.get("/<token>/step/<step>")
def go_on(token: str, step: str = "") -> AnyResponse:  # noqa: ARG001
    """Go on where the worker is: a page that answered a form was loaded anew, or its address was copied."""
    assignment_behind(token)
    return redirect(_here(token), 303)


@dataclass(frozen=True)
class Standing:
    """Where a worker is: what is asked now (None when all was answered), what comes next, what may be taken back."""

    work: Work
    asked: OpenTrial | None
    coming: OpenTrial | None
    last: str | None


def _standing(web: Web, session: Session, assignment_id: str) -> Standing:
    """Where a worker is."""
    work = _work(store.work(session, assignment_id))
    asked, coming = (None, None) if work.state in DONE else asked_and_coming(session, assignment_id)
    return Standing(work, asked, coming, last_answered(session, assignment_id, web.database.now()))


def _open(web: Web, asked: OpenTrial) -> None:
    """From now on a trial is open: only one that is shown for the first time waits for its turn to write."""
    if asked.opened_at is None:
        with web.database.writing() as session:
            open_trial(session, asked.trial_id, web.database.now())


def _trial_page(
    web: Web, token: str, standing: Standing, sent: Posted | None = None, sentence: str | None = None
) -> str:
    work, asked = standing.work, standing.asked
    assert asked is not None  # callers have looked
    left = work.trials - work.answered
    left_s = left * web.study.pay.expected_s_per_trial
    earned = earned_so_far_minor(work.answered, work.trials, work.reward_minor)
    return render_template(
        "annotate/trial.html",
        **asking(web, token, work, asked, sent, sentence),
        coming=sources(web, token, work, standing.coming) if standing.coming else (),
        answer_at=url_for("annotate.answer", token=token),
        undo_at=url_for("annotate.take_back", token=token),
        last=standing.last,
        minutes_left=max(1, round(left_s / 60)),
        earned=_amount(web, earned) if work.reward_minor else None,
    )


def _thanks_page(web: Web, token: str, work: Work, last: str | None) -> str:
    with web.database.reading() as session:
        earned_minor = so_far(session, work.assignment_id, web.study.pay).whole_minor
    return render_template(
        "annotate/thanks.html",
        earned=_amount(web, earned_minor),
        bonus=_amount(web, earned_minor - work.reward_minor),
        review_h=ceil(web.study.pay.review_for_h),
        trials=work.trials,
        completion=way_back(web, work, "completed"),
        comment_at=url_for("annotate.comment", token=token),
        kept="kept" in request.args,
        undo_at=url_for("annotate.take_back", token=token),
        last=last,
    )


def _work(found: Work | None) -> Work:
    if found is None:
        raise Halt("wrong-link")
    return found


def _amount(web: Web, minor: int) -> str | None:
    """An amount to read, "$0.63"; None where the study shows no money."""
    return amount(minor, web.study.pay.currency) if minor else None


def _here(token: str) -> str:
    return url_for("annotate.trial", token=token)


def _same_address(endpoint: str) -> str:
    """Another view under the platform's own query."""
    query = request.query_string.decode("ascii", "replace")
    return url_for(endpoint) + (f"?{query}" if query else "")
