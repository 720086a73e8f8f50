"""Compressed time: a clock that jumps from one thing that happens to the next, and the order in which they happen."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from threading import Lock

TICK = timedelta(microseconds=1)


class SimulatedClock:
    """A clock that stands where it was set, but for a tick with each look: so nothing happens at the same moment."""

    def __init__(self, begin: datetime) -> None:
        self._now = begin
        self._lock = Lock()

    def __call__(self) -> datetime:
        """What time it is, in UTC."""
        with self._lock:
            self._now += TICK
            return self._now

    def advance_to(self, moment: datetime) -> None:
        """Go on to a moment; never back."""
        with self._lock:
            self._now = max(self._now, moment)


@dataclass(order=True)
class _Due:
    """Somebody's next step, and when it comes."""

    at: datetime
    number: int
    steps: Generator[float, None, object] = field(compare=False)


class Schedule:
    """What several do at the same time, one step after the other: each says how many seconds pass before the next.

    Args:
        clock: is set to the moment of each step before it is taken.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._due: list[_Due] = []
        self._added = 0

    def add(self, steps: Generator[float, None, object], after_s: float = 0.0) -> None:
        """Somebody begins, so many seconds from now."""
        self._added += 1
        heappush(self._due, _Due(self._clock() + timedelta(seconds=after_s), self._added, steps))

    def run(self, is_over: Callable[[], bool]) -> None:
        """Take step after step until nobody has one left, or it is over; whoever is on the way then stops there."""
        try:
            while self._due and not is_over():
                due = heappop(self._due)
                self._clock.advance_to(due.at)
                pause_s = next(due.steps, None)
                if pause_s is not None:
                    due.at = self._clock() + timedelta(seconds=pause_s)
                    heappush(self._due, due)
        finally:
            for due in self._due:
                due.steps.close()
