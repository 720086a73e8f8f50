"""The qualification: clips put in order, first from calm to excited, then from unpleasant to pleasant."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.annotate.answers import seconds_in
from app.annotate.disguise import disguised
from app.annotate.manikin import ENDS, STEPS, figure
from app.annotate.room import Halt
from app.annotate.steps.base import Entrance, Step
from app.store import steps as store
from app.store.steps import StepName
from app.study import Study
from hits.qualification import NotInOrder, Round, correlation, draw_round, passes, score
from pipelines.ranking import DIMENSIONS, RankingMissing, RankingWrong, read_ranking

log = logging.getLogger(__name__)

LETTERS = "ABCDEFGH"  # what clips are called on a page, as they are met


class QualificationStep(Step):
    """Two pages an attempt, one a dimension; both orders must agree with the corpus' ratings."""

    name: ClassVar[StepName] = "qualification"

    def wanted(self, study: Study) -> bool:
        """Where the study asks for it."""
        return study.qualification.wanted

    def page(self, at: Entrance, sentence: str | None = None) -> str:
        """The clips that are to be put in order now; or, after an attempt that fell short, that there is another."""
        with at.web.database.writing() as session:
            step = at.come_to(session, self.name)
            if step is None or (step.asked and not _is_there(at, Round.of_json(step.asked))):
                step = _open(session, at, step)
        if not step.asked:
            return _between(at, step)
        asked = Round.of_json(step.asked)
        return render_template(
            "annotate/qualification.html",
            asked=asked,
            clips=_shown(at, asked, request.form),
            sentence=sentence,
            post_at=at.post_at(self.name),
            here=url_for("annotate.trial", token=at.token),
            attempts=at.web.study.qualification.attempts,
            part=DIMENSIONS.index(asked.dimension) + 1,
            figures=[figure(asked.dimension, end) for end in (1, 5)],
            ends=[STEPS[asked.dimension][end] for end in (0, -1)],
            words_of_ends=ENDS[asked.dimension],
        )

    def take(self, at: Entrance, form: MultiDict[str, str]) -> str | None:
        """Score an order, and go on to the next page, the next attempt, or the end."""
        now = at.web.database.now()
        with at.web.database.writing() as session:
            step = store.step_to_change(session, at.work.worker, self.name)
            if step is None or step.state != "open":
                return None
            if not step.asked:
                if "again" in form:
                    _open(session, at, step)
                return None
            asked = Round.of_json(step.asked)
            if form.get("round") != asked.round_id:  # it was sent before
                return None
            heard_s = _heard_s(asked, form)
            sentence = _missing(at, asked, form, heard_s, now)
            if sentence is None:
                _keep(session, at, step, asked, form, heard_s, now)
        return sentence

    def sound(self, at: Entrance, sound: str) -> bytes | None:
        """A clip of the open round, by its token; all of them are of one size."""
        with at.web.database.reading() as session:
            step = store.step_of(session, at.work.worker, self.name)
        clips = Round.of_json(step.asked).clips if step is not None and step.asked else ()
        found = next((clip for clip in clips if clip.token == sound), None)
        if found is None:
            return None
        try:
            longest_s = max(clip.length_s for clip in clips)
            return disguised(at.web.folder / "pairs" / found.path, longest_s, at.web.secret_key, found.token)
        except OSError as error:
            log.exception("the clip %s can't be read", found.path)
            raise Halt("missing-clip") from error


def _is_there(at: Entrance, asked: Round) -> bool:
    """Whether the clips still lie beside the pairs; a researcher may have made other sets since."""
    return all((at.web.folder / "pairs" / clip.path).is_file() for clip in asked.clips)


def _open(session: Session, at: Entrance, step: store.Step | None) -> store.Step:
    """Open the page that comes after what was found so far, or the one that was open anew.

    Raises:
        Halt: there are no clips to rank; the log says what to do.
    """
    found = step.found if step is not None else ()
    try:
        sets = read_ranking(at.web.folder / "pairs")
    except (RankingMissing, RankingWrong) as error:
        log.exception("a worker could not begin the qualification")
        raise Halt("missing-clip") from error
    now = at.web.database.now()
    asked = draw_round(
        sets,
        at.web.study.qualification,
        at.web.draws(),
        attempt=1 + len(found) // len(DIMENSIONS),
        dimension=DIMENSIONS[len(found) % len(DIMENSIONS)],
        met={str(one["set_id"]) for one in found},
        opened_at=now.isoformat(),
    )
    return store.open_step(session, at.work.worker, at.work.assignment_id, "qualification", asked.as_json(), now)


