"""Which clips were attacked, and why others were not."""

from __future__ import annotations

from analysis.report.parts import Section, csv_text
from analysis.tables import Table
from models.attacking.rates import rows_of, uses
from models.attacking.report.results import Results

CSV = "uses.csv"
USES = {
    "attacked": "Attacked",
    "own": "The attacker's own: what it knows (Corr) was measured on them",
    "wrong": "Left out: the net is wrong on the clean clip",
    "silent": "Left out: silent, so no SNR can be set",
    "left": "Left out: more clips than the design asks for (attack.clips)",
}


def excluded_section(results: Results) -> Section:
    """How many clips were put to each use, by label; a clip counts once for each seed."""
    counts = uses(results.clips)
    counted = {(row.label, row.use): row.clips for row in rows_of(counts[counts["nets"] == results.nets[0]])}
    labels = tuple(results.facts.classes)
    rows = tuple((words, *(f"{counted.get((label, use), 0):,}" for label in labels)) for use, words in USES.items())
    table = Table("Clips by label", ("Use", *labels), rows, CSV, look="wrapped")
    return Section("clips", "Which clips", (table,), {CSV: csv_text(counts)})
