"""Defence: nets that were trained in different ways, or stand behind a denoiser, under the same attack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.report.parts import Block, Code, Folded, Heading, Listed, Section, Words, csv_text
from analysis.tables import MISSING, Table, percent
from models.attacking.paired import Place
from models.attacking.rates import BOTH, Eval, uses
from models.attacking.report.curves import dot_of
from models.attacking.report.facts import LEVEL, Facts, notes_of
from models.attacking.report.page import page_of
from models.attacking.report.results import Results
from models.attacking.report.table import BLOCKS, ROWS
from models.attacking.report.wording import limits, setting_name, share
from models.tables.cells import STAR, signed
from models.tables.dots import DotRow, dots_plot
from models.tables.markdown import as_markdown
from pipelines.whole_file import write_whole

PAGE, CSV, MARKDOWN, TESTS = "defence.html", "defence.csv", "defence.md", "defence-comparisons.csv"


def write_defence(
    queries: pd.DataFrame, clips: pd.DataFrame, facts: Facts, folder: Path, *, clean: str
) -> tuple[Path, ...]:
    """Write the table of several nets under the study's attack, as a page, as Markdown and as CSV.

    Args:
        queries: questions within the budget, of all nets.
        clips: clips of the same.
        facts: of all of them; its settings are those that each nets met.
        folder: made if it is missing; files of the same names are replaced.
        clean: the nets that the others are held against: those trained on clean speech.

    Returns:
        What was written, the page first.

    Raises:
        DiskFull: there is no room.
        NetsMissing: `clean` was not attacked.
    """
    results = Results(queries, clips, facts, clean=clean)
    if clean not in results.nets:
        raise NetsMissing(clean, results.nets)
    section = defence_section(results)
    ending = Section("again", "How to read this, and to get the same again", _ending(facts))
    files = {**section.files, MARKDOWN: as_markdown(_whole(section, facts))}
    page = page_of(
        (section, ending), facts, headline(results), title="Which nets stand the attack?", eyebrow="Attack and defence"
    )
    for name, text in {**files, PAGE: page}.items():
        write_whole(folder / name, text)
    return folder / PAGE, *(folder / name for name in files)


class NetsMissing(ValueError):
    """The nets that others are held against were not attacked."""

    def __init__(self, clean: str, found: Sequence[str]) -> None:
        super().__init__(
            f"the nets {clean!r} that others are held against are not among those attacked ({', '.join(found)}); "
            "attack them too, or name others"
        )


def defence_section(results: Results) -> Section:
    """A table for each setting that was run, and a plot of the largest budget."""
    facts = results.facts
    tables = list(_tables(results))
    blocks: list[Block] = [
        Words(
            f"P_IF of {facts.name_of(facts.label)} with its limits, and the difference to {results.clean}. Lower "
            f"is safer. {STAR} adjusted p < {LEVEL:g} against {results.clean} in a paired t-test over speakers, by "
            "Holm over the nets and budgets of a table; where nets test several speakers also over nets, and the "
            "larger p counts. "
            "Nets are attacked on clips that they get right, so weak ones may look hard to fool: the last table says "
            "how many clips are right at all."
        ),
        _plot(results),
        *tables[:1],
    ]
    if tables[1:]:
        blocks.append(Folded("In the other settings", tuple(tables[1:])))
    blocks.append(_still_right(results))
    files = {CSV: csv_text(_with_right(results)), TESTS: csv_text(_against_clean(results))}
    return Section("defence", "Nets under attack", tuple(blocks), files)


def _tables(results: Results) -> Iterator[Table]:
    facts = results.facts
    columns = ("Nets", *(f"k = {k}" for k in facts.design.queries), f"Less {results.clean}, k = {facts.k}")
    for singles, kind in BLOCKS.items():
        for corr, which in ROWS:
            at = Place("", facts.label, results.study, corr, which, singles, facts.k)
            places = [at._replace(nets=nets) for nets in results.nets]
            rows = tuple(_row(results, place) for place in places if results.rate(place) is not None)
            if rows:
                yield Table(f"P_IF, {setting_name(corr, which)}; {kind.lower()}", columns, rows, CSV, look="wrapped")


def _row(results: Results, at: Place) -> tuple[str, ...]:
    cells = [_cell(results, at._replace(k=k)) for k in results.facts.design.queries]
    test = results.test(at, "nets")
    return at.nets, *cells, MISSING if test is None else signed(test.difference) + _star(test)


def _cell(results: Results, at: Place) -> str:
    rate = results.rate(at)
    if rate is None:
        return MISSING
    return f"{share(rate.p_if)}{_star(results.test(at, 'nets'))} ({limits(rate.lower, rate.upper)})"


def _star(test: Any | None) -> str:
    return STAR if test is not None and test.p_adjusted < LEVEL else ""


def _still_right(results: Results) -> Table:
    """How many clips are right at all: clean, and after each kind of attack."""
    facts = results.facts
    right = right_when_clean(results.clips)
    settings = [one for one in ROWS if results.rate(_at(results, results.nets[0], one)) is not None]
    rows = []
    for nets in results.nets:
        rates = [results.rate(_at(results, nets, one)) for one in settings]
        clean = right[nets, facts.label]
        after = [MISSING if rate is None else percent(clean * (1 - rate.p_if), 0) for rate in rates]
        rows.append((nets, percent(clean, 0), *after))
    columns = ("Nets", "Clean", *(setting_name(*one) for one in settings))
    caption = f"Clips that are right, clean and after {facts.k} questions; {BLOCKS[False].lower()}"
    return Table(caption, columns, tuple(rows), CSV, look="wrapped")


def _at(results: Results, nets: str, setting: tuple[bool, Eval]) -> Place:
    """With added sounds only, at the largest budget, over all labels."""
    corr, which = setting
    return Place(nets, results.facts.label, results.study, corr, which, singles=False, k=results.facts.k)


def right_when_clean(clips: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The share of clips that nets get right when they are clean, by nets and label; silent ones aside.

    Of all labels together, `BOTH`, each clip counts once for each label.
    """
    found = uses(clips)
    counts = pd.concat([found, found.assign(label=BOTH)]).groupby(["nets", "label", "use"])["clips"].sum()
    table = counts.unstack(fill_value=0)
    wrong = table.get("wrong", 0)
    known = table.drop(columns="silent", errors="ignore").sum(axis=1)
    right = (1 - wrong / known).rename("right").reset_index()
    return {(str(one.nets), str(one.label)): float(one.right) for one in right.itertuples(index=False)}  # type: ignore[arg-type]


