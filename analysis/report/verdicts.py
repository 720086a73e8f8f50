"""Section: the verdicts, as forest plot and table."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.forest import by_family, forest_svg, has_shares
from analysis.report.material import Material
from analysis.report.parts import Block, Folded, Plot, Section, Terms, Words, csv_text
from analysis.tables import MISSING, Table, level, percents
from analysis.whitelist_parts import ConditionVerdict, DimensionVerdict

MARKS = "Circle: safe. Diamond: undecided. Square: unsafe."
FILES = ("figures/verdicts.pdf", "figures/verdicts.png")
GROUNDS = {
    "p-value": "p-values (small is strong)",
    "e-value": "e-values (large is strong)",
    "likelihood-ratio": "likelihood ratios (large is strong)",
    "none": "nothing that was worked out here",
}


def verdicts_section(material: Material) -> Section:
    """Which conditions change what people hear."""
    found, tau = material.whitelist.conditions, material.whitelist.rule.tau
    rows = tuple(row for row in by_family(found) if isinstance(row, ConditionVerdict))
    shares = has_shares(rows)
    blocks: tuple[Block, ...] = (
        Words(_meaning(material)),
        Plot(
            forest_svg(rows, tau, name="forest"),
            forest_svg(rows, tau, compact=True, name="forest-narrow"),
            _caption(shares),
            FILES,
        ),
        _table(rows, shares),
        Folded("All figures, by dimension", (_words_on_figures(material), _all_figures(rows))),
        Folded(
            "The reason for each verdict",
            (Terms(tuple((one.condition, f"{one.decision}: {one.reason}.") for one in rows)),),
        ),
    )
    files = {"verdicts.csv": csv_text(pd.DataFrame(_rows(material, rows), columns=list(COLUMNS)))}
    return Section("verdicts", "Which noise changes what people hear?", blocks, files)


def _meaning(material: Material) -> str:
    rule = material.whitelist.rule
    return (
        f"A condition is SAFE when fewer than {material.tau} of its pairs truly change, in activation and in valence, "
        f"at error {rule.error:g}"
        + ("; UNSAFE when more do, in either of them; " if rule.unsafe else "; ")
        + "and UNDECIDED where the judgments do not allow to say so."
    )


def _caption(shares: bool) -> str:
    lanes = "Each row is a condition, with activation (filled mark) above valence (hollow mark): "
    if shares:
        return (
            f"{lanes}the share of pairs that truly change, by what the controls say of the listeners, with its 95 % "
            "interval. The small upright tick is the plain ratio: pairs whose majority says different. SAFE needs the "
            "shares of both dimensions to lie left of the line at τ, UNSAFE one to lie right of it, by the study's own "
            f"test rather than by these intervals. {MARKS}"
        )
    return (
        f"{lanes}the plain ratio of pairs whose majority says different, with its 95 % interval. There are too few "
        "controls to tell which share truly changes, so there is no line at τ, which is about that share, and no "
        f"verdict. {MARKS}"
    )


def _table(rows: tuple[ConditionVerdict, ...], shares: bool) -> Table:
    def shown(part: DimensionVerdict) -> str:
        if shares:
            return percents(part.share, part.share_lower, part.share_upper)
        return percents(part.ratio, part.lower, part.upper)

    what = "truly change" if shares else "are called different"
    return Table(
        f"Per cent of pairs that {what}, with 95 % intervals",
        ("Condition", "Verdict", "SNR", "Pairs", "Votes", "Activation", "Valence"),
        tuple(
            (
                row.condition,
                row.decision,
                level(row.snr_db),
                f"{row.pairs:,}",
                f"{row.votes:,}",
                shown(row.activation),
                shown(row.valence),
            )
            for row in rows
        ),
        "verdicts.csv",
        "verdicts",
    )


def _words_on_figures(material: Material) -> Words:
    kind = material.whitelist.grounds
    return Words(
        "Changed: pairs that came out changed under the vote rule, of those that have all their votes. Truly: what is "
        "left of it, in per cent, when the listeners' own false alarms and misses are taken away (Rogan and Gladen, "
        "interval by MOVER). Voted: pairs whose majority says different, in per cent, with their Wilson interval. For "
        f"SAFE and for UNSAFE: {GROUNDS[kind]}, of this dimension alone and before any correction over conditions."
    )


def _all_figures(rows: tuple[ConditionVerdict, ...]) -> Table:
    return Table(
        "What the verdicts rest on",
        ("Condition", "In", "Verdict", "Changed", "Truly, %", "Voted, %", "For SAFE", "For UNSAFE"),
        tuple(
            (
                row.condition,
                name,
                part.decision,
                f"{part.changed} of {part.decided}",
                percents(part.share, part.share_lower, part.share_upper),
                percents(part.ratio, part.lower, part.upper),
                _strength(part.grounds_safe),
                _strength(part.grounds_unsafe),
            )
            for row in rows
            for name, part in _parts(row)
        ),
        "verdicts.csv",
        "names",
    )


def _strength(value: float | None) -> str:
    """Grounds span many orders of magnitude.

    >>> _strength(0.0213), _strength(31.7), _strength(4e12), _strength(None)
    ('0.021', '32', '4e+12', '–')
    """
    return MISSING if value is None else f"{value:.2g}"


def _parts(row: ConditionVerdict) -> tuple[tuple[str, DimensionVerdict], ...]:
    return ("activation", row.activation), ("valence", row.valence)


#: Of verdicts.csv; docs/report.md explains them.
COLUMNS = (
    "condition",
    "family",
    "snr_db",
    "decision",
    "dimension",
    "dimension_decision",
    "pairs",
    "votes",
    "different",
    "ratio",
    "lower",
    "upper",
    "decided",
    "changed",
    "share",
    "share_lower",
    "share_upper",
    "grounds",
    "grounds_safe",
    "grounds_unsafe",
    "reason",
)


def _rows(material: Material, rows: tuple[ConditionVerdict, ...]) -> Iterator[dict[str, object]]:
    for row in rows:
        for name, part in _parts(row):
            yield {
                **row.model_dump(include=set(COLUMNS)),
                **part.model_dump(include=set(COLUMNS) - {"decision"}),
                "dimension": name,
                "dimension_decision": part.decision,
                "grounds": material.whitelist.grounds,
            }
