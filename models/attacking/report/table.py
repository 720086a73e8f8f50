"""The paper's table 2 in its layout: P_IF by budget, for who knows what and who may do what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.report.parts import Block, Code, Folded, Html, Listed, Section, Terms, Words, csv_text
from analysis.tables import MISSING, Table, p_cell, percent
from models.attacking.paired import Kind, Place
from models.attacking.rates import Eval
from models.attacking.report.facts import LEVEL
from models.attacking.report.results import Results
from models.attacking.report.rooms import room
from models.attacking.report.wording import EVAL_SAID, limits, setting_name, setting_said, share
from models.tables.cells import signed
from models.tables.markdown import as_markdown

CSV, MARKDOWN, TESTS = "table.csv", "table.md", "comparisons.csv"
ROWS: tuple[tuple[bool, Eval], ...] = tuple(
    (corr, which) for which in ("no", "before", "after") for corr in (False, True)
)
#: P_IF by budget as the paper prints it, by Corr and by whether Eval is yes.
PAPER: dict[tuple[bool, bool], dict[int, float]] = {
    (False, False): {5: 0.22, 15: 0.29, 25: 0.39},
    (True, False): {5: 0.32, 15: 0.38, 25: 0.53},
    (False, True): {5: 0.31, 15: 0.36, 25: 0.45},
    (True, True): {5: 0.34, 15: 0.43, 25: 0.58},
}
BLOCKS = {False: "Added sounds only", True: "With single moves too"}
BOLD = (
    "Bold: significantly higher than with Corr: No in the same Eval, or than with Eval: No in the same Corr (paired "
    f"t-test over speakers, adjusted p < {LEVEL:g})."
)
READINGS = (
    "The paper's Eval: Yes can be read in two ways, which are never mixed up here. Before: only what people hear as "
    "the same emotion may be asked at all. After: everything may be asked, and of what was found only that counts "
    "which people hear as the same. The paper does not say which it means, so its one figure stands beside both; it "
    "was taken on other speech, nets and sounds, and is a landmark, not a target."
)


@dataclass(frozen=True)
class Cell:
    """A rate as it is printed."""

    value: str
    limits: str
    bold: bool


@dataclass(frozen=True)
class Row:
    """A row: who attacks, its rates, and the paper's, by budget."""

    name: str
    said: str
    cells: tuple[Cell, ...]
    paper: tuple[str, ...]


def table_section(results: Results) -> Section:
    """P_IF of the study's attack: over all labels first, then of each label; with and without single moves."""
    facts = results.facts
    first, *others = facts.labels
    blocks: list[Block] = [Words(READINGS), *_blocks(results, first), Words(BOLD)]
    if others:
        inner = tuple(block for label in others for block in _blocks(results, label))
        blocks.append(Folded("Each label alone", inner))
    blocks += [Folded("What the rows say", (_terms(),)), _tests(results)]
    files = {CSV: csv_text(_with_tests(results)), TESTS: csv_text(results.tests)}
    return Section("rates", "How often the attacker succeeds", tuple(blocks), files)


def rows_of(results: Results, label: str, *, singles: bool) -> tuple[Row, ...]:
    """The rows of a block that were run."""
    ks = results.facts.design.queries
    rows = []
    for corr, which in ROWS:
        places = [Place(results.nets[0], label, results.study, corr, which, singles, k) for k in ks]
        if results.rate(places[0]) is None:
            continue
        cells = tuple(_cell(results, place) for place in places)
        paper = tuple(share(PAPER[corr, which != "no"].get(k)) for k in ks)
        rows.append(Row(setting_name(corr, which), setting_said(corr, which), cells, paper))
    return tuple(rows)


def _cell(results: Results, at: Place) -> Cell:
    rate = results.rate(at)
    if rate is None:
        return Cell(MISSING, MISSING, bold=False)
    return Cell(
        share(rate.p_if), limits(rate.lower, rate.upper), any(better(results, at, kind) for kind in ("corr", "eval"))
    )


def better(results: Results, at: Place, kind: Kind) -> bool:
    """Whether a figure is significantly higher than what it is held against."""
    test = results.test(at, kind)
    return test is not None and test.difference > 0 and test.p_adjusted < LEVEL


def _blocks(results: Results, label: str) -> list[Block]:
    facts = results.facts
    found: list[Block] = []
    for singles, title in BLOCKS.items():
        rows = rows_of(results, label, singles=singles)
        if rows:
            caption = f"P_IF of {facts.name_of(label)}: {title.lower()}"
            found.append(Html(_html(rows, facts.design.queries, caption)))
    return found


def _html(rows: Sequence[Row], ks: Sequence[int], caption: str) -> str:
    return room().get_template("attack_rates.html").render(rows=rows, ks=ks, caption=caption, file=CSV)


