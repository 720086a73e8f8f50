"""The forest plot of a study's verdicts, as SVG for pages: one row a condition, grouped by family, ordered by SNR."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Protocol

from analysis.verdicts import Verdict

#: For the page that shows the plot; colours come from the page's variables, with fallbacks.
FOREST_CSS = """
.forest { display: block; width: 100%; height: auto; color: inherit; font-family: inherit; }
.forest text { fill: currentColor; font-variant-numeric: tabular-nums; }
.forest .quiet { fill: var(--quiet, #545c63); }
.forest .rule { stroke: var(--hairline, #d8d4cc); }
.forest .zone { fill: var(--safe, #0f766e); }
.forest .tau { stroke: currentColor; }
.forest .safe { fill: var(--safe, #0f766e); stroke: var(--safe, #0f766e); }
.forest .undecided { fill: var(--undecided, #6b7280); stroke: var(--undecided, #6b7280); }
.forest .unsafe { fill: var(--unsafe, #d1430f); stroke: var(--unsafe, #d1430f); }
.forest .floor { fill: currentColor; stroke: currentColor; }
.forest .hollow { fill: var(--paper, #ffffff); }
"""

COLOURS = {"SAFE": "#0f766e", "UNDECIDED": "#6b7280", "UNSAFE": "#d1430f", None: "#1f2328"}
CLASSES = {"SAFE": "safe", "UNDECIDED": "undecided", "UNSAFE": "unsafe", None: "floor"}
TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
CLOSEST_TICKS = 30.0  # pixels between the labels of two ticks
TAU_LOOK = 'class="tau" stroke="#1f2328" stroke-dasharray="5 3"'
LANE = 7.0  # a row's two dimensions lie this far above and below its middle
MARK = 4.5  # half the width of a mark


class Interval(Protocol):
    """One dimension of a row: a ratio with its limits, None without pairs."""

    @property
    def ratio(self) -> float | None: ...  # noqa: D102
    @property
    def lower(self) -> float | None: ...  # noqa: D102
    @property
    def upper(self) -> float | None: ...  # noqa: D102
    @property
    def decision(self) -> Verdict: ...  # noqa: D102


class Decided(Protocol):
    """A row: `analysis.certify.Decision` and `analysis.whitelist.ConditionVerdict` both fit."""

    @property
    def condition(self) -> str: ...  # noqa: D102
    @property
    def family(self) -> str: ...  # noqa: D102
    @property
    def snr_db(self) -> float | None: ...  # noqa: D102
    @property
    def decision(self) -> Verdict: ...  # noqa: D102
    @property
    def activation(self) -> Interval: ...  # noqa: D102
    @property
    def valence(self) -> Interval: ...  # noqa: D102


@dataclass(frozen=True)
class Frame:
    """Where things stand in the plot, in pixels of its own coordinates."""

    width: float
    left: float  # of the axis
    right: float
    greatest: float  # ratio at the right end
    row_height: float
    compact: bool
    label_size: float = field(default=13.0)

    def x(self, ratio: float) -> float:
        """Square-root scale: it spreads the small ratios, where the line is drawn, and evens out their intervals."""
        return self.left + (self.right - self.left) * math.sqrt(min(ratio, self.greatest) / self.greatest)


def forest_svg(
    rows: Iterable[Decided],
    tau: float,
    *,
    compact: bool = False,
    name: str = "forest",
    address_of: Callable[[str], str] | None = None,
) -> str:
    """Draw the verdicts.

    Each row has two lanes, activation (filled) above valence (hollow), each a point with its limits; the mark's shape
    and colour are that dimension's own decision (circle safe, diamond undecided, square unsafe), and the word at the
    end of the row is the condition's.

    Args:
        rows: in any order; grouped by family and ordered from clean to noisy here.
        tau: the largest share that is still called safe, drawn as a line.
        compact: for phones: labels above the lanes, 340 wide rather than 760.
        name: prefix of the ids inside, for pages with several plots.
        address_of: where a condition's row leads; without it rows lead nowhere.

    Returns:
        One `<svg>` element without scripts, style attributes or anything from elsewhere; `FOREST_CSS` colours it.
    """
    ordered = sorted(
        rows, key=lambda row: (row.family, -(row.snr_db if row.snr_db is not None else math.inf), row.condition)
    )
    frame = _frame(ordered, tau, compact)
    body: list[str] = []
    y = 56.0
    for family, members in groupby(ordered, key=lambda row: row.family):
        body.append(_text(0, y + 12, family, size=12, look='class="quiet" '))
        body.append(_line(0, y + 19, frame.width, y + 19, 'class="rule" stroke="#d8d4cc"'))
        y += 22
        for row in members:
            drawn = _row(row, y, frame, tau)
            body.append(_linked(drawn, row, address_of(row.condition), y, frame) if address_of else drawn)
            y += frame.row_height
        y += 12
    height = y + 38
    head = _title(ordered, tau, name) + _legend(frame) + _axis(frame, tau, top=50, bottom=y)
    return (
        f'<svg class="forest" role="{"group" if address_of else "img"}" aria-labelledby="{name}-title {name}-desc" '
        'xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {frame.width:.0f} {height:.0f}" font-family="system-ui, sans-serif">{head}{"".join(body)}</svg>'
    )


def _frame(rows: Sequence[Decided], tau: float, compact: bool) -> Frame:
    uppers = [part.upper for row in rows for part in (row.activation, row.valence) if part.upper is not None]
    greatest = min(1.0, max([*uppers, 2.5 * tau]) * 1.02)
    if compact:
        return Frame(340, 6, 334, greatest, row_height=52, compact=True)
    return Frame(760, 190, 630, greatest, row_height=34, compact=False)


def _title(rows: Sequence[Decided], tau: float, name: str) -> str:
    counts = [f"{sum(row.decision == word for row in rows)} {word}" for word in ("SAFE", "UNDECIDED", "UNSAFE")]
    each = "; ".join(_spoken(row) for row in rows)
    return (
        f'<title id="{name}-title">Share of pairs that people call different, by condition</title>'
        f'<desc id="{name}-desc">{len(rows)} conditions against the line at {tau:g}: {", ".join(counts)}. '
        f"{escape(each)}</desc>"
    )


def _spoken(row: Decided) -> str:
    parts = []
    for dimension, part in (("activation", row.activation), ("valence", row.valence)):
        if part.ratio is None or part.lower is None or part.upper is None:
            parts.append(f"{dimension} unknown")
        else:
            parts.append(f"{dimension} {part.ratio:.2f} ({part.lower:.2f} to {part.upper:.2f})")
    return f"{row.condition} {row.decision}, {', '.join(parts)}"


def _legend(frame: Frame) -> str:
    x = 6.0 if frame.compact else frame.left
    filled = _mark("UNDECIDED", x + 5, 9, hollow=False) + _text(x + 16, 13.5, "activation", size=12)
    hollow = _mark("UNDECIDED", x + 99, 9, hollow=True) + _text(x + 110, 13.5, "valence", size=12)
    return filled + hollow


def _axis(frame: Frame, tau: float, top: float, bottom: float) -> str:
    parts = [
        f'<rect class="zone" fill="{COLOURS["SAFE"]}" opacity="0.08" x="{frame.x(0):.1f}" y="{top:.1f}" '
        f'width="{frame.x(tau) - frame.x(0):.1f}" height="{bottom - top:.1f}"/>',
        _line(frame.x(tau), top - 6, frame.x(tau), top if frame.compact else bottom, TAU_LOOK),
        _text(frame.x(tau), top - 11, f"τ = {tau:g}", size=12, anchor="middle"),
        _line(frame.left, bottom, frame.right, bottom, 'class="rule" stroke="#d8d4cc"'),
    ]
    last = -math.inf
    for tick in TICKS:
        x = frame.x(tick)
        if tick <= frame.greatest and x - last >= CLOSEST_TICKS:
            parts.append(_line(x, bottom, x, bottom + 4, 'class="rule" stroke="#d8d4cc"'))
            parts.append(_text(x, bottom + 17, f"{tick:g}", size=11, anchor="middle"))
            last = x
    parts.append(_text(frame.left, bottom + 35, "share of pairs called different (square-root scale)", size=11))
    return "".join(parts)


def _row(row: Decided, top: float, frame: Frame, tau: float) -> str:
    middle = top + frame.row_height / 2 + (9 if frame.compact else 0)
    baseline = top + 16 if frame.compact else middle + 4.5
    word_x = frame.right - 78 if frame.compact else frame.right + 26
    # on a phone the labels stand above the lanes, so the line at tau is drawn in pieces that leave them free
    line = _line(frame.x(tau), middle - 2 * LANE, frame.x(tau), middle + 2 * LANE, TAU_LOOK) if frame.compact else ""
    parts = [
        f"<title>{escape(_spoken(row))}</title>",
        line,
        _text(0, baseline, row.condition, size=frame.label_size),
        _lane(row.activation, middle - LANE, frame, hollow=False),
        _lane(row.valence, middle + LANE, frame, hollow=True),
        _mark(row.decision, word_x, baseline - 4.5, hollow=False),
        _text(word_x + 11, baseline, row.decision, size=12),
    ]
    return f'<g data-condition="{escape(row.condition)}">{"".join(parts)}</g>'


def _linked(drawn: str, row: Decided, address: str, top: float, frame: Frame) -> str:
    """A row as one link, which can be hit anywhere in its height."""
    size = f'y="{top:.1f}" width="{frame.width:.0f}" height="{frame.row_height}"'
    area = f'<rect class="row" fill="none" pointer-events="all" {size}/>'
    return f'<a href="{escape(address)}" aria-label="{escape(_spoken(row))}">{area}{drawn}</a>'


def _lane(part: Interval, y: float, frame: Frame, *, hollow: bool) -> str:
    if part.ratio is None or part.lower is None or part.upper is None:
        return _text(frame.left + 4, y + 4, "no pairs judged", size=11)
    look = f'class="{CLASSES[part.decision]}" stroke="{COLOURS[part.decision]}" stroke-width="2" stroke-linecap="round"'
    return _line(frame.x(part.lower), y, frame.x(part.upper), y, look) + _mark(
        part.decision, frame.x(part.ratio), y, hollow=hollow
    )


def _mark(decision: Verdict, x: float, y: float, *, hollow: bool) -> str:
    """A circle for safe, a diamond for undecided, a square for unsafe: apart without colour too."""
    colour, name = COLOURS[decision], CLASSES[decision]
    fill = "#ffffff" if hollow else colour
    look = f'class="{name}{" hollow" if hollow else ""}" fill="{fill}" stroke="{colour}" stroke-width="1.75"'
    if decision == "SAFE":
        return f'<circle {look} cx="{x:.1f}" cy="{y:.1f}" r="{MARK}"/>'
    if decision == "UNSAFE":
        half = MARK - 0.5  # a square looks larger than a circle as wide
        return f'<rect {look} x="{x - half:.1f}" y="{y - half:.1f}" width="{2 * half}" height="{2 * half}"/>'
    reach = MARK + 1
    return f'<path {look} d="M{x:.1f} {y - reach:.1f}l{reach} {reach}l-{reach} {reach}l-{reach} -{reach}z"/>'


def _line(x1: float, y1: float, x2: float, y2: float, look: str) -> str:
    return f'<line {look} x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, words: str, *, size: float, anchor: str = "start", look: str = "") -> str:
    return f'<text {look}x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}">{escape(words)}</text>'
