"""Which conditions are still asked about: the caller of a turn says so, and everybody who hands out work reads it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.store.events import drop_fact, fact, keep_fact
from app.tables import PairRow
from hits.judgment import ASKED_ROLES

OPEN_CONDITIONS = "open-conditions"


def keep_open_conditions(session: Session, names: frozenset[str] | None) -> None:
    """Ask about these conditions alone from now on; None for all of them."""
    if names is None:
        drop_fact(session, OPEN_CONDITIONS)
    else:
        keep_fact(session, OPEN_CONDITIONS, {"names": sorted(names)})
    session.flush()  # who asks next in this transaction should know


def closed_pairs(session: Session) -> frozenset[str]:
    """Pairs that nobody is asked about any more: those of closed conditions, and controls once all are closed."""
    names = _open(session)
    if names is None:
        return frozenset()
    return frozenset(session.scalars(select(PairRow.pair_id).where(_closed(names))))


def is_closed(session: Session, pair_id: str) -> bool:
    """Whether nobody is asked about a pair any more, so that a judgment of it comes late."""
    names = _open(session)
    if names is None:
        return False
    return session.scalar(select(PairRow.pair_id).where(PairRow.pair_id == pair_id, _closed(names))) is not None


def _open(session: Session) -> list[str] | None:
    kept = fact(session, OPEN_CONDITIONS)
    return None if kept is None else kept["names"]  # type: ignore[return-value]


def _closed(names: list[str]) -> ColumnElement[bool]:
    """Controls estimate how often people answer \"different\" of the same, for as long as anything is open."""
    decided = and_(PairRow.role == "study", PairRow.condition.not_in(names))
    return decided if names else or_(decided, PairRow.role.in_(ASKED_ROLES))
