"""Verdicts from judgments: both dimensions, controls, votes that miss, every design; and the ratios beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.aggregators.base import VotesRefused
from analysis.aggregators.dawid_skene import DawidSkene
from analysis.aggregators.dawid_skene_by_condition import DawidSkeneByCondition
from analysis.aggregators.majority_vote import MajorityVote
from analysis.certify import certify
from analysis.certify_words import effective_taus
from analysis.ratios import ratios, wilson
from analysis.rule import DecisionRule
from analysis.verdicts import Certified, Verdict, overall
from analysis.votes import read_judgments
from hits.vote_rules import LEAD_3_OF_7, MAJORITY_OF_3, VoteRule

counts = st.integers(1, 400).flatmap(lambda pairs: st.tuples(st.integers(0, pairs), st.just(pairs)))
Row = dict[str, object]
DESIGNS = ("fixed", "group-sequential", "e", "c", "c-prime")


def voted(
    make: Callable[..., Row],
    kind: tuple[str, str, float | None],
    pairs: int,
    changed: tuple[int, int],
    rule: VoteRule = MAJORITY_OF_3,
    start: int = 0,
) -> Iterator[Row]:
    """Pairs of which so many are called different by everybody, spread evenly; as many votes as the rule asks for."""
    role, condition, snr_db = kind
    for pair in range(pairs):
        said = [(pair * count) // pairs != ((pair + 1) * count) // pairs for count in changed]
        given: list[list[bool]] = [[], []]
        while any(rule.outcome(votes) is None for votes in given):
            for votes, different in zip(given, said, strict=True):
                votes.append(different)
        for vote in range(len(given[0])):
            number = start + 10 * pair + vote
            yield make(
                number,
                judgment_id=f"{role}-{condition}-{number}",
                pair_id=f"{role}-{condition}-{pair}",
                clip_id=f"c{pair}",
                condition=condition,
                family=condition.partition("-")[0],
                snr_db=snr_db,
                role=role,
                worker=f"w{vote}",
                activation="different" if said[0] else "same",
                valence="different" if said[1] else "same",
            )


@pytest.fixture
def judged(make: Callable[..., Row], written: Callable) -> Callable[..., pd.DataFrame]:
    """Judgments of some conditions, each with (changed in activation, in valence) of its pairs, and of controls."""

    def judge(
        conditions: dict[str, tuple[int, int]],
        pairs: int = 100,
        identical: int = 200,
        positive: int = 100,
        rule: VoteRule = MAJORITY_OF_3,
    ) -> pd.DataFrame:
        rows = [
            *voted(make, ("identical", "identical", None), identical, (identical // 100, identical // 100), rule),
            *voted(make, ("positive", "positive", None), positive, (positive * 9 // 10, positive * 9 // 10), rule),
        ]
        for name, changed in conditions.items():
            level = float(name.rpartition("-")[2].removesuffix("db")) if name.endswith("db") else None
            rows += voted(make, ("study", name, level), pairs, changed, rule)
        return read_judgments(written(rows))

    return judge


def verdicts(found: Certified) -> dict[str, str]:
    return {one.condition: one.decision for one in found.decisions}


@given(counted=counts, confidence=st.floats(0.5, 0.999))
def test_the_interval_holds_the_ratio_within_0_and_1(counted: tuple[int, int], confidence: float) -> None:
    different, pairs = counted
    low, high = wilson(different, pairs, confidence)
    assert 0 <= low <= different / pairs <= high <= 1


@given(said=st.lists(st.sampled_from(["SAFE", "UNSAFE", "UNDECIDED"]), min_size=1))
def test_one_unsafe_part_is_enough_and_safe_needs_all(said: list[Verdict]) -> None:
    assert (overall(said) == "UNSAFE") == ("UNSAFE" in said)
    assert (overall(said) == "SAFE") == (set(said) == {"SAFE"})


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_tells_quiet_from_loud_and_says_so_in_both_dimensions(judged: Callable, design: str) -> None:
    rule = MAJORITY_OF_3 if design == "fixed" else LEAD_3_OF_7
    judgments = judged({"fade-in": (0, 0), "cry": (60, 0), "laugh": (14, 0)}, pairs=150, rule=rule)
    found = certify(judgments, DecisionRule(design=design), rule)
    assert verdicts(found) == {"cry": "UNSAFE", "fade-in": "SAFE", "laugh": "UNDECIDED"}
    cry = next(one for one in found.decisions if one.condition == "cry")
    assert (cry.activation.decision, cry.valence.decision) == ("UNSAFE", "SAFE")
    assert all(one.reason for one in found.decisions)
    assert any(f"design {design}" in note for note in found.notes)


@pytest.mark.parametrize("design", DESIGNS)
def test_without_positive_controls_nothing_is_certified(judged: Callable, design: str) -> None:
    found = certify(
        judged({"fade-in": (0, 0), "cry": (60, 60)}, positive=0), DecisionRule(design=design), MAJORITY_OF_3
    )
    assert set(verdicts(found).values()) == {"UNDECIDED"}
    assert "without positive controls" in found.decisions[0].reason
    assert any("No positive controls" in note for note in found.notes)


def test_more_changed_pairs_never_make_a_condition_safer(judged: Callable) -> None:
    rank = {"SAFE": 0, "UNDECIDED": 1, "UNSAFE": 2}
    conditions = {f"c{changed:02d}": (changed, 0) for changed in range(0, 40, 3)}
    found = certify(judged(conditions), DecisionRule(correction="none"), MAJORITY_OF_3)
    ranks = [rank[verdicts(found)[name]] for name in conditions]
    assert ranks == sorted(ranks)
    assert {0, 1, 2} == set(ranks)


def test_the_share_of_truly_changed_pairs_is_what_controls_leave_of_the_ratio(judged: Callable) -> None:
    found = certify(judged({"cry": (46, 0)}), DecisionRule(), MAJORITY_OF_3)
    activation = found.decisions[0].activation
    assert (activation.ratio, activation.changed, activation.decided) == (0.46, 46, 100)
    assert activation.share == pytest.approx((0.46 - 0.01) / (0.9 - 0.01))
    assert found.controls[0].margin == pytest.approx(0.9 * 0.01 + 0.1 * 0.9)
    taus = [at for dimension, _, _, at in effective_taus(found.rule, found.controls) if dimension == "activation"]
    assert taus[0] == pytest.approx(0.10)
    assert taus == sorted(taus)


def test_too_few_pairs_stay_undecided_whatever_they_say(judged: Callable) -> None:
    found = certify(judged({"fade-in": (0, 0), "cry": (29, 29)}, pairs=29), DecisionRule(), MAJORITY_OF_3)
    assert set(verdicts(found).values()) == {"UNDECIDED"}
    assert found.decisions[0].reason == "29 judged pairs; a verdict needs 30"


def test_one_pair_is_one_pair(judged: Callable) -> None:
    found = certify(judged({"fade-in": (0, 0)}, pairs=1), DecisionRule(), MAJORITY_OF_3)
    assert found.decisions[0].reason == "1 judged pair; a verdict needs 30"


def test_pairs_that_lack_votes_count_against_whichever_verdict_is_asked(judged: Callable) -> None:
    judgments = judged({"fade-in": (0, 0), "cry": (60, 60)}, pairs=100, rule=LEAD_3_OF_7)
    last = judgments.groupby("pair_id")["submitted_at"].transform("max") == judgments["submitted_at"]
    of_both = judgments["condition"].isin(["fade-in", "cry"])
    half = judgments["pair_id"].str.extract(r"-(\d+)$")[0].astype(int) < 50
    cut = judgments[~(last & of_both & half)]
    assert set(verdicts(certify(judgments, DecisionRule(design="c"), LEAD_3_OF_7)).values()) == {"SAFE", "UNSAFE"}
    found = certify(cut, DecisionRule(design="c"), LEAD_3_OF_7)
    assert verdicts(found)["cry"] == "UNDECIDED"
    assert any("pairs lack votes" in note for note in found.notes)


def test_pairs_with_fewer_votes_than_the_controls_are_no_smaller_sample_of_them(judged: Callable) -> None:
    judgments = judged({"fade-in": (0, 0)})
    fewer = judgments[~((judgments["role"] == "study") & (judgments["worker"] != "w0"))]
    found = certify(fewer, DecisionRule(), MAJORITY_OF_3)
    assert (found.decisions[0].decision, found.decisions[0].activation.decided) == ("UNDECIDED", 0)
    assert any("100 pairs lack votes" in note for note in found.notes)


def test_a_handful_of_controls_certifies_nothing(judged: Callable) -> None:
    few = certify(judged({"fade-in": (0, 0), "cry": (60, 60)}, positive=10), DecisionRule(), MAJORITY_OF_3)
    assert set(verdicts(few).values()) == {"UNDECIDED"}
    assert any("10 positive controls" in one.reason for one in few.decisions)


@pytest.mark.parametrize("design", DESIGNS)
def test_slack_makes_safe_dearer_and_unsafe_no_cheaper(judged: Callable, design: str) -> None:
    rule = MAJORITY_OF_3 if design == "fixed" else LEAD_3_OF_7
    judgments = judged({"fade-in": (4, 4), "cry": (20, 0)}, pairs=150, rule=rule)
    plain, slack = (certify(judgments, DecisionRule(design=design, slack=s), rule) for s in (0.0, 1.5))
    (cry, quiet), (cry_slack, quiet_slack) = plain.decisions, slack.decisions
    sign = 1 if plain.grounds == "p-value" else -1
    safe = [one.activation.grounds_safe for one in (quiet, quiet_slack)]
    unsafe = [one.activation.grounds_unsafe for one in (cry, cry_slack)]
    assert sign * safe[0] <= sign * safe[1]  # type: ignore[operator]
    assert slack.controls[0].margin < plain.controls[0].margin  # type: ignore[operator]
    if design == "fixed":
        assert unsafe[0] == unsafe[1]


def test_labels_of_another_aggregator_decide_where_it_is_asked(judged: Callable) -> None:
    judgments = judged({"fade-in": (0, 0), "cry": (60, 60)})
    found = certify(judgments, DecisionRule(), MAJORITY_OF_3, DawidSkene(), by_labels=True)
    assert verdicts(found) == {"cry": "UNSAFE", "fade-in": "SAFE"}


def test_labels_that_follow_from_how_often_a_condition_changes_decide_nothing(judged: Callable) -> None:
    judgments = judged({"fade-in": (0, 0)})
    with pytest.raises(VotesRefused, match="decide nothing"):
        certify(judgments, DecisionRule(), MAJORITY_OF_3, DawidSkeneByCondition(), by_labels=True)
    assert verdicts(certify(judgments, DecisionRule(), MAJORITY_OF_3, DawidSkeneByCondition())) == {"fade-in": "SAFE"}


def test_at_the_margin_labels_fitted_to_all_pairs_together_certify_no_more_than_they_may(make, written) -> None:
    crowd = np.random.default_rng(3)
    rows: list[Row] = []
    kinds = (("identical", "identical", 0.0, 150), ("positive", "positive", 1.0, 100))
    kinds += tuple(("study", f"c{n}", 0.10, 100) for n in range(12))
    for role, condition, share, pairs in kinds:
        for pair in range(pairs):
            changed = crowd.random() < share
            for vote in range(3):
                said = "different" if crowd.random() < (0.85 if changed else 0.1) else "same"
                rows.append(
                    make(
                        len(rows), pair_id=f"{condition}-{pair}", clip_id=f"c{pair}", condition=condition, role=role,
                        family="any", snr_db=None, worker=f"w{crowd.integers(20)}-{vote}", activation=said,
                    )
                )  # fmt: skip
    rule = DecisionRule(correction="none")
    found = certify(read_judgments(written(rows)), rule, MAJORITY_OF_3, DawidSkene(), by_labels=True)
    assert sum(one.activation.decision == "SAFE" for one in found.decisions) <= 4  # of twelve at the margin


def test_safe_alone_finds_no_unsafe(judged: Callable) -> None:
    found = certify(judged({"fade-in": (0, 0), "cry": (60, 60)}), DecisionRule(unsafe=False), MAJORITY_OF_3)
    assert verdicts(found) == {"cry": "UNDECIDED", "fade-in": "SAFE"}


class TestOrderOfLevels:
    def test_less_noise_is_safe_where_more_is_and_the_assumption_is_named(self, judged: Callable) -> None:
        judgments = judged({"nat-co-0db": (0, 0), "nat-co-20db": (9, 9), "hum-co-20db": (9, 9)}, pairs=150)
        assert verdicts(certify(judgments, DecisionRule(), MAJORITY_OF_3))["nat-co-20db"] == "UNDECIDED"
        found = certify(judgments, DecisionRule(snr_order=True), MAJORITY_OF_3)
        assert verdicts(found) == {"hum-co-20db": "UNDECIDED", "nat-co-20db": "SAFE", "nat-co-0db": "SAFE"}
        assert "nat-co-20db" in found.assumptions[0]

    def test_a_cleaner_level_that_is_unsafe_refutes_the_order(self, judged: Callable) -> None:
        judgments = judged({"nat-co-0db": (0, 0), "nat-co-10db": (9, 9), "nat-co-20db": (90, 0)}, pairs=150)
        found = certify(judgments, DecisionRule(snr_order=True), MAJORITY_OF_3)
        assert verdicts(found)["nat-co-10db"] == "UNDECIDED"


def test_conditions_are_ordered_by_family_and_from_clean_to_noisy(written: Callable, study: Callable) -> None:
    found = ratios(read_judgments(written(study(pairs=3))), MajorityVote())
    names = list(dict.fromkeys(row.condition for row in found))
    assert names[:5] == ["fade-in", "fade-out", "hum-co-20db", "hum-co-10db", "hum-co-0db"]
    assert len(found) == 3 * len(names)


def test_ratios_are_counted_over_pairs_not_votes(written: Callable, make: Callable) -> None:
    rows = [
        make(10 * pair + worker, pair_id=f"p{pair}", clip_id="c", worker=f"w{worker}", activation=said)
        for pair, answers in enumerate([("different", "different", "same"), ("same", "same", "different")])
        for worker, said in enumerate(answers)
    ]
    activation, valence, either = ratios(read_judgments(written(rows)), MajorityVote())
    assert (activation.pairs, activation.votes, activation.different, activation.ratio) == (2, 6, 1, 0.5)
    assert (valence.different, either.different) == (0, 1)


def test_a_condition_without_a_judgment_that_counts_is_undecided_not_absent(written: Callable, make: Callable) -> None:
    judgments = read_judgments(written([make(1, used=False)]))
    (decision,) = certify(judgments, DecisionRule(), MAJORITY_OF_3).decisions
    assert (decision.decision, decision.activation.ratio, decision.activation.pairs) == ("UNDECIDED", None, 0)


def test_listeners_who_hear_real_changes_no_more_than_nothing_are_told_of(judged: Callable) -> None:
    judgments = judged({"fade-in": (0, 0)}, identical=100)
    deaf = judgments.assign(activation=np.where(judgments["role"] == "positive", "same", judgments["activation"]))
    found = certify(deaf, DecisionRule(), MAJORITY_OF_3)
    assert any("nothing they say of it can be used" in note for note in found.notes)
    assert found.decisions[0].decision == "UNDECIDED"


class TestWhatWasPlanned:
    def test_looks_are_planned_over_the_pairs_that_were_made(self, judged: Callable) -> None:
        judgments = judged({"fade-in": (0, 0)}, pairs=60, rule=LEAD_3_OF_7)
        rule = DecisionRule(design="group-sequential")
        sixty, of_three_hundred = (
            certify(judgments, rule, LEAD_3_OF_7, made=made).decisions[0] for made in ({}, {"fade-in": 300})
        )
        assert sixty.decision == "SAFE"
        assert of_three_hundred.activation.grounds_safe is not None
        assert sixty.activation.grounds_safe is not None
        # at the first of five looks O'Brien and Fleming ask for much more than at the last
        assert of_three_hundred.activation.grounds_safe > sixty.activation.grounds_safe
