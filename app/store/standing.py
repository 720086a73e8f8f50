"""Where every pair stands: the votes that are in, and those on their way."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, and_, bindparam, case, cast, func, or_, select
from sqlalchemy.orm import Session

from app.tables import AssignmentRow, JudgmentRow, PairRow, PaymentRow, TrialRow, UtcTime, WorkerRow
from hits.allocate import Standing

#: What the platform confirmed. Anybody can claim a task's ids in a URL, so nothing else is ever used or paid.
HANDED_IN = ("submitted", "approved")

#: How long an assignment whose time is over is taken for one that was handed in but not seen yet.
SETTLING = timedelta(minutes=5)


def may_count(now: datetime) -> ColumnElement[bool]:
    """Whether an assignment was handed in, or still can be."""
    return _in_since(now - SETTLING)


def _in_since(settled: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(AssignmentRow.expires_at > settled, confirmed())


def confirmed() -> ColumnElement[bool]:
    """Whether the platform said whose work an assignment is: it was handed in, or it was left and its part was paid."""
    part_paid = select(PaymentRow.key).where(
        PaymentRow.assignment_id == AssignmentRow.assignment_id, PaymentRow.state == "confirmed"
    )
    return or_(
        AssignmentRow.state.in_(HANDED_IN),
        and_(AssignmentRow.state == "withdrawn", part_paid.exists()),
    )


def standings(session: Session, now: datetime, pair_ids: Collection[str] | None = None) -> list[Standing]:
    """Every pair, or those that are named, with its votes by trusted workers and its reservations that still run.

    Judgments of workers who are not used, and of assignments that were never handed in, count for nothing, so their
    pairs are asked again; late ones and repeats neither.
    """
    values: dict[str, object] = {"now": now, "settled": now - SETTLING}
    if pair_ids is not None:
        values["pair_ids"] = list(pair_ids)
    return [Standing(*row) for row in session.execute(_standings(named=pair_ids is not None), values).all()]


@cache  # every answer asks it, and putting it together takes longer than answering it
def _standings(*, named: bool) -> Select[Any]:
    votes_in = (
        select(
            JudgmentRow.pair_id,
            func.count().label("votes"),
            func.sum(case((JudgmentRow.activation == "different", 1), else_=0)).label("activation_different"),
            func.sum(case((JudgmentRow.valence == "different", 1), else_=0)).label("valence_different"),
        )
        .join(WorkerRow, WorkerRow.worker == JudgmentRow.worker)
        .join(AssignmentRow, AssignmentRow.assignment_id == JudgmentRow.assignment_id)
        .where(WorkerRow.trusted, JudgmentRow.late.is_(False), JudgmentRow.role != "repeat")
        .where(_in_since(bindparam("settled", type_=UtcTime)))
        .group_by(JudgmentRow.pair_id)
    )
    on_their_way = (
        select(TrialRow.pair_id, func.count().label("reserved"))
        .join(AssignmentRow, AssignmentRow.assignment_id == TrialRow.assignment_id)
        .where(TrialRow.state.in_(("reserved", "open")), TrialRow.role != "repeat")
        .where(AssignmentRow.expires_at > bindparam("now", type_=UtcTime))
        .group_by(TrialRow.pair_id)
    )
    pairs = select(PairRow.pair_id, PairRow.clip_id, PairRow.role).order_by(PairRow.pair_id)
    if named:  # said thrice: neither database carries it into what is counted
        pair_ids: BindParameter[Any] = bindparam("pair_ids", expanding=True)
        votes_in = votes_in.where(JudgmentRow.pair_id.in_(pair_ids))
        on_their_way = on_their_way.where(TrialRow.pair_id.in_(pair_ids))
        pairs = pairs.where(PairRow.pair_id.in_(pair_ids))
    votes, reserved = votes_in.subquery(), on_their_way.subquery()
    return (
        pairs.add_columns(
            func.coalesce(votes.c.votes, 0),
            cast(func.coalesce(votes.c.activation_different, 0), Integer),
            cast(func.coalesce(votes.c.valence_different, 0), Integer),
            func.coalesce(reserved.c.reserved, 0),
        )
        .outerjoin(votes, votes.c.pair_id == PairRow.pair_id)
        .outerjoin(reserved, reserved.c.pair_id == PairRow.pair_id)
    )
