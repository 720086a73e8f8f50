"""One assignment: each trial as its worker saw it, with both clips to hear; its history, its pay, its buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template

from app.auth import signed_in
from app.research.room import missing, pages
from app.serving import served
from app.store import assignments as store
from app.store.ledger import payments
from app.store.review import to_review_until
from app.store.wishes import latest_wishes

LATEST_SHOWN = 500
WISHES_SHOWN = 20
SHORTEST_REJECTION = 20  # characters of a reason that a person can answer


@pages.get("/assignments")
@signed_in
def assignments() -> str:
    """The latest assignments in one table."""
    with served().database.reading() as session:
        found = store.assignments(session, limit=LATEST_SHOWN)
    return render_template("research/assignments.html", assignments=found, most=LATEST_SHOWN)


@pages.get("/assignments/<assignment_id>")
@signed_in
def assignment(assignment_id: str) -> str | tuple[str, int]:
    """One worker's go at one HIT."""
    web = served()
    with web.database.reading() as session:
        facts = store.assignment(session, assignment_id)
        if facts is None:
            return missing("assignment")
        ledger = payments(session, assignment_id=assignment_id)
        until = to_review_until(session, assignment_id, web.study.pay, web.database.now())
        return render_template(
            "research/assignment.html",
            one=facts,
            trials=store.trials_heard(session, assignment_id),
            steps=store.steps_taken(session, facts.worker),
            happened=store.history(session, facts),
            ledger=ledger,
            to_review_until=until,
            wishes=latest_wishes(session, WISHES_SHOWN, {"assignment_id": assignment_id}),
            rejects=web.platform.traits.rejects and (until is not None or not _paid_by_rule(ledger)),
            shortest_rejection=SHORTEST_REJECTION,
        )


def _paid_by_rule(ledger: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there is a reward for it; what was handed in without an answer is left to a person."""
    return served().study.pay.mode != "money" or any(row["kind"] == "reward" for row in ledger)
