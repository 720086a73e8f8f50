"""Sensitivity: each departure counts what it says, is compared with what was decided, and the engine can be swapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.aggregators.base import Aggregator, VotesRefused
from analysis.aggregators.majority_vote import MajorityVote
from analysis.certify import certify
from analysis.em import Coded, Shares
from analysis.rule import DecisionRule
from analysis.sensitivity import AS_DECIDED, COLUMNS, Decided, analysed, sensitivity, turned, variants
from analysis.two_way import two_way_decisions
from analysis.verdicts import Decision
from analysis.votes import read_judgments
from hits.vote_rules import MajorityRule

RULE = DecisionRule(tau=0.3, min_pairs=20)


class AnyVote(Aggregator):
    """One "different" is enough."""

    name = "any-vote"

    def _changed(self, said: Coded) -> Shares:
        return np.ceil(said.share_different())


class Picky(AnyVote):
    """Refuses every vote."""

    name = "picky"

    def _changed(self, said: Coded) -> Shares:
        raise VotesRefused("found two votes a task; it needs three")


def engine(judgments: pd.DataFrame, aggregator: Aggregator) -> Iterable[Decision]:
    own = MajorityVote().name
    return certify(judgments, RULE, MajorityRule(1), aggregator, by_labels=aggregator.name != own).decisions


@pytest.fixture
def judgments(written: Callable, make: Callable) -> pd.DataFrame:
    """30 pairs nobody minds; of a second worker who is distrusted and hears a change always, and a late one, too.

    Of both kinds of controls there are 60, about which w1 is always right.
    """
    rows = []
    for number in range(30):
        pair = {"pair_id": f"p{number}", "clip_id": f"c{number}"}
        rows += [
            make(10 * number, **pair, worker="w1"),
            make(10 * number + 1, **pair, worker="w2", used=False, activation="different"),
            make(10 * number + 2, **pair, worker="w3", late=number < 3, valence="different" if number < 3 else "same"),
        ]
    for number in range(120):
        role, said = ("identical", "same") if number < 60 else ("positive", "different")
        named = {"pair_id": f"k{number}", "clip_id": f"k{number}", "condition": role, "family": role, "snr_db": None}
        rows.append(make(1000 + number, **named, role=role, worker="w1", activation=said, valence=said))
    return read_judgments(written(rows))


def test_each_departure_counts_what_it_says(judgments: pd.DataFrame) -> None:
    table = sensitivity(judgments, engine, variants(MajorityVote(), [AnyVote()], failed_headphones={"w3"}))
    assert tuple(table.columns) == COLUMNS
    counted = dict(zip(table["variant"], table["judgments"], strict=True))
    assert counted == {
        AS_DECIDED: 57,
        "aggregator any-vote": 57,
        "with workers whom quality control left out": 87,
        "with late judgments": 60,
        "without workers who failed the headphone check": 30,
    }


def test_a_verdict_that_turns_is_said(judgments: pd.DataFrame) -> None:
    table = sensitivity(judgments, engine, variants(MajorityVote())).set_index("variant")
    spoilt = table.loc["with workers whom quality control left out"]
    assert table.loc[AS_DECIDED, "decision"] == "SAFE"
    assert table.loc[AS_DECIDED, "activation_share"] == 0
    # of pairs with two votes, one for and one against, a tie is "different": the three without w3's vote
    assert spoilt["activation_different"] == 3
    assert table.loc["with late judgments", "valence_different"] == 3
    spoilt_more = sensitivity(judgments, engine, variants(MajorityVote(), [AnyVote()]))
    assert turned(spoilt_more) == turned(table.reset_index())


def test_another_aggregator_is_compared_with_what_was_decided(judgments: pd.DataFrame) -> None:
    everybody = judgments.assign(used=True)
    table = sensitivity(everybody, engine, variants(MajorityVote(), [AnyVote()])).set_index("variant")
    assert table.loc["aggregator any-vote", "decision"] == "UNSAFE"
    assert table.loc["aggregator any-vote", "as_decided"] == "SAFE"
    assert not table.loc["aggregator any-vote", "same"]
    assert turned(table.reset_index()).startswith("1 of 1 verdict hangs on the analysis: nat-co-10db comes")


def test_a_departure_without_a_judgment_to_it_says_so(written: Callable, make: Callable) -> None:
    table = sensitivity(read_judgments(written([make(1)])), engine, variants(MajorityVote(), failed_headphones=()))
    others = table[table["variant"] != AS_DECIDED]
    assert set(others["note"]) == {"there are no such judgments, so nothing differs"}
    assert turned(table) == "The one verdict is the same under every analysis that was tried."


def test_a_condition_that_loses_its_judgments_stays_in_the_table(judgments: pd.DataFrame) -> None:
    everyone = ("w1", "w2", "w3")
    table = sensitivity(judgments, engine, variants(MajorityVote(), failed_headphones=everyone)).set_index("variant")
    gone = table.loc["without workers who failed the headphone check"]
    assert (gone["judgments"], gone["same"]) == (0, False)
    assert pd.isna(gone["decision"])


def test_an_aggregator_that_can_not_use_the_votes_is_named(judgments: pd.DataFrame) -> None:
    table = sensitivity(judgments, engine, variants(MajorityVote(), [Picky()])).set_index("variant")
    assert "aggregator picky" not in set(analysed(table.reset_index())["variant"])
    assert "same under every analysis" in turned(table.reset_index())  # what was not analysed turns nothing
    assert table.loc["aggregator picky", "note"] == "could not be analysed: found two votes a task; it needs three"


def test_any_engine_will_do(judgments: pd.DataFrame) -> None:
    def gloomy(judgments: pd.DataFrame, aggregator: Aggregator) -> Iterable[Decided]:
        return [
            Decision(one.condition, one.family, one.snr_db, "UNDECIDED", one.activation, one.valence, "")
            for one in engine(judgments, aggregator)
        ]

    assert set(sensitivity(judgments, gloomy, variants(MajorityVote()))["decision"]) == {"UNDECIDED"}


def test_a_second_opinion_is_one_more_variant(judgments: pd.DataFrame) -> None:
    def gloomy(judgments: pd.DataFrame, aggregator: Aggregator) -> Iterable[Decided]:
        return [replace(one, decision="UNDECIDED") for one in engine(judgments, aggregator)]

    table = sensitivity(judgments, engine, variants(MajorityVote(), second={"gloomy": gloomy})).set_index("variant")
    assert table.loc[[AS_DECIDED, "gloomy"], "decision"].tolist() == ["SAFE", "UNDECIDED"]


SHARES = (
    ("fade-in", "fade", None, 0.0, 0.0),
    ("fade-out", "fade", None, 0.5, 0.0),
    ("nat-co-0db", "nat", 0.0, 0.0, 0.0),
)


class TestTwoWay:
    def test_on_complete_votes_it_decides(self, written: Callable, crowded: Callable) -> None:
        found = read_judgments(written(crowded(SHARES, pairs=60, identical=80)))
        second = two_way_decisions(found, DecisionRule(), 3)
        assert [one.decision for one in second] == ["SAFE", "UNSAFE", "SAFE"]
        assert second[1].activation.decision == "UNSAFE"
        assert second[1].valence.decision == "UNDECIDED"
        assert (second[2].snr_db, second[0].snr_db) == (0.0, None)
        assert second[0].activation.votes == 180

    def test_few_pairs_stay_undecided(self, written: Callable, crowded: Callable) -> None:
        found = read_judgments(written(crowded(SHARES, pairs=60, identical=80)))
        assert {one.decision for one in two_way_decisions(found, DecisionRule(min_pairs=61), 3)} == {"UNDECIDED"}

    def test_votes_that_are_no_sample_are_refused(self, written: Callable, crowded: Callable) -> None:
        found = read_judgments(written(crowded(SHARES[:1], pairs=9, identical=9, positive=9)))
        with pytest.raises(VotesRefused, match="0% of the pairs have 5 votes"):
            two_way_decisions(found, DecisionRule(), 5)
        with pytest.raises(VotesRefused, match="this one is e"):
            two_way_decisions(found, DecisionRule(design="e"), 3)
        with pytest.raises(VotesRefused, match="no votes on identical and positive pairs"):
            two_way_decisions(found[found["role"] == "study"], DecisionRule(), 3)
        with pytest.raises(VotesRefused, match="two workers"):
            two_way_decisions(found.assign(worker="w1"), DecisionRule(), 3)
