"""The worker's way: which step comes now, its page, its answers, its sounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from flask import Response, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.annotate.arrival import gone
from app.annotate.room import Halt, assignment_behind, pages
from app.annotate.steps.base import Entrance, Step, runs_out
from app.annotate.steps.headphones import HeadphonesStep
from app.annotate.steps.practice import PracticeStep
from app.annotate.steps.qualification import QualificationStep
from app.annotate.steps.sound_check import SoundCheckStep
from app.serving import Web, served
from app.store import work as store
from app.store.leaving import screen_out
from app.store.steps import StepName, settled_steps
from app.store.work import Work
from app.study import Study

#: In the order in which they come.
WAY: tuple[Step, ...] = (
    SoundCheckStep(),
    HeadphonesStep(),
    QualificationStep(),
    PracticeStep(),
)
AT_WORK = ("accepted", "finished")


def next_step(web: Web, work: Work) -> Step | None:
    """The step that a worker has still to take; None when trials may begin.

    Raises:
        Halt: a step that the study requires was failed; the worker's time is paid, and the pairs go to others.
    """
    with web.database.reading() as session:
        settled = settled_of(web, session, work)
    return step_due(web, work, settled)


def settled_of(web: Web, session: Session, work: Work) -> dict[str, str]:
    """The state of every step that a worker is through with, by its name."""
    return settled_steps(session, work.worker, web.database.now(), runs_out(web.study))


def step_due(web: Web, work: Work, settled: Mapping[str, str]) -> Step | None:
    """The step that comes now, by what is settled; as `next_step`."""
    if work.state != "accepted":
        return None
    for step in WAY:
        if step.wanted(web.study) and settled.get(step.name) != "passed":
            if settled.get(step.name) == "failed":
                with web.database.writing() as session:
                    screen_out(session, work.assignment_id, pay=web.study.pay)
                raise gone(web, replace(work, state="screened-out"))
            return step
    return None


def required_steps(study: Study) -> dict[StepName, timedelta | None]:
    """The steps that a worker has to pass in a study, and how long each bars whoever failed it; None for ever."""
    lasts = runs_out(study)
    return {step.name: lasts.get(step.name) for step in WAY if step.wanted(study)}


@pages.post("/<token>/step/<step>")
def take_step(token: str, step: str) -> AnyResponse | tuple[str, int]:
    """Take an answer to the step that is asked now; what belongs to another step goes on from where the worker is."""
    entrance = _entrance(token)
    asked = next_step(entrance.web, entrance.work)
    if asked is not None and asked.name == step:
        sentence = asked.take(entrance, request.form)
        if sentence is not None:
            return asked.page(entrance, sentence), 422
    return redirect(url_for("annotate.trial", token=token), 303)


@pages.get("/<token>/step/<step>/<sound>")
def step_sound(token: str, step: str, sound: str) -> Response:
    """A sound of a step that is asked now."""
    entrance = _entrance(token)
    asked = next_step(entrance.web, entrance.work)
    content = asked.sound(entrance, sound) if asked is not None and asked.name == step else None
    if content is None:
        raise Halt("wrong-link")
    return Response(content, mimetype="audio/wav", headers={"Cache-Control": "private, no-store"})


def _entrance(token: str) -> Entrance:
    web, assignment_id = served(), assignment_behind(token)
    with web.database.reading() as session:
        work = store.work(session, assignment_id)
    if work is None:
        raise Halt("wrong-link")
    if work.state not in AT_WORK:
        raise gone(web, work)
    return Entrance(web, token, work)
