"""Our aggregators against crowd-kit's on simulated crowds, where crowd-kit is installed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.aggregators.base import Aggregator
from analysis.aggregators.dawid_skene import DawidSkene
from analysis.aggregators.mace import Mace
from analysis.aggregators.majority_vote import MajorityVote
from analysis.aggregators.one_coin import OneCoin

pytestmark = pytest.mark.filterwarnings("ignore")  # crowd-kit's own, of pandas

#: Ours, crowd-kit's with its settings, and the share of tasks on which both must say the same.
PEERS: tuple[tuple[Aggregator, str, dict[str, object], float], ...] = (
    (MajorityVote(), "MajorityVote", {}, 1.0),
    (DawidSkene(), "DawidSkene", {"n_iter": 100}, 0.995),
    (OneCoin(), "OneCoinDawidSkene", {"n_iter": 100}, 0.995),
    (Mace(share=0.5), "MACE", {"method": "em", "n_restarts": 1, "n_iter": 100}, 0.98),
)


def crowd(seed: int, tasks: int = 400, workers: int = 20) -> tuple[pd.DataFrame, pd.Series[bool]]:
    """Three votes on each task, and which tasks are changed; crowd-kit's MACE mixes up names that come out of order."""
    rng = np.random.default_rng(seed)
    truth = rng.random(tasks) < 0.15
    alarms, hears = rng.beta(1.2, 10.8, workers), rng.beta(10.2, 1.8, workers)
    who = np.argsort(rng.random((tasks, workers)), axis=1)[:, :3]
    different = rng.random((tasks, 3)) < np.where(truth[:, np.newaxis], hears[who], alarms[who])
    names = np.array([f"p{each:04d}" for each in range(tasks)])
    table = pd.DataFrame(
        {
            "task": np.repeat(names, 3),
            "worker": [f"w{each:02d}" for each in who.ravel()],
            "label": np.where(different.ravel(), "different", "same"),
        }
    )
    return table.sort_values(["worker", "label"], ignore_index=True), pd.Series(truth, names)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("ours", "theirs", "options", "alike"), PEERS, ids=[peer[1] for peer in PEERS])
def test_labels_are_those_of_crowd_kit(
    ours: Aggregator, theirs: str, options: dict[str, object], alike: float, seed: int
) -> None:
    aggregation = pytest.importorskip("crowdkit.aggregation", reason="crowd-kit is not installed, so there is no peer")
    table, _ = crowd(seed)
    peer = getattr(aggregation, theirs)(**options).fit_predict(table)
    labels = ours.fit_predict(table)
    assert (labels == peer.loc[labels.index]).mean() >= alike


def test_habits_are_told_from_attention_where_changes_are_rare() -> None:
    right = {}
    for share in (0.5, None):
        found = []
        for seed in range(3):
            table, truth = crowd(seed)
            labels = Mace(share).fit_predict(table)
            found.append(((labels == "different") == truth.loc[labels.index]).mean())
        right[share] = np.mean(found)
    assert right[None] > 0.94 > 0.9 > right[0.5]
