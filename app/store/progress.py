"""What the researcher's pages and commands show: counts, rows, money, events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.store.asked import asked_so_far, pairs_not_asked_yet
from app.store.clock import now_of
from app.store.decision_so_far import decision_so_far
from app.store.missing import is_complete, is_decided
from app.store.money import committed_minor, spent_minor
from app.store.standing import confirmed, standings
from app.tables import AssignmentRow, EventRow, HitRow, JudgmentRow, PairRow, WorkerRow
from hits.allocate import Standing
from hits.batch import Hits
from hits.judgment import ASKED_ROLES
from hits.pay import Pay


@dataclass(frozen=True)
class Overview:
    """A study at a glance. Money in minor units, fees included.

    Attributes:
        pairs: that can be asked about, controls among them.
        pairs_released: of them, those that are asked about so far; all but under a sequential design.
        pairs_decided: of these, those that have their votes.
        conditions: that are decided upon.
        conditions_closed: of them, those that get no more pairs; None where all pairs are judged whatever comes.
        complete: nothing is open any more.
    """

    pairs: int
    pairs_released: int
    pairs_decided: int
    conditions: int
    conditions_closed: int | None
    complete: bool
    hits_by_state: dict[str, int]
    assignments_by_state: dict[str, int]
    judgments: int
    judgments_by_role: dict[str, int]
    workers: int
    workers_simulated: int
    spent_minor: int
    pending_minor: int
    committed_minor: int
    cap_minor: int
    currency: str
    last_event_at: datetime | None
    per_hour: list[tuple[datetime, int]]


def overview(session: Session, hits: Hits, pay: Pay) -> Overview:
    """Everything that the head of the dashboard and `earwitness hits status` say."""
    now = now_of(session)
    asked = [standing for standing in standings(session, now) if standing.role in ASKED_ROLES]
    decided = {standing.pair_id for standing in asked if is_decided(standing, hits)}
    asked_ids, led = _asked_ids(session, asked), decision_so_far(session)
    names = select(func.count(PairRow.condition.distinct())).where(PairRow.role == "study")
    confirmed, pending = spent_minor(session)
    simulated = select(func.count()).select_from(WorkerRow).where(WorkerRow.simulated)
    return Overview(
        pairs=len(asked),
        pairs_released=len(asked_ids),
        pairs_decided=len(decided & asked_ids),
        conditions=session.scalar(names) or 0,
        conditions_closed=None if led is None else led.closed,
        complete=bool(asked) and is_complete(session, hits, now),
        hits_by_state=_tally(session, HitRow.state),
        assignments_by_state=_tally(session, AssignmentRow.state),
        judgments=session.scalar(select(func.count()).select_from(JudgmentRow)) or 0,
        judgments_by_role=_tally(session, JudgmentRow.role),
        workers=session.scalar(select(func.count()).select_from(WorkerRow)) or 0,
        workers_simulated=session.scalar(simulated) or 0,
        spent_minor=confirmed,
        pending_minor=pending,
        committed_minor=committed_minor(session, pay),
        cap_minor=pay.cap_minor,
        currency=pay.currency,
        last_event_at=session.scalar(select(func.max(EventRow.at))),
        per_hour=_per_hour(session),
    )


def _asked_ids(session: Session, asked: list[Standing]) -> frozenset[str]:
    """The pairs that were asked about so far, also once everything is decided."""
    found = asked_so_far(session)
    every = frozenset(standing.pair_id for standing in asked)
    return every if found is None else every - pairs_not_asked_yet(session)


def _tally(session: Session, column: InstrumentedAttribute[str]) -> dict[str, int]:
    counts = select(column, func.count()).group_by(column).order_by(column)
    return dict(session.execute(counts).all())


def _per_hour(session: Session) -> list[tuple[datetime, int]]:
    """Judgments by the hour in which they came, hours without any left out."""
    counts: dict[datetime, int] = {}
    for moment in session.scalars(select(JudgmentRow.submitted_at).order_by(JudgmentRow.submitted_at)):
        hour = moment.replace(minute=0, second=0, microsecond=0)
        counts[hour] = counts.get(hour, 0) + 1
    return list(counts.items())


def condition_rows(session: Session, hits: Hits) -> list[dict[str, Any]]:
    """One row a condition and role: pairs, how many are decided, judgments in; practice is not among them."""
    by_pair = {standing.pair_id: standing for standing in standings(session, now_of(session))}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    pairs = select(PairRow).where(PairRow.role != "practice")
    for pair in session.scalars(pairs.order_by(PairRow.family, PairRow.snr_db.desc(), PairRow.condition)):
        row = rows.setdefault(
            (pair.condition, pair.role),
            {
                "condition": pair.condition,
                "family": pair.family,
                "snr_db": pair.snr_db,
                "role": pair.role,
                "pairs": 0,
                "decided": 0,
                "judgments": 0,
            },
        )
        standing = by_pair[pair.pair_id]
        row["pairs"] += 1
        row["decided"] += is_decided(standing, hits)
        row["judgments"] += standing.votes
    return list(rows.values())


def judgment_rows(
    session: Session, limit: int | None = None, offset: int = 0, *, condition: str | None = None
) -> Iterator[dict[str, Any]]:
    """Every judgment, of one condition or so many after an offset, as rows of judgments.csv, as they came.

    `used` are those of trusted workers whose assignment the platform says was theirs.
    """
    query = (
        select(JudgmentRow, PairRow, WorkerRow.trusted, WorkerRow.simulated, confirmed())
        .join(PairRow, PairRow.pair_id == JudgmentRow.pair_id)
        .join(WorkerRow, WorkerRow.worker == JudgmentRow.worker)
        .join(AssignmentRow, AssignmentRow.assignment_id == JudgmentRow.assignment_id)
        .order_by(JudgmentRow.submitted_at, JudgmentRow.judgment_id)
        .limit(limit)
        .offset(offset)
    )
    if condition is not None:
        query = query.where(PairRow.condition == condition)
    for judgment, pair, trusted, simulated, known in session.execute(query):
        yield {
            "judgment_id": judgment.judgment_id,
            "pair_id": pair.pair_id,
            "clip_id": pair.clip_id,
            "condition": pair.condition,
            "family": pair.family,
            "snr_db": pair.snr_db,
            "role": judgment.role,
            "worker": judgment.worker,
            "assignment_id": judgment.assignment_id,
            "order": judgment.order,
            "activation": judgment.activation,
            "valence": judgment.valence,
            "activation_rating": judgment.activation_rating,
            "valence_rating": judgment.valence_rating,
            "original_activation_rating": judgment.original_activation_rating,
            "original_valence_rating": judgment.original_valence_rating,
            "scale": judgment.scale,
            "listened_s": round(judgment.listened_s, 3),
            "elapsed_s": round(judgment.elapsed_s, 3),
            "submitted_at": judgment.submitted_at,
            "used": trusted and known,
            "late": judgment.late,
            "simulated": simulated or pair.simulated,
        }


def count_judgments(session: Session) -> int:
    """How many judgments are in."""
    return session.scalar(select(func.count()).select_from(JudgmentRow)) or 0
