"""How to answer, and two practice trials with what was to be expected of each; nobody fails them."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from flask import render_template, request
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.annotate.answers import Posted, posted
from app.annotate.asking import asking
from app.annotate.examples import how_page
from app.annotate.steps.base import Entrance, Step
from app.annotate.tokens import practice_id
from app.store import steps as store
from app.store.practice import SOUNDS, TRIALS, PracticePair, practice_pairs
from app.store.steps import StepName
from app.store.trials import OpenTrial
from app.study import Study
from hits.judgment import RATED, Rate, WrongAnswer
from hits.listening import NotHeard, require_heard

#: What comes one after the other; each leaves a line in what was found.
PAGES = ("how", "trial", "feedback", "trial", "feedback")


class PracticeStep(Step):
    """One look at how to answer, then trials like those that count, each followed by what it was."""

    name: ClassVar[StepName] = "practice"

    def wanted(self, study: Study) -> bool:
        """Where the study asks for it. Without practice pairs, there is only to read how to answer."""
        return study.screening.practice

    def page(self, at: Entrance, sentence: str | None = None) -> str:
        """The page that comes now: how to answer, a trial, or what it was."""
        with at.web.database.writing() as session:
            step = at.come_to(session, self.name)
            if step is None or not step.asked:
                step = _open(session, at, () if step is None else step.found)
            pairs = {pair.pair_id: pair for pair in practice_pairs(session)}
        shown = _shown(step.found)
        if shown == "how":
            return how_page(at.web, at.token, at.work, at.post_at(self.name), step.asked["nonce"])
        if shown == "trial":
            sent = posted(request.form) if sentence else None
            context = asking(at.web, at.token, at.work, _trial(at, pairs[step.asked["pair_id"]], step), sent, sentence)
            return render_template("annotate/practice.html", answer_at=at.post_at(self.name), **context)
        said = [one for one in step.found if one["page"] == "trial"][-1]
        return render_template(
            "annotate/feedback.html",
            expected=said["expected"],
            unexpected=_unexpected(said),
            post_at=at.post_at(self.name),
            **asking(at.web, at.token, at.work, _trial(at, pairs[said["pair_id"]], step)),
        )

    def take(self, at: Entrance, form: MultiDict[str, str]) -> str | None:
        """Keep what was said, or that a page was read, and go on; the last page ends it."""
        now, sent = at.web.database.now(), posted(form)
        with at.web.database.writing() as session:
            step = store.step_to_change(session, at.work.worker, self.name)
            if step is None or not step.asked or not hmac.compare_digest(step.asked["nonce"], sent.nonce):
                return None  # it was sent before
            pairs = {pair.pair_id: pair for pair in practice_pairs(session)}
            elapsed_s = (now - datetime.fromisoformat(step.asked["opened_at"])).total_seconds()
            found: dict[str, Any] = {"page": _shown(step.found), "s": round(elapsed_s, 3)}
            if found["page"] == "trial":
                try:
                    found |= _answered(at, pairs[step.asked["pair_id"]], step, sent, elapsed_s)
                except (NotHeard, WrongAnswer) as missing:
                    return str(gettext(str(missing)))  # app.annotate.answers lists them
            is_over = len(step.found) >= len(PAGES) - 1 or len({pair.sounds for pair in pairs.values()}) < TRIALS
            store.note_round(session, at.work.worker, self.name, found, now, settled="passed" if is_over else None)
        return None


def _shown(found: Sequence[Mapping[str, Any]]) -> str:
    """The page that comes now."""
    return PAGES[len(found)]


def _open(session: Session, at: Entrance, found: Sequence[Mapping[str, Any]]) -> store.Step:
    """Open the page that comes now; of a trial, with the pair that is asked about."""
    now = at.web.database.now()
    asked = {"nonce": secrets.token_urlsafe(12), "opened_at": now.isoformat()}
    if _shown(found) == "trial":
        before = [one["expected"] for one in found if one["page"] == "trial"]
        sounds = str(at.web.draws().choice([sounds for sounds in SOUNDS.values() if sounds not in before]))
        *_, pair = (pair for pair in practice_pairs(session) if pair.sounds == sounds)  # the first is the example
        asked["pair_id"] = pair.pair_id
    return store.open_step(session, at.work.worker, at.work.assignment_id, "practice", asked, now)


def _trial(at: Entrance, pair: PracticePair, step: store.Step) -> OpenTrial:
    """A practice pair as the page of a trial shows it."""
    number = [*(one["page"] for one in step.found), _shown(step.found)].count("trial")
    trial_id = practice_id(at.web.secret_key, at.work.assignment_id, pair.pair_id)
    nonce, rate = step.asked["nonce"], _rate(at.web.study, number)
    return pair.as_trial(trial_id, at.work.assignment_id, number=number, nonce=nonce, rate=rate)


def _rate(study: Study, number: int) -> Rate:
    """Which clips are rated: where some of a study's trials rate both, so does the last one here."""
    both = study.hits.rate == "both" and (number == TRIALS or study.hits.rate_both_share == 1)
    return "both" if both else "noisy-if-different"


def _answered(at: Entrance, pair: PracticePair, step: store.Step, sent: Posted, elapsed_s: float) -> dict[str, Any]:
    """What is kept of an answer that is whole.

    Raises:
        WrongAnswer, NotHeard: it is not, by the rules of the trials that count.
    """
    trial, heard = _trial(at, pair, step), sent.listened
    said = sent.said(trial.rate, trial.noisy_is, at.web.study.hits.scale)
    require_heard(heard, (trial.first_length_s, trial.second_length_s), elapsed_s, at.web.study.listening)
    ratings = {name: getattr(said, name) for name in RATED if getattr(said, name) is not None}
    return {
        "pair_id": pair.pair_id,
        "expected": pair.sounds,
        "activation": said.activation,
        "valence": said.valence,
        **ratings,
        "first_s": round(heard.first_s, 3),
        "second_s": round(heard.second_s, 3),
    }


def _unexpected(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The questions that were answered otherwise than they could be; of a pair that differs, valence is open."""
    asked = ("activation", "valence") if said["expected"] == "same" else ("activation",)
    return tuple(dimension for dimension in asked if said[dimension] != said["expected"])
