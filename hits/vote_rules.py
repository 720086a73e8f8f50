"""How many votes a pair gets, and what they come to: a lead of some votes, or a majority."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias, final

import numpy as np
import numpy.typing as npt

Votes: TypeAlias = npt.NDArray[np.int8]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

#: A vote that was not given, in an array of votes; 1 says different, 0 same.
ABSENT = -1


@dataclass(frozen=True)
class Tally:
    """The votes of a pair in one dimension, with the lowest and highest lead of "different" on the way to them."""

    different: int
    same: int
    lowest: int = 0
    highest: int = 0


class VoteRule(ABC):
    """When a pair has votes enough, and whether it then counts as changed.

    A variant promises: what it says depends on the votes in the order of time alone, never asks for more than `most`,
    and, once it is said, further votes change nothing.
    """

    most: int

    @abstractmethod
    def _step(self, different: int, same: int) -> bool | None:
        """Changed, not changed, or None while another vote is wanted."""

    @final
    def outcome(self, votes: Sequence[bool]) -> bool | None:
        """What the votes of a pair come to; True is "different". None: another vote is wanted.

        >>> LeadRule(3, 5).outcome([True, True, True]), LeadRule(3, 5).outcome([False]), LeadRule(3, 5).outcome([True])
        (True, False, None)
        """
        different = same = 0
        for vote in [None, *votes]:
            different, same = different + (vote is True), same + (vote is False)
            said = self._step(different, same)
            if said is not None:
                return said
        return None

    @final
    def outcomes(self, votes: Votes) -> tuple[Bools, Bools, npt.NDArray[np.intp]]:
        """The same for many pairs at once.

        Args:
            votes: shape (pairs, votes) in the order of time: 1 different, 0 same, ABSENT after the last one.

        Returns:
            Three arrays of shape (pairs,): whether the pair is changed (False while open), whether it is decided,
            and how many of its votes were needed.
        """
        table = table_of(self)
        different, same = np.zeros(len(votes), np.intp), np.zeros(len(votes), np.intp)
        said = np.full(len(votes), table[0, 0])
        for column in votes.T[: self.most]:
            live = (said == ABSENT) & (column != ABSENT)
            different += live & (column == 1)
            same += live & (column == 0)
            said = np.where(live, table[different, same], said)
        return said == 1, said != ABSENT, different + same

    @final
    def missing(self, tally: Tally) -> int:
        """Further votes that a pair needs at least before the rule says anything; 0 where it has said it.

        >>> rule = LeadRule(3, 7)
        >>> rule.missing(Tally(0, 0)), rule.missing(Tally(1, 0, 0, 1)), rule.missing(Tally(3, 1, -1, 2))
        (1, 2, 0)
        """
        if self._said_before(tally):
            return 0
        return _missing(self, tally.different, tally.same)

    def _said_before(self, tally: Tally) -> bool:  # noqa: ARG002 - most rules see from the votes whether they said it
        """Whether something was said on the way to these votes that the votes alone do not show."""
        return False

    @final
    def settled(self, votes: Votes) -> Votes:
        """What many pairs come to: 1 changed, 0 not, ABSENT where another vote is wanted; votes as of `outcomes`."""
        changed, decided, _ = self.outcomes(votes)
        return np.where(decided, changed, ABSENT).astype(np.int8)

    @final
    def decided_within(self, votes: int, share: float) -> float:
        """The chance that so many votes are enough, where each says different with probability `share`.

        >>> round(MajorityRule(3, curtailed=True).decided_within(2, 0.5), 3)
        0.5
        """
        return 1 - sum(self.walk(share)[1][votes : votes + 1])

    @final
    def expect(self, share: float) -> tuple[float, float]:
        """P(changed) and the mean number of votes where each vote says different with probability `share`.

        >>> changed, votes = LeadRule(3, 5).expect(0.805)
        >>> round(changed, 3), round(votes, 2)
        (0.685, 3.07)
        """
        changed, going = self.walk(share)
        return changed, sum(going)

    @final
    def walk(self, share: float, likeness: float = 0.0) -> tuple[float, tuple[float, ...]]:
        """P(changed), and the share of pairs that want another vote after 0, 1, 2, ... of them.

        Args:
            share: of votes that say different, 0..1.
            likeness: correlation of two votes on one pair (beta-binomial), 0..1: some pairs are harder than others.
        """
        table, open_ = table_of(self), {(0, 0): 1.0}  # (different, same) and how likely it is
        changed, going = 0.0, []
        for asked in range(self.most):
            going.append(sum(open_.values()))
            further: dict[tuple[int, int], float] = {}
            for (different, same), here in open_.items():
                says = (share * (1 - likeness) + different * likeness) / (1 - likeness + asked * likeness)
                for votes, chance in (((different + 1, same), says), ((different, same + 1), 1 - says)):
                    if table[votes] == ABSENT:
                        further[votes] = further.get(votes, 0.0) + here * chance
                    else:
                        changed += here * chance * float(table[votes])
            open_ = further
        return changed, tuple(going)


@cache
def _missing(rule: VoteRule, different: int, same: int) -> int:
    reached, further = {(different, same)}, 0
    while all(rule._step(*votes) is None for votes in reached):
        reached = {following for i, j in reached for following in ((i + 1, j), (i, j + 1))}
        further += 1
    return further


@cache
def table_of(rule: VoteRule) -> Votes:
    """What a rule says after (different, same) votes."""
    size = range(rule.most + 2)
    said = [[rule._step(i, j) if i + j <= rule.most else False for j in size] for i in size]
    return np.array([[ABSENT if each is None else int(each) for each in row] for row in said], np.int8)


@dataclass(frozen=True)
class LeadRule(VoteRule):
    """Ask on while "different" leads by 0 or more and can still lead by `lead` votes; changed at that lead.

    It is Wald's test of one pair. Its outcomes are made for ratios: one changed pair in four or so is missed, so they
    are no labels of single pairs.
    """

    lead: int = 3
    most: int = 7

    def __str__(self) -> str:
        return f"lead {self.lead} of up to {self.most} votes"

    def _said_before(self, tally: Tally) -> bool:
        return tally.lowest < 0 or tally.highest >= self.lead

    def _step(self, different: int, same: int) -> bool | None:
        ahead = different - same
        if ahead >= self.lead:
            return True
        return False if ahead < 0 or ahead + self.most - different - same < self.lead else None


@dataclass(frozen=True)
class MajorityRule(VoteRule):
    """The paper's vote: what most of `most` say, a tie is changed; `curtailed` stops where nothing can change it."""

    most: int = 3
    curtailed: bool = False

    def __str__(self) -> str:
        return f"up to {self.most} votes" if self.curtailed else f"{self.most} {'vote' if self.most == 1 else 'votes'}"

    def _step(self, different: int, same: int) -> bool | None:
        if different + same >= self.most or (self.curtailed and max(2 * different + 1, 2 * same) > self.most):
            return 2 * different >= different + same
        return None


#: The rule of the cheapest designs: a lead of three votes, at most seven.
LEAD_3_OF_7 = LeadRule(3, 7)
LEAD_3_OF_5 = LeadRule(3, 5)
MAJORITY_OF_3 = MajorityRule(3)
