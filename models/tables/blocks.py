"""Blocks that several tables show: every figure of an arm, its confusion matrices, its calibration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.report.parts import Folded, Words
from analysis.tables import MISSING, Table, p_cell
from models.measures.measured import Measured
from models.measures.predictions import CLEAN
from models.tables.cells import limits_cell, signed, uar_cell, uar_limits
from models.tables.confusions import Confusion, confusions_plot
from models.tables.curves import reliability_plot
from models.tables.paper import in_order, row_name
from models.tables.results import Results

CURVES = 4  # most curves of a plot: there are as many marks


def rows_of(results: Results, arm: str, label: str) -> list[Measured]:
    """An arm's measures of one label: clean first, then as the paper orders conditions."""
    found = {condition: row for (name, condition), row in results.measured(arm).items() if name == label}
    return [found[name] for name in (CLEAN, *in_order(name for name in found if name != CLEAN)) if name in found]


def all_figures(results: Results, rows: Sequence[Measured], file: str) -> Folded:
    """Every figure of some rows, to open; in full precision they are in `file`."""
    parts = []
    for label in results.labels:
        names = results.facts.classes[label]
        columns = ("Condition", "Clips", "Refused", "UAR", "Limits", "WA", *(f"Recall {name}" for name in names))
        tests = ("Change", "Limits", "p", "p, Holm", "p, t-test", "ECE", "ECE, adaptive", "Brier")
        shown = tuple(_figures(row) for row in rows if row.label == label)
        parts.append(Table(f"All figures, {label}", (*columns, *tests), shown, file))
    return Folded("Every figure", (*parts, Words(MEASURES)))


MEASURES = (
    "UAR: mean of the recalls of the classes that occur. WA: share of clips that are called what they are. Change: UAR "
    "less that on clean, on the same clips. p: predictions of both swapped speaker by speaker; Holm: adjusted for all "
    "conditions of the label; t-test: paired over folds, which papers print, and too small since folds share training "
    "clips. ECE: 15 bins of equal width; adaptive: of as many clips. Brier: 0 to 2."
)


def _figures(row: Measured) -> tuple[str, ...]:
    change = row.change
    recalls = tuple(MISSING if recall is None else f"{recall:.2f}" for recall in row.recalls)
    told = (row_name(row.condition), f"{row.clips:,}", f"{row.refused:,}", uar_cell(row), uar_limits(row))
    tests = (
        signed(change.value if change else None),
        limits_cell(change.lower, change.upper) if change else MISSING,
        p_cell(change.p if change else None),
        p_cell(change.p_adjusted if change else None),
        p_cell(change.p_t if change else None),
    )
    return (*told, f"{row.wa:.2f}", *recalls, *tests, f"{row.ece:.3f}", f"{row.ece_adaptive:.3f}", f"{row.brier:.3f}")


def confusions(results: Results, rows: Iterable[Measured], name: str) -> Folded:
    """The confusion matrices of some rows, to open."""
    matrices = [
        Confusion(f"{row.label}, {row_name(row.condition)}", results.facts.classes[row.label], row.confusion)
        for row in rows
    ]
    drawn = confusions_plot(matrices, name=f"{name}-confusions", title="What nets call each class")
    columns = ("Label and condition", "True class", "Clips", "Called so")
    table = tuple(
        (one.name, true, f"{sum(one.counts[n]):.0f}", f"{100 * share:.0f} %" if share is not None else MISSING)
        for one in matrices
        for n, true in enumerate(one.classes)
        for share in (one.share(n, n),)
    )
    return Folded("What is taken for what", (drawn, Table("Recalls in the matrices", columns, table, None, "names")))


def calibration(rows: Sequence[Measured], name: str) -> Folded:
    """Reliability curves of at most four rows of each label, a plot a label, with their figures, to open."""
    by_label = {label: [row for row in rows if row.label == label][:CURVES] for label in (row.label for row in rows)}
    drawn = [
        reliability_plot(
            {row_name(row.condition): row.reliability for row in found},
            label=label,
            name=f"{name}-reliability-{label}",
            title=f"Are nets right as often as they say, in {label}?",
        )
        for label, found in by_label.items()
    ]
    chosen = {f"{row.label}, {row_name(row.condition)}": row for found in by_label.values() for row in found}
    figures = tuple(
        (said, f"{row.ece:.3f}", f"{row.ece_adaptive:.3f}", f"{row.brier:.3f}") for said, row in chosen.items()
    )
    bins = tuple(
        (said, f"{one.lower:.2f} to {one.upper:.2f}", f"{one.clips:,}", f"{one.confidence:.2f}", f"{one.accuracy:.2f}")
        for said, row in chosen.items()
        for one in row.reliability
        if one.accuracy is not None
    )
    tables = (
        Table("Calibration error, mean over seeds", ("Label and condition", "ECE", "ECE, adaptive", "Brier"), figures),
        Table(
            "By probability, all seeds together",
            ("Label and condition", "Probability", "Answers", "Sure", "Right"),
            bins,
            None,
            "names",
        ),
    )
    return Folded("Are nets as sure as they should be?", (*drawn, *tables))


def worst(rows: Sequence[Measured], count: int) -> list[Measured]:
    """Clean and the conditions with the largest loss, for pictures that can't show all."""
    noisy = sorted((row for row in rows if row.change), key=lambda row: row.change.value if row.change else 0)
    return [*(row for row in rows if row.condition == CLEAN), *noisy[: count - 1]]
