"""Aggregator: a way to turn the votes of several workers into one label a task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, TypeAlias, final, get_args

import numpy as np
import pandas as pd

from analysis.em import Coded, Codes, Shares
from analysis.votes import Vote
from hits.judgment import Answer

#: Votes as a table with the columns task, worker, label (and condition, where it is known); or one by one.
Votes: TypeAlias = pd.DataFrame | Iterable[Vote]

NEAR = 1e-9  # a probability this close to a half is a tie: sums of floats come no closer


class VotesRefused(ValueError):
    """Votes that no aggregator can use: what was found, and what to do."""


class Aggregator(ABC):
    """Votes in, labels out.

    A variant promises: every task with a vote gets a label, same or different; a tie is different (what half of the
    people hear as a change is not a safe change); the order of the votes and the names of the workers change nothing;
    the votes themselves stay as they were.
    """

    #: Whether a label follows from how often its condition changes, so that nothing can be tested on it.
    leans_on_conditions: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The variant's name, as people type it: that of its file."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @final
    def fit_predict(self, votes: Votes) -> pd.Series[str]:
        """The label of each task, "same" or "different" (a category), by task, in the order of their first votes.

        Args:
            votes: a table with the columns task, worker and label, or an iterable of `Vote`. A column condition helps
                those variants that learn from a task's condition; without it all tasks have the same.

        Raises:
            VotesRefused: a label is neither same nor different, a worker votes twice on a task, or a task has two
                conditions.
        """
        said, names = coded(votes)
        changed = self._changed(said) >= 0.5 - NEAR
        labels = pd.Categorical.from_codes(changed.astype(np.int8), categories=pd.Index(["same", "different"]))
        return pd.Series(labels, index=names, name="label")

    @final
    def fit_predict_share(self, votes: Votes) -> pd.Series[float]:
        """How much speaks for different, by task, 0..1: a share of votes, or a probability.

        Raises:
            VotesRefused: as for `fit_predict`.
        """
        said, names = coded(votes)
        return pd.Series(self._changed(said), index=names, name="share")

    @abstractmethod
    def _changed(self, said: Coded) -> Shares:
        """How much speaks for different, 0..1, shape (tasks,); a half or more is labelled different."""


def coded(votes: Votes) -> tuple[Coded, pd.Index[str]]:
    """Votes as numbers, and the names of the tasks in the order in which they first appear.

    Raises:
        VotesRefused: as for `Aggregator.fit_predict`.
    """
    table = votes if isinstance(votes, pd.DataFrame) else pd.DataFrame(list(votes), columns=Vote._fields)
    unknown = sorted(set(table["label"].unique()) - set(get_args(Answer)))
    if unknown:
        raise VotesRefused(f"found the labels {', '.join(map(repr, unknown))}; a vote says same or different")
    tasks, names = pd.factorize(table["task"])
    names = pd.Index(names, name="task")
    workers, people = pd.factorize(table["worker"])
    votes = np.sort(tasks * len(people) + workers)
    if (votes[1:] == votes[:-1]).any():
        twice = table[table.duplicated(["task", "worker"])].iloc[0]
        raise VotesRefused(
            f"worker {twice['worker']!r} votes twice on task {twice['task']!r}; keep one vote a worker and task"
        )
    different = (table["label"] == "different").to_numpy(dtype=np.bool_)
    return Coded(tasks, workers, different, _conditions(table, tasks, len(names))), names


def _conditions(table: pd.DataFrame, tasks: Codes, count: int) -> Codes:
    """The number of each task's condition, shape (tasks,)."""
    found = np.zeros(count, np.intp)
    if "condition" in table:
        codes = pd.factorize(table["condition"])[0]
        found[tasks] = codes
        torn = np.flatnonzero(found[tasks] != codes)
        if len(torn):
            raise VotesRefused(f"task {table['task'].iloc[torn[0]]!r} has two conditions; a task has one")
    return found
