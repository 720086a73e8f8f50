"""A design on real judgments, as if they came anew: outcomes of pairs in the order of their opening, by rounds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.aggregators.base import Aggregator
from analysis.certification.controls import Controls
from analysis.certification.state import Bools, Outcomes, State
from analysis.designs.base import Design
from analysis.votes import Dimension, counted, labels_of, votes_of
from hits.vote_rules import ABSENT, VoteRule
from pipelines.clip import Role

#: Outcomes of pairs in the order of opening, shape (pairs, dimensions): 1 changed, 0 not, ABSENT while votes miss.
Opened: TypeAlias = npt.NDArray[np.int8]
JUDGED: tuple[Dimension, ...] = ("activation", "valence")
#: What a pair without enough votes counts as when nothing more will come.
Missing: TypeAlias = Literal["changed", "same"]


@dataclass(frozen=True)
class Pool:
    """How many pairs there are to ask about: of each condition, and of both kinds of controls."""

    conditions: tuple[int, ...]
    identical: int
    positive: int


@dataclass(frozen=True)
class PairOutcomes:
    """What a study has so far: the pairs of each condition and of both kinds of controls, as they were opened.

    The order is that of a pair's first judgment. Never that of its last: pairs that come out changed take more votes,
    so those that are done first are not a sample.
    """

    conditions: tuple[str, ...]
    studied: tuple[Opened, ...]  # one for each condition
    identical: Opened
    positive: Opened

    @property
    def pool(self) -> Pool:
        """All that was opened."""
        return Pool(tuple(map(len, self.studied)), len(self.identical), len(self.positive))

    def only(self, dimension: int) -> PairOutcomes:
        """The same of one dimension alone."""
        return PairOutcomes(
            self.conditions,
            tuple(rows[:, [dimension]] for rows in self.studied),
            self.identical[:, [dimension]],
            self.positive[:, [dimension]],
        )


def pair_outcomes(
    judgments: pd.DataFrame,
    votes: VoteRule,
    dimensions: Sequence[Dimension] = JUDGED,
    conditions: Sequence[str] = (),
    *,
    aggregator: Aggregator | None = None,
    waiting: Collection[str] = frozenset(),
) -> PairOutcomes:
    """The outcomes of a table of judgments.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        votes: when a pair has votes enough; later votes of it change nothing.
        dimensions: what may differ.
        conditions: their order; those of the table, by name, if not given. One without judgments has no pairs.
        aggregator: what pairs come to by its labels instead, as another analysis of the same judgments. It labels
            controls and conditions together, so that a label means the same in all of them.
        waiting: pairs whose outcome is not settled, whatever their votes say so far.
    """
    asked = judgments.loc[judgments["role"] == "study", "condition"]
    names = tuple(conditions) or tuple(sorted(str(name) for name in asked.unique()))
    roles: tuple[Role, ...] = ("study", "identical", "positive")
    said = _labels(judgments, roles, aggregator, dimensions) if aggregator else None
    (places, opened), (_, identical), (_, positive) = (
        _opened(counted(judgments, role), votes, dimensions, waiting)
        if said is None
        else _labelled(judgments, role, said)
        for role in roles
    )
    return PairOutcomes(names, tuple(opened[places == name] for name in names), identical, positive)


def replay(
    design: Design,
    state: State,
    found: PairOutcomes,
    *,
    ended: bool,
    pool: Pool | None = None,
    missing: Missing = "changed",
    on_round: Callable[[State], None] = lambda _state: None,
) -> State:
    """As many rounds as what was collected is complete for.

    A round waits until every pair in it has its votes, in the order of opening. So a state that is kept, or the very
    first one, leads to the same end, however often this is called and in whatever portions judgments came.

    Args:
        design: which also says what `found` was voted by.
        state: of one study, over the conditions of `found`.
        found: everything collected up to now.
        ended: nothing more will come; then no round waits.
        pool: how many pairs there are; if not given, what was opened, or more than are wanted while nothing has ended.
        missing: what pairs count as that lack votes at the end. "changed" counts against SAFE: such a pair of a
            condition is changed, such a control is not. "same" counts against UNSAFE, the other way round.
        on_round: is given the state after each round.
    """
    there = pool or (found.pool if ended else _endless(len(found.studied)))
    while not state.finished.all():
        asked = _asked(design, state, found, there)
        if not ended and asked.waits(state):
            return state
        state = design.advance(state, asked.outcomes(missing))
        on_round(state)
    return state


def _endless(conditions: int) -> Pool:
    return Pool((sys.maxsize,) * conditions, sys.maxsize, sys.maxsize)


@dataclass(frozen=True)
class _Asked:
    """The pairs of one round, as far as there are any."""

    takes: list[Opened]
    kinds: list[Opened]
    wanted: list[int]  # of each condition and kind, no more than the pool still holds
    dry: Bools  # conditions that can't give what the design wants
    dry_controls: bool

    def waits(self, state: State) -> bool:
        """Whether a pair that is wanted, or an outcome of it, is not there yet."""
        rows = [*self.takes, *self.kinds]
        if any(len(row) < n for row, n in zip(rows, self.wanted, strict=True)):
            return True
        open_ = [*state.open[0], *[np.ones(state.open.shape[2], np.bool_)] * 2]
        return any(bool(((row == ABSENT) & which).any()) for row, which in zip(rows, open_, strict=True))

    def outcomes(self, missing: Missing) -> Outcomes:
        """What came of them; those without votes enough count as `missing` says."""
        study, control = (1, 0) if missing == "changed" else (0, 1)
        pairs = np.array([[[len(take)] * take.shape[1] for take in self.takes]])
        changed = np.array([[(np.where(take == ABSENT, study, take) == 1).sum(axis=0) for take in self.takes]])
        counts = [
            each
            for kind in self.kinds
            for each in (
                np.full((1, kind.shape[1]), len(kind)),
                (np.where(kind == ABSENT, control, kind) == 1).sum(axis=0)[None],
            )
        ]
        return Outcomes(pairs, changed, Controls(*counts), self.dry[None], np.array([self.dry_controls]))


def _asked(design: Design, state: State, found: PairOutcomes, pool: Pool) -> _Asked:
    wanted = design.wants(state)
    used = [int(n) for n in state.opened[0]]
    used_controls = [int(state.controls.identical.max()), int(state.controls.positive.max())]
    left = [there - n for there, n in zip(pool.conditions, used, strict=True)]
    left_controls = [pool.identical - used_controls[0], pool.positive - used_controls[1]]
    due = [int(n) for n in wanted.pairs[0]]
    due_controls = [int(wanted.identical[0]), int(wanted.positive[0])]
    asked = [min(n, max(0, more)) for n, more in zip([*due, *due_controls], [*left, *left_controls], strict=True)]
    rows = [*found.studied, found.identical, found.positive]
    taken = [row[at : at + n] for row, at, n in zip(rows, [*used, *used_controls], asked, strict=True)]
    dry = np.array([len(take) < n for take, n in zip(taken[:-2], due, strict=True)])
    dry_controls = any(len(kind) < n for kind, n in zip(taken[-2:], due_controls, strict=True))
    return _Asked(taken[:-2], taken[-2:], asked, dry, dry_controls)


#: The condition of each pair in the order of opening, and what it comes to.
InOrder: TypeAlias = tuple[npt.NDArray[np.object_], Opened]


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["submitted_at", "judgment_id"], kind="stable")


def _opened(rows: pd.DataFrame, votes: VoteRule, dimensions: Sequence[Dimension], waiting: Collection[str]) -> InOrder:
    if rows.empty:
        return np.empty(0, object), np.empty((0, len(dimensions)), np.int8)
    ordered = _in_order(rows)
    pairs, names = pd.factorize(ordered["pair_id"])
    turn = ordered.groupby("pair_id", sort=False).cumcount().to_numpy()
    said = np.full((len(names), len(dimensions)), ABSENT, np.int8)
    for column, dimension in enumerate(dimensions):
        table = np.full((len(names), int(turn.max()) + 1), ABSENT, np.int8)
        table[pairs, turn] = (labels_of(ordered, dimension) == "different").to_numpy()
        said[:, column] = votes.settled(table)
    if waiting:
        said[names.isin(list(waiting))] = ABSENT
    return ordered.loc[turn == 0, "condition"].to_numpy(object), said


def _labels(
    judgments: pd.DataFrame, roles: Sequence[Role], aggregator: Aggregator, dimensions: Sequence[Dimension]
) -> pd.DataFrame:
    """Whether each pair is labelled different, a column a dimension; by pair."""
    columns = []
    for name in dimensions:
        labels = aggregator.fit_predict(pd.concat([votes_of(judgments, name, role) for role in roles]))
        columns.append(pd.Series(np.asarray(labels == "different", np.int8), labels.index, name=str(name)))
    return pd.concat(columns, axis=1)


def _labelled(judgments: pd.DataFrame, role: Role, said: pd.DataFrame) -> InOrder:
    first = _in_order(counted(judgments, role)).drop_duplicates("pair_id")
    found: Opened = said.reindex(first["pair_id"]).to_numpy(np.int8)
    return first["condition"].to_numpy(object), found
