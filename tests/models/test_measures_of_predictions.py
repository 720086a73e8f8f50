"""Measures of predictions against scikit-learn, SciPy, cases worked by hand, and simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, confusion_matrix, recall_score
from statsmodels.stats.multitest import multipletests

from models.measures.answers import answers_of
from models.measures.calibration import brier, expected_calibration_error, reliability
from models.measures.measured import adjusted, difference, mean_difference
from models.measures.predictions import checked, probabilities, said_class
from models.measures.resampling import (
    fold_p,
    holm,
    speaker_parts,
)
from models.measures.tally import NothingInCommon, OtherTruth, paired, stacked
from tests.models.made_up import QUICK, pair_of, predictions, rows


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return checked(predictions(seeds=(1, 2)))


class TestAgainstScikitLearn:
    def test_uar_wa_recalls_and_confusions_are_the_same(self, table: pd.DataFrame) -> None:
        found = rows(table)["nat-st"]
        parts = [part for _, part in table[table["condition"] == "nat-st"].groupby("seed")]
        told = [(part["truth"], said_class(part)) for part in parts]
        assert found.uar == pytest.approx(np.mean([balanced_accuracy_score(*one) for one in told]))
        assert found.wa == pytest.approx(np.mean([accuracy_score(*one) for one in told]))
        assert found.recalls == pytest.approx(np.mean([recall_score(*one, average=None) for one in told], axis=0))
        np.testing.assert_allclose(found.confusion, np.mean([confusion_matrix(*one) for one in told], axis=0))
        assert found.uar_sd == pytest.approx(np.std([balanced_accuracy_score(*one) for one in told], ddof=1))

    def test_the_mean_over_folds_is_taken_where_it_is_asked_for(self, table: pd.DataFrame) -> None:
        part = table[(table["condition"] == "nat-st") & (table["seed"] == 1)]
        by_fold = [balanced_accuracy_score(fold["truth"], said_class(fold)) for _, fold in part.groupby("fold")]
        assert rows(part, pooling="folds")["nat-st"].uar == pytest.approx(np.mean(by_fold))

    def test_brier_is_the_same(self, table: pd.DataFrame) -> None:
        p, truth = probabilities(table), table["truth"].to_numpy()
        expected = brier_score_loss(truth, p / p.sum(axis=1, keepdims=True), scale_by_half=False)
        assert brier(p, truth) == pytest.approx(expected, abs=1e-6)


class TestChange:
    def test_clips_that_refused_the_noise_are_left_out_of_both(self) -> None:
        whole = predictions({"clean": 0.8, "nat-st": 0.5})
        heard = whole[(whole["condition"] == "clean") | (whole["clip_id"] > "clip-00029")]
        found = rows(checked(heard))["nat-st"]
        same = rows(checked(whole[whole["clip_id"] > "clip-00029"]))["nat-st"]
        assert (found.clips, found.refused) == (90, 30)
        assert found.change is not None
        assert same.change is not None
        assert found.change.value == pytest.approx(same.change.value)

    def test_it_is_the_difference_of_both_uars(self, table: pd.DataFrame) -> None:
        found = rows(table)
        assert found["nat-st"].change is not None
        assert found["nat-st"].change.value == pytest.approx(found["nat-st"].uar - found["clean"].uar)
        assert found["clean"].change is None

    def test_what_each_speaker_adds_sums_to_it(self) -> None:
        for how in ("clips", "folds"):
            pair = pair_of({"clean": 0.8, "nat-st": 0.4}, seeds=(1, 2))
            parts, shares = speaker_parts(pair, how)
            assert parts.sum() == pytest.approx(pair.difference(how).mean())
            assert shares.sum() == pytest.approx(1)

    def test_other_labels_of_the_same_clips_are_refused(self, table: pd.DataFrame) -> None:
        other = table.assign(truth=(table["truth"] + 1) % 3)
        first, second = (answers_of(one, "activation")["clean"] for one in (table, other))
        with pytest.raises(OtherTruth, match=r"'clip-00000' has the activation class 0 in one .* and 1 in the other"):
            paired(first, second)

    def test_clips_that_only_one_of_both_heard_match_nothing(self) -> None:
        left, right = (predictions({"clean": 0.7}, seeds=(1, 2)) for _ in range(2))
        first = left[left["clip_id"] < "clip-00100"]
        second = right[right["clip_id"] >= "clip-00020"]
        pair = paired(*(answers_of(checked(part), "activation")["clean"] for part in (first, second)))
        assert (pair.clips, pair.left_out) == (80, 40)
        assert pair.first.clips.sum() == 160
        np.testing.assert_array_equal(pair.first.right, pair.second.right)

    def test_nets_of_other_seeds_have_nothing_in_common(self, table: pd.DataFrame) -> None:
        told = answers_of(table, "activation")["clean"]
        with pytest.raises(NothingInCommon, match="activation under clean"):
            paired(told, replace(told, seed=told.seed + 10))


class TestSeveral:
    def test_a_mean_difference_is_the_mean_of_differences(self) -> None:
        pairs = [pair_of({"clean": 0.8, "nat-st": share}, seeds=(1, 2)) for share in (0.3, 0.6)]
        found = mean_difference(pairs, resampling=QUICK)
        assert found.value == pytest.approx(np.mean([difference(pair, resampling=QUICK).value for pair in pairs]))
        assert found.sd is not None

    def test_they_may_have_other_speakers_and_folds(self) -> None:
        pairs = [pair_of({"clean": 0.8, "nat-st": 0.4}, speakers=count, folds=count) for count in (3, 6)]
        assert stacked(pairs).difference("folds") == pytest.approx([pair.difference("folds")[0] for pair in pairs])
        with pytest.raises(ValueError, match="at least one comparison"):
            stacked([])

    def test_p_is_adjusted_over_all_conditions_of_a_label(self) -> None:
        shares = {"clean": 0.7, "nat-st": 0.6, "hum-st": 0.6, "int-st": 0.4}
        changes = [row.change for row in rows(checked(predictions(shares))).values() if row.change]
        assert [one.p_adjusted for one in changes] == holm([one.p for one in changes])
        assert [one.p_adjusted for one in adjusted(changes)] == holm([one.p for one in changes])
        assert max(one.p_adjusted - one.p for one in changes) > 0

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
    @settings(max_examples=10, deadline=None)
    def test_holm_is_statsmodels(self, ps: list[float]) -> None:
        assert holm([None, *ps])[1:] == pytest.approx(multipletests(ps, method="holm")[1])

    def test_the_t_test_over_folds_is_scipys(self, table: pd.DataFrame) -> None:
        told = dict(list(table[table["seed"] == 1].groupby("condition", observed=True)))
        by_fold = {
            name: [balanced_accuracy_score(fold["truth"], said_class(fold)) for _, fold in part.groupby("fold")]
            for name, part in told.items()
        }
        found = fold_p(pair_of({"clean": 0.7, "nat-st": 0.5}, seeds=(1,)))
        assert found == pytest.approx(stats.ttest_rel(by_fold["nat-st"], by_fold["clean"]).pvalue)


class TestCalibration:
    def test_a_net_that_knows_what_it_knows_has_a_small_error(self) -> None:
        rng = np.random.default_rng(1)
        sure = rng.uniform(0.5, 1, 20_000)
        truth = (rng.random(20_000) > sure).astype(int)
        p = np.stack([sure, 1 - sure], axis=1)
        assert expected_calibration_error(p, truth) < 0.015
        assert expected_calibration_error(p, truth, adaptive=True) < 0.015

    def test_by_hand(self) -> None:
        p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
        truth = np.array([0, 1, 0, 1])
        # bins .6 (2 clips, all right) and .9 (2 clips, half right)
        assert expected_calibration_error(p, truth) == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)
        full = [one for one in reliability(p, truth) if one.clips]
        assert [(one.clips, round(one.confidence, 6), one.accuracy) for one in full] == [(2, 0.6, 1.0), (2, 0.9, 0.5)]

    def test_bins_hold_every_clip_once(self, table: pd.DataFrame) -> None:
        found = reliability(probabilities(table), table["truth"].to_numpy())
        assert sum(one.clips for one in found) == len(table)

    def test_no_clip_has_no_figure(self) -> None:
        nothing = np.zeros((0, 3)), np.zeros(0, dtype=int)
        assert np.isnan(expected_calibration_error(*nothing))
        assert np.isnan(brier(*nothing))


def test_the_order_of_rows_changes_nothing(table: pd.DataFrame) -> None:
    shuffled = table.sample(frac=1, random_state=3).reset_index(drop=True)
    first, second = rows(table), rows(shuffled)
    for name, row in first.items():
        assert row.uar == pytest.approx(second[name].uar)
        assert row.change == second[name].change or row.change is not None
        assert (row.uar_lower, row.uar_upper) == pytest.approx((second[name].uar_lower, second[name].uar_upper))
        assert row.confusion == second[name].confusion


def test_conditions_bring_their_family_and_level(table: pd.DataFrame) -> None:
    found = rows(table)
    assert next(iter(found)) == "clean"
    assert (found["nat-co-0db"].family, found["nat-co-0db"].snr_db) == ("nat", 0.0)
    assert (found["clean"].family, found["clean"].snr_db) == ("clean", None)
