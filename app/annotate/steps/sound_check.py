"""The sound check: tones are played, and the worker says how many; so both know that sound arrives."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.annotate.steps.base import Entrance, Step
from app.store import steps as store
from app.store.steps import StepName
from app.study import Study
from hits.hearing.tones import LENGTH_S, draw_tones, tones_wav

NUMBER = re.compile(r"[0-9]{1,2}")
ADVICE_AFTER = 3  # wrong answers


class SoundCheckStep(Step):
    """As many rounds as it takes, each with another number of tones; nobody is turned away."""

    name: ClassVar[StepName] = "sound-check"

    def wanted(self, study: Study) -> bool:
        """Where the study asks for it."""
        return study.screening.sound_check

    def page(self, at: Entrance, sentence: str | None = None) -> str:
        """The tones of the open round, and what helps somebody who has miscounted."""
        with at.web.database.writing() as session:
            step = at.come_to(session, self.name)
            if step is None or step.settled_at is not None:
                step = _open(session, at)
        missed = _missed_in_a_row(step.found)
        return render_template(
            "annotate/sound_check.html",
            round=step.asked["name"],
            src=at.sound_at(self.name, step.asked["name"]),
            length_s=LENGTH_S,
            sentence=sentence,
            missed=missed,
            advice=missed >= ADVICE_AFTER,
            post_at=at.post_at(self.name),
            here=url_for("annotate.trial", token=at.token),
        )

    def take(self, at: Entrance, form: MultiDict[str, str]) -> str | None:
        """Compare a number with that of the tones: on to the next step, or to other tones."""
        now = at.web.database.now()
        said = form.get("tones", "").strip()
        with at.web.database.writing() as session:
            step = store.step_to_change(session, at.work.worker, self.name)
            if step is None or step.state != "open" or form.get("round") != step.asked["name"]:
                return None  # it was sent before
            if not NUMBER.fullmatch(said):
                return str(_("Please type how many tones you heard, as a number."))
            right = int(said) == step.asked["tones"]
            found = {"tones": step.asked["tones"], "said": int(said), "right": right}
            store.note_round(session, at.work.worker, self.name, found, now, settled="passed" if right else None)
            if not right:
                _open(session, at, before=step.asked["tones"])
        return None

    def sound(self, at: Entrance, sound: str) -> bytes | None:
        """The tones of the open round."""
        with at.web.database.reading() as session:
            step = store.step_of(session, at.work.worker, self.name)
        if step is None or step.asked.get("name") != sound:
            return None
        return tones_wav(step.asked["tones"], step.asked["seed"])


def _open(session: Session, at: Entrance, before: int | None = None) -> store.Step:
    """Draw the tones of the next round, another number than before."""
    rng = at.web.draws()
    asked = {
        "tones": draw_tones(rng, before),
        "seed": int(rng.integers(2**32)),
        "name": secrets.token_urlsafe(12),
    }
    return store.open_step(session, at.work.worker, at.work.assignment_id, "sound-check", asked, at.web.database.now())


def _missed_in_a_row(found: Sequence[Mapping[str, Any]]) -> int:
    """How many of the last rounds were wrong."""
    return next((count for count, one in enumerate(reversed(found)) if one["right"]), len(found))
