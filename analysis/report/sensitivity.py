"""Section: whether another analysis of the same judgments would have decided otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.aggregators.base import Aggregator
from analysis.certify import certify
from analysis.labels import every_aggregator
from analysis.replay import JUDGED
from analysis.report.material import Material
from analysis.report.parts import Block, Folded, Section, Words, csv_text
from analysis.sensitivity import AS_DECIDED, REFUSED, Decided, analysed, sensitivity, turned, variants
from analysis.tables import MISSING, Table, many
from analysis.two_way import two_way_decisions

TWO_WAY = "single votes, clustered by worker and clip"
OPPOSITE = {("SAFE", "UNSAFE"), ("UNSAFE", "SAFE")}


def sensitivity_section(material: Material) -> Section:
    """Every verdict under other aggregators, other exclusions, and a second test."""
    table = _table_of(material)
    title = "Would another analysis have decided otherwise?"
    files = {"sensitivity.csv": csv_text(table)}
    if table.empty:
        return Section("sensitivity", title, (Words("There is no verdict yet."),), files)
    blocks: list[Block] = [Words(_lead(material, table)), _by_variant(table)]
    blocks += [Words(f"{name}: {note}.") for name, note in _refused(table)]
    if not _other(table).empty:
        blocks.append(Folded("Verdicts that come out otherwise", (_turned(table),)))
    blocks.append(Folded("What was tried", (Words(_tried(material)),)))
    return Section("sensitivity", title, tuple(blocks), files)


def _table_of(material: Material) -> pd.DataFrame:
    rule, votes, made = material.whitelist.rule, material.votes, material.made
    own = material.aggregator.name

    def as_decided(judgments: pd.DataFrame, aggregator: Aggregator) -> Iterator[Decided]:
        return iter(certify(judgments, rule, votes, aggregator, made=made, by_labels=aggregator.name != own).decisions)

    def clustered(judgments: pd.DataFrame, _aggregator: Aggregator) -> Iterator[Decided]:
        return iter(two_way_decisions(judgments, rule, votes.most))

    second = {TWO_WAY: clustered} if not rule.sequential else {}
    others = tuple(every_aggregator().values())
    return sensitivity(
        material.judgments,
        as_decided,
        variants(material.aggregator, others, material.failed_headphones, second),
    )


def _other(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of analyses that came out otherwise than what was decided."""
    found = analysed(table)
    return found[~found["same"].astype(bool)]


def _lead(material: Material, table: pd.DataFrame) -> str:
    other = _other(table)
    if other.empty:
        return turned(table)
    conditions = many(table["condition"].nunique(), "verdict")
    found = int(other["condition"].nunique())
    said = (
        f"{found} of {conditions} {'comes' if found == 1 else 'come'} out otherwise under at least one other analysis. "
    )
    pairs = zip(other["decision"], other["as_decided"], strict=True)
    flips = sum((str(one), str(two)) in OPPOSITE for one, two in pairs)
    said += (
        f"In {many(flips, 'case')} SAFE and UNSAFE change places."
        if flips
        else "None turns from SAFE to UNSAFE or back: they become UNDECIDED, or stop being so."
    )
    if material.whitelist.rule.sequential:
        said += (
            " A sequential design stops as soon as it can, so that with fewer votes, or other labels, what was "
            "collected is often not enough; by how much the shares themselves move says more than the verdicts."
        )
    return said


def _refused(table: pd.DataFrame) -> list[tuple[str, str]]:
    rows = table[table["note"].str.startswith(REFUSED)].drop_duplicates("variant")
    return [(str(row.variant)[0].upper() + str(row.variant)[1:], str(row.note)) for row in rows.itertuples()]


def _by_variant(table: pd.DataFrame) -> Table:
    decided = table[table["variant"] == AS_DECIDED].set_index("condition")
    rows = []
    for name, group in table.groupby("variant", sort=False):
        found = analysed(group)
        counts = [str(int((found["decision"] == word).sum())) for word in ("SAFE", "UNDECIDED", "UNSAFE")]
        if found.empty:
            rows.append((str(name), *[MISSING] * 6))
            continue
        otherwise = str(int((~found["same"].astype(bool)).sum())) if name != AS_DECIDED else MISSING
        if str(group["note"].iloc[0]):
            otherwise = "no such judgments"
        moved = MISSING if name == AS_DECIDED else _moved(found.set_index("condition"), decided)
        rows.append((str(name), f"{int(group['judgments'].sum()):,}", *counts, otherwise, moved))
    columns = ("Analysis", "Judgments", "SAFE", "UNDECIDED", "UNSAFE", "Otherwise", "Shares move by")
    return Table("Verdicts under each analysis", columns, tuple(rows), "sensitivity.csv", "wrapped")


def _moved(found: pd.DataFrame, decided: pd.DataFrame) -> str:
    """The largest difference of a share of truly changed pairs, in per cent points."""
    apart = [
        (pd.to_numeric(found[f"{name}_share"]) - pd.to_numeric(decided[f"{name}_share"])).abs().max() for name in JUDGED
    ]
    known = [one for one in apart if pd.notna(one)]
    return f"{100 * max(known):.1f} points" if known else MISSING


def _turned(table: pd.DataFrame) -> Table:
    rows = []
    for condition, group in _other(table).groupby("condition", sort=True):
        said = [
            f"{decision or 'no judgment is left'}: {', '.join(map(str, some['variant']))}"
            for decision, some in group.groupby(group["decision"].fillna(""), sort=True)
        ]
        rows.append((str(condition), str(group["as_decided"].iloc[0]), "; ".join(said)))
    columns = ("Condition", "Decided", "Otherwise under")
    return Table("Verdicts that come out otherwise", columns, tuple(rows), "sensitivity.csv", "words names")


def _tried(material: Material) -> str:
    words = (
        "Every other aggregator gives the labels that decide whether a pair came out changed; judgments that quality "
        "control left out, and those that came late, are counted too"
    )
    if material.failed_headphones is not None:
        words += "; and judgments of workers who failed the headphone check are left out"
    if not material.whitelist.rule.sequential:
        return (
            f"{words}. {TWO_WAY[0].upper()}{TWO_WAY[1:]}: the mean vote of each condition against the margin in mean "
            "votes, by a linear model with two-way clustered errors."
        )
    return (
        f"{words}. A test of single votes with two-way clusters is for designs of a fixed size: where votes stop a "
        "pair or a condition, the mean vote is no sample."
    )
