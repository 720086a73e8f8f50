"""The report: complete, self-contained, well-formed for people and for machines, and true to its data."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from analysis.report.page import write_report
from analysis.report.parts import Html, Section
from analysis.rule import DecisionRule
from analysis.votes import read_judgments
from analysis.whitelist import Whitelist
from analysis.whitelist_building import Origin, build
from analysis.whitelist_parts import Stamp
from hits.vote_rules import MAJORITY_OF_3, VoteRule

VOID = {"meta", "link", "br", "img", "input", "hr"}
LOADING = {"src", "href", "srcset", "data", "action", "xlink:href", "poster"}
NOW = datetime(2026, 2, 1, tzinfo=UTC)
SHARES = (
    ("nat-co-20db", "nat", 20.0, 0.0, 0.0),
    ("nat-co-0db", "nat", 0.0, 0.0, 0.0),
    ("hum-co-0db", "hum", 0.0, 0.3, 0.1),
    ("speed-utterance-0.75x", "speed-utterance", None, 0.6, 0.1),
)
#: Sections of every report of people's judgments, in their order; "path" comes after "controls" where it comes.
ORDER = [
    "verdicts",
    "controls",
    "sensitivity",
    "agreement",
    "workers",
    "labels",
    "effects",
    "direction",
    "paper",
    "left-out",
    "design",
    "recognition",
    "methods",
    "cite",
    "words",
]


class Page(HTMLParser):
    """What a page has: headings, ids, tables, what it loads; refuses tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.sections: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.pointed: list[str] = []
        self.tables: list[list[str]] = []
        self.scopes: list[str | None] = []
        self.words = ""
        self.feed(text)
        assert self.open == []
        self.words = re.sub(r"\s+", " ", self.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        self.ids += [found["id"] or ""] if "id" in found else []
        self.pointed += (found.get("aria-labelledby") or "").split()
        if tag == "section":
            self.sections.append(found.get("aria-labelledby") or "")
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


def certified(
    path: Path, rule: DecisionRule | None = None, votes: VoteRule = MAJORITY_OF_3, stamp: Stamp | None = None
) -> Whitelist:
    origin = Origin(study="spring", seed=3, languages=("en",), page_languages=("en", "de"), stamp=stamp)
    return build(path, origin, rule=rule or DecisionRule(), votes=votes, created_at=NOW)


def reported(path: Path, folder: Path, whitelist: Whitelist | None = None, **changed: Any) -> str:
    facts: dict[str, object] = {
        "name": "Spring & <b>noise</b>",
        "design": ["Three listeners judged each pair."],
        "pay": {"Per hour": "9.45 USD"},
    }
    facts |= {name: changed.pop(name) for name in ("simulated", "mood") if name in changed}
    section = Section("recognition", "Recognition", (Html("<p>UAR <em>fell</em>.</p>"),))
    written = write_report(
        read_judgments(path),
        whitelist or certified(path),
        folder,
        study=facts,
        command="earwitness certify",
        sections=[section],
        **changed,
    )
    assert all(file.is_file() for file in written)
    return written[0].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the tests here read together."""
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def text(place: Path, crowded: Callable, manifest: Callable) -> str:
    """The report of a study of a fixed size, with controls and a manifest."""
    from hits.judgments_csv import write_judgments

    rows: Sequence[dict[str, object]] = crowded(SHARES, pairs=60)
    write_judgments(rows, place / "judgments.csv")
    return reported(
        place / "judgments.csv", place / "report", pairs=manifest(rows), failed_headphones=frozenset({"w1"})
    )


class TestThePage:
    def test_it_has_its_parts_in_order(self, text: str) -> None:
        page = Page(text)
        assert page.headings[0] == 1
        assert page.headings.count(1) == 1
        assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
        assert page.sections == ORDER

    def test_it_loads_nothing_from_elsewhere(self, text: str, place: Path) -> None:
        page = Page(text)
        for target in page.loads:
            inside = target == "data:," or target.removeprefix("#") in page.ids
            assert inside or (place / "report" / target).is_file(), target
        assert "@import" not in text
        assert "url(" not in text
        assert "<script" not in text
        assert re.findall(r"https?://[^\s\"'<]+", text.replace("http://www.w3.org/2000/svg", "")) == []

    def test_ids_are_unique_and_those_pointed_at_exist(self, text: str) -> None:
        page = Page(text)
        assert len(set(page.ids)) == len(page.ids)
        assert set(page.pointed) <= set(page.ids)

    def test_tables_have_captions_and_scopes(self, text: str) -> None:
        page = Page(text)
        assert len(page.tables) >= 10
        assert all(table[0] == "caption" for table in page.tables)
        assert set(page.scopes) == {"row", "col"}

    def test_no_count_of_one_stands_in_the_plural(self, text: str) -> None:
        assert re.findall(r"\b1 (?:pairs|judgments|workers|conditions|votes|settings)\b", Page(text).words) == []

    def test_what_users_type_is_text_and_what_rooms_add_is_html(self, text: str) -> None:
        assert "Spring &amp; &lt;b&gt;noise&lt;/b&gt;" in text
        assert "<p>UAR <em>fell</em>.</p>" in text

    def test_the_study_stands_in_its_first_sentences(self, text: str) -> None:
        words = Page(text).words
        assert "24 people compared 240 pairs of clips under 4 noise conditions, 720 judgments in all" in words
        assert "Judgments came on 31 January 2026" in words
        assert "60 identical controls, in which both clips are the same sound; 40 positive controls" in words
        assert "Language of the speech: en, of the pages en and de." in words

    def test_the_same_study_makes_the_same_bytes(
        self, text: str, place: Path, crowded: Callable, manifest: Callable
    ) -> None:
        pairs = manifest(crowded(SHARES, pairs=60))
        reported(place / "judgments.csv", place / "again", pairs=pairs, failed_headphones=frozenset({"w1"}))
        assert text
        files = sorted(file.relative_to(place / "report") for file in (place / "report").rglob("*.*"))
        assert len(files) >= 15
        for file in files:
            assert (place / "again" / file).read_bytes() == (place / "report" / file).read_bytes(), file


class TestWhatItSays:
    def test_every_condition_has_its_verdict_and_figures(self, text: str, place: Path) -> None:
        table = pd.read_csv(place / "report" / "verdicts.csv")
        assert list(table["dimension"]) == ["activation", "valence"] * len(SHARES)
        decided = dict(zip(table["condition"], table["decision"], strict=True))
        assert decided["speed-utterance-0.75x"] == "UNSAFE"
        for condition, *_ in SHARES:
            assert condition in Page(text).words
        assert set(table["grounds"]) == {"p-value"}
        assert table["share"].between(table["share_lower"], table["share_upper"]).all()

    def test_the_margin_is_told_from_the_controls(self, text: str, place: Path) -> None:
        row = pd.read_csv(place / "report" / "controls.csv").set_index("dimension").loc["activation"]
        q0, q1 = row["identical_changed"] / row["identical"], row["positive_changed"] / row["positive"]
        assert row["margin"] == pytest.approx(0.9 * q0 + 0.1 * q1)
        assert row["margin_lower"] < row["margin"] < row["margin_upper"]
        assert f"{100 * row['margin']:.1f} % come out changed: that is p*(τ)" in Page(text).words

    def test_the_margin_in_force_grows_where_real_changes_are_subtler(self, text: str, place: Path) -> None:
        table = pd.read_csv(place / "report" / "effective-tau.csv")
        in_activation = table[table["dimension"] == "activation"].sort_values("share_of_q1")["tau_in_force"]
        assert in_activation.iloc[-1] == pytest.approx(0.10)
        assert in_activation.is_monotonic_decreasing
        assert "Were they noticed 80 % as often" in Page(text).words

    def test_workers_stand_there_by_hash_and_add_up(self, text: str, place: Path) -> None:
        table = pd.read_csv(place / "report" / "workers.csv")
        assert table["judgments"].sum() == 720
        assert table["identical"].sum() == 180
        restless = table.set_index("worker").loc["w0"]
        rate = restless["false_alarms"] / restless["identical"]
        assert rate > table["false_alarms"].sum() / table["identical"].sum()
        assert "24 workers answered something, 24 of them with judgments that count" in Page(text).words

    def test_every_analysis_that_was_tried_is_told(self, text: str, place: Path) -> None:
        table = pd.read_csv(place / "report" / "sensitivity.csv")
        assert "single votes, clustered by worker and clip" in set(table["variant"])
        assert "without workers who failed the headphone check" in set(table["variant"])
        refused = table[table["note"].astype(str).str.startswith("could not be analysed")]
        assert set(refused["variant"]) == {"aggregator dawid-skene-by-condition"}
        speed = table[table["condition"] == "speed-utterance-0.75x"]
        assert set(speed["decision"].dropna()) == {"UNSAFE"}
        assert "Verdicts under each analysis" in Page(text).words

    def test_labels_effects_and_directions_lie_beside_it(self, text: str, place: Path) -> None:
        folder = place / "report"
        assert set(pd.read_csv(folder / "labels.csv")["dimension"]) == {"activation", "valence", "either"}
        assert set(pd.read_csv(folder / "effects.csv")["effect"]) >= {"gender", "length", "SNR"}
        moved = pd.read_csv(folder / "direction.csv").set_index(["condition", "dimension"])["shift"]
        assert moved["speed-utterance-0.75x", "activation"] > 0.3
        assert "upwards activation of" in Page(text).words
        assert len(pd.read_csv(folder / "ratios.csv")) == 3 * (4 + 2)
        assert set(pd.read_csv(folder / "agreement.csv")["question"]) >= {"activation", "valence", "either"}
        assert (folder / "figures" / "verdicts.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / "figures" / "verdicts.pdf").read_bytes().startswith(b"%PDF")

    def test_the_papers_own_figures_stand_beside_it(self, text: str) -> None:
        assert "0.28" in Page(text).words  # the paper's for speed-utterance-0.75x

    def test_the_methods_have_their_numbers_and_cite_what_was_used(self, text: str) -> None:
        words = Page(text).words
        assert "Three listeners judged each pair." in words
        assert "below tau = 0.1 in activation and in valence and UNSAFE" in words
        assert "(Benjamini and Hochberg, 1995)" in words
        assert "@article{rogan1978estimating," in words
        assert "wald1945sequential" not in words  # nothing was sequential

    def test_judgments_that_do_not_count_add_up(self, text: str, place: Path) -> None:
        counts = pd.read_csv(place / "report" / "counted.csv").set_index("what")["judgments"]
        assert counts["All"] == counts.drop("All").sum() == 720 + 180 + 120
        assert "Quality control left nobody out. None came late." in Page(text).words

    def test_nobody_noted_when_it_was_fixed(self, text: str) -> None:
        assert "Nobody noted when the decision was fixed" in Page(text).words


def test_a_study_without_judgments_has_a_report_and_simulated_listeners_a_banner(
    text: str, written: Callable, tmp_path: Path
) -> None:
    banner = "SIMULATED listeners: these verdicts say nothing about people"
    assert banner not in text
    path = written([])
    printed = certified(path).model_copy(update={"kind": "reported"}).sealed()
    words = Page(reported(path, tmp_path / "report", printed, simulated=True)).words
    assert "No identical pairs were judged" in words
    assert banner in words
    assert "0 simulated listeners compared" in words
    assert "REPORTED verdicts" in words


def test_unknown_facts_are_refused(written: Callable, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="mood"):
        reported(written([]), tmp_path / "report", mood="good")
