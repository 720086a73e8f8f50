"""Which pairs are asked about so far: who leads a sequential study says so, whoever hands out work reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, literal, or_, select
from sqlalchemy.orm import Session

from app.store.events import drop_fact, fact, keep_fact
from app.tables import FactRow, PairRow
from hits.judgment import ASKED_ROLES

ASKED = "released"  # as databases have it


@dataclass(frozen=True)
class Asked:
    """How many pairs are asked about: those whose places come first.

    Attributes:
        conditions: of the study pairs of each condition; none of a condition that is not named.
        identical: of the controls of the same sound.
        positive: of the controls with a real change.
        finished: everything is decided, and nobody is asked about any pair.
        ahead: of each condition, further pairs that fill HITs which would stay empty in part. They are paid anyway.
    """

    conditions: Mapping[str, int]
    identical: int
    positive: int
    finished: bool = False
    ahead: Mapping[str, int] = field(default_factory=dict)

    def widened(self, before: Asked | None) -> Asked:
        """The same, and whatever was asked before: a pair that somebody was asked about stays in the study.

        >>> Asked({"a": 10}, 5, 5, finished=True).widened(Asked({"a": 20, "b": 3}, 2, 9)).conditions
        {'a': 20, 'b': 3}
        """
        if before is None:
            return self
        names = sorted({*self.conditions, *before.conditions})
        return Asked(
            {name: max(self.conditions.get(name, 0), before.conditions.get(name, 0)) for name in names},
            max(self.identical, before.identical),
            max(self.positive, before.positive),
            self.finished,
            self.ahead,
        )

    def holds(self, role: str, condition: str, place: int, *, ahead: bool = False) -> bool:
        """Whether a pair is among them, or among those ahead of them."""
        if self.finished:
            return False
        further = self.ahead.get(condition, 0) if ahead else 0
        most = {
            "identical": self.identical,
            "positive": self.positive,
            "study": self.conditions.get(condition, 0) + further,
        }
        return role not in most or place < most[role]

    @property
    def with_ahead(self) -> Mapping[str, int]:
        """The study pairs of each condition, those ahead among them."""
        return {name: count + self.ahead.get(name, 0) for name, count in self.conditions.items()}


def keep_asked(session: Session, found: Asked | None) -> None:
    """Ask about these pairs alone from now on; None for all of them."""
    if found is None:
        drop_fact(session, ASKED)
    else:
        keep_fact(session, ASKED, asdict(found))
    session.flush()  # who asks next in this transaction should know


def asked_so_far(session: Session) -> Asked | None:
    """Which pairs may be asked about; None where that is all of them."""
    kept = fact(session, ASKED)
    return None if kept is None else Asked(**kept)  # type: ignore[arg-type]


def closed_pairs(session: Session) -> frozenset[str]:
    """Pairs that nobody is asked about: those that are not asked about yet, and all once everything is decided."""
    found = asked_so_far(session)
    if found is None:
        return frozenset()
    asked = PairRow.role.in_(ASKED_ROLES)
    closed = asked if found.finished else and_(asked, ~_holds(found, found.with_ahead))
    return frozenset(session.scalars(select(PairRow.pair_id).where(closed)))


def pairs_not_asked_yet(session: Session) -> frozenset[str]:
    """Pairs that the decision has not wanted so far, also once it wants none any more."""
    found = asked_so_far(session)
    if found is None:
        return frozenset()
    late = and_(PairRow.role.in_(ASKED_ROLES), ~_holds(found, found.conditions))
    return frozenset(session.scalars(select(PairRow.pair_id).where(late)))


def spare_pairs(session: Session) -> frozenset[str]:
    """Pairs that are asked about only where a HIT has room left: the decision does not want them yet."""
    found = asked_so_far(session)
    if found is None or found.finished or not any(found.ahead.values()):
        return frozenset()
    spare = and_(PairRow.role == "study", ~_holds(found, found.conditions), _holds(found, found.with_ahead))
    return frozenset(session.scalars(select(PairRow.pair_id).where(spare)))


#: Every answer asks it, so it is one statement, which is put together once.
_WHETHER = (
    select(PairRow.role, PairRow.condition, PairRow.place, FactRow.value)
    .outerjoin(FactRow, FactRow.name == ASKED)
    .where(PairRow.pair_id == bindparam("pair_id"))
)


def is_closed(session: Session, pair_id: str) -> bool:
    """Whether nobody is asked about a pair, so that a judgment of it comes late."""
    row = session.execute(_WHETHER, {"pair_id": pair_id}).one_or_none()
    if row is None or row.value is None or row.role not in ASKED_ROLES:
        return False
    kept: Any = row.value
    return not Asked(**kept).holds(row.role, row.condition, row.place, ahead=True)


def _holds(found: Asked, conditions: Mapping[str, int]) -> ColumnElement[bool]:
    of_condition = case(dict(conditions), value=PairRow.condition, else_=0) if conditions else literal(0)
    return or_(
        and_(PairRow.role == "study", PairRow.place < of_condition),
        and_(PairRow.role == "identical", PairRow.place < found.identical),
        and_(PairRow.role == "positive", PairRow.place < found.positive),
    )
