"""Sensitivity: each departure counts what it says, is compared with what was decided, and the engine can be swapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pytest

from analysis.aggregators.base import Aggregator, VotesRefused
from analysis.aggregators.majority_vote import MajorityVote
from analysis.certify import Decision, certify_judgments
from analysis.em import Coded, Shares
from analysis.rule import DecisionRule
from analysis.sensitivity import AS_DECIDED, COLUMNS, Decided, sensitivity, turned, variants
from analysis.votes import read_judgments

RULE = DecisionRule(max_different=0.3, min_pairs=20)


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
    return certify_judgments(judgments, RULE, aggregator).decisions


@pytest.fixture
def judgments(written: Callable, make: Callable) -> pd.DataFrame:
    """30 pairs nobody minds; of a second worker who is distrusted and hears a change always, and a late one, too."""
    rows = []
    for number in range(30):
        pair = {"pair_id": f"p{number}", "clip_id": f"c{number}"}
        rows += [
            make(10 * number, **pair, worker="w1"),
            make(10 * number + 1, **pair, worker="w2", used=False, activation="different"),
            make(10 * number + 2, **pair, worker="w3", late=number < 3, valence="different" if number < 3 else "same"),
        ]
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
    assert turned(table.reset_index()).startswith("1 of 1 verdicts hang on the analysis: nat-co-10db")


def test_a_departure_without_a_judgment_to_it_says_so(written: Callable, make: Callable) -> None:
    table = sensitivity(read_judgments(written([make(1)])), engine, variants(MajorityVote(), failed_headphones=()))
    others = table[table["variant"] != AS_DECIDED]
    assert set(others["note"]) == {"there are no such judgments, so nothing differs"}
    assert turned(table) == "All 1 verdicts are the same under every analysis that was tried."


def test_a_condition_that_loses_its_judgments_stays_in_the_table(judgments: pd.DataFrame) -> None:
    everyone = ("w1", "w2", "w3")
    table = sensitivity(judgments, engine, variants(MajorityVote(), failed_headphones=everyone)).set_index("variant")
    gone = table.loc["without workers who failed the headphone check"]
    assert (gone["judgments"], gone["same"]) == (0, False)
    assert pd.isna(gone["decision"])


def test_an_aggregator_that_can_not_use_the_votes_is_named(judgments: pd.DataFrame) -> None:
    table = sensitivity(judgments, engine, variants(MajorityVote(), [Picky()])).set_index("variant")
    assert table.loc["aggregator picky", "note"] == "could not be analysed: found two votes a task; it needs three"


def test_any_engine_will_do(judgments: pd.DataFrame) -> None:
    def gloomy(judgments: pd.DataFrame, aggregator: Aggregator) -> Iterable[Decided]:
        return [
            Decision(one.condition, one.family, one.snr_db, "UNDECIDED", one.activation, one.valence, "")
            for one in engine(judgments, aggregator)
        ]

    assert set(sensitivity(judgments, gloomy, variants(MajorityVote()))["decision"]) == {"UNDECIDED"}
