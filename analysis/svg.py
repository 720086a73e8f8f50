"""The strokes that all plots of pages are made of; colours come from the page's variables, with fallbacks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from analysis.verdicts import Verdict

#: For the page that shows a plot.
PLOT_CSS = """
:is(.plot, .forest) { display: block; width: 100%; height: auto; color: inherit; font-family: inherit; }
:is(.plot, .forest) text { fill: currentColor; font-variant-numeric: tabular-nums; }
:is(.plot, .forest) .quiet { fill: var(--quiet, #545c63); }
:is(.plot, .forest) .rule { stroke: var(--hairline, #d8d4cc); }
:is(.plot, .forest) .zone { fill: var(--safe, #0f766e); }
:is(.plot, .forest) .safe { fill: var(--safe, #0f766e); stroke: var(--safe, #0f766e); }
:is(.plot, .forest) .undecided { fill: var(--undecided, #6b7280); stroke: var(--undecided, #6b7280); }
:is(.plot, .forest) .unsafe { fill: var(--unsafe, #d1430f); stroke: var(--unsafe, #d1430f); }
:is(.plot, .forest) .hollow { fill: var(--paper, #ffffff); }
:is(.plot, .forest) .thread { fill: none; }
"""

COLOURS: dict[Verdict, str] = {"SAFE": "#0f766e", "UNDECIDED": "#6b7280", "UNSAFE": "#d1430f"}
CLASSES: dict[Verdict, str] = {"SAFE": "safe", "UNDECIDED": "undecided", "UNSAFE": "unsafe"}
RULE = 'class="rule" stroke="#d8d4cc"'
MARK = 4.5  # half the width of a mark


def line(x1: float, y1: float, x2: float, y2: float, look: str) -> str:
    """A straight line."""
    return f'<line {look} x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def thread(points: Iterable[tuple[float, float]], look: str) -> str:
    """A line through points."""
    return f'<polyline {look} fill="none" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def text(x: float, y: float, words: str, *, size: float, anchor: str = "start", look: str = "") -> str:
    """Words; `look` ends with a space where it is given."""
    return f'<text {look}x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}">{escape(words)}</text>'


def mark(decision: Verdict, x: float, y: float, *, hollow: bool = False) -> str:
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


def svg(
    name: str,
    size: tuple[float, float],
    title: str,
    described: str,
    body: str,
    *,
    look: str = "plot",
    linked: bool = False,
) -> str:
    """A whole picture with a name and a description for those who do not see it.

    Args:
        name: prefix of the ids inside, for pages with several plots.
        size: width and height in its own pixels.
        title: what it is.
        described: what it shows.
        body: its strokes.
        look: its class.
        linked: whether there are links in it.
    """
    return (
        f'<svg class="{look}" role="{"group" if linked else "img"}" aria-labelledby="{name}-title {name}-desc" '
        f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" '
        f'font-family="system-ui, sans-serif"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(described)}</desc>{body}</svg>'
    )
