"""Effects: a planted one is found, none is made up, errors are of both clusters, what can't be fitted is said."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from analysis.effects import Effect, effect_table, effects
from analysis.logistic import NotFitted, fit_logistic
from pipelines.clip import Pair
from tests.analysis.rows import pair_of

CONDITIONS: tuple[tuple[str, str, float | None], ...] = (
    ("fade-in", "fade", None),
    ("nat-co-20db", "nat", 20.0),
    ("nat-co-10db", "nat", 10.0),
    ("nat-co-0db", "nat", 0.0),
)
MALE, PER_DB = 0.9, -0.06  # what is planted, in logits


def clip_of(number: int) -> Pair:
    return pair_of(5000 + number, pair_id="", clip_id=f"c{number}", condition="", role="study")


@cache
def made(seed: int = 1, clips: int = 120, planted: float = 1.0) -> tuple[pd.DataFrame, tuple[Pair, ...]]:
    """Judgments whose activation changes more for men and at low SNR, whose valence never does; and the manifest."""
    rng = np.random.default_rng(seed)
    temper = rng.normal(0, 0.5, 60)
    rows, pairs = [], []
    for number in range(clips):
        pair = clip_of(number)
        for condition, family, snr_db in CONDITIONS:
            name = f"{condition}-{number}"
            pairs.append(Pair(**{**pair.__dict__, "pair_id": name, "condition": condition}))
            logit = -1.5 + planted * (
                MALE * (pair.clip["gender"] == "male") + (0 if snr_db is None else PER_DB * (snr_db - 10))
            )
            for worker in rng.choice(60, size=3, replace=False):
                changed = rng.random() < 1 / (1 + math.exp(-logit - temper[worker]))
                rows.append(
                    {
                        "pair_id": name,
                        "clip_id": pair.clip_id,
                        "condition": condition,
                        "family": family,
                        "snr_db": math.nan if snr_db is None else snr_db,
                        "role": "study",
                        "worker": f"w{worker}",
                        "activation": "different" if changed else "same",
                        "valence": "same",
                        "used": True,
                        "late": False,
                    }
                )
    return pd.DataFrame(rows), tuple(pairs)


@cache
def found_in_made() -> tuple[Effect, ...]:
    return effects(*made())


def row(found: tuple[Effect, ...], effect: str, level: str = "", dimension: str = "activation") -> Effect:
    (one,) = [
        each for each in found if (each.effect, each.dimension) == (effect, dimension) and level in ("", each.level)
    ]
    return one


class TestWhatIsThere:
    def test_planted_effects_lie_in_their_intervals(self) -> None:
        found = found_in_made()
        gender, snr = row(found, "gender"), row(found, "SNR")
        assert (gender.level, gender.reference, snr.level, snr.per) == ("male", "female", "nat-co", "10 dB")
        for effect, truth in ((gender, math.exp(MALE)), (snr, math.exp(10 * PER_DB))):
            assert effect.lower is not None
            assert effect.upper is not None
            assert effect.lower < truth < effect.upper
            assert effect.p_adjusted is not None
            assert effect.p_adjusted < 0.01

    def test_what_was_not_planted_is_not_found(self) -> None:
        ps = [
            effect.p
            for seed in range(3)
            for effect in effects(*made(seed, clips=40, planted=0.0))
            if effect.dimension == "activation" and effect.p is not None
        ]
        assert len(ps) == 3 * 8
        assert sum(p < 0.05 for p in ps) <= 5  # 1.2 expected

    def test_p_is_holms_over_the_whole_table(self) -> None:
        table = effect_table(found_in_made()).dropna(subset="p")
        assert table["p_adjusted"].to_numpy() == pytest.approx(multipletests(table["p"], method="holm")[1])
        assert (table["p_adjusted"] >= table["p"]).all()

    def test_a_unit_of_length_is_a_second(self) -> None:
        judgments, pairs = made(clips=40)
        stretched = [Pair(**{**pair.__dict__, "original_length_s": 10 * pair.original_length_s}) for pair in pairs]
        once, tenth = (row(effects(judgments, some), "length") for some in (pairs, stretched))
        assert once.odds_ratio == pytest.approx(tenth.odds_ratio**10)  # type: ignore[operator]

    def test_several_noises_have_a_slope_each_and_one_together(self) -> None:
        judgments, pairs = made(clips=40)
        other = judgments.assign(
            condition=judgments["condition"].str.replace("nat-co", "hum-co"),
            pair_id="h" + judgments["pair_id"],
        )
        found = effects(pd.concat([judgments, other[other["snr_db"].notna()]], ignore_index=True), pairs)
        slopes = [each for each in found if each.effect == "SNR" and each.dimension == "activation"]
        assert [each.level for each in slopes] == ["all together", "hum-co", "nat-co"]
        assert all(each.odds_ratio == pytest.approx(slopes[0].odds_ratio) for each in slopes)  # the same answers twice


class TestWhatCannotBeSaid:
    def test_where_everybody_says_same_there_is_a_sentence(self) -> None:
        found = [each for each in found_in_made() if each.dimension == "valence"]
        assert len(found) == 6
        assert {each.note for each in found} == {"every judgment says 'same', so nothing can foretell a change"}
        assert {each.odds_ratio for each in found} == {None}

    def test_without_a_manifest_only_the_snr_has_figures(self) -> None:
        found = effects(made(clips=40)[0])
        assert {each.effect for each in found if each.odds_ratio} == {"SNR"}
        assert "known of 0% of the judgments" in row(found, "gender").note

    def test_one_level_is_nothing_to_compare(self) -> None:
        judgments, pairs = made(clips=40)
        women = [Pair(**{**pair.__dict__, "clip": {**pair.clip, "gender": "female"}}) for pair in pairs]
        found = effects(judgments, women)
        assert "does not vary" in row(found, "gender").note
        assert row(found, "length").odds_ratio is not None

    def test_a_level_of_which_all_say_the_same_is_named_and_the_others_are_fitted(self) -> None:
        judgments, pairs = made(clips=40)
        low = {pair.pair_id for pair in pairs if float(pair.clip["valence"] or 0) <= 2.75}
        calm = judgments.assign(activation=judgments["activation"].mask(judgments["pair_id"].isin(low), "same"))
        found = effects(calm, pairs)
        separated = row(found, "original valence", "low")
        assert "separation" in separated.note
        assert separated.odds_ratio is None
        assert row(found, "gender").odds_ratio is not None
        assert row(found, "gender").judgments == len(judgments) - judgments["pair_id"].isin(low).sum()

    def test_a_number_that_decides_the_answer_did_not_converge(self) -> None:
        judgments, _ = made(clips=40)
        first = judgments["condition"] == "fade-in"
        length = judgments["clip_id"].str[1:].astype(int)
        answers = pd.Series(np.where(length > 20, "different", "same"), index=judgments.index)
        pairs = [
            Pair(**{**pair.__dict__, "original_length_s": float(pair.clip_id[1:])})
            for pair in made(clips=40)[1]
            if pair.condition == "fade-in"
        ]
        found = effects(judgments[first].assign(activation=answers), pairs)
        assert "did not converge" in row(found, "length").note

    def test_effects_that_are_one_and_the_same_are_not_told_apart(self) -> None:
        judgments, pairs = made(clips=40)
        alike = [Pair(**{**pair.__dict__, "original_lufs": -pair.original_length_s}) for pair in pairs]
        assert "can't be told apart" in row(effects(judgments, alike), "length").note

    def test_one_worker_is_not_enough(self) -> None:
        judgments, pairs = made(clips=40)
        assert "one worker" in row(effects(judgments.assign(worker="w1"), pairs), "gender").note

    def test_few_changes_are_a_caution(self) -> None:
        judgments, pairs = made(clips=40)
        rare = judgments.assign(
            activation=judgments["activation"].where(np.random.default_rng(0).random(len(judgments)) < 0.1, "same")
        )
        assert "rarer answers for" in row(effects(rare, pairs), "gender").note

    def test_no_judgments_give_a_table_all_the_same(self) -> None:
        judgments, pairs = made(clips=40)
        found = effects(judgments[:0], pairs)
        assert len(found) == 5 * 3
        assert {each.odds_ratio for each in found} == {None}
        assert list(effect_table([])) == list(effect_table(found))


class TestErrors:
    def test_they_are_the_sandwich_of_both_clusters(self) -> None:
        rng = np.random.default_rng(4)
        count = 800
        workers, clips = rng.integers(0, 30, count), rng.integers(0, 50, count)
        numbers = rng.normal(size=count)
        y = rng.random(count) < 1 / (1 + np.exp(1 - 0.5 * numbers - rng.normal(0, 0.7, 30)[workers]))
        fit = fit_logistic(
            pd.Series(y), pd.DataFrame({"x": numbers}), pd.Series(workers.astype(str)), pd.Series(clips), 0.95
        )
        design = np.column_stack([np.ones(count), numbers])
        beta = np.zeros(2)
        for _ in range(30):  # Newton's own steps
            share = 1 / (1 + np.exp(-design @ beta))
            bread = np.linalg.inv(design.T @ (design * (share * (1 - share))[:, None]))
            beta = beta + bread @ design.T @ (y - share)
        scores = design * (y - share)[:, None]

        def meat(groups: np.ndarray) -> np.ndarray:
            sums = pd.DataFrame(scores).groupby(groups).sum().to_numpy()
            many = len(sums)
            return many / (many - 1) * (count - 1) / (count - 2) * sums.T @ sums

        variance = bread @ (meat(workers) + meat(clips) - meat(workers * 1000 + clips)) @ bread
        odds = fit.odds["x"]
        assert math.log(odds.ratio) == pytest.approx(beta[1], abs=1e-6)
        t29 = 2.045229642132703
        assert math.log(odds.upper / odds.ratio) == pytest.approx(t29 * math.sqrt(variance[1, 1]), rel=1e-3)

    def test_what_can_not_be_fitted_is_refused(self) -> None:
        alike = pd.Series([True] * 4)
        with pytest.raises(NotFitted, match="every judgment says 'different'"):
            fit_logistic(alike, pd.DataFrame({"x": range(4)}), pd.Series(list("abcd")), pd.Series(list("abcd")), 0.95)


def test_judgments_from_a_file_are_read(written: Callable, study: Callable) -> None:
    from analysis.votes import read_judgments

    found = effects(read_judgments(written(study(pairs=20))))
    assert row(found, "SNR", "hum-co").odds_ratio is not None
