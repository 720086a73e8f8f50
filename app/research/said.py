"""What people said of the pairs of one condition in one role: its figures, and every pair with its votes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from analysis.aggregators.majority_vote import MajorityVote
from analysis.agreement import Agreement, agreements
from analysis.ratios import Ratio, ratios
from analysis.replay import JUDGED
from analysis.verdicts import Decision, Verdict
from analysis.votes import Dimension, counted, votes_of
from app.store.pairs import PairFacts
from hits.judgment import RATED, Answer
from pipelines.clip import Role

Row = Mapping[str, Any]

#: Every column of a condition's pairs as a file, in the order in which they are written.
COLUMNS = (
    "pair_id",
    "clip_id",
    "condition",
    "role",
    "judgments",
    "votes",
    "activation_different",
    "activation",
    "valence_different",
    "valence",
    "dispute",
)


@dataclass(frozen=True)
class Vote:
    """One judgment of a pair, as a row of judgments.csv, and why it has no say; empty where it has."""

    row: Row
    left_out: str


@dataclass(frozen=True)
class PairSaid:
    """A pair and all that was said of it.

    Attributes:
        votes: how many judgments count.
        different: of them, how many say so, by dimension.
        label: what the votes come to, by dimension; nothing where none counts.
    """

    pair: PairFacts
    judgments: tuple[Vote, ...]
    votes: int
    different: Mapping[str, int]
    label: Mapping[Dimension, Answer]

    @property
    def dispute(self) -> float:
        """How far votes are apart where they are furthest: 0 where all agree, 1 where half say so and half not."""
        if not self.votes:
            return 0.0
        return max(1 - abs(2 * count / self.votes - 1) for count in self.different.values())

    @property
    def share_different(self) -> float:
        """How many of the votes say different, in the dimension where most do; 0..1."""
        return max(self.different.values()) / self.votes if self.votes else 0.0

    def as_row(self) -> dict[str, object]:
        """The pair as a row of a file."""
        return {
            "pair_id": self.pair.pair_id,
            "clip_id": self.pair.clip_id,
            "condition": self.pair.condition,
            "role": self.pair.role,
            "judgments": len(self.judgments),
            "votes": self.votes,
            **{f"{name}_different": count for name, count in self.different.items()},
            **{str(name): self.label.get(name) for name in JUDGED},
            "dispute": round(self.dispute, 4),
        }


@dataclass(frozen=True)
class Question:
    """One dimension of a condition: votes that count, pairs, ratio with limits, agreement.

    Attributes:
        decision: the verdict in this dimension as it stands now; none of controls and checks.
    """

    dimension: str
    same: int
    different: int
    counted: Ratio
    agreed: Agreement
    decision: Verdict | None


@dataclass(frozen=True)
class Said:
    """A condition in one role.

    Attributes:
        decision: its verdict as it stands now; only that of the role study says anything.
    """

    pairs: tuple[PairSaid, ...]
    decision: Decision | None
    questions: tuple[Question, ...]

    @property
    def votes(self) -> int:
        """How many judgments count."""
        return sum(one.votes for one in self.pairs)

    @property
    def judged(self) -> int:
        """How many pairs have a vote that counts."""
        return sum(one.votes > 0 for one in self.pairs)


#: How pairs can be put in order: by name, the words for it and what is least of the first. Ties by pair.
ORDERS: dict[str, tuple[str, Callable[[PairSaid], tuple[float, ...]]]] = {
    "disputed": ("the most disputed first", lambda one: (-one.dispute, -one.votes)),
    "different": ("most often called different first", lambda one: (-one.share_different,)),
    "votes": ("the most votes first", lambda one: (-one.votes,)),
    "pair": ("by pair", lambda _: ()),
}


def said_of(pairs: Iterable[PairFacts], rows: Iterable[Row], role: Role, decision: Decision | None = None) -> Said:
    """Put together what was said.

    Args:
        pairs: of one condition.
        rows: the judgments of that condition, as rows of judgments.csv.
        role: of the pairs that are wanted; what was said of others, or of these when asked again, does not count.
        decision: on the condition, from all judgments of the study; it says something of the role study alone.
    """
    wanted = [one for one in pairs if one.role == role]
    ids = {one.pair_id for one in wanted}
    of_them = [row for row in rows if row["pair_id"] in ids]
    table = pd.DataFrame(of_them)
    if table.empty:
        return Said(tuple(PairSaid(one, (), 0, dict.fromkeys(JUDGED, 0), {}) for one in wanted), None, ())
    table[list(RATED)] = table[list(RATED)].astype(float)  # where nobody rated, too
    own = decision if role == "study" else None
    return Said(_pairs(wanted, of_them, table, role), own, _questions(table, own, role))


def in_order(pairs: Sequence[PairSaid], order: str) -> list[PairSaid]:
    """Pairs in one of the orders."""
    _, least = ORDERS[order]
    return sorted(pairs, key=lambda one: (least(one), one.pair.pair_id))


def _pairs(wanted: Sequence[PairFacts], rows: Iterable[Row], table: pd.DataFrame, role: Role) -> tuple[PairSaid, ...]:
    judgments: dict[str, list[Vote]] = {one.pair_id: [] for one in wanted}
    for row in rows:
        judgments[row["pair_id"]].append(Vote(row, _left_out(row, role)))
    votes = {name: votes_of(table, name, role) for name in JUDGED}
    label = {
        name: cast("dict[str, Answer]", MajorityVote().fit_predict(each).to_dict()) for name, each in votes.items()
    }
    return tuple(_pair(one, judgments[one.pair_id], label) for one in wanted)


def _pair(pair: PairFacts, judgments: Sequence[Vote], label: Mapping[Dimension, Mapping[str, Answer]]) -> PairSaid:
    counting = [one.row for one in judgments if not one.left_out]
    return PairSaid(
        pair,
        tuple(judgments),
        len(counting),
        {name: sum(row[name] == "different" for row in counting) for name in JUDGED},
        {name: label[name][pair.pair_id] for name in JUDGED} if counting else {},
    )


def _questions(table: pd.DataFrame, decision: Decision | None, role: Role) -> tuple[Question, ...]:
    found = {one.dimension: one for one in ratios(table, MajorityVote(), role)}
    if not found:
        return ()
    votes = counted(table, role)
    agreed = {one.question: one for one in agreements(table, role=role, draws=0)}
    different = {name: int((votes[name] == "different").sum()) for name in JUDGED}
    said = {part.dimension: part.decision for part in decision.parts} if decision else {}
    return tuple(
        Question(name, len(votes) - different[name], different[name], found[name], agreed[name], said.get(name))
        for name in JUDGED
    )


def _left_out(row: Row, role: Role) -> str:
    if row["role"] != role:
        return "asked again" if row["role"] == "repeat" else str(row["role"])
    if row["late"]:
        return "came late"
    return "" if row["used"] else "not used"
