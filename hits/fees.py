"""What platforms take for themselves on top of what workers get: each by its own rule."""

from __future__ import annotations

from math import ceil
from typing import Literal, TypeAlias

#: Whose rule: nobody's, MTurk's, or Prolific's for either kind of account. Our own marketplace takes nothing.
Fees: TypeAlias = Literal["none", "mturk", "prolific-academic", "prolific-corporate"]

PERCENT: dict[Fees, float] = {"none": 0.0, "mturk": 20.0, "prolific-academic": 33.3, "prolific-corporate": 42.8}
MANY_ASSIGNMENTS = 10  # from so many a HIT, MTurk takes another 20 % of each reward
MANY_PERCENT = 20.0


def percent_fee_minor(amount_minor: int, percent: float) -> int:
    """A share of an amount, rounded up: at least one minor unit where there is a share at all.

    >>> percent_fee_minor(32, 20.0), percent_fee_minor(1, 20.0), percent_fee_minor(1, 0.0)
    (7, 1, 0)
    """
    if amount_minor == 0 or percent == 0:
        return 0
    return max(1, ceil(round(amount_minor * percent / 100, 6)))


def reward_percent(fees: Fees, percent: float, assignments: int) -> float:
    """The share of a reward that goes to the platform, which on MTurk depends on the HIT's number of assignments.

    >>> reward_percent("mturk", 20.0, 9), reward_percent("mturk", 20.0, 10)
    (20.0, 40.0)
    """
    return percent + MANY_PERCENT if fees == "mturk" and assignments >= MANY_ASSIGNMENTS else percent
