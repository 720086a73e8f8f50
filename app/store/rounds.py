"""How long a worker gave to each round of the steps before the first trial, assignment by assignment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.tables import StepRow


def rounds_within(steps: Iterable[StepRow], accepted_at: datetime, over: datetime) -> tuple[float, ...]:
    """The seconds of each round between the beginning of an assignment and that of its worker's next.

    A round says its own seconds, or lasted since what came before it: the round before, the opening of the step, the
    beginning of the assignment. Rounds are noted in whole seconds.

    Args:
        steps: of the worker, in the order in which they were opened.
        accepted_at: when the assignment began.
        over: when the worker's next began; `datetime.max` in UTC where there is none.
    """
    begun, seconds = accepted_at.replace(microsecond=0), []
    for step in steps:
        since = accepted_at
        for found in step.found:
            at = datetime.fromisoformat(str(found["at"]))
            if begun <= at < over.replace(microsecond=0):
                told = found.get("seconds")
                lasted = at - (max(since, step.opened_at) if step.opened_at <= at else since)
                seconds.append(max(0.0, float(told) if isinstance(told, int | float) else lasted.total_seconds()))
                since = at
    return tuple(seconds)
