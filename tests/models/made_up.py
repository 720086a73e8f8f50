"""Predictions made up for the tests of measures and tables: nets that are right as often as they are told to be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.measures.answers import answers_of
from models.measures.measured import Measured, measured
from models.measures.predictions import checked
from models.measures.resampling import Resampling
from models.measures.tally import Paired, paired
from pipelines.conditions import study_conditions

QUICK = Resampling(draws=200)
RIGHT = {"clean": 0.7, "nat-st": 0.5, "nat-co-0db": 0.35}


def predictions(
    right: Mapping[str, float] = RIGHT,
    *,
    labels: Mapping[str, int] | None = None,
    speakers: int = 10,
    each: int = 12,
    folds: int = 5,
    seeds: tuple[int, ...] = (1,),
    seed: int = 0,
) -> pd.DataFrame:
    """A table of predictions.

    Args:
        right: how likely a net is right, by condition.
        labels: number of classes by label.
        speakers: how many, each with `each` clips and in one fold.
        each: clips of a speaker.
        folds: how many.
        seeds: of the nets.
        seed: of what is made up here; clips and their truth hang on their number alone.
    """
    clips = speakers * each
    number = np.arange(clips)
    tables = []
    for label, classes in (labels or {"activation": 3}).items():
        truth = (number * 7 + number // each) % classes
        for condition, share in right.items():
            for net in seeds:
                rng = np.random.default_rng([seed, net, len(condition), sum(map(ord, condition + label))])
                logits = rng.normal(0, 0.5, (clips, classes))
                said = np.where(rng.random(clips) < share, truth, rng.integers(0, classes, clips))
                logits[number, said] += 2.5
                p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
                columns = {f"p{n}": p[:, n].astype(np.float32) for n in range(classes)}
                tables.append(
                    pd.DataFrame(
                        {
                            "label": label,
                            "seed": net,
                            "fold": (number // each) % folds,
                            "condition": condition,
                            "clip_id": [f"clip-{n:05}" for n in number],
                            "speaker": [f"speaker-{n // each:03}" for n in number],
                            "truth": truth,
                        }
                        | columns
                    )
                )
    return pd.concat(tables, ignore_index=True)


def rows(table: pd.DataFrame, **how: object) -> dict[str, Measured]:
    """The measures by condition."""
    return {row.condition: row for row in measured(table, study_conditions(), resampling=QUICK, **how)}  # type: ignore[arg-type]


def pair_of(right: dict[str, float], **how: object) -> Paired:
    """Two conditions of made-up predictions, the second against the first."""
    first, second = answers_of(checked(predictions(right, **how)), "activation").values()  # type: ignore[arg-type]
    return paired(second, first)
