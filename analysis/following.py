"""A design follows real judgments: outcomes of pairs in the order in which they were opened, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.certification.controls import Controls
from analysis.designs.base import Design, Outcomes, State
from analysis.votes import Dimension, counted, labels_of
from hits.vote_rules import ABSENT, VoteRule
from pipelines.clip import Role

#: Outcomes of pairs in the order of opening, shape (pairs, dimensions): 1 changed, 0 not, ABSENT while votes miss.
Opened: TypeAlias = npt.NDArray[np.int8]
JUDGED: tuple[Dimension, ...] = ("activation", "valence")


@dataclass(frozen=True)
class Collected:
    """What a study has so far: the pairs of each condition and of both kinds of controls, as they were opened.

    The order is that of a pair's first judgment. Never that of its last: pairs that come out changed take more votes,
    so those that are done first are not a sample.
    """

    conditions: tuple[str, ...]
    studied: tuple[Opened, ...]  # one for each condition
    identical: Opened
    positive: Opened


def collected(
    judgments: pd.DataFrame, votes: VoteRule, dimensions: Sequence[Dimension] = JUDGED, conditions: Sequence[str] = ()
) -> Collected:
    """The outcomes of a table of judgments.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        votes: when a pair has votes enough; later votes of it change nothing.
        dimensions: what may differ.
        conditions: their order; those of the table, by name, if not given. One without judgments has no pairs.
    """
    asked = judgments.loc[judgments["role"] == "study", "condition"]
    names = tuple(conditions) or tuple(sorted(str(name) for name in asked.unique()))
    study = counted(judgments)
    studied = tuple(_opened(study[study["condition"] == name], votes, dimensions) for name in names)
    roles: tuple[Role, Role] = ("identical", "positive")
    return Collected(names, studied, *(_opened(counted(judgments, role), votes, dimensions) for role in roles))


def follow(design: Design, state: State, found: Collected, *, ended: bool) -> State:
    """As many rounds as what was collected is complete for.

    A round waits until every pair in it has its votes, in the order of opening. So a state that is kept, or the very
    first one, leads to the same end, however often this is called and in whatever portions judgments came.

    Args:
        design: which also says what `found` was voted by.
        state: of one study, over the conditions of `found`.
        found: everything collected up to now.
        ended: nothing more will come. Pairs without enough votes then count against SAFE: in a condition as changed,
            among controls as not changed.
    """
    while not state.finished.all():
        wanted = design.wants(state)
        used = state.pairs.max(axis=2)[0]
        takes = [rows[at : at + n] for rows, at, n in zip(found.studied, used, wanted.pairs[0], strict=True)]
        used_controls = int(state.controls.identical.max()), int(state.controls.positive.max())
        asked = int(wanted.identical[0]), int(wanted.positive[0])
        kinds = [
            rows[at : at + n]
            for rows, at, n in zip((found.identical, found.positive), used_controls, asked, strict=True)
        ]
        short = np.array([len(take) < n for take, n in zip(takes, wanted.pairs[0], strict=True)])
        short_of_controls = any(len(take) < n for take, n in zip(kinds, asked, strict=True))
        if not ended and (short.any() or short_of_controls or _waits(takes, state.open[0]) or _waits(kinds, None)):
            return state
        state = design.advance(state, _outcomes(takes, kinds, short, short_of_controls=short_of_controls))
    return state


def _outcomes(
    takes: Sequence[Opened], kinds: Sequence[Opened], short: npt.NDArray[np.bool_], *, short_of_controls: bool
) -> Outcomes:
    pairs = np.array([[[len(take)] * take.shape[1] for take in takes]])
    changed = np.array([[(take != 0).sum(axis=0) for take in takes]])
    counts = [
        each for kind in kinds for each in (np.full((1, kind.shape[1]), len(kind)), (kind == 1).sum(axis=0)[None])
    ]
    return Outcomes(pairs, changed, Controls(*counts), short[None], np.array([short_of_controls]))


def _waits(takes: Sequence[Opened], open_: npt.NDArray[np.bool_] | None) -> bool:
    """Whether an outcome that is wanted is not there yet."""
    wanted = [True] * len(takes) if open_ is None else list(open_)
    return any(bool(((take == ABSENT) & which).any()) for take, which in zip(takes, wanted, strict=True))


def _opened(rows: pd.DataFrame, votes: VoteRule, dimensions: Sequence[Dimension]) -> Opened:
    """Pairs by their first judgment, and what each comes to."""
    if rows.empty:
        return np.empty((0, len(dimensions)), np.int8)
    ordered = rows.sort_values(["submitted_at", "judgment_id"], kind="stable")
    pairs, names = pd.factorize(ordered["pair_id"])
    turn = ordered.groupby("pair_id", sort=False).cumcount().to_numpy()
    said = np.full((len(names), len(dimensions)), ABSENT, np.int8)
    for column, dimension in enumerate(dimensions):
        table = np.full((len(names), int(turn.max()) + 1), ABSENT, np.int8)
        table[pairs, turn] = (labels_of(ordered, dimension) == "different").to_numpy()
        changed, decided, _ = votes.outcomes(table)
        said[:, column] = np.where(decided, changed, ABSENT)
    return said
