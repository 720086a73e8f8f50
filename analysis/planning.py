"""What a study needs and costs before anybody is asked: protocols side by side, as a table and as curves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import ceil

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis.power import Controls, Protocol, Skill, curves, pairs_needed, protocol
from hits.batch import Hits
from hits.bill import Measured, cost_of
from hits.pay import Pay, minor_per_major
from hits.vote_rules import LEAD_3_OF_5, LEAD_3_OF_7, MAJORITY_OF_3, MajorityRule

#: Shares of truly changed pairs that a plan looks at.
THETAS = (0.0, 0.01, 0.02, 0.03)
DIMENSIONS = 2  # a condition is SAFE when both are
COLUMNS = (
    "protocol",
    "changed",
    "pairs",
    "judgments",
    "all_judgments",
    "assignments",
    "price_minor",
    "price",
    "currency",
)


def protocols(hits: Hits, skill: Skill) -> tuple[Protocol, ...]:
    """The study's own protocol first, then those that it could have."""
    ways = (hits.votes, MajorityRule(1), MAJORITY_OF_3, MajorityRule(3, curtailed=True), LEAD_3_OF_5, LEAD_3_OF_7)
    return tuple(protocol(votes, skill) for votes in dict.fromkeys(ways))


def power_of_each(power: float) -> float:
    """What each of the two dimensions needs, so that both are found safe so often, however they hang together.

    >>> round(power_of_each(0.9), 2)
    0.95
    """
    return 1 - (1 - power) / DIMENSIONS


def plan(
    asked: Sequence[Protocol],
    conditions: int,
    tau: float,
    controls: Controls,
    hits: Hits,
    pay: Pay,
    *,
    measured: Measured | None = None,
    alpha: float = 0.05,
    power: float = 0.9,
) -> pd.DataFrame:
    """Pairs and judgments of a condition, and judgments, assignments and price of the whole study.

    Args:
        asked: as `protocols` gives them.
        conditions: in the study, all taken to need the same.
        tau: the largest share of changed pairs that is still safe.
        controls: identical and positive pairs, under the same protocol.
        hits: trials and checks of a HIT.
        pay: the study's wage and fees.
        measured: the time of a trial where it was measured; else it is the expected one.
        alpha: how often a condition at tau may be called SAFE.
        power: how often one that changes so rarely should be, in both dimensions.

    Returns:
        Columns `COLUMNS`, a row a protocol and share of changed pairs; figures are missing where no number of pairs
        suffices.
    """
    rows = [
        {"protocol": one.name, "changed": theta}
        | _needed(one, theta, conditions, tau, controls, hits, pay, measured or Measured(), alpha, power)
        for one in asked
        for theta in THETAS
        if theta < tau
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    counts = ["pairs", "all_judgments", "assignments", "price_minor"]
    return table.astype(dict.fromkeys(counts, "Int64"))


def _needed(
    one: Protocol,
    theta: float,
    conditions: int,
    tau: float,
    controls: Controls,
    hits: Hits,
    pay: Pay,
    measured: Measured,
    alpha: float,
    power: float,
) -> dict[str, object]:
    pairs = pairs_needed(one, tau, theta, controls, alpha=alpha, power=power_of_each(power))
    if pairs is None:
        return {}
    each = pairs * one.judgments(theta, DIMENSIONS)
    of_controls = controls.identical * one.judgments(0, DIMENSIONS) + controls.positive * one.judgments(1, DIMENSIONS)
    judgments = ceil(conditions * each + of_controls)
    assignments = ceil(judgments / hits.asked_per_hit)
    s_per_trial = measured.s_per_trial or pay.expected_s_per_trial
    places = hits.votes_per_pair if hits.policy == "fixed" else 1
    minor = cost_of(assignments, hits.trials_per_hit, places, s_per_trial, pay, measured).total_minor
    return {
        "pairs": pairs,
        "judgments": each,
        "all_judgments": judgments,
        "assignments": assignments,
        "price_minor": minor,
        "price": minor / minor_per_major(pay.currency),
        "currency": pay.currency,
    }


def plan_curves(asked: Sequence[Protocol], tau: float, controls: Controls, alpha: float, most: int) -> pd.DataFrame:
    """Power in one dimension against pairs of a condition, up to `most`, as `analysis.power.curves` gives it."""
    pairs = np.unique(np.linspace(10, max(20, most), 60).astype(int)).tolist()
    return curves(pairs, asked, tau, [theta for theta in THETAS if theta < tau], controls, alpha)


def curves_figure(table: pd.DataFrame) -> bytes:
    """The curves as SVG: a panel a share of changed pairs, a line a protocol; the same table makes the same bytes."""
    with mpl.rc_context({"svg.hashsalt": "earwitness", "font.size": 8, "axes.grid": True, "grid.alpha": 0.3}):
        shares = sorted(table["changed"].unique())
        figure = Figure(figsize=(2.4 * max(1, len(shares)), 2.8), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, max(1, len(shares)), sharey=True, squeeze=False)[0]
        for panel, share in zip(panels, shares, strict=False):
            for name, line in table[table["changed"] == share].groupby("protocol", sort=False):
                panel.plot(line["judgments"], line["power"], label=name, linewidth=1.2)
            panel.set_title(f"{share:.0%} of pairs change", loc="left")
            panel.set_xlabel("judgments of a condition")
            panel.set_ylim(0, 1)
        panels[0].set_ylabel("found SAFE, in one dimension")
        panels[-1].legend(frameon=False)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()
