"""The forest plot: well-formed, every row there, the line only where there is a share that it is about."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from analysis.figures import forest_figure
from analysis.forest import by_family, forest_svg
from analysis.verdicts import Decision, DimensionDecision, Verdict

SPACE = "{http://www.w3.org/2000/svg}"


def part(changed: int = 3, decision: Verdict = "SAFE", share: float | None = 0.02) -> DimensionDecision:
    limits = (None, None) if share is None else (share / 2, share * 2)
    return DimensionDecision(
        "activation", 60, 180, changed, changed / 60, 0.01, 0.2, 60, changed, share, *limits, 0.01, 0.9, decision
    )


def row(name: str, snr_db: float | None = None, **changed: object) -> Decision:
    found = Decision(name, name.partition("-")[0], snr_db, "SAFE", part(), part(decision="SAFE"), "")
    return replace(found, **changed)  # type: ignore[arg-type]


ROWS = [
    row("nat-0db", 0.0, decision="UNSAFE", activation=part(20, "UNSAFE", 0.3)),
    row("nat-20db", 20.0),
    row("fade", decision="UNDECIDED", valence=part(9, "UNDECIDED", 0.09)),
]


def texts(drawn: str) -> list[str]:
    return [str(element.text) for element in ET.fromstring(drawn).iter(f"{SPACE}text")]


@pytest.mark.parametrize("compact", [False, True])
class TestForest:
    def test_it_is_one_well_formed_image_with_a_name(self, compact: bool) -> None:
        root = ET.fromstring(forest_svg(ROWS, 0.1, compact=compact, name="x"))
        names = [group.get("data-condition") for group in root.iter(f"{SPACE}g")]
        assert names == ["fade", "nat-20db", "nat-0db"]
        assert root.get("aria-labelledby") == "x-title x-desc"
        right = float(str(root.get("viewBox")).split()[2])
        assert all(0 <= float(line.get("x2", 0)) <= right for line in root.iter(f"{SPACE}line"))

    def test_shares_are_drawn_with_the_line_and_a_tick_as_voted(self, compact: bool) -> None:
        drawn = forest_svg(ROWS, 0.1, compact=compact)
        words = texts(drawn)
        assert "τ = 0.1" in words
        assert "share of pairs that truly change (square-root scale)" in words
        assert sum(word in ("SAFE", "UNDECIDED", "UNSAFE") for word in words) == len(ROWS)
        assert drawn.count('class="voted"') == 2 * len(ROWS) + 1  # and one in the legend

    def test_without_shares_the_ratios_stand_alone(self, compact: bool) -> None:
        bare = [replace(one, activation=part(share=None), valence=part(share=None)) for one in ROWS]
        drawn = forest_svg(bare, 0.1, compact=compact)
        assert 'class="tau"' not in drawn
        assert 'class="voted"' not in drawn
        assert "share of pairs called different (square-root scale)" in texts(drawn)

    def test_a_condition_without_pairs_says_so(self, compact: bool) -> None:
        nothing = replace(part(share=None), pairs=0, ratio=None, lower=None, upper=None)
        drawn = forest_svg([*ROWS, row("a<b", activation=nothing)], 0.1, compact=compact)
        assert "no pairs judged" in texts(drawn)
        assert "a<b" in texts(drawn)

    def test_a_dimension_whose_controls_do_not_tell_has_its_ratio_alone(self, compact: bool) -> None:
        drawn = forest_svg([row("a", activation=part(share=None))], 0.1, compact=compact)
        assert "not known how many truly change" in texts(drawn)

    def test_rows_lead_where_they_are_told(self, compact: bool) -> None:
        drawn = forest_svg(ROWS, 0.1, compact=compact, address_of=lambda name: f"/conditions/{name}?a&b")
        assert drawn.count("<a href=") == len(ROWS)
        assert 'href="/conditions/nat-0db?a&amp;b"' in drawn


def test_the_figure_for_print_is_the_same_bytes_in_any_order() -> None:
    assert forest_figure(ROWS, 0.1, "pdf") == forest_figure(by_family(ROWS), 0.1, "pdf")
    assert forest_figure(ROWS, 0.1, "png").startswith(b"\x89PNG")
