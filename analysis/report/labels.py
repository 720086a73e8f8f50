"""Section: the labels of every aggregator side by side."""

from __future__ import annotations

import pandas as pd

from analysis.aggregators.base import VotesRefused
from analysis.labels import compared, every_aggregator, mutual_table, pair_labels, share_table
from analysis.report.material import Material
from analysis.report.parts import Folded, Section, Words, csv_text
from analysis.votes import DIMENSIONS, votes_of


def labels_section(material: Material) -> Section:
    """Whether it matters how votes become labels."""
    usable = {}
    for name, aggregator in every_aggregator().items():
        try:
            aggregator.fit_predict_share(votes_of(material.judgments, "either"))
            usable[name] = aggregator
        except VotesRefused:
            continue
    found = [compared(pair_labels(material.judgments, name, aggregators=usable)) for name in DIMENSIONS]
    either = found[DIMENSIONS.index("either")]
    title = "Would other ways to read the votes label pairs otherwise?"
    files = {"labels.csv": csv_text(pd.concat(found, ignore_index=True))}
    if either.empty:
        return Section("labels", title, (Words("No pair has a vote yet."),), files)
    blocks = (
        Words(_lead(either, material.whitelist.aggregator)),
        mutual_table(either),
        Folded("Shares by condition and aggregator", (share_table(either),)),
    )
    return Section("labels", title, blocks, files)


def _lead(either: pd.DataFrame, own: str) -> str:
    overall = either[either["condition"] == ""].set_index("aggregator")
    shares = overall["share"]
    mine = overall.loc[[own]].iloc[0]
    others = {str(name): float(mine[f"as-{name}"]) for name in overall.index if name != own}
    said = (
        f"{len(overall)} ways to make one label of a pair's votes call between {shares.min():.1%} and "
        f"{shares.max():.1%} of the pairs different in activation or valence."
    )
    if not others:
        return said
    least = min(others, key=others.__getitem__)
    return (
        f"{said} The study's own, {own}, gives the same label as the one that differs most from it, {least}, on "
        f"{others[least]:.1%} of the pairs."
    )
