"""By condition: which noise does it, and whether people change their mind where recognisers do."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.report.parts import Block, Folded, Heading, Section, Words, csv_text
from analysis.tables import Table, many, percent, percents
from models.attacking.by_condition import moves_in_order, unsafe_share
from models.attacking.rates import rows_of
from models.attacking.report.facts import Facts
from models.attacking.report.results import Results
from models.attacking.report.wording import limits, share
from models.tables.cells import signed
from models.tables.dots import Dot, DotRow, dots_plot
from models.tables.paper import in_order, row_name

CSV, GAPS = "success.csv", "gap.csv"


def conditions_section(results: Results) -> Section | None:
    """What came of each move, by the study's attack that may do everything; None where it uses no moves."""
    found = results.by_condition
    mine = found[(found["attack"] == results.study) & (found["eval"] == "no") & ~found["corr"]]
    mine = mine[mine["singles"] == mine["singles"].any()]
    if mine.empty:
        return None
    facts = results.facts
    blocks: list[Block] = [
        Words(
            "Questions lie where the search went, not evenly: a noise that is asked about first meets clips that any "
            "noise would win. So a share says what the attack made of a noise, not how much the noise hurts."
        ),
        _moves(mine[mine["label"] == facts.label], facts),
    ]
    if len(facts.labels) > 1:
        inner = tuple(_moves(mine[mine["label"] == label], facts, label) for label in facts.labels[1:])
        blocks.append(Folded("Each label alone", inner))
    return Section("conditions", "Which noise does it", tuple(blocks), {CSV: csv_text(found)})


def _moves(part: pd.DataFrame, facts: Facts, label: str = "") -> Table:
    rows = []
    for move in moves_in_order(part["move"]):
        here = part[part["move"] == move]
        near = here[here["level_db"].isna() | (here["level_db"] > facts.goal_db)]
        rows.append(
            (
                move, f"{here['probes'].sum():,}", _share(here), _share(near),
                f"{here['won'].sum():,}", percent(float(here["share_won"].sum()), 0),
            )
        )  # fmt: skip
    columns = (
        "Noise",
        "Questions",
        "Changed",
        f"Changed, of those above {facts.goal_db:g} dB",
        "Clips won by it",
        "of all",
    )
    name = facts.name_of(label or facts.label)
    return Table(f"By noise, {name}; every level is in the file", columns, tuple(rows), CSV)


def _share(part: pd.DataFrame) -> str:
    probes = int(part["probes"].sum())
    return share(float(part["changed"].sum()) / probes if probes else math.nan)


def gap_section(results: Results) -> Section | None:
    """ "The model changed its mind" beside "people did"; None where nobody judged what was asked."""
    gaps = results.gaps
    if gaps.empty:
        return None
    facts = results.facts
    blocks: list[Block] = [
        Words(
            "Where people hear another emotion, a recogniser that changes its label may well be right. Each condition "
            "that people judged stands with the share of questions at that very level after which the nets changed "
            "their label, and the share of pairs in which people heard a change."
        ),
        Words(_unsafe(results)),
    ]
    for label in facts.classes:
        part = gaps[gaps["label"] == label]
        if not part.empty:
            by_name = {str(row.condition): row for row in rows_of(part)}
            order = in_order(sorted(by_name, key=lambda name: str(by_name[name].condition)))
            rows = [by_name[name] for name in order]
            blocks += [Heading(label.capitalize()), _plot(rows, label), _table(rows, label)]
    return Section("gap", "The model changed its mind. Did people?", tuple(blocks), {GAPS: csv_text(gaps)})


def _unsafe(results: Results) -> str:
    """How many successes fell where people would have changed their mind, too."""
    table = unsafe_share(results.attempts)
    mine = table[(table["attack"] == results.study) & (table["label"] == results.facts.label) & ~table["corr"]]
    said = []
    for row in rows_of(mine.sort_values("singles")):
        kind = "with single moves too" if row.singles else "with added sounds only"
        said.append(
            f"{kind}, {row.unsafe:,} of {many(int(row.won), 'success', 'successes')} ({percent(row.unsafe_share, 0)})"
        )
    if not said:
        return "The attack that may do everything succeeded nowhere."
    return (
        "Of what the attacker finds who may do everything and knows nothing, this much was found under noise that is "
        f"not known to be safe alone, so that people might have changed their mind, too: {'; '.join(said)}."
    )


def _plot(rows: list[Any], label: str) -> Block:
    def of(row: Any, *names: str) -> Dot | None:
        value, lower, upper = (getattr(row, name) for name in names)
        if value is None or value != value:
            return None
        return Dot(float(value)) if lower is None or lower != lower else Dot(float(value), float(lower), float(upper))

    dots = [
        DotRow(
            row_name(str(row.condition)),
            (of(row, "nets_changed", "nets_lower", "nets_upper"), of(row, "people", "people_lower", "people_upper")),
        )
        for row in rows
    ]
    return dots_plot(
        dots, ("nets changed their label", "people heard a change"),
        name=f"gap-{label}", title=f"Nets and people by condition, {label}", base=0.0, base_name="no change",
        caption="Share of questions after which nets changed their label, and share of pairs in which people heard a "
        "change, with 95 % limits; the figures stand in the table.",
    )  # fmt: skip


def _table(rows: list[Any], label: str) -> Table:
    told = tuple(
        (
            row_name(str(row.condition)), str(row.decision), percents(row.people, row.people_lower, row.people_upper),
            share(row.nets_changed), limits(row.nets_lower, row.nets_upper), signed(float(row.gap)),
            f"{row.probes:,}", f"{row.found:,}",
        )
        for row in rows
    )  # fmt: skip
    columns = (
        "Condition", "People say", "People, %", "Nets", "Limits", "Nets less people", "Questions", "Clips won by it",
    )  # fmt: skip
    return Table(f"People and nets by condition, {label}", columns, told, GAPS, look="verdicts")
