"""When the decision was fixed: its settings as they were before the first vote, and every change since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.rule import DecisionRule
from app.store.clock import now_of
from app.store.events import fact, keep_fact, note_event
from app.study import Study
from app.tables import JudgmentRow
from hits.batch import Hits

DECISION = "decision"


def settings_that_decide(study: Study) -> dict[str, Any]:
    """Every setting that the verdicts hang on, by its key in study.toml."""
    decision = {f"decision.{name}": value for name, value in study.decision.model_dump(mode="json").items()}
    votes = {f"hits.{name}": getattr(study.hits, name) for name in ("policy", "vote_rule", "votes_per_pair", "lead")}
    return decision | votes


def stamp_decision(session: Session, study: Study) -> list[str]:
    """Note what decides: as long as nobody voted the newest settings, afterwards each change with its time.

    Returns:
        A sentence for each change that was noted now.
    """
    kept, now = fact(session, DECISION), now_of(session).isoformat()
    settings = settings_that_decide(study)
    if kept is not None and kept["settings"] == settings:
        return []
    if kept is None or first_vote_at(session) is None:
        keep_fact(session, DECISION, {"fixed_at": now, "settings": settings, "changes": []})
        return []
    before: Mapping[str, Any] = kept["settings"]  # type: ignore[assignment]
    usual = settings_that_decide(study.model_copy(update={"decision": DecisionRule(), "hits": Hits()}))
    found = [
        {"at": now, "setting": name, "before": before.get(name), "after": settings.get(name)}
        for name in sorted(before.keys() | settings)
        # a setting that an older release did not know had the value that it has by itself
        if before.get(name, usual.get(name)) != settings.get(name, usual.get(name))
    ]
    keep_fact(session, DECISION, {**kept, "settings": settings, "changes": [*kept["changes"], *found]})  # type: ignore[misc]
    told = [
        f"{one['setting']} was changed from {one['before']} to {one['after']} after the first vote" for one in found
    ]
    for sentence in told:
        note_event(session, "decision", sentence)
    return told


def decision_stamp(session: Session) -> dict[str, Any]:
    """When the decision was fixed and the first vote came, and what was changed since, as a whitelist keeps it."""
    kept = fact(session, DECISION) or {}
    return {
        "fixed_at": kept.get("fixed_at"),
        "first_vote_at": first_vote_at(session),
        "changes": kept.get("changes", []),
    }


def first_vote_at(session: Session) -> datetime | None:
    """When the first judgment came; None before."""
    return session.scalar(select(func.min(JudgmentRow.submitted_at)))
