"""Bars by arm, in groups: which way of training does best, and where."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.report.parts import Plot
from analysis.svg import line, svg, text
from models.tables.dots import DotRow
from models.tables.strokes import NARROW, WIDE, Axis, axis, frame, legend, look

BAR = 14.0


def bars_plot(
    rows: Sequence[DotRow], series: Sequence[str], *, name: str, title: str, base: float, base_name: str, caption: str
) -> Plot:
    """A group of bars for each row, a bar for each series, from 0; drawn for desks and for phones."""
    wide, narrow = (
        _drawn(rows, series, f"{name}{suffix}", title, (base, base_name), width)
        for suffix, width in (("", WIDE), ("-narrow", NARROW))
    )
    return Plot(wide, narrow, caption)


def _drawn(
    rows: Sequence[DotRow], series: Sequence[str], name: str, title: str, based: tuple[float, str], width: float
) -> str:
    values = [value for row in rows for dot in row.dots if dot for value in (dot.value, dot.lower, dot.upper)]
    on = axis([0, *(value for value in values if value is not None)], *based, 10, width - 14)
    marks, taken = legend(series, 0, 16, width)
    top = taken + 32
    height = 24 + (BAR + 3) * len(series) + 8
    bottom = top + height * len(rows)
    body = "".join(_group(row, top + n * height, on) for n, row in enumerate(rows))
    told = "; ".join(
        f"{row.name}: "
        + ", ".join(f"{one} {dot.value:.2f}" for one, dot in zip(series, row.dots, strict=True) if dot is not None)
        for row in rows
    )
    return svg(name, (width, bottom + 26), title, told, marks + frame(on, top, bottom) + body)


def _group(row: DotRow, top: float, on: Axis) -> str:
    parts = [text(on.left, top + 17, row.name, size=13, look='class="halo" ')]
    for number, dot in enumerate(row.dots):
        y = top + 24 + (BAR + 3) * number
        if dot is None:
            parts.append(text(on.x(0) + 4, y + 11, "–", size=12))
            continue
        start, end = sorted((on.x(0), on.x(dot.value)))
        parts.append(f'<rect {look(number)} x="{start:.1f}" y="{y:.1f}" width="{end - start:.1f}" height="{BAR}"/>')
        if dot.lower is not None and dot.upper is not None:
            rule = 'class="base" stroke="currentColor" stroke-width="1.5"'
            parts.append(line(on.x(dot.lower), y + BAR / 2, on.x(dot.upper), y + BAR / 2, rule))
    return "".join(parts)
