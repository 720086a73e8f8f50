"""Figures of how carefully a worker listened, from judgments in the order in which they came."""

from __future__ import annotations

import pytest

from hits.quality_figures import LEAST_THINKING_S, Answered, figures_by_worker

SAME, DIFFERENT = ("same", "same"), ("different", "same")


def said(worker: str, pair: str, answers: tuple[str, str] = SAME, role: str = "study", **other: object) -> Answered:
    return Answered(worker, pair, role, answers, **{"clips_s": 4.0, "elapsed_s": 9.0, **other})  # type: ignore[arg-type]


def test_consistency_compares_a_repeat_with_the_first_answer() -> None:
    found = figures_by_worker([said("w", "p"), said("w", "q", DIFFERENT), said("w", "p", DIFFERENT, "repeat")])["w"]
    assert (found.repeats, found.consistency) == (1, 0.5)  # activation changed, valence stayed


def test_a_repeat_of_nothing_that_was_seen_counts_for_nothing() -> None:
    found = figures_by_worker([said("w", "p", role="repeat")])["w"]
    assert (found.repeats, found.consistency) == (0, None)


def test_agreement_leaves_out_the_worker_and_those_who_are_not_used() -> None:
    rows = [said("w", "p", DIFFERENT), said("x", "p", DIFFERENT), said("y", "p", SAME, used=False)]
    found = figures_by_worker(rows)
    assert (found["w"].compared, found["w"].agreement) == (2, 1.0)
    assert (found["y"].compared, found["y"].agreement) == (4, 0.5)  # both others, valence only


def test_controls_and_checks_are_no_agreement() -> None:
    rows = [said("w", "p", role="identical"), said("x", "p", role="identical"), said("w", "q", role="check")]
    assert figures_by_worker(rows)["w"].compared == 0


@pytest.mark.parametrize(("beyond_s", "too_fast"), [(LEAST_THINKING_S - 0.01, 1), (LEAST_THINKING_S, 0), (-1.0, 1)])
def test_pace_is_what_lies_beyond_both_clips(beyond_s: float, too_fast: int) -> None:
    found = figures_by_worker([said("w", "p", elapsed_s=4.0 + beyond_s)])["w"]
    assert found.thinking_s == pytest.approx(beyond_s)
    assert found.too_fast == too_fast


def test_ten_thousand_judgments_are_one_pass() -> None:
    rows = [said(f"w{number % 100}", f"p{number // 100}") for number in range(10_000)]
    assert figures_by_worker(rows)["w7"].compared == 2 * 100 * 99
