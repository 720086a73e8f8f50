"""Sections of the report, each by itself: what a study has that others have not."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.report.agreement import agreement_section
from analysis.report.controls import controls_section
from analysis.report.counting import counting_section
from analysis.report.direction import direction_section
from analysis.report.effects import effects_section
from analysis.report.material import Material, StudyFacts
from analysis.report.methods import methods_section
from analysis.report.parts import Section
from analysis.report.path import path_section
from analysis.report.sensitivity import sensitivity_section
from analysis.report.verdicts import verdicts_section
from analysis.report.workers import workers_section
from analysis.rule import DecisionRule
from analysis.tables import Table
from analysis.votes import read_judgments
from analysis.whitelist import Whitelist
from analysis.whitelist_building import Origin, build
from analysis.whitelist_parts import Changed, Stamp
from hits.vote_rules import LEAD_3_OF_5, MAJORITY_OF_3, MajorityRule, VoteRule

NOW = datetime(2026, 2, 1, tzinfo=UTC)
SHARES = (
    ("nat-co-20db", "nat", 20.0, 0.0, 0.0),
    ("nat-co-0db", "nat", 0.0, 0.0, 0.0),
    ("hum-co-0db", "hum", 0.0, 0.3, 0.1),
    ("speed-utterance-0.75x", "speed-utterance", None, 0.6, 0.1),
)


def certified(path: Path, rule: DecisionRule | None = None, votes: VoteRule = MAJORITY_OF_3, **known: Any) -> Whitelist:
    origin = Origin(study="spring", seed=3, **known)
    return build(path, origin, rule=rule or DecisionRule(), votes=votes, created_at=NOW)


def material(path: Path, whitelist: Whitelist | None = None, **changed: Any) -> Material:
    facts = StudyFacts(name="spring", **changed)
    return Material(read_judgments(path), whitelist or certified(path), facts)


def said(section: Section) -> str:
    return repr(section.blocks)


def test_changes_after_the_first_vote_are_told(written: Callable, crowded: Callable) -> None:
    change = Changed(at=NOW, setting="decision.tau", before=0.05, after=0.1)
    first = NOW - timedelta(days=1)
    path = written(crowded(SHARES[:1], pairs=3))
    early = certified(path, stamp=Stamp(fixed_at=first - timedelta(hours=1), first_vote_at=first, changes=(change,)))
    words = said(counting_section(material(path, early)))
    assert "before the first vote" in words
    assert "After the first vote 1 setting was changed:" in words
    assert "decision.tau was changed from 0.05 to 0.1" in words
    late = certified(path, stamp=Stamp(fixed_at=NOW, first_vote_at=first))
    assert "AFTER the first vote" in said(counting_section(material(path, late)))


@pytest.mark.parametrize("design", ["c-prime", "e", "group-sequential"])
def test_a_sequential_design_shows_how_its_evidence_grew(
    written: Callable, crowded: Callable, stopped: Callable, design: str
) -> None:
    rule = DecisionRule(design=design, identical=60, positive=40)  # type: ignore[arg-type]
    path = written(stopped(crowded(SHARES[:3], votes=LEAD_3_OF_5, pairs=60), rule, LEAD_3_OF_5))
    whitelist = certified(path, rule, LEAD_3_OF_5)
    section = path_section(material(path, whitelist))
    assert section is not None
    table = pd.read_csv(io.StringIO(section.files["path.csv"]))
    assert set(table["condition"]) == {one.condition for one in whitelist.conditions}
    hum = table[(table["condition"] == "hum-co-0db") & (table["dimension"] == "activation")]
    (decided,) = (one for one in whitelist.conditions if one.condition == "hum-co-0db")
    assert hum["judgments"].is_monotonic_increasing
    assert hum["pairs"].is_monotonic_increasing
    assert hum["judgments"].iloc[-1] == decided.votes
    assert not bool(hum["open"].iloc[-1])
    methods = said(methods_section(material(path, whitelist)))
    cited = {"c-prime": "Blanchard and Roquain, 2009", "e": "Wang and Ramdas, 2022", "group-sequential": "O'Brien"}
    assert cited[design] in methods


def test_a_design_that_looks_once_has_no_path(written: Callable, crowded: Callable) -> None:
    assert path_section(material(written(crowded(SHARES[:1], pairs=3)))) is None


def test_pairs_that_votes_stop_are_no_sample_for_agreement(written: Callable, crowded: Callable) -> None:
    path = written(crowded(SHARES[:1], votes=LEAD_3_OF_5, pairs=9))
    assert "Not a sample of all pairs" in said(agreement_section(material(path, certified(path, votes=LEAD_3_OF_5))))


def test_alpha_is_excused_only_where_changes_are_rare(written: Callable, crowded: Callable) -> None:
    often, rarely = (crowded([("fade-in", "fade", None, share, 0.0)], pairs=20) for share in (0.9, 0.0))
    assert "Why alpha is low" not in said(agreement_section(material(written(often))))
    assert "Why alpha is low" in said(agreement_section(material(written(rarely))))


def test_without_positive_controls_there_is_no_line_at_tau(written: Callable, crowded: Callable) -> None:
    path = written(crowded(SHARES[:2], pairs=31, positive=0))
    verdicts = said(verdicts_section(material(path)))
    assert 'class="tau"' not in verdicts
    assert "so there is no line at τ" in verdicts
    assert "nothing can be certified" in said(controls_section(material(path)))
    methods = said(methods_section(material(path)))
    assert "nothing was certified" in methods
    assert "score test" not in methods
    assert "could not be analysed: there are no votes on positive pairs" in said(sensitivity_section(material(path)))


def test_clips_rated_by_the_papers_layout_alone_bear_its_warning(
    written: Callable, crowded: Callable, manifest: Callable
) -> None:
    rows = crowded(SHARES[2:3], pairs=20)
    papers = [{**row, "original_activation_rating": None, "original_valence_rating": None} for row in rows]
    path = written(papers)
    section = direction_section(Material(read_judgments(path), certified(path), StudyFacts(name="s"), manifest(rows)))
    assert "not to be relied on" in said(section)


def test_every_effect_that_is_there_has_a_sentence(written: Callable, crowded: Callable, manifest: Callable) -> None:
    shares = [
        (f"nat-co-{level}db", "nat", float(level), share, 0.0) for level, share in ((20, 0.0), (10, 0.2), (0, 0.9))
    ]
    path = written(crowded(shares, pairs=40))
    found = Material(read_judgments(path), certified(path), StudyFacts(name="s"), ())
    words = said(effects_section(found))
    assert "The study's manifest is not at hand" in words
    assert "With 10 dB more of SNR, under nat-co, clips are less often called different in activation" in words
    assert "called different in valence" not in words


def test_a_worker_whom_quality_control_left_out_is_shown_as_such(written: Callable, crowded: Callable) -> None:
    rows = [{**row, "used": row["worker"] != "w3"} for row in crowded(SHARES[:1], pairs=9)]
    section = workers_section(material(written(rows)))
    table = pd.read_csv(io.StringIO(section.files["workers.csv"])).set_index("worker")
    assert table.loc["w3", "judgments"] == 0 < table.loc["w3", "left_out"]
    assert "(left out)" in said(section)


def test_a_table_without_its_file_is_refused() -> None:
    with pytest.raises(ValueError, match="tables without their files"):
        Section("a", "A", (Table("caption", ("a",), (), "gone.csv"),))


@pytest.mark.parametrize("votes", [MAJORITY_OF_3, MajorityRule(3, curtailed=True), MajorityRule(5), LEAD_3_OF_5])
def test_other_analyses_are_held_against_the_very_vote_that_decided(
    written: Callable, crowded: Callable, votes: VoteRule
) -> None:
    path = written(crowded(SHARES[:1], votes=votes, pairs=9))
    assert material(path, certified(path, votes=votes)).votes == votes
