"""Judgments as the app writes them, made for tests: one row, a crowd's, and what a sequential study keeps of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.design_of import design_of
from analysis.replay import pair_outcomes, replay
from analysis.rule import DecisionRule
from hits.vote_rules import MAJORITY_OF_3, VoteRule
from pipelines.clip import Pair

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
Row = dict[str, object]


def judgment(number: int = 0, **changed: object) -> Row:
    """One row; without changes, a worker who heard no difference."""
    row: Row = {
        "judgment_id": f"j{number:06d}",
        "pair_id": f"p{number:05d}",
        "clip_id": f"c{number:05d}",
        "condition": "nat-co-10db",
        "family": "nat",
        "snr_db": 10.0,
        "role": "study",
        "worker": "w1",
        "assignment_id": "a1",
        "order": "original-first",
        "activation": "same",
        "valence": "same",
        "activation_rating": None,
        "valence_rating": None,
        "original_activation_rating": None,
        "original_valence_rating": None,
        "scale": "manikins",
        "listened_s": 6.2,
        "elapsed_s": 11.0,
        "submitted_at": START + timedelta(seconds=number),
        "used": True,
        "late": False,
        "simulated": False,
    }
    assert set(changed) <= set(row)
    return row | changed


def crowded_rows(
    shares: Sequence[tuple[str, str, float | None, float, float]],
    *,
    votes: VoteRule = MAJORITY_OF_3,
    pairs: int = 40,
    identical: int = 60,
    positive: int = 40,
    workers: int = 24,
    alarms: float = 0.06,
    seed: int = 11,
    simulated: bool = False,
) -> list[Row]:
    """Judgments of workers who hear most changes and some that are none, with controls of both kinds.

    Args:
        shares: condition, family, SNR and the shares of pairs that truly change in activation and in valence.
        votes: when a pair has votes enough.
        pairs: of each condition.
        identical: identical controls.
        positive: positive controls.
        workers: how many; w0 alone calls a fifth more different.
        alarms: how often an ordinary worker hears a change that is none.
        seed: of everything that is drawn.
        simulated: what the rows say of it.
    """
    rng = np.random.default_rng(seed)
    kinds = [(*kind, "study", pairs) for kind in shares]
    kinds += [("identical", "identical", None, 0.0, 0.0, "identical", identical)]
    kinds += [("positive", "positive", None, 1.0, 1.0, "positive", positive)]
    rows: list[Row] = []
    for turn in range(max(pairs, identical, positive)):
        for condition, family, snr_db, activation, valence, role, count in kinds:
            if turn >= count:
                continue
            truly = rng.random(2) < (activation, valence)
            said: list[tuple[bool, bool]] = []
            for worker in rng.permutation(workers):
                chance = np.where(truly, 0.85, alarms) + 0.2 * (worker == 0) * ~truly
                different = rng.random(2) < chance
                said.append((bool(different[0]), bool(different[1])))
                first = rng.integers(2, 5, 2)
                moved = np.clip(first + np.where(truly, 1, rng.integers(-1, 2, 2)), 1, 5)
                rows.append(
                    judgment(
                        len(rows),
                        pair_id=f"{condition}-{turn}",
                        clip_id=f"c{turn}",
                        condition=condition,
                        family=family,
                        snr_db=snr_db,
                        role=role,
                        worker=f"w{worker}",
                        activation="different" if different[0] else "same",
                        valence="different" if different[1] else "same",
                        activation_rating=int(moved[0]),
                        valence_rating=int(moved[1]),
                        original_activation_rating=int(first[0]),
                        original_valence_rating=int(first[1]),
                        elapsed_s=float(rng.integers(8, 25)),
                        simulated=simulated,
                    )
                )
                if all(votes.outcome(part) is not None for part in zip(*said, strict=True)):
                    break
    return rows


def pair_of(seed: int, **named: str) -> Pair:
    """A pair whose clip has a speaker's gender, ratings, a length and a loudness, drawn by a seed."""
    rng = np.random.default_rng(seed)
    return Pair(
        **named,  # type: ignore[arg-type]
        original_path=Path("o.flac"),
        noisy_path=Path("n.flac"),
        original_length_s=float(rng.uniform(1, 8)),
        noisy_length_s=3.0,
        original_sha256="",
        noisy_sha256="",
        seed=0,
        params={},
        original_lufs=float(rng.uniform(-30, -20)),
        clip={
            "gender": str(rng.choice(["female", "male"])),
            "activation": float(rng.uniform(1, 5)),
            "valence": float(rng.uniform(1, 5)),
            "ratings": "measured",
        },
    )


def pairs_of(rows: Iterable[Row]) -> tuple[Pair, ...]:
    """The manifest that goes with rows."""
    found: dict[str, Pair] = {}
    for row in rows:
        named = {name: str(row[name]) for name in ("pair_id", "clip_id", "condition", "role")}
        if named["pair_id"] not in found:
            found[named["pair_id"]] = pair_of(int(named["clip_id"].removeprefix("c")), **named)
    return tuple(found.values())


def spent(rows: Sequence[Row], rule: DecisionRule, votes: VoteRule) -> list[Row]:
    """Of rows, those that a sequential study would have collected before its design stopped asking."""
    found = pair_outcomes(pd.DataFrame(rows), votes)
    design = design_of(rule, votes, found.pool)
    state = replay(design, design.start(len(found.conditions), dimensions=2), found, ended=True)
    most = dict(zip(found.conditions, state.opened[0].tolist(), strict=True))
    most |= {"identical": int(state.controls.identical.max()), "positive": int(state.controls.positive.max())}
    return [row for row in rows if int(str(row["pair_id"]).rpartition("-")[2]) < most[str(row["condition"])]]
