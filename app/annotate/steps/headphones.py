"""The headphone screening: twelve rounds of "which of the three?", which loudspeakers do not pass."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from flask import render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.annotate.steps.base import Entrance, Step
from app.store import steps as store
from app.store.steps import StepName
from app.study import Study
from hits.hearing.headphones import (
    INTERVAL_S,
    LENGTH_S,
    PLACES,
    ROUNDS,
    STARTS_S,
    TESTS,
    Round,
    draw_round,
    passes,
    round_wav,
)

ATTEMPTS = 2  # where headphones are required


class HeadphonesStep(Step):
    """Two tests of six rounds; what came of each is kept, whether or not it decides anything."""

    name: ClassVar[StepName] = "headphones"

    def wanted(self, study: Study) -> bool:
        """Where the study asks for it."""
        return study.screening.headphones != "none"

    def page(self, at: Entrance, sentence: str | None = None) -> str:
        """The round that is open; or, after an attempt that fell short, that there is another."""
        with at.web.database.writing() as session:
            step = at.come_to(session, self.name)
            if step is None or step.settled_at is not None:
                step = _open(session, at, attempt=1, number=1)
        asked = Round.of_json(step.asked) if step.asked else None
        return render_template(
            "annotate/headphones.html",
            asked=asked,
            rounds=ROUNDS * len(TESTS),
            places=PLACES,
            src=asked and at.sound_at(self.name, asked.name),
            length_s=LENGTH_S,
            starts_s=STARTS_S,
            interval_s=INTERVAL_S,
            optional=at.web.study.screening.headphones == "optional",
            sentence=sentence,
            post_at=at.post_at(self.name),
            here=url_for("annotate.trial", token=at.token),
        )

    def take(self, at: Entrance, form: MultiDict[str, str]) -> str | None:
        """Count an answer, and go on to the next round, the next attempt, or the end."""
        with at.web.database.writing() as session:
            step = store.step_to_change(session, at.work.worker, self.name)
            if step is None or step.state != "open":
                return None
            if "skip" in form and at.web.study.screening.headphones == "optional":
                _skip(session, at, step)
                return None
            if not step.asked:
                if "again" in form:
                    _open(session, at, attempt=_attempts(step) + 1, number=1)
                return None
            asked = Round.of_json(step.asked)
            if form.get("round") != asked.name:  # it was sent before
                return None
            if form.get("answer", "") not in [str(place) for place in PLACES]:
                return str(_("Please choose one of the three."))
            _count(session, at, step, asked, right=form["answer"] == str(asked.place))
        return None

    def sound(self, at: Entrance, sound: str) -> bytes | None:
        """The three sounds of the open round."""
        with at.web.database.reading() as session:
            step = store.step_of(session, at.work.worker, self.name)
        if step is None or step.asked.get("name") != sound:
            return None
        asked = Round.of_json(step.asked)
        return round_wav(asked.test, asked.place, asked.seed)


def _open(session: Session, at: Entrance, *, attempt: int, number: int, right: int = 0) -> store.Step:
    """Draw the next round."""
    name = secrets.token_urlsafe(12)
    asked = draw_round(at.web.draws(), name, attempt=attempt, number=number, right=right)
    now = at.web.database.now()
    return store.open_step(session, at.work.worker, at.work.assignment_id, "headphones", asked.as_json(), now)


def _count(session: Session, at: Entrance, step: store.Step, asked: Round, *, right: bool) -> None:
    """Count an answer; at the end of a test its result is kept, at the end of both they decide."""
    right_so_far = asked.right + right
    if asked.ends_test:
        found = {**_result(asked), "right": right_so_far, "of": ROUNDS}
        settled = _verdict(at, step, asked, found) if asked.ends_attempt else None
        store.note_round(session, at.work.worker, "headphones", found, at.web.database.now(), settled=settled)
    if not asked.ends_attempt:
        so_far = 0 if asked.ends_test else right_so_far
        _open(session, at, attempt=asked.attempt, number=asked.number + 1, right=so_far)


def _verdict(
    at: Entrance, step: store.Step, asked: Round, found: Mapping[str, Any]
) -> Literal["passed", "failed"] | None:
    """What an attempt comes to; None where there is another one."""
    rule = at.web.study.screening
    right = {one["test"]: one["right"] for one in (*step.found[1 - len(TESTS) :], found)}
    if rule.headphones == "optional" or passes(right, rule.headphones_min_right):
        return "passed"
    return "failed" if asked.attempt >= ATTEMPTS else None


def _skip(session: Session, at: Entrance, step: store.Step) -> None:
    """Go on without it; what was answered until then is kept."""
    found: dict[str, Any] = {"skipped": True}
    if step.asked:
        asked = Round.of_json(step.asked)
        found |= {**_result(asked), "right": asked.right, "of": (asked.number - 1) % ROUNDS}
    store.note_round(session, at.work.worker, "headphones", found, at.web.database.now(), settled="passed")


def _result(asked: Round) -> dict[str, Any]:
    return {"attempt": asked.attempt, "test": asked.test}


def _attempts(step: store.Step) -> int:
    """How many attempts there were, of the last time that the step was gone through."""
    return int(step.found[-1]["attempt"]) if step.found else 0
