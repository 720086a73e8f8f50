"""`earwitness whitelist`: verdicts shown, compared, checked; and those of the paper, which are not certified."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from analysis.paper_figures import PAPER_RATIOS
from analysis.rule import DecisionRule
from analysis.whitelist import Whitelist
from analysis.whitelist_parts import ConditionVerdict
from tests.whitelists import verdict, whitelist


@pytest.fixture
def lists(tmp_path: Path) -> tuple[Path, Path]:
    """Two whitelists that differ in one verdict, one condition and one setting."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    whitelist(verdict("nat-st"), verdict("cry", "UNSAFE"), verdict("fade-in")).save(first)
    other: tuple[ConditionVerdict, ...] = (verdict("nat-st"), verdict("cry", "UNDECIDED"), verdict("fade-out"))
    whitelist(*other, rule=DecisionRule(tau=0.2)).save(second)
    return first, second


def test_the_verdicts_are_shown_as_a_table_as_csv_and_as_a_page(lists, earwitness) -> None:
    shown = earwitness("whitelist", "show", lists[0]).out
    assert "nat-st\tSAFE" in shown
    rows = list(csv.DictReader(io.StringIO(earwitness("whitelist", "show", lists[0], "--as", "csv").out)))
    assert [(row["condition"], row["decision"], row["tau"]) for row in rows][1] == ("cry", "UNSAFE", "0.1")
    assert rows[1]["activation_share"] == "0.6"
    page = earwitness("whitelist", "show", lists[0], "--as", "markdown").out
    assert "| cry | UNSAFE | 100 | 60.0 (50.2 to 69.1) |" in page
    assert "2 of 3 conditions are SAFE" in page


def test_two_that_differ_are_told_apart_verdict_by_verdict_and_setting_by_setting(lists, earwitness) -> None:
    done = earwitness("whitelist", "diff", *lists)
    assert done.code == 1
    rows = [line.split("\t") for line in done.out.splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        ["cry", "UNSAFE", "UNDECIDED"],
        ["fade-in", "SAFE", ""],
        ["fade-out", "", "SAFE"],
    ]
    assert float(rows[0][3]) == pytest.approx(-0.5)
    assert "decision.tau: 0.1 in" in done.err


def test_one_is_the_same_as_itself(lists, earwitness) -> None:
    done = earwitness("whitelist", "diff", lists[0], lists[0])
    assert (done.code, done.out) == (0, "")
    assert "are the same" in done.err


def test_other_judgments_are_refused(lists, tmp_path: Path, earwitness) -> None:
    judgments = tmp_path / "judgments.csv"
    judgments.write_text("these are others")
    done = earwitness("whitelist", "verify", lists[0], judgments)
    assert done.code == 1
    assert "rests on judgments with" in done.err


@pytest.mark.parametrize("content", ["", "no json", '{"format": "earwitness-whitelist", "version": 1}'])
def test_what_is_no_whitelist_is_said_in_a_sentence(tmp_path: Path, earwitness, content: str) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(content)
    for asked in (("show", broken), ("diff", broken, broken), ("verify", broken, broken)):
        done = earwitness("whitelist", *asked)
        assert done.code == 1
        assert "can't be used as a whitelist" in done.err


def test_the_papers_verdicts_are_reported_and_not_certified(tmp_path: Path, earwitness) -> None:
    output = tmp_path / "paper.json"
    assert earwitness("whitelist", "paper", "--output", output).code == 0
    found = Whitelist.load(output)
    assert found.kind == "reported"
    assert len(found.conditions) == 26
    assert {one.condition for one in found.conditions if one.decision == "UNSAFE"} == set(PAPER_RATIOS)
    assert found.conditions[-1].activation.ratio == PAPER_RATIOS[found.conditions[-1].condition].activation
    page = earwitness("whitelist", "show", output, "--as", "markdown").out
    assert "Reported, not certified" in page
