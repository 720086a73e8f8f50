"""Direction: known values of each figure, planted shifts found, none made up, and the paper's layout warned of."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.direction import Direction, direction_table, directions, rank_biserial, shift_limits, signed_rank_p
from pipelines.clip import Pair


def rated(
    condition: str,
    shift: float = 0.0,
    *,
    pairs: int = 60,
    seed: int = 0,
    both: bool = True,
    higher: float = 0.0,
    workers: int = 3,
) -> list[dict[str, object]]:
    """Judgments with ratings: `shift` is the share of pairs whose activation is heard one step higher.

    `higher` is by how much this crowd rates above the corpus' raters.
    """
    rng, crowd = np.random.default_rng([seed, len(condition)]), np.random.default_rng([seed, 99])
    rows: list[dict[str, object]] = []
    for number in range(pairs):
        truth = np.random.default_rng(number).uniform(1.5, 4.5)
        moved = rng.random() < shift
        for worker in range(workers):
            original, noisy = (
                float(np.clip(round(truth + higher + step + crowd.normal(0, 0.6)), 1, 5)) for step in (0, int(moved))
            )
            rows.append(
                {
                    "pair_id": f"{condition}-{number}",
                    "clip_id": f"c{number}",
                    "condition": condition,
                    "family": condition,
                    "snr_db": math.nan,
                    "role": "study",
                    "worker": f"w{worker}",
                    "activation": "same" if both else "different",
                    "valence": "same",
                    "activation_rating": noisy,
                    "valence_rating": 3.0,
                    "original_activation_rating": original if both else math.nan,
                    "original_valence_rating": 3.0 if both else math.nan,
                    "used": True,
                    "late": False,
                }
            )
    return rows


def found_in(*rows: list[dict[str, object]], pairs: tuple[Pair, ...] = ()) -> dict[tuple[str, str], Direction]:
    judgments = pd.DataFrame([row for some in rows for row in some])
    return {(one.condition, one.dimension): one for one in directions(judgments, np.random.default_rng(0), pairs)}


def manifest(condition: str, pairs: int = 60, ratings: str = "measured") -> tuple[Pair, ...]:
    def clip(number: int) -> dict[str, str | float | bool | None]:
        truth = float(np.random.default_rng(number).uniform(1.5, 4.5))
        return {"activation": truth, "valence": 3.0, "ratings": ratings}

    nowhere = (Path("o"), Path("n"), 1.0, 1.0, "", "", 0, {})
    return tuple(
        Pair(f"{condition}-{number}", f"c{number}", condition, "study", *nowhere, clip=clip(number))
        for number in range(pairs)
    )


class TestFigures:
    def test_the_p_is_that_of_the_exact_distribution(self) -> None:
        # of the 2**5 signs of ranks 1..5, three have W- <= 2: none, {1}, {2}; so p = 2 * 3 / 32
        assert signed_rank_p(np.array([1.1, -2.2, 3.3, 4.4, 5.5])) == pytest.approx(6 / 32)

    def test_the_p_of_many_ties_is_the_normal_one(self) -> None:
        moved = np.array([1.0] * 30 + [-1.0] * 10 + [0.0] * 60)
        # W+ = 30 * 20.5 and W- = 10 * 20.5; under the null the variance is 40 * 20.5**2 / 4
        z = (30 - 10) * 20.5 / 2 / math.sqrt(40 * 20.5**2 / 4)
        assert signed_rank_p(moved) == pytest.approx(2 * stats.norm.sf(z), rel=1e-6)
        assert rank_biserial(moved) == pytest.approx(0.5)

    def test_rank_biserial_by_hand(self) -> None:
        # |d| = 1, 2, 3, 4 with ranks 1..4; only the 2 goes down: (1 + 3 + 4 - 2) / 10
        assert rank_biserial(np.array([1.0, -2.0, 3.0, 4.0, 0.0])) == pytest.approx(0.6)

    def test_the_interval_of_single_pairs_is_that_of_the_mean(self) -> None:
        moved = np.random.default_rng(3).normal(0.2, 1.0, 400)
        clips = np.array([f"c{n}" for n in range(400)], dtype=object)
        lower, upper = shift_limits(moved, clips, np.random.default_rng(1), 0.95)
        half = 1.96 * moved.std(ddof=1) / 20
        assert (lower, upper) == pytest.approx((moved.mean() - half, moved.mean() + half), abs=0.015)

    def test_pairs_of_one_utterance_are_no_more_than_it(self) -> None:
        moved = np.repeat(np.random.default_rng(3).normal(0.2, 1.0, 40), 10)
        clips = np.repeat(np.array([f"c{n}" for n in range(40)], dtype=object), 10)
        alone = np.array([f"c{n}" for n in range(400)], dtype=object)
        together, apart = (shift_limits(moved, some, np.random.default_rng(1), 0.95) for some in (clips, alone))
        widths = [upper - lower for lower, upper in (together, apart)]  # type: ignore[operator]
        assert widths[0] > 2.5 * widths[1]  # the square root of 10


class TestSameWorker:
    def test_a_planted_shift_is_found_and_none_made_up(self) -> None:
        found = found_in(rated("laugh", 0.5, pairs=120, seed=1), rated("fade", pairs=120, seed=1))
        laugh, fade = found["laugh", "activation"], found["fade", "activation"]
        assert laugh.layout == "same worker"
        assert laugh.p_adjusted is not None
        assert laugh.p_adjusted < 0.001
        assert laugh.rank_biserial is not None
        assert laugh.rank_biserial > 0.3
        assert laugh.lower is not None
        assert laugh.upper is not None
        assert laugh.lower < 0.5 < laugh.upper
        assert laugh.odds_lower is not None
        assert laugh.odds_lower > 1
        assert fade.p_adjusted is not None
        assert fade.p_adjusted > 0.05
        assert fade.note == ""

    def test_ratings_that_went_nowhere_are_said_so(self) -> None:
        valence = found_in(rated("fade", pairs=5))["fade", "valence"]
        assert (valence.p, valence.shift, valence.up, valence.down) == (1.0, 0.0, 0, 0)
        assert valence.note == "nobody placed a noisy clip elsewhere; everybody gave one and the same rating"

    def test_the_unit_is_the_pair(self) -> None:
        found = found_in(rated("laugh", 0.4, pairs=20))["laugh", "activation"]
        assert (found.pairs, found.judgments) == (20, 60)
        assert found.up + found.down <= 20

    def test_about_5_of_100_conditions_without_a_direction_have_one(self) -> None:
        ps = [found_in(rated("fade", seed=seed, pairs=20))["fade", "activation"].p for seed in range(16)]
        assert sum(p is not None and p < 0.05 for p in ps) <= 4  # .8 expected

    def test_judgments_that_rate_one_clip_are_left_out_where_others_rate_both(self) -> None:
        found = found_in(rated("laugh", 0.4, pairs=10), rated("cry", 0.4, pairs=10, both=False))
        assert found["cry", "activation"].pairs == 0
        assert found["cry", "activation"].note == "no judgment of this condition rates both clips"

    def test_p_is_holms_over_conditions_and_dimensions(self) -> None:
        table = direction_table(found_in(rated("a", 0.3, pairs=20), rated("bb", 0.1, pairs=20)).values())
        assert len(table) == 4
        smallest = table["p"].idxmin()
        assert table["p_adjusted"][smallest] == pytest.approx(min(1.0, 4 * table["p"][smallest]))

    def test_a_model_of_ratings_that_are_all_apart_did_not_converge(self) -> None:
        apart = [
            row | {"original_activation_rating": 2.0, "activation_rating": 4.0} for row in rated("laugh", pairs=20)
        ]
        laugh = found_in(apart)["laugh", "activation"]
        assert laugh.odds_up is None
        assert "did not converge" in laugh.note
        assert laugh.rank_biserial == 1.0

    def test_a_single_judgment_has_no_interval(self) -> None:
        one = found_in(rated("laugh", 1.0, pairs=1, workers=1))["laugh", "activation"]
        assert (one.lower, one.upper, one.odds_up) == (None, None, None)


class TestCorpusMean:
    def test_it_is_warned_of(self) -> None:
        found = found_in(rated("laugh", 0.4, both=False), pairs=manifest("laugh"))["laugh", "activation"]
        assert found.layout == "corpus mean"
        assert "not to be relied on" in found.note
        assert 'hits.rate = "both"' in found.note
        assert found.p is not None
        assert found.odds_up is None

    def test_the_warning_is_deserved(self) -> None:
        higher = rated("fade", both=False, higher=0.4)
        found = found_in(higher, pairs=manifest("fade"))["fade", "activation"]
        assert found.p is not None
        assert found.p < 0.05  # nothing changed; the crowd just rates higher

    def test_without_the_corpus_means_there_is_nothing(self) -> None:
        for pairs in ((), manifest("laugh", ratings="mapped")):
            found = found_in(rated("laugh", both=False), pairs=pairs)["laugh", "activation"]
            assert (found.pairs, found.p) == (0, None)
            assert found.note == "no noisy clip was rated whose original the corpus' raters rated, too"


def test_no_judgments_give_no_rows_but_columns() -> None:
    judgments = pd.DataFrame(rated("fade", pairs=1))[:0]
    assert directions(judgments, np.random.default_rng(0)) == ()
    one = found_in(rated("fade", pairs=2))["fade", "activation"]
    assert list(direction_table([])) == list(asdict(one))
