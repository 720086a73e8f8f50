"""How much of a study one worker may do: how many HITs, and how often the same utterance."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.store.hits import LEFT
from app.tables import AssignmentRow, PairRow, TrialRow
from hits.batch import Hits
from hits.judgment import ASKED_ROLES


def share_done(session: Session, worker: str, design: Hits, now: datetime) -> bool:
    """Whether a worker has, or had, as many HITs as the design allows; what was left or ran out counts for nothing."""
    if design.max_hits_per_worker is None:
        return False
    held = select(func.count()).select_from(AssignmentRow)
    held = held.where(
        AssignmentRow.worker == worker,
        AssignmentRow.state.not_in(LEFT),
        or_(AssignmentRow.state != "accepted", AssignmentRow.expires_at > now),
    )
    return (session.scalar(held) or 0) >= design.max_hits_per_worker


def heard_clips(session: Session, worker: str, now: datetime) -> dict[str, int]:
    """How many trials about each clip a worker heard, or still holds; checks and repeats are not counted."""
    trials = select(PairRow.clip_id, func.count()).join(TrialRow, TrialRow.pair_id == PairRow.pair_id)
    trials = trials.join(AssignmentRow, AssignmentRow.assignment_id == TrialRow.assignment_id)
    holds = AssignmentRow.expires_at > now
    kept = or_(TrialRow.opened_at.is_not(None), (TrialRow.state != "released") & holds)
    trials = trials.where(AssignmentRow.worker == worker, TrialRow.role.in_(ASKED_ROLES), kept)
    return dict(session.execute(trials.group_by(PairRow.clip_id)).all())


def clips_of(session: Session, pair_ids: list[str]) -> dict[str, str]:
    """The clip of each pair."""
    return dict(session.execute(select(PairRow.pair_id, PairRow.clip_id).where(PairRow.pair_id.in_(pair_ids))).all())


def worn_out(session: Session, heard: dict[str, int], design: Hits) -> frozenset[str]:
    """Pairs of clips that a worker has heard as often as the design allows."""
    if design.max_per_clip is None:
        return frozenset()
    clips = [clip_id for clip_id, times in heard.items() if times >= design.max_per_clip]
    asked = select(PairRow.pair_id).where(PairRow.clip_id.in_(clips), PairRow.role.in_(ASKED_ROLES))
    return frozenset(session.scalars(asked)) if clips else frozenset()
