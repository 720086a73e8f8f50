"""Section: how far listeners agree, over all and by condition."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.agreement import Agreement, agreements
from analysis.paper_figures import PAPER_AGREEMENT
from analysis.report.material import Material
from analysis.report.parts import Block, Folded, Heading, Listed, Section, Words, csv_of
from analysis.tables import Table, figure, limits

QUESTIONS = {
    "activation": "Activation: same or different",
    "valence": "Valence: same or different",
    "either": "Anything different",
    "activation_rating": "Activation rating, 1 to 5",
    "valence_rating": "Valence rating, 1 to 5",
}

RARE = 0.3  # share of pairs called different above which alpha is low for other reasons

STOPPED = (
    "Not a sample of all pairs: one that its first listener called the same in both dimensions got no second vote, so "
    "that only pairs which somebody called different are in these figures. They do not compare with those of studies "
    "in which every pair has as many votes."
)


def agreement_section(material: Material) -> Section:
    """Agreement with its intervals, and why alpha is low where "different" is rare."""
    found = agreements(material.judgments, by_condition=True)
    overall = [row for row in found if row.condition is None]
    either = next(row for row in overall if row.question == "either")
    blocks: list[Block] = [Words(_lead(either)), _overall(overall)]
    missing = [f"{QUESTIONS[row.question]}: {row.undefined}." for row in overall if row.undefined]
    if missing:
        blocks.append(Listed(tuple(missing)))
    if material.whitelist.vote_rule.lead:
        blocks.append(Words(STOPPED))
    rare = _called_different(material)
    if rare < RARE:
        blocks += [Heading("Why alpha is low where “different” is rare"), Words(_note(rare, either))]
    if len(found) > len(overall):
        blocks.append(Folded("Agreement by condition", (_by_condition(found),)))
    return Section("agreement", "Do listeners agree?", tuple(blocks), {"agreement.csv": csv_of(found, Agreement)})


def _lead(either: Agreement) -> str:
    if either.unanimous is None:
        return "No pair was answered by two workers, so nobody can say how far they agree."
    return (
        f"Two listeners of the same pair agree on whether anything differs in {either.pairwise:.0%} of cases, and all "
        f"listeners of a pair in {either.unanimous:.0%}. The table has each question; intervals are 95 %, by drawing "
        "pairs again (bootstrap)."
    )


def _overall(rows: Sequence[Agreement]) -> Table:
    return Table(
        "Agreement of workers, over all conditions",
        ("Question", "Pairs", "Unanimous", "Pairwise", "Alpha"),
        tuple((QUESTIONS[row.question], f"{row.pairs:,}", *_figures(row)) for row in rows),
        "agreement.csv",
    )


def _figures(row: Agreement) -> tuple[str, str, str]:
    return (
        limits(row.unanimous, row.unanimous_lower, row.unanimous_upper),
        limits(row.pairwise, row.pairwise_lower, row.pairwise_upper),
        limits(row.alpha, row.alpha_lower, row.alpha_upper),
    )


def _by_condition(rows: Sequence[Agreement]) -> Table:
    shown = [row for row in rows if row.condition is not None and row.question in ("activation", "valence")]
    return Table(
        "Agreement of workers by condition, same or different",
        ("Condition", "In", "Pairs", "Unanimous", "Pairwise", "Alpha"),
        tuple((str(row.condition), row.question, f"{row.pairs:,}", *_figures(row)) for row in shown),
        "agreement.csv",
        "names",
    )


def _called_different(material: Material) -> float:
    """Share of pairs whose majority hears any difference."""
    ratios = [ratio for ratio in material.ratios if ratio.role == "study" and ratio.dimension == "either"]
    pairs = sum(ratio.pairs for ratio in ratios)
    return sum(ratio.different for ratio in ratios) / pairs if pairs else 0.0


def _note(rare: float, either: Agreement) -> str:
    return (
        "Alpha asks how much better people agree than chance would have them agree. When nearly every answer is "
        "“same”, chance alone agrees nearly always, and a few scattered answers pull alpha towards 0 however often "
        f"people agree. Here {rare:.0%} of the pairs are called different, with pairwise agreement "
        f"{figure(either.pairwise)} and alpha {figure(either.alpha)}. The paper reports agreement of {PAPER_AGREEMENT} "
        "and does not say of which kind."
    )
