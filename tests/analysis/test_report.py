"""The report: complete, self-contained, and well-formed for people and for machines."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from analysis.aggregators.majority_vote import MajorityVote
from analysis.forest import forest_svg
from analysis.report import Section, write_report
from analysis.rule import DecisionRule
from analysis.votes import read_judgments
from analysis.whitelist import build

VOID = {"meta", "link", "br", "img", "input", "hr"}
LOADING = {"src", "href", "srcset", "data", "action", "xlink:href", "poster"}


class Page(HTMLParser):
    """What a page has: headings, ids, tables, what it loads; refuses tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.pointed: list[str] = []
        self.tables: list[list[str]] = []
        self.scopes: list[str | None] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        self.ids += [found["id"] or ""] if "id" in found else []
        self.pointed += (found.get("aria-labelledby") or "").split()
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append([])
        if self.tables and "table" in self.open:
            self.tables[-1].append(tag)
        if tag == "th":
            self.scopes.append(found.get("scope"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in LOADING]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def reported(path: Path, folder: Path, **changed: object) -> str:
    judgments = read_judgments(path)
    found = build(
        path,
        study="spring",
        seed=3,
        rule=DecisionRule(),
        aggregator=MajorityVote(),
        created_at=datetime(2026, 2, 1, tzinfo=UTC),
    )
    facts: dict[str, object] = {
        "name": "Spring & <b>noise</b>",
        "design": ["Three listeners a pair."],
        "pay": {"Per hour": "9.45 USD"},
    }
    sections = [Section("Recognition", "<p>UAR <em>fell</em>.</p>")]
    page = write_report(
        judgments, found, folder, study=facts | changed, command="earwitness certify", sections=sections
    )
    return page.read_text(encoding="utf-8")


@pytest.fixture
def text(written: Callable, study: Callable, tmp_path: Path) -> str:
    return reported(written(study(pairs=30)), tmp_path / "report")


def test_the_page_has_its_parts_in_order(text: str) -> None:
    page = Page(text)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    order = ["verdicts", "floor", "paper", "agreement", "ratings", "left-out", "design", "extra-1", "cite", "words"]
    assert [name for name in page.ids if name in order] == order


def test_the_page_loads_nothing_from_elsewhere(text: str, tmp_path: Path) -> None:
    page = Page(text)
    for target in page.loads:
        assert target == "data:," or (tmp_path / "report" / target).is_file(), target
    assert "@import" not in text
    assert "url(" not in text
    assert "<script" not in text
    assert re.findall(r"https?://[^\s\"'<]+", text.replace("http://www.w3.org/2000/svg", "")) == []


def test_ids_are_unique_and_those_pointed_at_exist(text: str) -> None:
    page = Page(text)
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.pointed) <= set(page.ids)


def test_tables_have_captions_and_scopes(text: str) -> None:
    page = Page(text)
    assert len(page.tables) >= 6
    assert all(table[0] == "caption" for table in page.tables)
    assert set(page.scopes) == {"row", "col"}


def test_every_condition_and_verdict_is_there_in_words(text: str) -> None:
    words = Page(text).words
    for name in ("nat-co-20db", "hum-co-0db", "speed-utterance-0.75x"):
        assert name in words
    assert "τ = 0.1" in words
    assert "0.28" in words  # the paper's own figure for speed-utterance-0.75x


def test_what_users_type_is_text_and_what_rooms_add_is_html(text: str) -> None:
    assert "Spring &amp; &lt;b&gt;noise&lt;/b&gt;" in text
    assert "<p>UAR <em>fell</em>.</p>" in text


def test_simulated_listeners_have_a_banner_and_people_none(
    text: str, written: Callable, study: Callable, tmp_path: Path
) -> None:
    banner = "SIMULATED listeners: these verdicts say nothing about people"
    assert banner not in text
    simulated = reported(written(study(pairs=3, simulated=True)), tmp_path / "other")
    assert banner in simulated
    assert "simulated listeners compared" in simulated


def test_tables_and_figures_lie_beside_it_in_full(text: str, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    ratios = pd.read_csv(folder / "ratios.csv")
    assert len(ratios) == 3 * (11 + 1)
    assert set(pd.read_csv(folder / "agreement.csv")["question"]) >= {"activation", "valence", "either"}
    assert len(pd.read_csv(folder / "ratings.csv")) == 11
    assert (folder / "figures" / "verdicts.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "figures" / "verdicts.pdf").read_bytes().startswith(b"%PDF")


def test_the_same_study_makes_the_same_bytes(text: str, written: Callable, study: Callable, tmp_path: Path) -> None:
    reported(written(study(pairs=30)), tmp_path / "again")
    files = sorted(file.relative_to(tmp_path / "report") for file in (tmp_path / "report").rglob("*.*"))
    for file in files:
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "report" / file).read_bytes(), file


def test_a_study_without_judgments_has_a_report_too(written: Callable, tmp_path: Path) -> None:
    words = Page(reported(written([]), tmp_path / "report")).words
    assert "No identical pairs were judged" in words


def test_unknown_facts_are_refused(written: Callable, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="mood"):
        reported(written([]), tmp_path / "report", mood="good")


@pytest.mark.parametrize("compact", [False, True])
class TestForest:
    def test_it_is_one_well_formed_image_with_a_name(self, written: Callable, study: Callable, compact: bool) -> None:
        path = written(study(pairs=30))
        found = build(
            path, study="s", seed=1, rule=DecisionRule(), aggregator=MajorityVote(), created_at=datetime.now(UTC)
        )
        root = ET.fromstring(forest_svg(found.conditions, 0.1, compact=compact, name="x"))
        space = "{http://www.w3.org/2000/svg}"
        names = [group.get("data-condition") for group in root.iter(f"{space}g")]
        assert names == [verdict.condition for verdict in found.conditions]
        assert root.get("aria-labelledby") == "x-title x-desc"
        texts = [element.text for element in root.iter(f"{space}text")]
        assert sum(word in ("SAFE", "UNDECIDED", "UNSAFE") for word in texts) == len(names)
        right = float(str(root.get("viewBox")).split()[2])
        assert all(0 <= float(line.get("x2", 0)) <= right for line in root.iter(f"{space}line"))

    def test_a_condition_without_pairs_says_so(self, written: Callable, make: Callable, compact: bool) -> None:
        path = written([make(1, used=False, condition="a<b")])
        found = build(
            path, study="s", seed=1, rule=DecisionRule(), aggregator=MajorityVote(), created_at=datetime.now(UTC)
        )
        assert "no pairs judged" in forest_svg(found.conditions, 0.1, compact=compact)
