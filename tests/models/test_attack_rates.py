"""Success rates, their tests, and people beside nets, from tables that are made up."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from models.attacking.asked import Setting
from models.attacking.by_condition import by_condition, gaps, unsafe_share
from models.attacking.paired import comparisons
from models.attacking.people import nearest_judged
from models.attacking.rates import (
    ATTEMPT,
    BOTH,
    attempts_of,
    curve,
    rates_of,
    reached,
    shares_by_budget,
    shares_by_snr,
    success_rates,
    uses,
)
from tests.models.made_up_attacks import clips, heard, made_up, queries

SNRS_DB = st.one_of(st.none(), st.floats(-5, 40))


def p_if(table: pd.DataFrame, **where: object) -> float:
    """The one rate that is meant."""
    for name, value in where.items():
        table = table[table[name] == value]
    (value,) = table["p_if"]
    return float(value)


@pytest.fixture(scope="module")
def run() -> tuple[pd.DataFrame, pd.DataFrame]:
    return made_up(speakers=6, each=4, attacks={"noise-boundary": 1.0, "thompson-sampling": 2.5})


class TestASuccess:
    @pytest.mark.parametrize(
        ("query", "won"),
        [
            ({"changed": True, "snr_db": 10.1}, True),
            ({"changed": False, "snr_db": 30.0}, False),
            ({"changed": True, "snr_db": 10.0}, False),
            ({"changed": True, "snr_db": 10.0004}, False),  # mixing and measuring differ by as much
            ({"changed": True, "snr_db": None, "level_db": None, "move": "reverb"}, True),
            ({"changed": True, "snr_db": 20.0, "number": 3}, False),
        ],
    )
    def test_is_a_changed_label_above_the_goal_within_the_budget(self, query: dict[str, object], won: bool) -> None:
        found = success_rates(queries(query), clips({}), 10.0, (2,), after=False)
        assert p_if(found) == float(won)

    def test_after_the_fact_only_what_is_safe_counts(self) -> None:
        asked = queries(
            {"changed": True, "safe": False, "snr_db": 30.0},
            {"number": 2, "changed": True, "safe": True, "snr_db": 12.0},
        )
        found = success_rates(asked, clips({}), 10.0, (1, 2))
        assert [p_if(found, eval="no", k=k) for k in (1, 2)] == [1, 1]
        assert [p_if(found, eval="after", k=k) for k in (1, 2)] == [0, 1]
        attempt = attempts_of(asked, clips({}), 10.0, 2).set_index("eval")
        assert attempt["reach_db"].to_dict() == {"no": 30.0, "after": 12.0}

    def test_no_whitelist_speaks_of_the_waveform(self) -> None:
        found = success_rates(queries({"move": "waveform", "attack": "boundary"}), clips({}), 10.0, (5,))
        assert set(found["eval"]) == {"no"}


class TestPIf:
    def test_is_the_mean_over_speakers_of_the_mean_over_clips(self) -> None:
        who = clips(*({"clip_id": f"a{n}"} for n in range(4)), {"clip_id": "b0", "speaker": "b"})
        asked = queries(
            {"clip_id": "a0", "changed": True},
            *({"clip_id": f"a{n}"} for n in (1, 2, 3)),
            {"clip_id": "b0", "speaker": "b", "changed": True},
        )
        found = success_rates(asked, who, 10.0, (1,), after=False).iloc[0]
        assert found["p_if"] == pytest.approx((1 / 4 + 1) / 2)
        assert found["sd"] == pytest.approx(np.std([0.25, 1], ddof=1))
        assert (found["speakers"], found["clips"]) == (2, 5)
        assert found["lower"] <= found["p_if"] <= found["upper"]

    def test_of_a_clip_is_the_mean_over_its_draws_and_seeds(self) -> None:
        who = clips({}, {"seed": 2}, {"clip_id": "a-1"}, {"clip_id": "a-1", "seed": 2})
        asked = queries({"changed": True}, {"draw": 1, "seed": 2}, {"clip_id": "a-1", "seed": 2})
        # The first clip fell in one of two draws of one of two seeds.
        assert p_if(success_rates(asked, who, 10.0, (1,), after=False)) == pytest.approx((1 / 4 + 0) / 2)

    def test_over_both_labels_counts_a_clip_once_for_each(self) -> None:
        who = clips({}, {"clip_id": "a-1"}, {"label": "valence"})
        asked = queries({"changed": True}, {"clip_id": "a-1"}, {"label": "valence"})
        found = success_rates(asked, who, 10.0, (1,), after=False)
        assert {label: p_if(found, label=label) for label in ("activation", "valence", BOTH)} == {
            "activation": 0.5,
            "valence": 0.0,
            BOTH: pytest.approx(1 / 3),
        }

    def test_a_clip_without_a_question_is_a_failure(self) -> None:
        found = success_rates(queries({"changed": True}), clips({}, {"clip_id": "a-1"}), 10.0, (1,), after=False)
        assert p_if(found) == 0.5

    def test_a_setting_in_which_nothing_may_be_asked_fails_everywhere(self) -> None:
        ran = (Setting("noise-boundary"), Setting("noise-boundary", eval="before"))
        found = success_rates(queries({"changed": True}), clips({}), 10.0, (1,), ran=ran)
        assert p_if(found, eval="before") == 0
        nobody_asked = success_rates(queries(), clips({}), 10.0, (1,), ran=ran)
        assert set(nobody_asked["p_if"]) == {0.0}

    def test_clips_that_are_not_attacked_do_not_count(self) -> None:
        who = clips({}, *({"clip_id": use, "use": use} for use in ("own", "wrong", "silent", "left")))
        found = success_rates(queries({"changed": True}), who, 10.0, (1,), after=False)
        assert p_if(found) == 1
        counted = uses(who)
        assert dict(zip(counted["use"], counted["clips"], strict=True))["wrong"] == 1

    def test_speakers_who_are_all_alike_have_no_limits(self) -> None:
        who = clips({}, {"speaker": "b", "clip_id": "b-0"})
        found = success_rates(queries({}), who, 10.0, (1,), after=False).iloc[0]
        assert math.isnan(found["lower"])
        assert math.isnan(found["upper"])


class TestEverySetting:
    def test_is_there_with_every_budget(self, run: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        found = success_rates(*run, 10.0, (5, 25))
        keys = found[["label", "attack", "corr", "eval", "singles", "k"]].drop_duplicates()
        assert len(keys) == len(found) == 3 * 2 * 2 * 3 * 2 * 2

    def test_more_questions_never_find_less(self, run: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        attempts = attempts_of(*run, 10.0, 25)
        by_number = curve(shares_by_budget(attempts, range(1, 26)), "k")
        for _, part in by_number.groupby(["label", "attack", "corr", "eval", "singles"]):
            assert part.sort_values("k")["p_if"].is_monotonic_increasing

    def test_the_curve_against_snr_meets_the_rate_at_the_goal(self, run: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        attempts = attempts_of(*run, 10.0, 25)
        by_snr = curve(shares_by_snr(attempts, (0.0, 10.0, 30.0)), "above_db")
        rates = rates_of(shares_by_budget(attempts, (25,)))
        at_goal = by_snr[by_snr["above_db"] == 10.0]
        np.testing.assert_allclose(at_goal["p_if"].to_numpy(float), rates["p_if"].to_numpy(float))

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), st.booleans(), SNRS_DB), min_size=1, max_size=6))
    def test_counting_safe_successes_alone_never_finds_more(self, asked: list[tuple[bool, bool, float | None]]) -> None:
        rows = [
            {"number": number, "changed": changed, "safe": safe, "snr_db": snr_db}
            for number, (changed, safe, snr_db) in enumerate(asked, 1)
        ]
        found = success_rates(queries(*rows), clips({}), 10.0, (3, 6))
        assert all(p_if(found, eval="after", k=k) <= p_if(found, eval="no", k=k) for k in (3, 6))

    def test_rows_in_another_order_come_to_the_same(self, run: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        asked, who = run
        again = attempts_of(asked.sample(frac=1, random_state=1), who.sample(frac=1, random_state=2), 10.0, 25)
        pd.testing.assert_frame_equal(again, attempts_of(asked, who, 10.0, 25))


def test_the_median_success_says_how_quick_and_how_near() -> None:
    asked = queries(
        {"changed": True, "snr_db": 12.0, "number": 2},
        {"changed": True, "snr_db": 16.0, "number": 5},
        {"clip_id": "a-1", "changed": True, "number": 4, "snr_db": None},
    )
    (found,) = reached(attempts_of(asked, clips({}, {"clip_id": "a-1"}), 10.0, 5, after=False)).to_dict("records")
    assert (found["attempts"], found["won"]) == (2, 2)
    assert (found["median_queries"], found["median_db"]) == (3.0, 16.0)  # a single move has no SNR


class TestPairedTests:
    def test_are_the_t_test_over_speakers_adjusted_by_holm(self, run: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        shares = shares_by_budget(attempts_of(*run, 10.0, 25), (5, 15, 25))
        tests = comparisons(shares)
        mine = tests[
            (tests["kind"] == "attack")
            & (tests["label"] == BOTH)
            & ~tests["corr"]
            & (tests["eval"] == "no")
            & ~tests["singles"]
        ]
        ours = shares[
            (shares["label"] == BOTH) & ~shares["corr"] & (shares["eval"] == "no") & ~shares["singles"]
        ].pivot(index="speaker", columns=["attack", "k"], values="share")
        due = [stats.ttest_rel(ours["thompson-sampling", k], ours["noise-boundary", k]).pvalue for k in (5, 15, 25)]
        np.testing.assert_allclose(mine["p"], due)
        np.testing.assert_allclose(mine["p_adjusted"], multipletests(due, method="holm")[1])

    def test_hold_each_thing_against_what_it_is_more_than(self, run: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        tests = comparisons(shares_by_budget(attempts_of(*run, 10.0, 25), (25,)))
        counts = tests.groupby("kind").size().to_dict()
        labels, singles, attacks = 3, 2, 2
        assert counts == {
            "corr": labels * singles * attacks * 3,
            "eval": labels * singles * attacks * 2 * 2,
            "attack": labels * singles * 2 * 3,
        }

    def test_two_who_are_the_same_do_not_differ(self) -> None:
        who = clips({}, {"speaker": "b", "clip_id": "b-0"})
        rows = [{"speaker": one, "clip_id": f"{one}-0", "corr": corr} for one, corr in product("ab", (False, True))]
        (test,) = comparisons(shares_by_budget(attempts_of(queries(*rows), who, 10.0, 1, after=False), (1,))).to_dict(
            "records"
        )
        assert (test["difference"], test["p"], test["p_adjusted"]) == (0.0, 1.0, 1.0)

    def test_speakers_who_all_differ_by_the_same_can_not_be_tested(self) -> None:
        who = clips({}, {"speaker": "b", "clip_id": "b-0"})
        rows = [
            {"speaker": one, "clip_id": f"{one}-0", "corr": corr, "changed": corr}
            for one, corr in product("ab", (False, True))
        ]
        (test,) = comparisons(shares_by_budget(attempts_of(queries(*rows), who, 10.0, 1, after=False), (1,))).to_dict(
            "records"
        )
        assert test["difference"] == 1.0
        assert math.isnan(test["p"])

    def test_nets_are_held_against_clean_ones_by_the_larger_p_of_speakers_and_nets(self) -> None:
        asked, who = made_up(
            nets={"clean": 1.4, "all": 0.6}, attacks={"noise-boundary": 1.0}, labels=("valence",), speakers=10, each=4
        )
        shares = shares_by_budget(attempts_of(asked, who, 10.0, 25), (25,))
        by_speaker, cautious = (
            comparisons(shares, clean="clean", clips=known).query("kind == 'nets'") for known in (None, who)
        )
        assert len(cautious) == 12
        assert set(cautious["nets"]) == {"all"}
        assert (cautious["p"].to_numpy() >= by_speaker["p"].to_numpy()).all()
        assert (cautious["p"].to_numpy() > by_speaker["p"].to_numpy()).any()


class TestConditions:
    def test_share_of_questions_that_changed_and_of_clips_won(self) -> None:
        asked = queries(
            {"level_db": 5.0, "snr_db": 5.0, "changed": True},
            {"number": 2, "level_db": 15.0, "snr_db": 15.0, "changed": True},
            {"number": 3, "level_db": 20.0, "snr_db": 20.0},
        )
        found = by_condition(asked, attempts_of(asked, clips({}, {"clip_id": "a-1"}), 10.0, 5, after=False), 5)
        by_level = found.set_index("level_db")
        assert by_level["share_changed"].to_dict() == {5.0: 1.0, 15.0: 1.0, 20.0: 0.0}
        assert by_level["share_won"].to_dict() == {5.0: 0.0, 15.0: 0.5, 20.0: 0.0}

    def test_the_gap_is_what_nets_do_less_what_people_do(self) -> None:
        level = {"level_db": 0.0, "snr_db": 0.0, "move": "hum-co", "safe": False}
        asked = queries(
            level | {"changed": True},
            level | {"number": 2},
            {"speaker": "b", "clip_id": "b-0"} | level | {"changed": True},
            {"number": 3, "level_db": 12.5, "changed": True},  # a level that nobody judged
        )
        who = clips({}, {"speaker": "b", "clip_id": "b-0"})
        (found,) = gaps(asked, attempts_of(asked, who, 10.0, 5), heard(), 5).to_dict("records")
        assert (found["condition"], found["decision"]) == ("hum-co-0db", "UNSAFE")
        assert found["nets_changed"] == pytest.approx((0.5 + 1) / 2)
        assert found["gap"] == pytest.approx(0.75 - 0.6)
        assert (found["probes"], found["clips"], found["found"]) == (3, 2, 0)

    def test_a_single_move_is_a_condition_of_its_own(self) -> None:
        single = {"move": "reverb", "level_db": None, "snr_db": None, "changed": True, "safe": False}
        asked = queries(single)
        (found,) = gaps(asked, attempts_of(asked, clips({}), 10.0, 5), heard(), 5).to_dict("records")
        assert (found["condition"], found["found"]) == ("reverb", 1)

    def test_unsafe_successes_are_those_that_after_the_fact_do_not_count(self) -> None:
        asked = queries({"changed": True, "safe": False}, {"clip_id": "a-1", "changed": True})
        (found,) = unsafe_share(attempts_of(asked, clips({}, {"clip_id": "a-1"}), 10.0, 5)).to_dict("records")
        assert (found["won"], found["unsafe"], found["unsafe_share"]) == (2, 1, 0.5)

    @pytest.mark.parametrize(
        ("move", "level_db", "condition"),
        [
            ("nat-co", 15.0, "nat-co-10db"),
            ("nat-co", 20.0, "nat-co-20db"),
            ("reverb", None, "reverb"),
            ("pitch", None, ""),
        ],
    )
    def test_people_spoke_of_a_level_or_of_the_nearest_noisier_one(
        self, move: str, level_db: float | None, condition: str
    ) -> None:
        verdict = nearest_judged(heard(), move, level_db)
        assert (verdict.condition if verdict else "") == condition


def test_attempts_have_a_row_for_each_clip_net_draw_and_setting(run: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    attempts = attempts_of(*run, 10.0, 25)
    assert not attempts.duplicated(ATTEMPT).any()
    assert len(attempts) == int((run[1]["use"] == "attacked").sum()) * 2 * 2 * 3 * 2