def _between(at: Entrance, step: store.Step) -> str:
    """The page between two attempts."""
    left = at.web.study.qualification.attempts - len(step.found) // len(DIMENSIONS)
    return render_template("annotate/qualification.html", asked=None, left=left, post_at=at.post_at("qualification"))


def _heard_s(asked: Round, form: Mapping[str, str]) -> dict[str, float]:
    """Seconds of each clip that the page says have sounded, by token."""
    return {clip.token: seconds_in(form.get(f"{clip.token}_s", "")) for clip in asked.clips}


def _places(asked: Round, form: Mapping[str, str]) -> dict[str, str]:
    return {clip.token: form.get(f"{clip.token}_place", "") for clip in asked.clips}


def _missing(
    at: Entrance, asked: Round, form: Mapping[str, str], heard_s: Mapping[str, float], now: datetime
) -> str | None:
    """What a worker still has to do before an order counts, as a sentence; None where it is whole."""
    share = at.web.study.listening.min_coverage
    for letter, clip in zip(LETTERS, asked.clips, strict=False):
        if heard_s[clip.token] < share * clip.length_s:
            return str(_("You still need to hear clip %(letter)s to its end.", letter=letter))
    if _elapsed_s(asked, now) < share * sum(clip.length_s for clip in asked.clips):
        return str(_("The order came sooner than all clips can be heard. Please play them once more."))
    try:
        asked.in_order(_places(asked, form))
    except NotInOrder:
        return str(_("Please give each clip a place of its own, from 1 to %(count)s.", count=len(asked.clips)))
    return None


def _elapsed_s(asked: Round, now: datetime) -> float:
    return (now - datetime.fromisoformat(asked.opened_at)).total_seconds()


def _keep(
    session: Session,
    at: Entrance,
    step: store.Step,
    asked: Round,
    form: Mapping[str, str],
    heard_s: Mapping[str, float],
    now: datetime,
) -> None:
    """Keep an order with what it is worth; open the next page, unless an attempt or the step is over."""
    ordered = asked.in_order(_places(asked, form))
    found: dict[str, Any] = {
        "attempt": asked.attempt,
        "dimension": asked.dimension,
        "set_id": asked.set_id,
        "shown": [clip.clip_id for clip in asked.clips],
        "order": [clip.clip_id for clip in ordered],
        "correlation": correlation([clip.rating for clip in ordered]),
        "heard_s": {clip.clip_id: heard_s[clip.token] for clip in asked.clips},
        "elapsed_s": _elapsed_s(asked, now),
    }
    if asked.dimension != DIMENSIONS[-1]:
        step = store.note_round(session, at.work.worker, "qualification", found, now)
        _open(session, at, step)
        return
    rule = at.web.study.qualification
    correlations = {one["dimension"]: one["correlation"] for one in (*step.found[1 - len(DIMENSIONS) :], found)}
    over = passes(correlations, rule) or asked.attempt >= rule.attempts
    store.note_round(
        session,
        at.work.worker,
        "qualification",
        {**found, "score": score(correlations, rule)},
        now,
        settled=("passed" if passes(correlations, rule) else "failed") if over else None,
    )


def _shown(at: Entrance, asked: Round, form: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
    """The clips for the page, as they were drawn, or as an order that could not be taken has put them."""
    heard_s, places = _heard_s(asked, form), _places(asked, form)
    if sum(heard_s.values()) >= sum(clip.length_s for clip in asked.clips):  # yet it came too soon
        heard_s = dict.fromkeys(heard_s, 0.0)
    try:
        ordered = asked.in_order(places)
    except NotInOrder:
        ordered = asked.clips
    letters = {clip.token: letter for letter, clip in zip(LETTERS, asked.clips, strict=False)}
    return [
        {
            "token": clip.token,
            "letter": letters[clip.token],
            "src": at.sound_at("qualification", clip.token),
            "length_s": clip.length_s,
            "heard_s": heard_s[clip.token],
            "place": places[clip.token] or str(place),
        }
        for place, clip in enumerate(ordered, start=1)
    ]
