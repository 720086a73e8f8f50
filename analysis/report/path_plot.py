"""The plot of the sequential path: a small panel a condition, evidence against judgments spent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analysis.svg import RULE, line, mark, svg, text, thread
from analysis.verdicts import Verdict

LN10 = math.log(10)
GAP = 14.0
TOP = 30.0  # above a panel, for its name
BELOW = 26.0  # below it, for the axis
SOLID = 'class="thread" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"'
DASHED = 'class="thread" stroke="currentColor" stroke-width="1.25" stroke-dasharray="4 3" stroke-linejoin="round"'
LOWEST, HIGHEST = -2.0, 6.0  # decades that are drawn at most
POINTS = 60  # of a line, as many as a panel can show


class Step(NamedTuple):
    """After a round: judgments spent, and the natural logarithm of what speaks for SAFE and for UNSAFE."""

    judgments: int
    safe: float
    unsafe: float


@dataclass(frozen=True)
class Way:
    """A condition's path, and where it led."""

    condition: str
    decision: Verdict
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class _Frame:
    columns: int
    width: float  # of a panel
    height: float
    most: int  # judgments at the right end
    low: float  # decades
    high: float

    def x(self, judgments: int) -> float:
        return self.width * judgments / self.most

    def y(self, log: float) -> float:
        decades = min(self.high, max(self.low, log / LN10))
        return self.height * (self.high - decades) / (self.high - self.low)


def path_svg(ways: Sequence[Way], error: float, *, name: str, compact: bool = False) -> str:
    """Draw the paths.

    Args:
        ways: one a condition.
        error: whose inverse is drawn as a line.
        name: prefix of the ids inside.
        compact: for phones: two panels side by side, rather than four.
    """
    frame = _frame(ways, error, compact)
    rows = math.ceil(len(ways) / frame.columns)
    left = 34.0
    body = []
    for place, way in enumerate(ways):
        column, row = place % frame.columns, place // frame.columns
        x = left + column * (frame.width + GAP)
        y = TOP + row * (frame.height + TOP + BELOW)
        panel = _panel(way, frame, error, first=column == 0)
        body.append(f'<g transform="translate({x:.1f} {y:.1f})">{panel}</g>')
    width = left + frame.columns * frame.width + (frame.columns - 1) * GAP + 10
    said = "; ".join(_spoken(way) for way in ways)
    size = (width, rows * (frame.height + TOP + BELOW) + 6)
    return svg(name, size, "Evidence against judgments spent, by condition", said, "".join(body))


def _frame(ways: Sequence[Way], error: float, compact: bool) -> _Frame:
    logs = [log / LN10 for way in ways for step in way.steps for log in (step.safe, step.unsafe)]
    high = min(HIGHEST, math.ceil(max([*logs, -math.log10(error)]) + 0.1))
    low = max(LOWEST, math.floor(min([*logs, 0.0])))
    most = max([step.judgments for way in ways for step in way.steps] or [1])
    columns = 2 if compact else 4
    width = ((340 if compact else 760) - 44 - (columns - 1) * GAP) / columns
    return _Frame(columns, width, 84, max(1, most), low, high)


def _spoken(way: Way) -> str:
    if not way.steps:
        return f"{way.condition} {way.decision}, no judgment"
    return (
        f"{way.condition} {way.decision} after {way.steps[-1].judgments} judgments, "
        f"for SAFE 10^{way.steps[-1].safe / LN10:.1f}, for UNSAFE 10^{way.steps[-1].unsafe / LN10:.1f}"
    )


def _panel(way: Way, frame: _Frame, error: float, *, first: bool) -> str:
    at = frame.y(-math.log(error))
    parts = [
        text(0, -9, _short(way.condition, frame), size=11.5),
        line(0, frame.height, frame.width, frame.height, RULE),
        line(0, frame.y(0), frame.width, frame.y(0), RULE),
        line(0, at, frame.width, at, 'stroke="currentColor" stroke-dasharray="1 3"'),
    ]
    if first:
        decades = range(int(frame.low), int(frame.high) + 1)
        every = 2 if len(decades) > 5 else 1
        parts += [
            text(-5, frame.y(decade * LN10) + 4, _power(decade), size=10, anchor="end")
            for decade in decades
            if decade % every == 0
        ]
    parts.append(text(0, frame.height + 13, "0", size=10))
    parts.append(text(frame.width, frame.height + 13, f"{frame.most:,}", size=10, anchor="end"))
    if way.steps:
        steps = [Step(0, 0.0, 0.0), *_thinned(way.steps)]
        for look, side in ((DASHED, 2), (SOLID, 1)):
            parts.append(thread([(frame.x(step.judgments), frame.y(step[side])) for step in steps], look))
        last = steps[-1]
        height = {"SAFE": last.safe, "UNSAFE": last.unsafe}.get(way.decision, max(last.safe, last.unsafe))
        parts.append(mark(way.decision, frame.x(last.judgments), frame.y(height)))
    return "".join(parts)


def _thinned(steps: Sequence[Step]) -> list[Step]:
    every = math.ceil(len(steps) / POINTS)
    return [step for place, step in enumerate(steps) if place % every == 0 or place == len(steps) - 1]


def _short(condition: str, frame: _Frame) -> str:
    letters = int(frame.width / 6.3)
    return condition if len(condition) <= letters else condition[: letters - 1] + "…"


def _power(decade: int) -> str:
    """A power of ten in few letters.

    >>> _power(0), _power(2), _power(-1), _power(6)
    ('1', '100', '0.1', '10⁶')
    """
    if -2 <= decade <= 3:
        return f"{10.0**decade:g}"
    return "10" + str(decade).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
