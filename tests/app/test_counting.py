"""Requests are counted in windows that end, and what ended is forgotten."""

from __future__ import annotations

import pytest

from app import counting
from app.counting import CountsOfThisProcess


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is, to be set."""
    at = [1000.0]
    monkeypatch.setattr(counting.time, "time", lambda: at[0])
    return at


def test_a_window_begins_with_the_first_and_ends_for_all_of_them(clock: list[float]) -> None:
    counts = CountsOfThisProcess()
    assert [counts.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    clock[0] += 59
    assert (counts.incr("a", 60), counts.get("a"), counts.get_expiry("a")) == (4, 4, 1060.0)
    clock[0] += 2
    assert (counts.get("a"), counts.get_expiry("a")) == (0, 1061.0)
    assert counts.incr("a", 60) == 1
    assert counts.get_expiry("a") == 1121.0


def test_what_ended_is_let_go_of_and_what_runs_is_kept(clock: list[float]) -> None:
    counts = CountsOfThisProcess()
    for number in range(50):
        counts.incr(f"gone-{number}", 10)
    counts.incr("long", 600)
    clock[0] += counting.SWEEP_S + 1
    counts.incr("new", 10)
    assert counts.reset() == 2  # keys


def test_a_key_is_cleared_alone(clock: list[float]) -> None:
    counts = CountsOfThisProcess()
    counts.incr("a", 60)
    counts.incr("b", 60, amount=5)
    counts.clear("a")
    assert (counts.get("a"), counts.get("b"), counts.check()) == (0, 5, True)
