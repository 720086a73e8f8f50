"""Dots with their limits, a row a condition and a mark a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.report.parts import Plot
from analysis.svg import line, svg, text
from models.tables.strokes import NARROW, WIDE, Axis, axis, frame, legend, look, series_mark

LANE = 13.0  # between the marks of a row
NO_FIGURE = "–"


@dataclass(frozen=True)
class Dot:
    """A figure with its limits, where there are any."""

    value: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class DotRow:
    """A row: a mark for each series, None where there is no figure."""

    name: str
    dots: tuple[Dot | None, ...]


def dots_plot(
    rows: Sequence[DotRow], series: Sequence[str], *, name: str, title: str, base: float, base_name: str, caption: str
) -> Plot:
    """A plot for a page, drawn for desks and for phones.

    Args:
        rows: from top to bottom.
        series: their names, as many as each row has dots.
        name: prefix of its ids.
        title: what it shows.
        base: where nothing changed, or chance.
        base_name: what that line is called.
        caption: how to read it; where the figures stand in a table.
    """
    wide, narrow = (_drawn(rows, series, name, title, (base, base_name), compact=compact) for compact in (False, True))
    return Plot(wide, narrow, caption)


def _drawn(
    rows: Sequence[DotRow], series: Sequence[str], name: str, title: str, based: tuple[float, str], *, compact: bool
) -> str:
    width = NARROW if compact else WIDE
    left = 10.0 if compact else 30 + 7.2 * max([len(row.name) for row in rows], default=0)
    values = [value for row in rows for dot in row.dots if dot for value in (dot.value, dot.lower, dot.upper)]
    on = axis([value for value in values if value is not None], *based, left, width - 14)
    marks, taken = legend(series, 0, 16, width)
    top = taken + 32
    head, height = (20.0 if compact else 0.0), LANE * len(series) + 12
    body = [_row(row, top + n * (head + height), on, head) for n, row in enumerate(rows)]
    bottom = top + len(rows) * (head + height)
    told = "; ".join(f"{row.name}: {_told(row, series)}" for row in rows)
    drawn = marks + frame(on, top, bottom) + "".join(body)
    return svg(f"{name}-narrow" if compact else name, (width, bottom + 26), title, told, drawn)


def _row(row: DotRow, top: float, on: Axis, head: float) -> str:
    if head:
        label = text(on.left, top + 15, row.name, size=13, look='class="halo" ')
    else:
        label = text(on.left - 14, top + 6 + LANE * len(row.dots) / 2 + 4, row.name, size=13, anchor="end")
    lanes = (_lane(n, dot, top + head + 6 + LANE * (n + 0.5), on) for n, dot in enumerate(row.dots) if dot)
    return label + "".join(lanes)


def _lane(number: int, dot: Dot, y: float, on: Axis) -> str:
    limits = ""
    if dot.lower is not None and dot.upper is not None:
        limits = line(on.x(dot.lower), y, on.x(dot.upper), y, f'{look(number)} stroke-width="2" stroke-linecap="round"')
    return limits + series_mark(number, on.x(dot.value), y)


def _told(row: DotRow, series: Sequence[str]) -> str:
    return ", ".join(
        f"{name} {dot.value:.2f}" if dot else f"{name} {NO_FIGURE}" for name, dot in zip(series, row.dots, strict=True)
    )
