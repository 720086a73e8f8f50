"""What a sequential decision has come to so far, kept for the pages; and the judgments that count for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.clock import now_of
from app.store.events import drop_fact, fact, keep_fact
from app.store.standing import confirmed, may_count
from app.tables import AssignmentRow, JudgmentRow, PairRow, WorkerRow
from hits.judgment import ASKED_ROLES

SO_FAR = "following"  # as databases have it


@dataclass(frozen=True)
class ConditionSoFar:
    """Where a condition stands under a sequential design.

    Attributes:
        pairs: that the decision has used.
        open: whether it gets more of them.
        verdict: SAFE, UNSAFE or UNDECIDED, by these pairs.
        since: when it was closed, as an ISO time; None while it is open.
    """

    condition: str
    pairs: int
    open: bool
    verdict: str
    since: str | None = None

    @property
    def sentence(self) -> str:
        """What it has come to, for a person to read."""
        pairs = "1 pair" if self.pairs == 1 else f"{self.pairs} pairs"
        if self.open:
            return f"{self.condition} is open after {pairs}"
        word = "stays" if self.verdict == "UNDECIDED" else "is"
        return f"{self.condition} {word} {self.verdict} after {pairs}"


@dataclass(frozen=True)
class DecisionSoFar:
    """What was worked out last.

    Attributes:
        token: of everything that it was worked out from.
        terms: of what it was worked out from beside the judgments: settings, and pairs that there are.
        rounds: that are complete.
        finished: nothing more is asked.
    """

    token: str
    terms: str
    rounds: int
    finished: bool
    conditions: tuple[ConditionSoFar, ...]

    @property
    def closed(self) -> int:
        """How many conditions get no more pairs."""
        return sum(not one.open for one in self.conditions)


def decision_so_far(session: Session) -> DecisionSoFar | None:
    """What a sequential decision has come to so far; None where the study's is none, or has not begun."""
    kept: dict[str, Any] | None = fact(session, SO_FAR)
    if kept is None:
        return None
    return DecisionSoFar(**{**kept, "conditions": tuple(ConditionSoFar(**one) for one in kept["conditions"])})


def keep_decision_so_far(session: Session, found: DecisionSoFar | None) -> None:
    """Keep it, in place of what was; None where the study is not sequential."""
    if found is None:
        drop_fact(session, SO_FAR)
    else:
        keep_fact(session, SO_FAR, asdict(found))


#: The columns of `judgments_that_count`, by their names in judgments.csv.
COLUMNS = ("judgment_id", "pair_id", "condition", "role", "activation", "valence", "submitted_at", "handed_in")


def judgments_that_count(session: Session) -> Sequence[tuple[Any, ...]]:
    """The judgments that a decision rests on, as they came: used and in time, of study pairs and controls.

    Those that were not handed in yet are among them: their pairs have to wait, since whoever hears a change answers
    more questions and hands in later.
    """
    said = JudgmentRow
    query = (
        select(
            said.judgment_id,
            said.pair_id,
            PairRow.condition,
            said.role,
            said.activation,
            said.valence,
            said.submitted_at,
            confirmed(),
        )
        .join(PairRow, PairRow.pair_id == said.pair_id)
        .join(WorkerRow, WorkerRow.worker == said.worker)
        .join(AssignmentRow, AssignmentRow.assignment_id == said.assignment_id)
        .where(WorkerRow.trusted, may_count(now_of(session)), said.late.is_(False), said.role.in_(ASKED_ROLES))
        .order_by(said.submitted_at, said.judgment_id)
    )
    return [tuple(row) for row in session.execute(query)]


def waiting_for_hand_in(session: Session) -> int:
    """How many judgments are not handed in and still may be; time alone changes it."""
    query = (
        select(func.count())
        .select_from(JudgmentRow)
        .join(AssignmentRow, AssignmentRow.assignment_id == JudgmentRow.assignment_id)
        .where(may_count(now_of(session)), ~confirmed())
    )
    return session.scalar(query) or 0
