"""The study's figure for print, drawn with matplotlib: the same verdicts as the page's forest plot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis.forest import Decided, Interval, by_family, drawn_limits, has_shares
from analysis.svg import COLOURS

MARKERS = {"SAFE": "o", "UNDECIDED": "D", "UNSAFE": "s"}
WIDTH_IN = 7.0  # two columns of a paper
DPI = 200


def forest_figure(rows: Sequence[Decided], tau: float, kind: Literal["png", "svg", "pdf"]) -> bytes:
    """Two panels, activation and valence, one row a condition, by family; the same rows make the same bytes."""
    ordered, shares = by_family(rows), has_shares(rows)
    with mpl.rc_context(
        {"svg.hashsalt": "earwitness", "font.size": 8, "axes.spines.right": False, "axes.spines.top": False}
    ):
        figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.21 * max(len(ordered), 3)), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for panel, dimension in zip(panels, ("activation", "valence"), strict=True):
            if shares:
                panel.axvline(tau, color="black", linewidth=0.8, linestyle=(0, (4, 2)))
            for place, row in enumerate(ordered):
                _draw(panel, getattr(row, dimension), place, shares)
            panel.set_title(dimension, loc="left")
            panel.set_xlabel(f"share of pairs {'that truly change' if shares else 'called different'}")
            panel.set_xlim(left=0)
        panels[0].set_yticks(range(len(ordered)), [f"{row.condition}  {row.decision}" for row in ordered])
        panels[0].invert_yaxis()
        drawn = io.BytesIO()
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
        figure.savefig(drawn, format=kind, metadata=metadata)
    return drawn.getvalue()


def _draw(panel: Axes, part: Interval, place: int, shares: bool) -> None:
    colour, limits = COLOURS[part.decision], drawn_limits(part, shares)
    if shares and part.ratio is not None:
        panel.plot(part.ratio, place, "|", color="black", markersize=6, markeredgewidth=0.8, clip_on=False)
    if limits is not None:
        panel.plot(limits[1:], [place, place], color=colour, linewidth=1.2)
        panel.plot(limits[0], place, MARKERS[part.decision], color=colour, markersize=4, clip_on=False)
