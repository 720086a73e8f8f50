"""What should be asked by now: a function of the judgments, and of those that may still come to count."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from analysis.certify import certify
from analysis.due import Supply, due
from analysis.rule import DecisionRule
from analysis.votes import read_judgments
from hits.vote_rules import LEAD_3_OF_7, MajorityRule

RULE = DecisionRule(design="e", batch=2, most_pairs=4, identical=1, positive=1, baseline="plug-in")
SUPPLY = Supply({"fade-in": 4}, 1, 1)


@pytest.fixture
def judgments(written: Callable, make: Callable) -> pd.DataFrame:
    """One vote "same" on each of two pairs, one on either kind of controls."""
    kinds = (("p0", "study", "same"), ("p1", "study", "same"), ("i0", "identical", "same"), ("k0", "positive", "same"))
    rows = [
        make(
            number, pair_id=pair, clip_id=pair, role=role, activation=said, valence=said,
            condition="fade-in" if role == "study" else role, family="fade", snr_db=None,
        )
        for number, (pair, role, said) in enumerate(kinds)
    ]  # fmt: skip
    return read_judgments(written(rows))


def test_a_round_is_over_when_all_its_pairs_have_their_votes(judgments: pd.DataFrame) -> None:
    found = due(judgments, RULE, LEAD_3_OF_7, SUPPLY)
    assert found.rounds == 1
    assert found.pairs == {"fade-in": 4}


def test_a_pair_with_a_vote_that_is_not_handed_in_holds_its_round(judgments: pd.DataFrame) -> None:
    found = due(judgments, RULE, LEAD_3_OF_7, SUPPLY, waiting={"p0"})
    assert (found.rounds, found.finished) == (0, False)
    assert found.pairs == {"fade-in": 2}


def test_the_same_judgments_want_the_same(judgments: pd.DataFrame) -> None:
    mixed = judgments.sample(frac=1, random_state=1)
    assert due(judgments, RULE, LEAD_3_OF_7, SUPPLY) == due(mixed, RULE, LEAD_3_OF_7, SUPPLY)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_planned_looks_stop_where_the_certificate_does(written: Callable, make: Callable, spending: str) -> None:
    rows = []
    for role, condition, pairs, said in (
        ("study", "quiet", 100, "same"),
        ("study", "loud", 100, "different"),
        ("identical", "identical", 60, "same"),
        ("positive", "positive", 40, "different"),
    ):
        for pair in range(pairs):
            named = {"pair_id": f"{condition}{pair}", "clip_id": f"c{pair}", "condition": condition, "family": "any"}
            rows.append(make(len(rows), **named, role=role, snr_db=None, activation=said, valence=said))
    table = read_judgments(written(rows))
    rule = DecisionRule(design="group-sequential", spending=spending, min_pairs=30)
    made = {"quiet": 100, "loud": 100}
    found = due(table, rule, MajorityRule(1), Supply(made, 60, 40), made=made)
    certified = certify(table, rule, MajorityRule(1), made=made)
    assert all(one.pairs >= 30 for one in found.conditions)
    assert {one.condition: one.verdict for one in found.conditions} == {
        one.condition: one.decision for one in certified.decisions
    }
    assert {one.verdict for one in found.conditions} == {"SAFE", "UNSAFE"}
