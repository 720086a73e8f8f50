"""Section: which way a change goes, and where noisy clips were placed."""

from __future__ import annotations

import numpy as np

from analysis.direction import WARNING, Direction, directions
from analysis.ratings import RatingMeans, rating_means
from analysis.report.direction_plot import direction_svg
from analysis.report.material import Material
from analysis.report.parts import Block, Folded, Plot, Section, Words, csv_of
from analysis.tables import Table, figure, limits, listed, p_cell

SIGNIFICANT = 0.05


def direction_section(material: Material) -> Section:
    """Up or down, by condition and dimension."""
    found = directions(material.judgments, np.random.default_rng(material.whitelist.seed), material.pairs)
    means = rating_means(material.judgments)
    told = [one for one in found if one.shift is not None]
    blocks: list[Block] = [
        Words(
            "Who hears a difference places clips on two rows of five manikins: from calm (1) to excited (5), and from "
            "unpleasant (1) to pleasant (5). The shift is how much higher the noisy clip was placed than the original, "
            "mean over pairs."
        )
    ]
    if any(one.layout == "corpus mean" for one in told):
        blocks.append(Words(f"The directions below are {WARNING}."))
    if told:
        blocks += [Words(_said(told)), _plot(told), Folded("The directions in figures", (_table(told),))]
    else:
        blocks.append(Words("No pair has ratings of both of its clips, so no direction can be told."))
    blocks.append(Folded("Where the noisy clips were placed", (_on_ratings(), _ratings(means))))
    files = {"direction.csv": csv_of(found, Direction), "ratings.csv": csv_of(means, RatingMeans)}
    return Section("direction", "Which way does it go?", tuple(blocks), files)


def _said(found: list[Direction]) -> str:
    moved = [one for one in found if one.p_adjusted is not None and one.p_adjusted < SIGNIFICANT]
    if not moved:
        return "In no condition is a direction shown (Wilcoxon's signed-rank test over pairs, p by Holm)."
    ways = {
        way: [f"{one.dimension} of {one.condition}" for one in moved if (one.rank_biserial or 0) * sign > 0]
        for way, sign in (("up", 1), ("down", -1))
    }
    parts = [f"{way}wards {listed(names)}" for way, names in ways.items() if names]
    return f"Shown by Wilcoxon's signed-rank test over pairs (p by Holm over all of the table): {'; '.join(parts)}."


def _plot(found: list[Direction]) -> Plot:
    caption = (
        "Each row is a condition, with activation (filled mark) above valence (hollow mark): the mean shift on the "
        "scale of 1 to 5 with its 95 % interval, by drawing utterances again. A triangle points the way that is shown "
        "at .05 after Holm; a dot is where no way is shown."
    )
    return Plot(direction_svg(found, name="shift"), direction_svg(found, name="shift-narrow", compact=True), caption)


def _table(found: list[Direction]) -> Table:
    notes = any(one.note and one.note != WARNING for one in found)
    columns = ("Condition", "In", "Pairs", "Up", "Down", "Shift", "Rank-biserial", "p, Holm")
    return Table(
        "Shift of the noisy clip against the original, with 95 % intervals, and its direction",
        columns + (("Note",) if notes else ()),
        tuple(
            (
                one.condition,
                one.dimension,
                f"{one.pairs:,}",
                f"{one.up:,}",
                f"{one.down:,}",
                limits(one.shift, one.lower, one.upper),
                figure(one.rank_biserial),
                p_cell(one.p_adjusted),
                *((one.note.removeprefix(WARNING).removeprefix("; "),) if notes else ()),
            )
            for one in found
        ),
        "direction.csv",
        "words names" if notes else "names",
    )


def _on_ratings() -> Words:
    return Words(
        "Means over pairs of the noisy clips that sounded different. By themselves they do not show in which direction "
        "a noise moves what is heard."
    )


def _ratings(means: tuple[RatingMeans, ...]) -> Table:
    return Table(
        "Mean ratings of the noisy clips that sounded different, 1 to 5",
        ("Condition", "Pairs rated", "Ratings", "Activation", "Valence"),
        tuple(
            (row.condition, f"{row.pairs:,}", f"{row.ratings:,}", figure(row.activation), figure(row.valence))
            for row in means
        ),
        "ratings.csv",
    )
