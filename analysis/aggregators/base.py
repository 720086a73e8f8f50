"""Aggregator: a way to turn the votes of several workers into one label a task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TypeAlias, final, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.votes import Vote
from hits.judgment import Answer

#: Votes as a table with the columns task, worker, label; or one by one.
Votes: TypeAlias = pd.DataFrame | Iterable[Vote]
Codes: TypeAlias = npt.NDArray[np.intp]
Truths: TypeAlias = npt.NDArray[np.bool_]


class VotesRefused(ValueError):
    """Votes that no aggregator can use: what was found, and what to do."""


class Aggregator(ABC):
    """Votes in, labels out.

    A variant promises: every task with a vote gets a label, same or different; the order of the votes and the names
    of the workers change nothing; the votes themselves stay as they were.
    """

    @property
    def name(self) -> str:
        """The variant's name, as people type it: that of its file."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @final
    def fit_predict(self, votes: Votes) -> dict[str, Answer]:
        """The label of each task, in the order in which the tasks first appear.

        Args:
            votes: a table with the columns task, worker and label, or an iterable of `Vote`.

        Raises:
            VotesRefused: a label is neither same nor different, or a worker votes twice on a task.
        """
        table = votes if isinstance(votes, pd.DataFrame) else pd.DataFrame(list(votes), columns=Vote._fields)
        unknown = sorted(set(table["label"].unique()) - set(get_args(Answer)))
        if unknown:
            raise VotesRefused(f"found the labels {', '.join(map(repr, unknown))}; a vote says same or different")
        tasks, names = pd.factorize(table["task"])
        workers, people = pd.factorize(table["worker"])
        if pd.Series(tasks * len(people) + workers).duplicated().any():  # by hash: sorting takes thirty times as long
            twice = table[table.duplicated(["task", "worker"])].iloc[0]
            raise VotesRefused(
                f"worker {twice['worker']!r} votes twice on task {twice['task']!r}; keep one vote a worker and task"
            )
        different = (table["label"] == "different").to_numpy(dtype=np.bool_)
        labels = self._different(tasks, workers, different)
        words: list[Answer] = ["different" if changed else "same" for changed in labels.tolist()]
        return dict(zip(names.tolist(), words, strict=True))

    @abstractmethod
    def _different(self, tasks: Codes, workers: Codes, different: Truths) -> Truths:
        """Which tasks are labelled different.

        Args:
            tasks: shape (votes,), the number of each vote's task, 0..tasks-1.
            workers: shape (votes,), the number of each vote's worker.
            different: shape (votes,), whether the vote says different.

        Returns:
            Shape (tasks,).
        """