def _plot(results: Results) -> Block:
    facts = results.facts
    series = [(corr, which) for corr, which in ROWS if which != "after"]
    rows = []
    for nets in results.nets:
        found = [results.rate(_at(results, nets, one)) for one in series]
        rows.append(DotRow(nets, tuple(dot_of(rate) if rate else None for rate in found)))
    return dots_plot(
        rows, [setting_name(*one) for one in series],
        name="defence", title=f"Success with {facts.k} questions by nets", base=0.0, base_name="never fooled",
        caption=f"P_IF with {facts.k} questions and its 95 % limits, added sounds only; the figures stand below.",
    )  # fmt: skip


def headline(results: Results) -> str:
    """Which nets hold best, for who reads one line only."""
    facts = results.facts
    setting: tuple[bool, Eval] = (False, "before" if results.after else "no")
    found = {nets: rate.p_if for nets in results.nets if (rate := results.rate(_at(results, nets, setting)))}
    if len(found) < 2 or results.clean not in found:
        return f"With {facts.k} questions: how often each nets are fooled."
    best = min(found, key=lambda nets: found[nets])
    noise = "noise under which people hear the same emotion" if results.after else "any noise"
    said = f"With {facts.k} questions and {noise}, an attacker changes what {results.clean} says of "
    said += f"{percent(found[results.clean], 0)} of clips"
    if best == results.clean:
        return f"{said}; none of the others does better."
    return f"{said}, and what {best}, the hardest to fool, says of {percent(found[best], 0)}."


def _with_right(results: Results) -> pd.DataFrame:
    """All rates, the share that is right when clean, and what they rest on."""
    facts = results.facts
    known = right_when_clean(results.clips)
    keys = zip(results.rates["nets"], results.rates["label"], strict=True)
    right = pd.Series([known[nets, label] for nets, label in keys], index=results.rates.index)
    return results.rates.assign(
        right_when_clean=right,
        still_right=right * (1 - results.rates["p_if"]),
        goal_db=facts.goal_db,
        simulated=bool(facts.made_up),
        mapped=facts.mapped,
    )


def _against_clean(results: Results) -> pd.DataFrame:
    return results.tests[results.tests["kind"] == "nets"]


def _ending(facts: Facts) -> tuple[Block, ...]:
    return Listed(notes_of(facts)), Heading("Command"), Code(facts.command)


def _whole(section: Section, facts: Facts) -> Section:
    """The table with its notes, for Markdown."""
    return Section(section.name, section.title, (*section.blocks, *_ending(facts)), section.files)
