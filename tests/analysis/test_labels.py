"""Labels of all aggregators side by side, and who is worth listening to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.agreement import agreements, worker_agreements
from analysis.judgments_file import sift
from analysis.labels import compared, every_aggregator, mutual_table, pair_labels, share_table, worker_rates
from analysis.votes import read_judgments
from hits.column_mapping import ColumnMapping
from hits.importing import Known, judgments_of
from hits.judgments_csv import write_judgments
from hits.table_files import read_table


def crowd(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Three votes on each of 26 x 100 pairs; most conditions change hardly anything, workers hear one thing in ten."""
    condition = np.repeat(np.arange(26), 100)
    share = np.r_[np.linspace(0, 0.03, 18), 0.06, 0.10, 0.13, 0.17, 0.22, 0.22, 0.28, 0.29]
    changed = rng.random(2600) < share[condition]
    false_alarm, heard = rng.beta(1.2, 10.8, 60), rng.beta(10.2, 1.8, 60)
    workers = rng.permuted(np.tile(np.arange(60), (2600, 1)), axis=1)[:, :3]
    says = rng.random((2600, 3)) < np.where(changed[:, np.newaxis], heard[workers], false_alarm[workers])
    votes = pd.DataFrame(
        {
            "task": np.repeat([f"p{pair}" for pair in range(2600)], 3),
            "worker": [f"w{worker}" for worker in workers.ravel()],
            "label": np.where(says.ravel(), "different", "same"),
            "condition": np.repeat(condition, 3),
        }
    )
    return votes, changed


def test_on_crowds_made_here_a_share_for_each_condition_labels_best() -> None:
    votes, changed = crowd(np.random.default_rng(4))
    right = {
        name: float(np.mean((method.fit_predict(votes) == "different") == changed))
        for name, method in every_aggregator().items()
    }
    assert max(right, key=right.__getitem__) == "dawid-skene-by-condition"
    assert right["dawid-skene-by-condition"] > right["dawid-skene"] > right["majority-vote"]


def test_every_pair_has_every_label_and_its_mean_ratings(written: Callable, make: Callable) -> None:
    rated = {"activation": "different", "valence_rating": 1}
    rows = [
        make(1, activation_rating=5, **rated),
        make(2, pair_id="p00001", clip_id="c00001", worker="w2", activation_rating=2, **rated),
        make(3),
    ]
    table = pair_labels(read_judgments(written(rows)), "activation").set_index("pair_id")
    assert list(table["votes"]) == [2, 1]
    assert (table.loc["p00001", "activation_rating"], table.loc["p00001", "valence_rating"]) == (3.5, 1.0)
    assert np.isnan(table.loc["p00003", "activation_rating"])
    for name in every_aggregator():
        assert list(table[name]) == ["different", "same"]


def test_the_comparison_adds_up(written: Callable, study: Callable) -> None:
    labels = pair_labels(read_judgments(written(study(pairs=10))), "either")
    table = compared(labels)
    overall = table[table["condition"] == ""].set_index("aggregator")
    for name in every_aggregator():
        parts = table[(table["aggregator"] == name) & (table["condition"] != "")]
        assert parts["different"].sum() == overall.loc[name, "different"]
        assert parts["pairs"].sum() == overall.loc[name, "pairs"] == 110
        assert overall.loc[name, f"as-{name}"] == 1
    assert len(share_table(table).rows) == 12
    assert len(mutual_table(table).rows) == len(every_aggregator())


def test_a_study_without_judgments_has_no_labels(written: Callable) -> None:
    labels = pair_labels(read_judgments(written([])), "either")
    assert labels.empty
    assert compared(labels).empty


def real_votes(tmp_path: Path) -> pd.DataFrame:
    """2,810 votes of 79 people on which of two melodies is nearer to a third, or both the same: by a mapping alone."""
    folder = os.environ.get("EARWITNESS_TEST_DATA")
    if not folder:
        pytest.skip("EARWITNESS_TEST_DATA is not set, so there are no real votes")
    mapping = ColumnMapping(
        columns={"pair_id": "HITId", "activation": "Answer.radio", "valence": "Answer.radio"},
        values={name: {"a": "different", "b": "different", "s": "same"} for name in ("activation", "valence")},
        always={"condition": "melodies"},
    )
    table = read_table(Path(folder) / "sigir2010-crowdsourcing" / "data" / "judgments.csv")
    done = judgments_of(table, mapping, Known(), lambda one: f"w{one}", lambda one: f"a{one}")
    assert len(done.problems) == 5  # votes that were left empty
    assert all("activation is ''" in problem for problem in done.problems)
    write_judgments(done.rows, tmp_path / "judgments.csv")
    return sift(tmp_path / "judgments.csv").judgments


def test_real_votes_come_in_by_a_mapping_and_are_compared(tmp_path: Path) -> None:
    judgments = real_votes(tmp_path)
    assert (len(judgments), judgments["worker"].nunique(), judgments["pair_id"].nunique()) == (2805, 79, 281)
    (row,) = [row for row in agreements(judgments) if row.question == "activation"]
    assert row.alpha == pytest.approx(0.233, abs=0.001)
    assert row.alpha_lower < 0.2 < row.alpha < 0.26 < row.alpha_upper
    table = compared(pair_labels(judgments, "activation"))
    share = table[table["condition"] == ""].set_index("aggregator")["share"]
    assert share["majority-vote"] == pytest.approx(155 / 281)
    assert share.max() - share.min() > 0.3  # where people agree so little, the label hangs on the method
    workers = worker_agreements(judgments, question="activation")
    assert len(workers) == len(worker_rates(judgments, "activation")) == 79
    assert sum(one.alpha_upper < 0 for one in workers) > 0  # some agree less than chance would have them
