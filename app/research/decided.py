"""The verdicts as they stand now, worked out once for all pages that show them."""

from __future__ import annotations

from typing import cast

from flask import current_app, url_for
from sqlalchemy.orm import Session

from app.research.figures import Kept, Verdicts
from app.serving import Web
from app.store.freshness import state_of_judgments
from app.store.pairs import pairs_made
from app.store.progress import judgment_rows

KEPT = "earwitness-verdicts"


def kept() -> Kept:
    """What this process worked out last."""
    return cast(Kept, current_app.extensions[KEPT])


def decided_now(session: Session, web: Web) -> Verdicts | None:
    """The verdicts on all judgments of the study; None while no condition has a judged pair."""
    return kept().verdicts(
        state_of_judgments(session),
        lambda: judgment_rows(session),
        web.study.decision,
        web.study.hits.votes,
        lambda condition: url_for("research.condition", name=condition),
        pairs_made(session),
    )
