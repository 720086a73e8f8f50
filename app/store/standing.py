"""Where every pair stands: the votes that are in, and those on their way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app.tables import AssignmentRow, JudgmentRow, PairRow, PaymentRow, TrialRow, UtcTime, WorkerRow
from hits.allocate import Standing

#: What the platform confirmed. Anybody can claim a task's ids in a URL, so nothing else is ever used or paid.
HANDED_IN = ("submitted", "approved")

#: How long an assignment whose time is over is taken for one that was handed in but not seen yet.
SETTLING = timedelta(minutes=5)

JUDGED = ("activation", "valence")


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
    return [_standing(tuple(row)) for row in session.execute(_standings(named=pair_ids is not None), values).all()]


def _standing(row: Sequence[Any]) -> Standing:
    pair_id, clip_id, role, votes, activation, valence, reserved, *leads = row
    ways = (leads[0], leads[1]), (leads[2], leads[3])
    return Standing(pair_id, clip_id, role, votes, activation, valence, reserved, *ways)


@cache  # every answer asks it, and putting it together takes longer than answering it
def _standings(*, named: bool) -> Select[Any]:
    each = (
        select(JudgmentRow.pair_id, *(_different(name) for name in JUDGED), *(_lead(name) for name in JUDGED))
        .join(WorkerRow, WorkerRow.worker == JudgmentRow.worker)
        .join(AssignmentRow, AssignmentRow.assignment_id == JudgmentRow.assignment_id)
        .where(WorkerRow.trusted, JudgmentRow.late.is_(False), JudgmentRow.role != "repeat")
        .where(_in_since(bindparam("settled", type_=UtcTime)))
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
        each = each.where(JudgmentRow.pair_id.in_(pair_ids))
        on_their_way = on_their_way.where(TrialRow.pair_id.in_(pair_ids))
        pairs = pairs.where(PairRow.pair_id.in_(pair_ids))
    votes, reserved = _by_pair(each.subquery()), on_their_way.subquery()
    return (
        pairs.add_columns(
            *(_or_none(votes.c[name]) for name in ("votes", *JUDGED)),
            func.coalesce(reserved.c.reserved, 0),
            *(_or_none(votes.c[f"{name}_{end}"]) for name in JUDGED for end in ("lowest", "highest")),
        )
        .outerjoin(votes, votes.c.pair_id == PairRow.pair_id)
        .outerjoin(reserved, reserved.c.pair_id == PairRow.pair_id)
    )


def _or_none(counted: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.coalesce(counted, 0), Integer)


def _different(dimension: str) -> ColumnElement[int]:
    said = getattr(JudgmentRow, dimension)
    return case((said == "different", 1), else_=0).label(dimension)


def _lead(dimension: str) -> ColumnElement[int]:
    """By how many votes "different" leads after each judgment of a pair."""
    said = getattr(JudgmentRow, dimension)
    so_far = func.sum(case((said == "different", 1), else_=-1)).over(
        partition_by=JudgmentRow.pair_id, order_by=(JudgmentRow.submitted_at, JudgmentRow.judgment_id)
    )
    return so_far.label(f"{dimension}_lead")


def _by_pair(each: Subquery) -> Subquery:
    ends = [
        end(each.c[f"{name}_lead"]).label(f"{name}_{word}")
        for name in JUDGED
        for end, word in ((func.min, "lowest"), (func.max, "highest"))
    ]
    different = [func.sum(each.c[name]).label(name) for name in JUDGED]
    counted = select(each.c.pair_id, func.count().label("votes"), *different, *ends)
    return counted.group_by(each.c.pair_id).subquery()
