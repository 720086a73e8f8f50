"""Table 1, left: what noise does to nets that never heard any (paper section 5.3)."""

from __future__ import annotations

from analysis.report.parts import Block, Plot, Section, Words
from analysis.tables import MISSING, Table, listed, many
from models.experiments.base import Layout, NothingToCompare
from models.measures.measured import Measured
from models.measures.predictions import CLEAN
from models.tables.arms import CLEAN_TRAINED, Arm, Ground, clean_trained
from models.tables.blocks import all_figures, calibration, confusions, rows_of, worst
from models.tables.cells import change_cell, limits_cell, measured_csv, notes, signed, uar_cell, uar_limits
from models.tables.dots import Dot, DotRow, dots_plot
from models.tables.paper import PAPER_CLEAN, PAPER_ROWS, in_order, paper_change, row_name
from models.tables.results import Results
from models.tables.section import noted

FILE = "clean-trained.csv"


class CleanTrained(Layout):
    """Nets trained on clean clips, tested under every condition that people hear as the same emotion."""

    question = "How much worse do nets that were trained on clean clips get in noise that people do not mind?"

    def arms(self, ground: Ground) -> list[Arm]:
        """One arm."""
        if not ground.tested:
            raise NothingToCompare("clean-trained", "no condition is whitelisted; expected at least one")
        return [clean_trained(list(ground.tested))]

    def table(self, results: Results) -> Section:
        """The change in UAR against clean on the same clips, in the paper's rows."""
        rows = {label: rows_of(results, CLEAN_TRAINED, label) for label in results.labels}
        every = [row for found in rows.values() for row in found]
        blocks: tuple[Block, ...] = (
            Words(_headline(rows)),
            _main(results, rows),
            _plot(results, rows),
            all_figures(results, every, FILE),
            confusions(results, [row for found in rows.values() for row in worst(found, 3)], "clean-trained"),
            calibration([row for found in rows.values() for row in worst(found, 2)], "clean-trained"),
        )
        said = notes(results, *_absent(results, rows), PAPER_NOTE)
        title = self.question if results.ground.whitelist else WITHOUT_WHITELIST
        return noted("clean-trained", title, blocks, said, {FILE: measured_csv(every, results)})


WITHOUT_WHITELIST = "How much worse do nets that were trained on clean clips get in noise?"
PAPER_NOTE = (
    f"Paper, IEMOCAP: table 1 of the paper, left half; on clean its UAR is {PAPER_CLEAN.activation:.2f} in activation "
    f"and {PAPER_CLEAN.valence:.2f} in valence."
)


def _headline(rows: dict[str, list[Measured]]) -> str:
    said = []
    for label, found in rows.items():
        noisy = [row for row in found if row.change]
        clean = next((row for row in found if row.condition == CLEAN), None)
        if clean is None or not noisy:
            continue
        lowest = min(noisy, key=lambda row: row.change.value if row.change else 0)
        said.append(
            f"{label}: UAR {uar_cell(clean)} on clean, and the lowest of {many(len(noisy), 'change')} is "
            f"{change_cell(lowest.change)}, under {row_name(lowest.condition)}"
        )
    told = "; ".join(said) or "nothing was measured"
    return f"{told[0].upper()}{told[1:]}."


def _main(results: Results, rows: dict[str, list[Measured]]) -> Table:
    by_condition = {(label, row.condition): row for label, found in rows.items() for row in found}
    named = in_order([*PAPER_ROWS, *(condition for _, condition in by_condition if condition != CLEAN)])
    columns = ["Noise"]
    clean = ["Clean (UAR)"]
    for label in results.labels:
        columns += [label.capitalize(), "Limits"]
        row = by_condition.get((label, CLEAN))
        clean += [uar_cell(row), uar_limits(row)]
    paper = [label for label in results.labels if label in PAPER_CLEAN._fields]
    if paper:
        columns.append(f"Paper, IEMOCAP: {', '.join(paper)}")
        clean.append(", ".join(f"{getattr(PAPER_CLEAN, label):.2f}" for label in paper))
    lines = [tuple(clean)]
    for condition in named:
        cells = [row_name(condition)]
        for label in results.labels:
            row = by_condition.get((label, condition))
            change = row.change if row else None
            cells += [change_cell(change), limits_cell(change.lower, change.upper) if change else MISSING]
        printed = [", ".join(signed(paper_change(condition, label)) for label in paper)] if paper else []
        lines.append((*cells, *printed))
    return Table("Change in UAR against clean, on the same clips", tuple(columns), tuple(lines), FILE)


def _plot(results: Results, rows: dict[str, list[Measured]]) -> Plot:
    changes = {
        (label, row.condition): Dot(row.change.value, row.change.lower, row.change.upper)
        for label, found in rows.items()
        for row in found
        if row.change
    }
    lines = [
        DotRow(row_name(name), tuple(changes.get((label, name)) for label in results.labels))
        for name in in_order(name for _, name in changes)
    ]
    return dots_plot(
        lines,
        results.labels,
        name="clean-trained",
        title="Change in UAR against clean, by condition",
        base=0.0,
        base_name="as on clean",
        caption="Each mark is the mean change in UAR against clean on the same clips, with its limits; left of the "
        "dashed line nets do worse. The figures stand in the table.",
    )


def _absent(results: Results, rows: dict[str, list[Measured]]) -> list[str]:
    """Why rows of the paper have no figures here."""
    measured = {row.condition for found in rows.values() for row in found}
    ground, absent = results.ground, [name for name in PAPER_ROWS if name not in measured]
    reasons = {
        "Not among this study's conditions": [name for name in absent if name not in ground.noises],
        "Not whitelisted": [name for name in absent if name in ground.noises and name not in ground.tested],
        "Not measured, since no clip could carry it or its nets are missing": [n for n in absent if n in ground.tested],
    }
    return [f"{why}: {listed(list(map(row_name, names)))}." for why, names in reasons.items() if names]
