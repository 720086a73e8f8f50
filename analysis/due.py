"""Collection follows the decision: which pairs of a study should have been asked about by now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.certification.state import SAFE, UNSAFE, State
from analysis.design_of import design_of
from analysis.replay import JUDGED, Pool, pair_outcomes, replay
from analysis.rule import DecisionRule
from analysis.verdicts import Verdict
from hits.vote_rules import VoteRule

_WORDS: Mapping[int, Verdict] = {SAFE: "SAFE", UNSAFE: "UNSAFE"}


@dataclass(frozen=True)
class Supply:
    """How many pairs there are to ask about: by condition, and of both kinds of controls."""

    conditions: Mapping[str, int]
    identical: int
    positive: int


@dataclass(frozen=True)
class Reached:
    """Where a condition stands.

    Attributes:
        pairs: that the decision has used.
        open: whether it wants more of them.
        verdict: by these pairs; it may change while any condition is open, since all are judged together.
    """

    condition: str
    pairs: int
    open: bool
    verdict: Verdict


@dataclass(frozen=True)
class Due:
    """The pairs that should have been asked about by now, and what they have decided.

    Attributes:
        pairs: how many of each condition.
        ahead: how many more of it the round after this one would want, if the condition is still open then.
        identical: how many controls of the same sound.
        positive: how many controls with a real change.
        rounds: that are complete.
        finished: nothing more is wanted.
        conditions: where each of them stands, in the order of their names.
    """

    pairs: Mapping[str, int]
    ahead: Mapping[str, int]
    identical: int
    positive: int
    rounds: int
    finished: bool
    conditions: tuple[Reached, ...]


def due(
    judgments: pd.DataFrame,
    rule: DecisionRule,
    votes: VoteRule,
    supply: Supply,
    waiting: Collection[str] = frozenset(),
    made: Mapping[str, int] | None = None,
) -> Due:
    """What a sequential design wants asked, from the first round on: the same judgments give the same answer.

    A pair that was asked about in vain, since its workers are not used, is asked about again by others: its round is
    open until it has its votes.

    Args:
        judgments: those so far, with the columns that `analysis.replay.pair_outcomes` reads; none at the beginning.
        rule: the settings of the decision, of a sequential design.
        votes: when a pair has votes enough.
        supply: the pairs that there are.
        made: pairs of each condition that were made, for designs that plan for all of them; the supply if not given.
        waiting: pairs with a judgment that may or may not come to count; they hold their places, and their round.
    """
    names = tuple(sorted(supply.conditions))
    pool = Pool(tuple(supply.conditions[name] for name in names), supply.identical, supply.positive)
    known = made or {}
    planned_for = tuple(max(supply.conditions[name], known.get(name, 0)) for name in names)
    design = design_of(rule, votes, Pool(planned_for, supply.identical, supply.positive))
    found = pair_outcomes(judgments, votes, conditions=names, waiting=waiting)
    state = replay(design, design.start(len(names), dimensions=len(JUDGED)), found, ended=False, pool=pool)
    wanted = design.wants(state)
    used, more = state.opened[0].tolist(), wanted.pairs[0].tolist()
    each = list(zip(names, used, more, pool.conditions, strict=True))
    controls = state.controls
    return Due(
        pairs={name: min(done + asked, there) for name, done, asked, there in each},
        ahead={name: min(asked, max(0, there - done - asked)) for name, done, asked, there in each},
        identical=min(int(controls.identical.max()) + int(wanted.identical[0]), pool.identical),
        positive=min(int(controls.positive.max()) + int(wanted.positive[0]), pool.positive),
        rounds=int(state.rounds[0]),
        finished=bool(state.finished[0]),
        conditions=tuple(_standing(state, place, name) for place, name in enumerate(names)),
    )


def _standing(state: State, place: int, name: str) -> Reached:
    return Reached(
        condition=name,
        pairs=int(state.opened[0, place]),
        open=bool(state.open[0, place].any()),
        verdict=_WORDS.get(int(state.verdict[0, place]), "UNDECIDED"),
    )
