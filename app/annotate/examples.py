"""How to answer, with examples to hear: before the practice, and again at any time."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, url_for
from sqlalchemy.orm import Session

from app.annotate.asking import sources
from app.annotate.manikin import ENDS
from app.annotate.parts import FIGURES
from app.annotate.room import Halt, assignment_behind, pages
from app.annotate.tokens import practice_id
from app.serving import Web, served
from app.store import work as store
from app.store.practice import practice_pairs
from app.store.trials import OpenTrial
from app.store.work import Work
from hits.judgment import Answer


@dataclass(frozen=True)
class Example:
    """A pair to hear, and what it sounds like."""

    sounds: Answer
    trial: OpenTrial
    sources: tuple[str, ...]


@pages.get("/<token>/how")
def how(token: str) -> str:
    """How to answer, to be read again; nothing is noted."""
    with served().database.reading() as session:
        work = store.work(session, assignment_behind(token))
    if work is None:
        raise Halt("wrong-link")
    return how_page(served(), token, work)


def how_page(web: Web, token: str, work: Work, go_on_at: str | None = None, nonce: str = "") -> str:
    """The two questions and their answers; an example of each answer where there are practice pairs.

    Args:
        web: the study as it is served.
        token: the worker's link.
        work: the worker's assignment.
        go_on_at: where the page's form goes; without it, a link leads back to what is asked.
        nonce: of this showing.
    """
    return render_template(
        "annotate/how.html",
        examples=_examples(web, token, work),
        figures=FIGURES,
        ends=ENDS,
        go_on_at=go_on_at,
        nonce_sent=nonce,
        here=url_for("annotate.trial", token=token),
    )


def _examples(web: Web, token: str, work: Work) -> list[Example]:
    """The first pair of each kind."""
    with web.database.reading() as session:
        by_kind = {pair.sounds: pair for pair in reversed(practice_pairs(session))}
    found = []
    for sounds, pair in sorted(by_kind.items(), reverse=True):  # "same" first
        trial_id = practice_id(web.secret_key, work.assignment_id, pair.pair_id)
        trial = pair.as_trial(trial_id, work.assignment_id)
        found.append(Example(sounds, trial, sources(web, token, work, trial)))
    return found


def practised(session: Session, secret_key: str, assignment_id: str, trial_id: str) -> OpenTrial | None:
    """The practice pair that an assignment's links call so; None where there is none."""
    for pair in practice_pairs(session):
        if practice_id(secret_key, assignment_id, pair.pair_id) == trial_id:
            return pair.as_trial(trial_id, assignment_id)
    return None
