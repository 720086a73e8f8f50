"""The report's own plots: well-formed, in their frame, and a triangle only where a way is shown."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest

from analysis.direction import Direction
from analysis.report.direction_plot import direction_svg
from analysis.report.path_plot import Step, Way, path_svg
from analysis.svg import PLOT_CSS

SPACE = "{http://www.w3.org/2000/svg}"
HIGH = math.log(1e9)  # beyond what is drawn


def shift(condition: str, value: float, p: float) -> Direction:
    return Direction(
        condition, "nat", 0.0, "activation", "same worker", 60, 60, 30, 10,
        shift=value, lower=value - 0.1, upper=value + 0.1, rank_biserial=math.copysign(0.5, value), p_adjusted=p,
    )  # fmt: skip


WAYS = (
    Way("fade-in", "SAFE", (Step(40, 1.0, -1.0), Step(90, 3.5, -HIGH))),
    Way("speed-utterance-0.75x", "UNSAFE", (Step(200, -2.0, HIGH),)),
    Way("nobody-judged", "UNDECIDED", ()),
)


@pytest.mark.parametrize("compact", [False, True])
class TestPaths:
    def test_every_line_stays_in_its_panel(self, compact: bool) -> None:
        root = ET.fromstring(path_svg(WAYS, 0.05, name="p", compact=compact))
        ends = [
            float(one.split(",")[1])
            for line in root.iter(f"{SPACE}polyline")
            for one in str(line.get("points")).split()
        ]
        assert len(ends) == 2 * 3 + 2 * 2
        assert 0 <= min(ends) <= max(ends) <= 84

    def test_the_mark_at_the_end_is_the_verdict(self, compact: bool) -> None:
        drawn = path_svg(WAYS, 0.05, name="p", compact=compact)
        assert drawn.count("<circle") == 1
        assert drawn.count("<rect") == 1
        assert "nobody-judged UNDECIDED, no judgment" in drawn


@pytest.mark.parametrize("compact", [False, True])
def test_triangles_point_where_a_way_is_shown(compact: bool) -> None:
    found = [shift("up", 0.4, 0.001), shift("down", -0.3, 0.02), shift("either", 0.2, 0.3)]
    root = ET.fromstring(direction_svg(found, name="d", compact=compact))
    tips = [str(path.get("d"))[1:].replace("L", " ").split() for path in root.iter(f"{SPACE}path")][
        2:
    ]  # two in the legend
    assert [float(tip[0]) > float(tip[2]) for tip in tips] == [True, False]
    assert len(list(root.iter(f"{SPACE}circle"))) == 1


def test_every_class_of_a_plot_has_a_colour() -> None:
    drawn = path_svg(WAYS, 0.05, name="p") + direction_svg([shift("up", 0.4, 0.001)], name="d")
    classes = {name for part in drawn.split('class="')[1:] for name in part.split('"')[0].split()}
    assert all(f".{name} " in PLOT_CSS for name in classes - {"plot"})
