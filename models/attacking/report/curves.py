"""Curves: success against the number of questions, and against the SNR that is demanded."""

from __future__ import annotations

import pandas as pd

from analysis.report.parts import Section, Words, csv_text
from models.attacking.paired import Place
from models.attacking.rates import GROUP, Eval
from models.attacking.report.results import STEPS_DB, Results
from models.tables.dots import Dot
from models.tables.lines import Line, Panel, Scale, lines_plot

BY_NUMBER, BY_SNR = "success-by-questions.csv", "success-by-snr.csv"
SERIES: dict[Eval, str] = {"no": "Eval: No", "before": "Eval: Yes, before", "after": "Eval: Yes, after"}
PANELS = {False: "Corr: No", True: "Corr: Yes"}


def curves_section(results: Results) -> Section:
    """Both curves of the study's attack, over all labels, with added sounds only."""
    facts = results.facts
    budget = Scale("questions", (0.0, *_ticks(facts.k)))
    demanded = Scale(
        "SNR demanded, dB",
        tuple(float(level) for level in STEPS_DB[::10]),
        facts.goal_db,
        f"goal: {facts.goal_db:g} dB",
    )
    what = "share of clips"
    blocks = (
        Words(
            f"P_IF of {facts.name_of(facts.label)}, added sounds only. The first questions of a search are what a "
            "smaller budget would have asked, so one search tells of all budgets up to its own."
        ),
        lines_plot(
            _panels(results, "k"), tuple(SERIES.values()), budget,
            name="by-questions", title="Success against the number of questions", upright=what,
            caption="Success with a budget of so many questions; marks with 95 % limits stand where the table has "
            f"figures. All points: {BY_NUMBER}.",
        ),
        lines_plot(
            _panels(results, "above_db"), tuple(SERIES.values()), demanded,
            name="by-snr", title="Success against the SNR that is demanded", upright=what,
            caption=f"Success with {facts.k} questions, if speech had to stand so far above the sound; the further to "
            f"the right, the less can be heard of it. All points: {BY_SNR}.",
        ),
    )  # fmt: skip
    files = {BY_NUMBER: csv_text(results.by_number), BY_SNR: csv_text(results.by_snr)}
    return Section("curves", "How quickly, and how softly", blocks, files)


def _ticks(k: int) -> tuple[float, ...]:
    step = max(1, round(k / 5))
    return tuple(float(number) for number in (*range(step, k - step // 2, step), k))


def _panels(results: Results, by: str) -> list[Panel]:
    panels = [
        Panel(title, tuple(_line(results, corr, which, by) for which in SERIES)) for corr, title in PANELS.items()
    ]
    return [panel for panel in panels if any(panel.lines)]


def _line(results: Results, corr: bool, which: Eval, by: str) -> Line | None:
    facts = results.facts
    table = results.by_number if by == "k" else results.by_snr
    wanted = (results.nets[0], facts.label, results.study, corr, which, False)
    here = pd.Series(dict(zip(GROUP, wanted, strict=True)))
    part = table[(table[GROUP] == here).all(axis=1)].sort_values(by)
    if part.empty:
        return None
    points = tuple((float(x), float(y)) for x, y in zip(part[by], part["p_if"], strict=True))
    if by != "k":
        return Line(points)
    rates = [(k, results.rate(Place(*wanted, k))) for k in facts.design.queries]
    marks = tuple((float(k), dot_of(rate)) for k, rate in rates if rate is not None)
    return Line(((0.0, 0.0), *points), marks)


def dot_of(rate: object) -> Dot:
    """A rate with its limits as a mark."""
    value, lower, upper = (float(getattr(rate, name)) for name in ("p_if", "lower", "upper"))
    return Dot(value) if lower != lower else Dot(value, lower, upper)
