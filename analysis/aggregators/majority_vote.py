"""The label that most workers gave (paper section 5.1)."""

from __future__ import annotations

from analysis.aggregators.base import Aggregator
from analysis.em import Coded, Shares


class MajorityVote(Aggregator):
    """Each worker counts the same; a tie is "different".

    >>> from analysis.votes import Vote
    >>> MajorityVote().fit_predict([Vote("p1", "w1", "same"), Vote("p1", "w2", "different")]).to_dict()
    {'p1': 'different'}
    """

    def _changed(self, said: Coded) -> Shares:
        return said.share_different()
