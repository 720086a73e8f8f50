"""The study's figure for print, drawn with matplotlib: the same verdicts as the page's forest plot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis.forest import COLOURS, Decided

MARKERS = {"SAFE": "o", "UNDECIDED": "D", "UNSAFE": "s"}
WIDTH_IN = 7.0  # two columns of a paper
DPI = 200


def forest_figure(rows: Sequence[Decided], tau: float, kind: Literal["png", "svg", "pdf"]) -> bytes:
    """Two panels, activation and valence, one row a condition in the order given; the same rows make the same bytes."""
    with mpl.rc_context(
        {"svg.hashsalt": "earwitness", "font.size": 8, "axes.spines.right": False, "axes.spines.top": False}
    ):
        figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.21 * max(len(rows), 3)), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for panel, dimension in zip(panels, ("activation", "valence"), strict=True):
            panel.axvline(tau, color="black", linewidth=0.8, linestyle=(0, (4, 2)))
            for place, row in enumerate(rows):
                part = getattr(row, dimension)
                if part.ratio is None:
                    continue
                panel.plot([part.lower, part.upper], [place, place], color=COLOURS[part.decision], linewidth=1.2)
                panel.plot(
                    part.ratio, place, MARKERS[part.decision], color=COLOURS[part.decision], markersize=4, clip_on=False
                )
            panel.set_title(dimension, loc="left")
            panel.set_xlabel("share of pairs called different")
            panel.set_xlim(left=0)
        panels[0].set_yticks(range(len(rows)), [f"{row.condition}  {row.decision}" for row in rows])
        panels[0].invert_yaxis()
        drawn = io.BytesIO()
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
        figure.savefig(drawn, format=kind, metadata=metadata)
    return drawn.getvalue()
