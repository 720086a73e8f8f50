"""Answers: predictions of one label and condition as plain arrays, which are matched and counted quickly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.measures.predictions import CLEAN, class_counts, probabilities, said_class


@dataclass(frozen=True)
class Answers:
    """What nets say of clips: a place for each net and clip, in all arrays of shape (answers,)."""

    label: str
    condition: str
    classes: int
    seed: NDArray[np.int64]
    fold: NDArray[np.int64]
    clip: NDArray[np.int64]  # place in clip_ids
    speaker: NDArray[np.int64]  # place in speakers
    truth: NDArray[np.int64]
    said: NDArray[np.int64]  # the likeliest class
    probabilities: NDArray[np.float32]  # (answers, classes)
    clip_ids: NDArray[Any]
    speakers: NDArray[Any]

    @property
    def name(self) -> str:
        """How sentences call it."""
        return f"{self.label} under {self.condition}"

    @property
    def by_seed(self) -> list[NDArray[np.int64]]:
        """The places of each seed's answers."""
        return [np.flatnonzero(self.seed == seed) for seed in np.unique(self.seed)]


def answers_of(table: pd.DataFrame, label: str) -> Mapping[str, Answers]:
    """The answers of checked predictions to one label, by condition, clean first; none where it was not asked."""
    told = table[table["label"] == label]
    if not len(told):
        return {}
    clip, speaker = told["clip_id"].astype("category").cat, told["speaker"].astype("category").cat
    ids, speakers = (one.categories.to_numpy(dtype=object) for one in (clip, speaker))
    arrays = {
        **{name: told[name].to_numpy() for name in ("seed", "fold", "truth")},
        "clip": clip.codes.to_numpy().astype(np.int64),
        "speaker": speaker.codes.to_numpy().astype(np.int64),
        "said": said_class(told),
        "probabilities": probabilities(told),
    }
    classes = class_counts(told)[label]
    parts = told.groupby("condition", observed=True).indices
    return {
        str(name): Answers(
            label,
            str(name),
            classes,
            **{column: values[parts[name]] for column, values in arrays.items()},
            clip_ids=ids,
            speakers=speakers,
        )
        for name in sorted(told["condition"].unique(), key=lambda name: name != CLEAN)
    }
