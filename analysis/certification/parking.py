"""Optimistic parking: whoever would be certified if all that are open were certified too gets no more pairs for now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int64]
#: Which hypotheses reach the threshold of k rejections: k of shape (studies,) gives (studies, hypotheses).
Reached: TypeAlias = Callable[[Ints], Bools]


def park(reached: Reached, hopeless: Bools, exhausted: Bools) -> tuple[Bools, Bools]:
    """Who is parked, and who is hopeless, now.

    With k = all that are not hopeless, a hypothesis is parked while it reaches the threshold of k. Whoever becomes
    hopeless lowers k, which may raise the threshold and open parked ones again. At the end, when everybody is parked
    or hopeless, those who are parked are exactly the step-up set.

    Args:
        reached: which hypotheses reach the threshold of k rejections.
        hopeless: shape (studies, hypotheses), those that never will.
        exhausted: those that may get no more pairs; hopeless unless they are parked.
    """
    while True:
        parked = reached((~hopeless).sum(axis=-1)) & ~hopeless
        lost = exhausted & ~parked & ~hopeless
        if not lost.any():
            return parked, hopeless
        hopeless = hopeless | lost
