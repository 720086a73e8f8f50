"""The labels of every aggregator side by side: a row a pair, and one table of where they differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

import analysis.aggregators
from analysis.aggregators.base import NEAR, Aggregator, coded
from analysis.em import dawid_skene
from analysis.tables import Table, figure
from analysis.votes import Dimension, counted, votes_of
from pipelines.clip import Role
from pipelines.variants import load, variant_names

RATINGS_OF_PAIR = ("activation_rating", "valence_rating", "original_activation_rating", "original_valence_rating")


def every_aggregator() -> dict[str, Aggregator]:
    """One of each variant, by name."""
    names = variant_names(analysis.aggregators)
    return {name: load(analysis.aggregators, name, Aggregator)() for name in names}


def pair_labels(
    judgments: pd.DataFrame,
    dimension: Dimension,
    role: Role = "study",
    aggregators: Mapping[str, Aggregator] | None = None,
) -> pd.DataFrame:
    """What every aggregator makes of every pair, and where its clips were placed.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        dimension: activation, valence or either.
        role: which judgments.
        aggregators: by name; every one that is installed, if none are given.

    Returns:
        One row a pair, by condition and pair: pair_id, condition, dimension, votes, different (votes); for each
        aggregator a column of its name ("same" or "different") and one `<name>-share` (0..1, how much speaks for
        different); the mean of each rating that was given, NaN where none was.
    """
    votes = votes_of(judgments, dimension, role)
    by_pair = votes["label"].eq("different").groupby(votes["task"]).agg(["size", "sum"])
    table = pd.DataFrame({"pair_id": by_pair.index, "votes": by_pair["size"].array, "different": by_pair["sum"].array})
    table.insert(1, "condition", table["pair_id"].map(votes.drop_duplicates("task").set_index("task")["condition"]))
    table.insert(2, "dimension", dimension)
    for name, aggregator in (aggregators or every_aggregator()).items():
        share = table["pair_id"].map(aggregator.fit_predict_share(votes)).astype(np.float64)
        table[name] = np.where(share >= 0.5 - NEAR, "different", "same")
        table[f"{name}-share"] = share
    means = counted(judgments, role).groupby("pair_id")[list(RATINGS_OF_PAIR)].mean()
    for name in RATINGS_OF_PAIR:
        table[name] = table["pair_id"].map(means[name]).astype(np.float64)
    return table.sort_values(["condition", "pair_id"], ignore_index=True)


def compared(labels: pd.DataFrame) -> pd.DataFrame:
    """Where the aggregators differ: one row for all conditions (an empty name) and each condition, by aggregator.

    Args:
        labels: as `pair_labels` gives them.

    Returns:
        dimension, condition, aggregator, pairs, different, share (of pairs labelled different, 0..1), and for each
        aggregator `as-<name>`: the share of pairs on which the two give the same label.
    """
    names = [name.removesuffix("-share") for name in labels.columns if name.endswith("-share")]
    groups = [("", labels), *((str(name), group) for name, group in labels.groupby("condition", sort=True))]
    rows = [
        {
            "dimension": group["dimension"].iloc[0],
            "condition": condition,
            "aggregator": name,
            "pairs": len(group),
            "different": int((group[name] == "different").sum()),
            "share": float((group[name] == "different").mean()),
            **{f"as-{other}": float((group[name] == group[other]).mean()) for other in names},
        }
        for condition, group in groups
        if len(group)
        for name in names
    ]
    return pd.DataFrame(
        rows,
        columns=["dimension", "condition", "aggregator", "pairs", "different", "share", *(f"as-{n}" for n in names)],
    )


def share_table(comparison: pd.DataFrame) -> Table:
    """For people: the share of pairs labelled different, a row a condition and a column an aggregator."""
    names = tuple(dict.fromkeys(comparison["aggregator"]))
    rows = [
        (
            str(condition) or "all",
            f"{group['pairs'].iloc[0]:,}",
            *(figure(float(share), 3) for share in group.set_index("aggregator")["share"].loc[list(names)]),
        )
        for condition, group in comparison.groupby("condition", sort=True)
    ]
    return Table(
        "Share of pairs labelled different, by aggregator", ("Condition", "Pairs", *names), tuple(rows), "labels.csv"
    )


def mutual_table(comparison: pd.DataFrame) -> Table:
    """For people: on which share of all pairs two aggregators give the same label."""
    overall = comparison[comparison["condition"] == ""]
    names = tuple(overall["aggregator"])
    rows = [
        (str(row["aggregator"]), *(figure(float(row[f"as-{name}"]), 3) for name in names))
        for _, row in overall.iterrows()
    ]
    return Table("Share of pairs on which two aggregators agree", ("Aggregator", *names), tuple(rows), "labels.csv")


def worker_rates(judgments: pd.DataFrame, dimension: Dimension, role: Role = "study") -> pd.DataFrame:
    """How often each worker says different where nothing changed, and where something did (Dawid & Skene).

    Of workers with few votes the figures lean on those of the whole crowd.

    Returns:
        worker, votes, false_alarm, sensitivity (both 0..1), by worker.
    """
    votes = votes_of(judgments, dimension, role)
    said, _ = coded(votes)
    rates = dawid_skene(said, shrink=10.0, by_condition=10.0)
    people = pd.factorize(votes["worker"])[1]
    table = pd.DataFrame(
        {
            "worker": people,
            "votes": np.bincount(said.workers, minlength=len(people)),
            "false_alarm": rates.false_alarm,
            "sensitivity": rates.sensitivity,
        }
    )
    return table.sort_values("worker", ignore_index=True)
