"""The label that most workers gave (paper section 5.1)."""

from __future__ import annotations

import numpy as np

from analysis.aggregators.base import Aggregator, Codes, Truths


class MajorityVote(Aggregator):
    """Each worker counts the same; a tie is "different".

    The tie is settled on the side of caution: what half of the people hear as a change is not a safe change.

    >>> from analysis.votes import Vote
    >>> MajorityVote().fit_predict([Vote("p1", "w1", "same"), Vote("p1", "w2", "different")])
    {'p1': 'different'}
    """

    def _different(self, tasks: Codes, workers: Codes, different: Truths) -> Truths:  # noqa: ARG002
        votes = np.bincount(tasks)
        said_different = np.bincount(tasks, weights=different, minlength=len(votes))
        return 2 * said_different >= votes
