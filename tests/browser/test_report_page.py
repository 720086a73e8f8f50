"""The study's report in a browser: it fits a phone, axe finds nothing, and what is folded is open in print."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page

from analysis.report.page import write_report
from analysis.rule import DecisionRule
from analysis.votes import read_judgments
from analysis.whitelist_building import Origin, build
from hits.judgments_csv import write_judgments
from hits.vote_rules import LEAD_3_OF_5
from tests.analysis.rows import crowded_rows, pairs_of
from tests.browser.axe import check_accessible

SHARES = (
    ("nat-co-20db", "nat", 20.0, 0.0, 0.0),
    ("nat-co-0db", "nat", 0.0, 0.1, 0.0),
    ("speed-utterance-0.75x", "speed-utterance", None, 0.6, 0.1),
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the report of a small sequential study lies."""
    place = tmp_path_factory.mktemp("report")
    rows = crowded_rows(SHARES, votes=LEAD_3_OF_5, pairs=40)
    path: Path = place / "judgments.csv"
    write_judgments(rows, path)
    rule = DecisionRule(design="c-prime", identical=60, positive=40)
    now = datetime(2026, 2, 1, tzinfo=UTC)
    whitelist = build(path, Origin(study="spring", seed=3), rule=rule, votes=LEAD_3_OF_5, created_at=now)
    study = {"name": "Spring", "design": ["Each pair was judged by a few."], "pay": {"Per hour": "9.45 USD"}}
    command = "earwitness certify --study " + "a-long-folder-name/" * 10
    written = write_report(read_judgments(path), whitelist, place, study=study, command=command, pairs=pairs_of(rows))
    return written[0].as_uri()


@pytest.mark.parametrize("width", [320, 1100])
def test_it_fits_its_width_and_axe_finds_nothing(open_page: Callable[..., Page], address: str, width: int) -> None:
    page = open_page(width)
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for folded in page.locator("details").all():
        folded.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    check_accessible(page, f"report-{width}")


def test_in_print_what_is_folded_is_read(open_page: Callable[..., Page], address: str) -> None:
    page = open_page()
    page.goto(address)
    inside = page.get_by_role("region", name="What the verdicts rest on")
    assert not inside.is_visible()
    page.emulate_media(media="print")
    assert page.locator("details table").first.evaluate("table => table.checkVisibility({contentVisibilityAuto: true})")
    assert not page.get_by_role("navigation").is_visible()
