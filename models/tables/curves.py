"""Reliability curves: how often nets are right by how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.report.parts import Plot
from analysis.svg import RULE, line, svg, text, thread
from models.measures.calibration import Bin
from models.tables.strokes import BASE_LOOK, COLOURS, NARROW, WIDE, legend, series_mark

SIDE = 280.0
FEWEST = 5  # clips of a bin that is drawn
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def reliability_plot(curves: Mapping[str, Sequence[Bin]], *, label: str, name: str, title: str) -> Plot:
    """Accuracy by confidence in a label, a curve a series; drawn for desks and for phones."""
    caption = (
        f"{label.capitalize()}: how often nets are right (upright) by the probability that they give to what they say "
        f"(across), all seeds together; bins with fewer than {FEWEST} clips are left out. On the dashed line nets know "
        "what they know; below it they are too sure. The figures stand in the table; calibration errors are means "
        "over seeds."
    )
    return Plot(_drawn(curves, name, title, WIDE), _drawn(curves, f"{name}-narrow", title, NARROW), caption)


def _drawn(curves: Mapping[str, Sequence[Bin]], name: str, title: str, width: float) -> str:
    marks, taken = legend(list(curves), 0, 16, width)
    top, left = taken + 14, 44.0
    bottom = top + SIDE

    def x(share: float) -> float:
        return left + SIDE * share

    def y(share: float) -> float:
        return bottom - SIDE * share

    body = [marks]
    for tick in TICKS:
        body.append(line(x(tick), top, x(tick), bottom, RULE) + line(left, y(tick), left + SIDE, y(tick), RULE))
        body.append(text(x(tick), bottom + 17, f"{tick:g}", size=12, anchor="middle", look='class="quiet" '))
        body.append(text(left - 8, y(tick) + 4, f"{tick:g}", size=12, anchor="end", look='class="quiet" '))
    body.append(line(left, bottom, left + SIDE, top, BASE_LOOK))
    body.append(text(left + SIDE / 2, bottom + 36, "probability of what was said", size=12, anchor="middle"))
    for number, bins in enumerate(curves.values()):
        places = [
            (x(one.confidence), y(one.accuracy)) for one in bins if one.accuracy is not None and one.clips >= FEWEST
        ]
        colour = COLOURS[number % 4]
        body.append(thread(places, f'class="s{number % 4} thread" stroke="{colour}" stroke-width="1.75"'))
        body += [series_mark(number, *place) for place in places]
    told = "; ".join(f"{one}: {_told(bins)}" for one, bins in curves.items())
    return svg(name, (width, bottom + 46), title, told, "".join(body))


def _told(bins: Sequence[Bin]) -> str:
    full = [one for one in bins if one.accuracy is not None and one.clips >= FEWEST]
    return ", ".join(f"sure {one.confidence:.2f}, right {one.accuracy:.2f}" for one in full)
