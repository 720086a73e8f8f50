"""Choose the clips of a study: by bins of activation and valence, then gender, then length (paper section 3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.bins import BINS, USUAL_BINS, Bin, Bins
from pipelines.clip import Clip

Key = TypeVar("Key", bound=Hashable)


class NoClipsToChoose(ValueError):
    """No clip of the corpus fits the study."""

    def __init__(self, found: int, rated: int, sampling: Sampling) -> None:
        super().__init__(
            f"none of {found} clips fits the study: {rated} have ratings of activation and valence, and none of these "
            f"lasts {sampling.min_length_s} to {sampling.max_length_s} s; widen the lengths, or name another corpus"
        )


class Sampling(BaseModel):
    """Which clips a study takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clips: int = Field(900, ge=1, description="how many clips to choose", json_schema_extra={"paper": "section 3.1"})
    min_length_s: float = Field(
        0.3, ge=0, description="leave out clips shorter than this", json_schema_extra={"unit": "s"}
    )
    max_length_s: float = Field(
        30.0, gt=0, description="leave out clips longer than this", json_schema_extra={"unit": "s"}
    )
    outer_share: float = Field(
        0.3,
        ge=0,
        le=1,
        description="share of clips shorter than the first or longer than the third quartile of length",
        json_schema_extra={"paper": "section 3.1"},
    )

    @model_validator(mode="after")
    def _in_order(self) -> Sampling:
        if self.min_length_s > self.max_length_s:
            raise ValueError(
                f"min_length_s is {self.min_length_s} and max_length_s {self.max_length_s}; "
                "expected min_length_s <= max_length_s"
            )
        return self


@dataclass(frozen=True)
class Stratum:
    """One cell of the 3 x 3 grid: how many clips the corpus has there, and how many were chosen."""

    activation: Bin
    valence: Bin
    found: int
    chosen: int
    chosen_female: int
    chosen_male: int


def apportion(total: int, available: Mapping[Key, int], weights: Mapping[Key, float]) -> dict[Key, int]:
    """Share out `total` by weight, never more to a key than it has; what one lacks goes to the others.

    >>> apportion(9, {"a": 1, "b": 10, "c": 10}, {"a": 1, "b": 1, "c": 1})
    {'a': 1, 'b': 4, 'c': 4}
    """
    given = dict.fromkeys(available, 0)
    for _ in range(min(total, sum(available.values()))):
        open_keys = [key for key in available if given[key] < available[key]]
        neediest = min(open_keys, key=lambda key: (given[key] + 1) / max(weights[key], 1e-9))
        given[neediest] += 1
    return given


def choose_clips(
    clips: Iterable[Clip], sampling: Sampling, rng: np.random.Generator, bins: Bins = USUAL_BINS
) -> list[Clip]:
    """Choose clips evenly from the nine bins, in each half female and half male, in each 30 % of unusual length.

    Where a bin is short of clips the others give more; see `stratification` for what came of it. Clips without
    ratings, or of a length outside the settings, are not chosen. The result is in the corpus' order.

    Raises:
        NoClipsToChoose: no clip fits.
    """
    everything = list(clips)
    rated = [clip for clip in everything if bins.cell_of(clip) is not None]
    fit = [clip for clip in rated if sampling.min_length_s <= clip.length_s <= sampling.max_length_s]
    if not fit:
        raise NoClipsToChoose(len(everything), len(rated), sampling)
    first, third = np.quantile([clip.length_s for clip in fit], [0.25, 0.75])
    share_of_length = {"outer": sampling.outer_share, "inner": 1 - sampling.outer_share}

    def by_length(pool: Sequence[Clip], total: int) -> list[Clip]:
        def length_class(clip: Clip) -> str:
            return "inner" if first <= clip.length_s <= third else "outer"

        return _split(pool, total, length_class, share_of_length, lambda part, n: _draw(part, n, rng))

    def by_gender(pool: Sequence[Clip], total: int) -> list[Clip]:
        return _split(pool, total, lambda clip: clip.gender, {}, by_length)

    chosen = _split(fit, sampling.clips, bins.cell_of, {}, by_gender)
    wanted = {clip.clip_id for clip in chosen}
    return [clip for clip in fit if clip.clip_id in wanted]


def _split(
    pool: Sequence[Clip],
    total: int,
    key_of: Callable[[Clip], Hashable],
    weights: Mapping[str, float],
    choose: Callable[[Sequence[Clip], int], list[Clip]],
) -> list[Clip]:
    """Choose `total` clips, shared out over the groups that `key_of` makes; groups without a weight count equally."""
    groups: dict[Hashable, list[Clip]] = {}
    for clip in sorted(pool, key=lambda clip: (str(key_of(clip)), clip.clip_id)):
        groups.setdefault(key_of(clip), []).append(clip)
    sizes = {key: len(group) for key, group in groups.items()}
    counts = apportion(total, sizes, {key: weights.get(str(key), 1.0) for key in groups})
    return [clip for key, group in groups.items() for clip in choose(group, counts[key])]


def _draw(pool: Sequence[Clip], total: int, rng: np.random.Generator) -> list[Clip]:
    return [pool[index] for index in sorted(rng.choice(len(pool), size=total, replace=False))]


def stratification(found: Iterable[Clip], chosen: Iterable[Clip], bins: Bins = USUAL_BINS) -> list[Stratum]:
    """What the choice came to: one row for each of the nine bins, also the empty ones."""
    found_in = Counter(bins.cell_of(clip) for clip in found)
    taken = list(chosen)
    rows = []
    for cell in product(BINS, BINS):
        genders = Counter(clip.gender for clip in taken if bins.cell_of(clip) == cell)
        rows.append(Stratum(*cell, found_in[cell], genders.total(), genders["female"], genders["male"]))
    return rows
