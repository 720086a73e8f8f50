"""A design is one file: another package's is planned, decides and is told of, and nothing of ours is changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from analysis.certify import certify
from analysis.plan_designs import design_table, ways
from analysis.replay import Pool
from analysis.report.page import write_report
from analysis.rule import DecisionRule
from analysis.votes import read_judgments
from analysis.whitelist_building import Origin, build
from hits.batch import Hits
from hits.pay import Pay
from hits.vote_rules import LEAD_3_OF_5
from tests.foreign import installed

GUT = '''
"""Ten pairs of each condition a round, until a hundred; what changes in fewer than half of all is SAFE."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from analysis.certification.state import Grounds, State, Wanted
from analysis.designs.base import Design, evenly
from hits.vote_rules import LEAD_3_OF_7, VoteRule


@dataclass(frozen=True)
class Gut(Design):
    """No test at all."""

    guarantee: ClassVar[str] = "None whatever."
    summary: ClassVar[str] = "ten pairs a round, and a glance at them"

    votes: VoteRule = LEAD_3_OF_7
    tau: float = 0.10
    error: float = 0.05
    batch: int = 10

    def grounds(self, state):
        share = (state.changed + 0.5) / (state.pairs + 1)
        return Grounds("p-value", share, 1 - share)

    def _wants(self, state):
        return evenly(state, self.batch, 20, 20)

    def _decide(self, state):
        closed = (state.exhausted | (state.pairs.min(axis=2) >= 100)).all(axis=1)
        few = (state.changed < 0.5 * state.pairs).all(axis=2)
        still = np.broadcast_to(~closed[:, None, None], state.open.shape)
        return state.with_verdicts(still, few & closed[:, None], ~few & closed[:, None], closed, {})
'''


@pytest.fixture
def _gut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "site", "analysis.designs", "gut", GUT)
    monkeypatch.syspath_prepend(tmp_path / "site")


def test_it_is_no_design_where_it_is_not_installed() -> None:
    with pytest.raises(ValidationError, match="one of c, c-prime, e, fixed, group-sequential"):
        DecisionRule(design="gut")


@pytest.mark.usefixtures("_gut")
class TestAnotherPackagesDesign:
    def test_it_is_foreseen_beside_ours(self) -> None:
        (own,) = (way for way in ways(DecisionRule(), Hits()) if way.name.startswith("gut"))
        row = design_table([own], Pool((20, 20, 20), 20, 20), Hits(), Pay(), studies=2).iloc[0]
        assert row["design"] == "gut, lead 3 of up to 7 votes"
        assert row["judgments"] > 0

    def test_it_decides(self, written: Callable, crowded: Callable) -> None:
        rows = crowded([("fade-in", "fade", None, 0.0, 0.0), ("fade-out", "fade", None, 0.9, 0.9)], pairs=12)
        found = certify(read_judgments(written(rows)), DecisionRule(design="gut"), LEAD_3_OF_5)
        assert [one.decision for one in found.decisions] == ["SAFE", "UNSAFE"]
        assert "None whatever." in " ".join(found.notes)

    def test_the_report_tells_how_it_decided(self, written: Callable, crowded: Callable, tmp_path: Path) -> None:
        path = written(crowded([("fade-in", "fade", None, 0.0, 0.0)], pairs=12))
        rule = DecisionRule(design="gut")
        whitelist = build(path, Origin("spring", 3), rule=rule, votes=LEAD_3_OF_5, created_at=datetime.now(UTC))
        write_report(read_judgments(path), whitelist, tmp_path / "report", study={"name": "spring"}, command="report")
        words = " ".join((tmp_path / "report" / "index.html").read_text().split())
        assert words.count("The design: ten pairs a round, and a glance at them.") == 2
        assert "How the evidence grew" in words
