"""The plot of directions: how much higher or lower noisy clips were placed than their originals, by condition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.direction import Direction
from analysis.svg import RULE, line, svg, text

SIGNIFICANT = 0.05
LANE = 6.0
MARK = 4.5
STEPS = (0.05, 0.1, 0.25, 0.5, 1.0)  # between two ticks; the smallest that leaves at most four to a side
INK = 'stroke="currentColor" stroke-width="1.5"'


@dataclass(frozen=True)
class _Frame:
    width: float
    left: float
    right: float
    most: float  # shift at either end
    row_height: float
    compact: bool

    def x(self, shift: float) -> float:
        share = (max(-self.most, min(self.most, shift)) + self.most) / (2 * self.most)
        return self.left + (self.right - self.left) * share


def direction_svg(found: Sequence[Direction], *, name: str, compact: bool = False) -> str:
    """Draw the shifts, a row a condition, those of one condition side by side.

    Args:
        found: with a shift each.
        name: prefix of the ids inside.
        compact: for phones: labels above the lanes.
    """
    steps = _step(found)
    ends = [abs(end) for one in found for end in (one.shift, one.lower, one.upper) if end is not None]
    most = max(steps, math.ceil(max(ends) / steps) * steps)
    frame = _Frame(340, 10, 330, most, 44, compact=True) if compact else _Frame(760, 190, 740, most, 30, compact=False)
    y, body = 34.0, []
    for condition in dict.fromkeys(one.condition for one in found):
        body.append(_row(condition, [one for one in found if one.condition == condition], y, frame))
        y += frame.row_height
    return svg(
        name,
        (frame.width, y + 40),
        "Shift of the noisy clip against the original, by condition",
        "; ".join(_spoken(one) for one in found),
        _head(frame) + _axis(frame, steps, 26, y + 4) + "".join(body),
    )


def _step(found: Sequence[Direction]) -> float:
    most = max(abs(end) for one in found for end in (one.shift, one.lower, one.upper) if end is not None)
    return next((step for step in STEPS if most / step <= 4), STEPS[-1])


def _spoken(one: Direction) -> str:
    limits = "" if one.lower is None or one.upper is None else f" ({one.lower:+.2f} to {one.upper:+.2f})"
    return f"{one.condition}, {one.dimension} {one.shift:+.2f}{limits}"


def _head(frame: _Frame) -> str:
    x = frame.left if not frame.compact else 6.0
    parts = [_mark(1, x + 5, 9, hollow=False), text(x + 14, 13.5, "activation", size=12)]
    parts += [_mark(1, x + 93, 9, hollow=True), text(x + 102, 13.5, "valence", size=12)]
    return "".join(parts)


def _axis(frame: _Frame, step: float, top: float, bottom: float) -> str:
    zero = frame.x(0)
    parts = [
        line(zero, top, zero, bottom, 'stroke="currentColor" stroke-dasharray="2 3"'),
        line(frame.left, bottom, frame.right, bottom, RULE),
    ]
    ticks = round(frame.most / step)
    every = 2 if frame.compact and ticks > 3 else 1
    for tick in range(-ticks, ticks + 1):
        if tick % every == 0:
            x = frame.x(tick * step)
            parts.append(line(x, bottom, x, bottom + 4, RULE))
            parts.append(text(x, bottom + 17, f"{tick * step:+g}" if tick else "0", size=11, anchor="middle"))
    parts.append(text(frame.left, bottom + 33, "lower than the original", size=11))
    parts.append(text(frame.right, bottom + 33, "higher than the original", size=11, anchor="end"))
    return "".join(parts)


def _row(condition: str, parts: Sequence[Direction], top: float, frame: _Frame) -> str:
    middle = top + frame.row_height / 2 + (8 if frame.compact else 0)
    drawn = [text(0, top + 14 if frame.compact else middle + 4.5, condition, size=13)]
    for one in parts:
        assert one.shift is not None
        y = middle + (-LANE if one.dimension == "activation" else LANE)
        if one.lower is not None and one.upper is not None:
            drawn.append(line(frame.x(one.lower), y, frame.x(one.upper), y, INK))
        shown = one.p_adjusted is not None and one.p_adjusted < SIGNIFICANT
        way = 0 if not shown else 1 if (one.rank_biserial or 0) > 0 else -1
        drawn.append(_mark(way, frame.x(one.shift), y, hollow=one.dimension == "valence"))
    return "".join(drawn)


def _mark(way: int, x: float, y: float, *, hollow: bool) -> str:
    """A triangle that points up the scale or down it, a dot where no way is shown."""
    look = f'class="hollow" fill="#ffffff" {INK}' if hollow else f'fill="currentColor" {INK}'
    if way == 0:
        return f'<circle {look} cx="{x:.1f}" cy="{y:.1f}" r="{MARK - 1}"/>'
    tip = way * (MARK + 1)
    return f'<path {look} d="M{x + tip:.1f} {y:.1f}L{x - tip:.1f} {y - MARK:.1f}V{y + MARK:.1f}z"/>'