def _terms() -> Terms:
    return Terms(
        (
            ("Corr: No", "The attacker knows nothing of these nets."),
            (
                "Corr: Yes",
                "It knows how much each noise, and each sound of it, hurts these nets, measured on clips of its own of "
                "the same speakers that are not attacked, and begins with what hurts most.",
            ),
            (
                "Eval: No",
                f"It {EVAL_SAID['no']}. Some of these noises change what people hear, so another label may be right.",
            ),
            (
                "Eval: Yes, before",
                f"It {EVAL_SAID['before']}: conditions that the whitelist calls SAFE. Another label is then a mistake.",
            ),
            ("Eval: Yes, after", f"It {EVAL_SAID['after']}. It asks the very questions of Eval: No."),
            (BLOCKS[False], "Sounds mixed in at an SNR, which has to stay above the goal."),
            (
                BLOCKS[True],
                "Also speed, pitch, reverb, words left out and the like, which have no SNR: they succeed by a changed "
                "label.",
            ),
        )
    )


def _tests(results: Results) -> Block:
    """The tests behind the bold figures."""
    facts, nets = results.facts, results.nets[0]
    rows = []
    for singles, title in BLOCKS.items():
        for corr, which in ROWS:
            for kind, words in _held_against(corr, which):
                cells = [
                    _test_cell(results, Place(nets, facts.label, results.study, corr, which, singles, k), kind)
                    for k in facts.design.queries
                ]
                if set(cells) != {MISSING}:
                    rows.append((f"{words}; {title.lower()}", *cells))
    columns = ("Difference (adjusted p)", *(f"k = {k}" for k in facts.design.queries))
    caption = f"Paired t-tests over speakers, {facts.name_of(facts.label)}"
    return Folded("The tests behind the bold figures", (Table(caption, columns, tuple(rows), TESTS, look="wrapped"),))


def _held_against(corr: bool, which: Eval) -> list[tuple[Kind, str]]:
    found: list[tuple[Kind, str]] = []
    name = setting_name(corr, which)
    if corr:
        found.append(("corr", f"{name} against Corr: No"))
    if which != "no":
        found.append(("eval", f"{name} against Eval: No"))
    return found


def _test_cell(results: Results, at: Place, kind: Kind) -> str:
    test = results.test(at, kind)
    if test is None:
        return MISSING
    p = None if pd.isna(test.p_adjusted) else float(test.p_adjusted)
    return f"{signed(test.difference)} ({p_cell(p)})"


def _with_tests(results: Results) -> pd.DataFrame:
    """All rates in full precision, with what they rest on."""
    whitelist = results.facts.whitelist
    return results.rates.assign(
        goal_db=results.facts.goal_db,
        whitelist=whitelist.kind if whitelist else "none",
        simulated=bool(results.facts.made_up),
        mapped=results.facts.mapped,
    )


def table_markdown(results: Results, notes: Sequence[str]) -> str:
    """table.md: both blocks of every label, with bold figures, and the notes."""
    facts = results.facts
    ks = facts.design.queries
    columns = ("", *(f"k={k}" for k in ks), *(f"Paper, IEMOCAP, k={k}" for k in ks))
    tables = [
        Table(
            f"P_IF of {facts.name_of(label)}: {title.lower()}",
            columns,
            tuple((row.name, *(_marked(cell) for cell in row.cells), *row.paper) for row in rows),
        )
        for label in facts.labels
        for singles, title in BLOCKS.items()
        if (rows := rows_of(results, label, singles=singles))
    ]
    blocks: tuple[Block, ...] = (Words(READINGS), *tables, Words(BOLD), Listed(tuple(notes)), Code(facts.command))
    return as_markdown(Section("table", f"{facts.corpus}: the decision-boundary attack", blocks))


def _marked(cell: Cell) -> str:
    value = f"**{cell.value}**" if cell.bold else cell.value
    return value if cell.limits == MISSING else f"{value} ({cell.limits})"


def headline(results: Results) -> str:
    """What came of it, for who reads one line only."""
    facts = results.facts
    at = Place(results.nets[0], facts.label, results.study, corr=False, eval="no", singles=False, k=facts.k)
    found = {one: results.rate(at._replace(corr=one[0], eval=one[1])) for one in ROWS}
    free, safe, knows = (found[key] for key in ((False, "no"), (False, "before"), (True, "before")))
    if free is None:
        return "No clip was attacked."
    said = f"With {facts.k} questions an attacker changes what the nets say of {percent(free.p_if, 0)} of clips"
    if safe is None:
        return f"{said}; nobody knows of how many people would say the same."
    said += f", and of {percent(safe.p_if, 0)} with noise under which people hear the same emotion"
    return f"{said}; of {percent(knows.p_if, 0)} if it knows which noise hurts." if knows else f"{said}."
