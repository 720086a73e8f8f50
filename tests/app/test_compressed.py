"""Compressed time: what happens comes in its order, and at its time."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta

from app.compressed import Schedule, SimulatedClock

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)


def test_who_pauses_shorter_comes_first_and_the_clock_says_when() -> None:
    clock, told = SimulatedClock(BEGIN), []

    def steps(name: str, pause_s: float) -> Generator[float, None, None]:
        for _ in range(2):
            told.append((name, round((clock() - BEGIN).total_seconds())))
            yield pause_s

    schedule = Schedule(clock)
    schedule.add(steps("slow", 3600))
    schedule.add(steps("fast", 60), after_s=10)
    schedule.run(lambda: False)
    assert told == [("slow", 0), ("fast", 10), ("fast", 70), ("slow", 3600)]


def test_nothing_happens_at_the_same_moment_and_no_time_comes_again() -> None:
    clock = SimulatedClock(BEGIN)
    seen = [clock(), clock()]
    clock.advance_to(BEGIN - timedelta(days=1))
    assert BEGIN < seen[0] < seen[1] < clock()


def test_whoever_is_on_the_way_when_it_is_over_is_stopped() -> None:
    clock, stopped = SimulatedClock(BEGIN), []

    def for_ever() -> Generator[float, None, None]:
        try:
            while True:
                yield 1.0
        finally:
            stopped.append(clock())

    schedule = Schedule(clock)
    schedule.add(for_ever())
    schedule.run(lambda: clock() > BEGIN + timedelta(seconds=5))
    assert len(stopped) == 1
