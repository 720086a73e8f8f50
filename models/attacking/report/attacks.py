"""Attacks beside each other: with the same budget on the same clips, and those on the waveform without one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.report.parts import Block, Folded, Heading, Listed, Section, Words, csv_text
from analysis.tables import MISSING, Table, percent
from models.attacking import rates
from models.attacking.asked import Setting
from models.attacking.paired import Place
from models.attacking.rates import GROUP
from models.attacking.report.curves import dot_of
from models.attacking.report.facts import LEVEL
from models.attacking.report.results import Results
from models.attacking.report.table import ROWS
from models.attacking.report.wording import attack_name, number, setting_name, share
from models.tables.cells import STAR, signed
from models.tables.dots import DotRow, dots_plot

CSV, UNLIMITED = "attacks.csv", "unlimited.csv"


def attacks_section(results: Results) -> Section | None:
    """All attacks; None where there is only one, and none on the waveform."""
    facts = results.facts
    names = _names(results)
    unlimited = _unlimited(results)
    if len(names) < 2 and unlimited is None:
        return None
    study = attack_name(results.study)
    blocks: list[Block] = [
        Words(
            f"On the same clips and nets, with the same budget; {facts.name_of(facts.label)}, added sounds only. The "
            f"difference and how many times as high are against {study} at k = {facts.k}; {STAR} adjusted p < "
            f"{LEVEL:g} in a paired t-test over speakers. The last columns are of successes: how many questions the "
            f"median one took, and the median SNR of the nearest with {facts.k}."
        ),
        *_tables(results),
        _plot(results),
    ]
    if facts.needs:
        blocks += [Heading("What attacks on the waveform need"), Listed(tuple(facts.needs.values()))]
    files = {CSV: csv_text(results.reached.merge(_wide(results), on=GROUP))}
    if unlimited is not None:
        blocks += [_unlimited_table(unlimited, results)]
        files[UNLIMITED] = csv_text(unlimited)
    return Section("attacks", "Attacks compared", tuple(blocks), files)


def _names(results: Results) -> list[str]:
    found = sorted(set(results.attempts["attack"]))
    return sorted(found, key=lambda name: name != results.study)


def _tables(results: Results) -> list[Block]:
    """A table for each setting; the first is open."""
    facts = results.facts
    found: list[Block] = []
    for corr, which in ROWS:
        places = [
            Place(results.nets[0], facts.label, name, corr, which, singles=False, k=facts.k) for name in _names(results)
        ]
        there = [place for place in places if results.rate(place) is not None]
        if there:
            found.append(_table(results, there, setting_name(corr, which)))
    return found[:1] + ([Folded("In the other settings", tuple(found[1:]))] if found[1:] else [])


def _table(results: Results, places: Sequence[Place], setting: str) -> Table:
    ks = results.facts.design.queries
    reached = {tuple(row[:6]): row for row in rates.rows_of(results.reached)}
    rows = []
    for place in places:
        found = [results.rate(place._replace(k=k)) for k in ks]
        quick = reached[tuple(place[:6])]
        rows.append(
            (
                attack_name(place.attack),
                *(share(rate.p_if) if rate else MISSING for rate in found),
                _apart(results, place),
                _times(results, place),
                number(quick.median_queries),
                number(quick.median_db, "dB"),
            )
        )
    columns = ("Attack", *(f"k = {k}" for k in ks), "Difference", "Times", "Median questions", "Median SNR")
    return Table(f"P_IF by attack, {setting}", columns, tuple(rows), CSV, look="wrapped")


def _apart(results: Results, place: Place) -> str:
    test = results.test(place, "attack")
    return MISSING if test is None else signed(test.difference) + (STAR if test.p_adjusted < LEVEL else "")


def _times(results: Results, place: Place) -> str:
    one, study = results.rate(place), results.rate(place._replace(attack=results.study))
    if one is None or study is None or place.attack == results.study or not study.p_if:
        return MISSING
    return f"{one.p_if / study.p_if:.2f} ×"


def _plot(results: Results) -> Block:
    facts = results.facts
    series = [(corr, which) for corr, which in ROWS if which != "after"]
    rows = []
    for name in _names(results):
        found = [
            results.rate(Place(results.nets[0], facts.label, name, corr, which, singles=False, k=facts.k))
            for corr, which in series
        ]
        rows.append(DotRow(attack_name(name), tuple(dot_of(rate) if rate else None for rate in found)))
    return dots_plot(
        rows, [setting_name(*one) for one in series],
        name="attacks", title=f"Success with {facts.k} questions by attack", base=0.0, base_name="never",
        caption=f"P_IF with {facts.k} questions and its 95 % limits; the figures stand in the table.",
    )  # fmt: skip


def _wide(results: Results) -> pd.DataFrame:
    """P_IF at each budget in columns."""
    table = results.rates.pivot(index=GROUP, columns="k", values="p_if").reset_index()
    return table.rename(columns={k: f"p_if_{k}" for k in results.facts.design.queries})


def _unlimited(results: Results) -> pd.DataFrame | None:
    """What attacks on the waveform reach where nobody counts."""
    asked = results.unlimited
    if asked is None or asked.empty:
        return None
    on = asked[rates.CLIP].drop_duplicates().assign(use="attacked")
    ran = tuple(Setting(name) for name in sorted(set(asked["attack"])))
    attempts = rates.attempts_of(asked, on, results.facts.goal_db, int(asked["number"].max()), ran=ran, after=False)
    used = asked.groupby([*GROUP, *rates.CLIP[2:]], observed=True)["number"].max().rename("used").reset_index()
    used = pd.concat([used, used.assign(label=rates.BOTH)]) if used["label"].nunique() > 1 else used
    spent = used.groupby(GROUP, observed=True)["used"].agg(median_used="median", most_used="max").reset_index()
    return rates.reached(attempts).merge(spent, on=GROUP)


def _unlimited_table(table: pd.DataFrame, results: Results) -> Table:
    facts = results.facts
    rows = tuple(
        (
            attack_name(row.attack), str(row.attempts), number(row.median_used), percent(row.won / row.attempts, 0),
            number(row.median_queries), number(row.median_db, "dB"),
        )
        for row in rates.rows_of(table[table["label"] == facts.label])
    )  # fmt: skip
    columns = (
        "Attack",
        "Clips",
        "Questions used, median",
        "Succeeded",
        "Questions to the first success",
        "Median SNR reached",
    )
    caption = f"Attacks on the waveform without a budget (at most {facts.design.unlimited_queries:,} questions)"
    return Table(caption, columns, rows, UNLIMITED, look="wrapped")
