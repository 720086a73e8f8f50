"""Section: this study's plain ratios beside those that the paper prints."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.paper_figures import PAPER_RATIOS
from analysis.report.material import Material
from analysis.report.parts import Section, Words, csv_of
from analysis.tables import Table, figure


@dataclass(frozen=True)
class Beside:
    """A condition here and there, as paper.csv has it."""

    condition: str
    activation: float | None
    activation_paper: float | None
    valence: float | None
    valence_paper: float | None


def paper_section(material: Material) -> Section | None:
    """None where the two share no condition."""
    rows = [
        Beside(
            found.condition,
            found.activation.ratio,
            PAPER_RATIOS[found.condition].activation,
            found.valence.ratio,
            PAPER_RATIOS[found.condition].valence,
        )
        for found in material.whitelist.conditions
        if found.condition in PAPER_RATIOS
    ]
    if not rows:
        return None
    table = Table(
        "Ratios of pairs voted different, here and in the paper (section 5.1)",
        ("Condition", "Activation, here", "Activation, paper", "Valence, here", "Valence, paper"),
        tuple(
            (
                row.condition,
                figure(row.activation),
                figure(row.activation_paper),
                figure(row.valence),
                figure(row.valence_paper),
            )
            for row in rows
        ),
        "paper.csv",
    )
    lead = Words(
        "The paper prints plain ratios for the modulations that change perception; for the others it says that they "
        "rarely do. Its speakers, clips and listeners are not those of this study, and neither side is corrected for "
        "the listeners' false alarms."
    )
    return Section("paper", "Beside the paper", (lead, table), {"paper.csv": csv_of(rows, Beside)})
