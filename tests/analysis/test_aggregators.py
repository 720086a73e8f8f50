"""What every aggregator promises, and what majority vote does with ties and with real votes."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis.aggregators
from analysis.aggregators.base import Aggregator, VotesRefused
from analysis.aggregators.majority_vote import MajorityVote
from analysis.agreement import agreement_of_counts
from analysis.votes import Vote
from pipelines.variants import load, variant_names

VARIANTS = variant_names(analysis.aggregators)

votes = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 5), st.sampled_from(["same", "different"])),
    unique_by=lambda vote: vote[:2],
    max_size=40,
).map(lambda said: [Vote(f"t{task}", f"w{worker}", label) for task, worker, label in said])


@pytest.mark.parametrize("name", VARIANTS)
class TestEveryAggregator:
    @settings(max_examples=25, deadline=None)
    @given(said=votes)
    def test_every_task_with_a_vote_gets_a_label(self, name: str, said: list[Vote]) -> None:
        labels = load(analysis.aggregators, name, Aggregator)().fit_predict(said)
        assert list(labels.index) == list(dict.fromkeys(vote.task for vote in said))
        assert set(labels) <= {"same", "different"}

    @settings(max_examples=25, deadline=None)
    @given(said=votes, data=st.data())
    def test_order_and_names_change_nothing(self, name: str, said: list[Vote], data: st.DataObject) -> None:
        aggregator = load(analysis.aggregators, name, Aggregator)()
        shuffled = data.draw(st.permutations(said))
        renamed = [vote._replace(worker=f"someone-{9 - int(vote.worker[1:])}") for vote in shuffled]
        assert aggregator.fit_predict(renamed).to_dict() == aggregator.fit_predict(said).to_dict()

    def test_the_votes_stay_as_they_were(self, name: str) -> None:
        table = pd.DataFrame([Vote("a", "x", "same"), Vote("a", "y", "different"), Vote("b", "x", "same")])
        before = table.copy()
        load(analysis.aggregators, name, Aggregator)().fit_predict(table)
        pd.testing.assert_frame_equal(table, before)

    def test_other_labels_are_refused(self, name: str) -> None:
        with pytest.raises(VotesRefused, match="'maybe'"):
            load(analysis.aggregators, name, Aggregator)().fit_predict([Vote("a", "x", "maybe")])  # type: ignore[arg-type]

    def test_a_worker_who_votes_twice_is_refused(self, name: str) -> None:
        twice = [Vote("a", "x", "same"), Vote("a", "x", "different")]
        with pytest.raises(VotesRefused, match="'x' votes twice on task 'a'"):
            load(analysis.aggregators, name, Aggregator)().fit_predict(twice)

    def test_a_tie_is_different(self, name: str) -> None:
        said = [Vote("p1", "w1", "same"), Vote("p1", "w2", "different")]
        aggregator = load(analysis.aggregators, name, Aggregator)()
        assert aggregator.fit_predict(said).to_dict() == {"p1": "different"}

    def test_a_task_has_one_condition(self, name: str) -> None:
        torn = [Vote("a", "x", "same", "nat"), Vote("a", "y", "same", "hum")]
        with pytest.raises(VotesRefused, match="'a' has two conditions"):
            load(analysis.aggregators, name, Aggregator)().fit_predict(torn)


@given(said=votes)
def test_majority_is_what_counting_by_hand_gives(said: list[Vote]) -> None:
    for task, label in MajorityVote().fit_predict(said).items():
        labels = [vote.label for vote in said if vote.task == task]
        assert (label == "different") == (2 * labels.count("different") >= len(labels))


def test_real_votes_of_79_workers_come_to_labels() -> None:
    folder = os.environ.get("EARWITNESS_TEST_DATA")
    if not folder:
        pytest.skip("EARWITNESS_TEST_DATA is not set, so there are no real votes")
    file = Path(folder) / "sigir2010-crowdsourcing" / "data" / "judgments.csv"
    with file.open(encoding="latin-1", newline="") as lines:  # free-text comments are not UTF-8
        rows = [row for row in csv.DictReader(lines) if row["Answer.radio"]]
    said = [Vote(row["HITId"], row["WorkerId"], "same" if row["Answer.radio"] == "s" else "different") for row in rows]
    labels = MajorityVote().fit_predict(said)
    counts = pd.DataFrame(rows).groupby(["HITId", "Answer.radio"]).size().unstack(fill_value=0)
    assert len(labels) == 281
    for task, row in counts.iterrows():
        assert (labels[str(task)] == "same") == (row["s"] > row["a"] + row["b"])
    _, _, alpha, undefined = agreement_of_counts(counts.to_numpy(), "nominal")
    assert alpha == pytest.approx(0.233, abs=0.002)  # what the README of that corpus gives
    assert undefined is None
