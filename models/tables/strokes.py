"""What the plots of tables share: series that differ by colour and by shape, and the frame of an axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.svg import RULE, line, text

#: Beside `analysis.svg.PLOT_CSS`. Series: blue, orange, green, purple, told apart by shape too.
TABLE_CSS = """
:root { --s0: #1f5fa8; --s1: #b3480b; --s2: #0f766e; --s3: #7a3f98; --cell: #1f5fa8; }
@media (prefers-color-scheme: dark) {
  :root { --s0: #7db4f5; --s1: #ff9a5c; --s2: #4fbfb0; --s3: #cf9be8; --cell: #3f86d6; }
}
@media print { :root { --s0: #1f5fa8; --s1: #b3480b; --s2: #0f766e; --s3: #7a3f98; --cell: #1f5fa8; } }
.plot .halo { paint-order: stroke; stroke: var(--paper, #ffffff); stroke-width: 4px; }
li, p, footer { overflow-wrap: anywhere; }
.plot .s0 { fill: var(--s0); stroke: var(--s0); } .plot .s1 { fill: var(--s1); stroke: var(--s1); }
.plot .s2 { fill: var(--s2); stroke: var(--s2); } .plot .s3 { fill: var(--s3); stroke: var(--s3); }
.plot .cell { fill: var(--cell); } .plot polyline.thread { fill: none; } .plot .base { stroke: currentColor; }
"""
COLOURS = ("#1f5fa8", "#b3480b", "#0f766e", "#7a3f98")
MARK = 4.5  # half the width of a mark
WIDE, NARROW = 760.0, 340.0
BASE_LOOK = 'class="base" stroke="currentColor" stroke-dasharray="4 3"'


def look(series: int) -> str:
    """Class and colours of a series; the fifth looks like the first again."""
    colour = COLOURS[series % 4]
    return f'class="s{series % 4}" fill="{colour}" stroke="{colour}"'


def series_mark(series: int, x: float, y: float) -> str:
    """Circle, diamond, square, triangle."""
    shape, reach = series % 4, MARK + 1
    if shape == 0:
        return f'<circle {look(series)} cx="{x:.1f}" cy="{y:.1f}" r="{MARK}"/>'
    if shape == 1:
        return (
            f'<path {look(series)} d="M{x:.1f} {y - reach:.1f}l{reach} {reach}l-{reach} {reach}l-{reach} -{reach}z"/>'
        )
    if shape == 2:
        half = MARK - 0.5
        return f'<rect {look(series)} x="{x - half:.1f}" y="{y - half:.1f}" width="{2 * half}" height="{2 * half}"/>'
    return f'<path {look(series)} d="M{x:.1f} {y - reach:.1f}l{reach} {1.8 * reach:.1f}h-{2 * reach}z"/>'


def legend(names: Sequence[str], x: float, y: float, width: float) -> tuple[str, float]:
    """Marks with their names, in as many lines as they need; and the height that they took."""
    drawn, left, top = [], x, y
    for number, name in enumerate(names):
        taken = 32 + 7.6 * len(name)
        if left > x and left + taken > width:
            left, top = x, top + 20
        drawn.append(series_mark(number, left + 5, top - 4) + text(left + 16, top, name, size=13))
        left += taken
    return "".join(drawn), top + 20 - y


@dataclass(frozen=True)
class Axis:
    """A horizontal axis: its values, and where they lie."""

    low: float
    high: float
    left: float
    right: float
    step: float
    base: float  # drawn as a dashed line: no change, or chance
    base_name: str

    def x(self, value: float) -> float:
        """Where a value lies; beyond the ends, at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + (self.right - self.left) * share

    @property
    def ticks(self) -> Iterator[float]:
        """The values that are named."""
        count = round((self.high - self.low) / self.step)
        return (round(self.low + number * self.step, 6) for number in range(count + 1))


def axis(values: Sequence[float], base: float, base_name: str, left: float, right: float) -> Axis:
    """An axis that holds all values and the base line, in steps that leave room for their names."""
    inside = [*values, base]
    fits = (s for s in (0.05, 0.1, 0.2, 0.25, 0.5) if (max(inside) - min(inside)) / s <= (right - left) / 46 - 2)
    step = next(fits, 0.5)
    low = step * int(min(inside) / step - (min(inside) < 0))
    high = step * (int(max(inside) / step) + 1)
    return Axis(round(low, 6), round(high, 6), left, right, step, base, base_name)


def frame(on: Axis, top: float, bottom: float) -> str:
    """Upright rules with their values below, and the base line with its name above."""
    rules = "".join(
        line(on.x(tick), top, on.x(tick), bottom, RULE)
        + text(on.x(tick), bottom + 17, f"{tick:g}".replace("-", "−"), size=12, anchor="middle", look='class="quiet" ')
        for tick in on.ticks
    )
    x = on.x(on.base)
    anchor = "end" if x > (on.left + on.right) / 2 else "start"
    name = text(
        x + (-5 if anchor == "end" else 5), top - 5, on.base_name, size=12, anchor=anchor, look='class="quiet" '
    )
    return rules + line(x, top - 14, x, bottom, BASE_LOOK) + name
