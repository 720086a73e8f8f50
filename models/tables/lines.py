"""Lines over a scale, such as success against the number of questions: panels side by side, or one below the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.report.parts import Plot
from analysis.svg import RULE, line, svg, text, thread
from models.tables.dots import Dot
from models.tables.strokes import BASE_LOOK, COLOURS, NARROW, WIDE, legend, look, series_mark

HEIGHT = 220.0
LEFT, GAP, BELOW = 34.0, 28.0, 46.0
APART = 5.0  # between the marks of lines at the same place


@dataclass(frozen=True)
class Line:
    """A line: from left to right, with marks where figures stand in a table."""

    points: tuple[tuple[float, float], ...]
    marks: tuple[tuple[float, Dot], ...] = ()


@dataclass(frozen=True)
class Panel:
    """A frame with a line for each series, None where there is none."""

    title: str
    lines: tuple[Line | None, ...]


@dataclass(frozen=True)
class Scale:
    """What lies across, with its named steps, and what is special at one place."""

    name: str
    ticks: tuple[float, ...]
    special: float | None = None
    special_name: str = ""


def lines_plot(
    panels: Sequence[Panel], series: Sequence[str], across: Scale, *, name: str, title: str, upright: str, caption: str
) -> Plot:
    """A plot for a page, drawn for desks and for phones; upright are shares from 0.

    Args:
        panels: with as many lines as there are series.
        series: their names.
        across: the horizontal scale, from its first tick to its last.
        name: prefix of its ids.
        title: what it shows.
        upright: what is upright.
        caption: how to read it.
    """
    wide, narrow = (
        _drawn(panels, series, across, (f"{name}{ending}", title, upright), compact=compact)
        for ending, compact in (("", False), ("-narrow", True))
    )
    return Plot(wide, narrow, caption)


def _drawn(
    panels: Sequence[Panel], series: Sequence[str], across: Scale, named: tuple[str, str, str], *, compact: bool
) -> str:
    whole = NARROW if compact else WIDE
    columns = 1 if compact else max(1, len(panels))
    width = (whole - GAP * (columns - 1)) / columns
    marks, taken = legend(series, 0, 16, whole)
    top = _top(panels)
    pitch = 34 + HEIGHT + BELOW
    name, title, upright = named
    body = [marks, text(0, taken + 16, upright, size=12, look='class="quiet" ')]
    for number, panel in enumerate(panels):
        place = (0.0, pitch * number) if compact else ((width + GAP) * number, 0.0)
        frame = _Frame(place[0] + LEFT, taken + 50 + place[1], width - LEFT - 10, across, top)
        body.append(frame.drawn(panel))
    height = taken + 16 + pitch * (len(panels) if compact else 1)
    told = "; ".join(_told(panel, series) for panel in panels)
    return svg(name, (whole, height), title, told, "".join(body))


@dataclass(frozen=True)
class _Frame:
    left: float
    top: float
    width: float
    across: Scale
    highest: float

    def x(self, value: float) -> float:
        low, high = self.across.ticks[0], self.across.ticks[-1]
        return self.left + self.width * (min(max(value, low), high) - low) / (high - low)

    def y(self, value: float) -> float:
        return self.top + HEIGHT * (1 - min(value, self.highest) / self.highest)

    def drawn(self, panel: Panel) -> str:
        bottom = self.top + HEIGHT
        parts = [text(self.left, self.top - 12, panel.title, size=13)]
        parts += [self._rung(0.2 * number) for number in range(round(self.highest / 0.2) + 1)]
        parts += [
            text(self.x(tick), bottom + 17, f"{tick:g}", size=12, anchor="middle", look='class="quiet" ')
            for tick in self.across.ticks
        ]
        middle = self.left + self.width / 2
        parts.append(text(middle, bottom + 36, self.across.name, size=12, anchor="middle", look='class="quiet" '))
        if self.across.special is not None:
            x = self.x(self.across.special)
            parts.append(line(x, self.top, x, bottom, BASE_LOOK))
            parts.append(text(x + 5, self.top + 12, self.across.special_name, size=12, look='class="quiet halo" '))
        parts += [self._line(n, one, len(panel.lines)) for n, one in enumerate(panel.lines) if one]
        return "".join(parts)

    def _rung(self, share: float) -> str:
        y = self.y(share)
        name = text(
            self.left - 8, y + 4, f"{share:.1f}" if share else "0", size=12, anchor="end", look='class="quiet" '
        )
        return line(self.left, y, self.left + self.width, y, RULE) + name

    def _line(self, number: int, one: Line, lines: int) -> str:
        colour = COLOURS[number % 4]
        drawn = [
            thread(
                [(self.x(x), self.y(y)) for x, y in one.points],
                f'class="s{number % 4} thread" stroke="{colour}" stroke-width="1.75"',
            )
        ]
        for x, dot in one.marks:
            at = self.x(x) + APART * (number - (lines - 1) / 2)  # so that limits do not hide each other
            if dot.lower is not None and dot.upper is not None:
                rule = f'{look(number)} stroke-width="1.5" stroke-linecap="round"'
                drawn.append(line(at, self.y(dot.lower), at, self.y(dot.upper), rule))
            drawn.append(series_mark(number, at, self.y(dot.value)))
        return "".join(drawn)


def _top(panels: Sequence[Panel]) -> float:
    """The highest share that is shown: a multiple of 0.2 that holds all."""
    lines = [one for panel in panels for one in panel.lines if one]
    found = [y for one in lines for _, y in one.points]
    found += [dot.upper if dot.upper is not None else dot.value for one in lines for _, dot in one.marks]
    return min(1.0, max(0.2, 0.2 * math.ceil(max(found, default=0.0) / 0.2 - 1e-9)))


def _told(panel: Panel, series: Sequence[str]) -> str:
    ends = (
        f"{name} {one.points[-1][1]:.2f} at {one.points[-1][0]:g}"
        for name, one in zip(series, panel.lines, strict=True)
        if one and one.points
    )
    return f"{panel.title}: {', '.join(ends)}"
