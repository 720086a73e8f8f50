"""Choose the clips of a study: by bins of activation and valence, then gender, then length (paper section 3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.bins import BINS, USUAL_BINS, Bins
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

    def fits(self, clip: Clip) -> bool:
        """Whether a clip lasts as long as those that are chosen."""
        return self.min_length_s <= clip.length_s <= self.max_length_s


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

    Where a bin is short of clips the others give more; `shortages` says what came of it. Clips without ratings, or of
    a length outside the settings, are not chosen. The result is in the corpus' order.

    Raises:
        NoClipsToChoose: no clip fits.
    """
    everything = list(clips)
    fit = _fit(everything, sampling, bins)
    length_class = _length_class(fit)
    share_of_length = {"outer": sampling.outer_share, "inner": 1 - sampling.outer_share}

    def by_length(pool: Sequence[Clip], total: int) -> list[Clip]:
        return _split(pool, total, length_class, share_of_length, lambda part, n: _draw(part, n, rng))

    def by_gender(pool: Sequence[Clip], total: int) -> list[Clip]:
        return _split(pool, total, lambda clip: clip.gender, {}, by_length)

    chosen = _split(fit, sampling.clips, bins.cell_of, {}, by_gender)
    wanted = {clip.clip_id for clip in chosen}
    return [clip for clip in fit if clip.clip_id in wanted]


def _fit(clips: Sequence[Clip], sampling: Sampling, bins: Bins) -> list[Clip]:
    rated = [clip for clip in clips if bins.cell_of(clip) is not None]
    fit = [clip for clip in rated if sampling.fits(clip)]
    if not fit:
        raise NoClipsToChoose(len(clips), len(rated), sampling)
    return fit


def _length_class(fit: Sequence[Clip]) -> Callable[[Clip], str]:
    """Whether a clip is among the shortest or longest quarter of those that fit (`outer`), or not (`inner`)."""
    first, third = np.quantile([clip.length_s for clip in fit], [0.25, 0.75])
    return lambda clip: "inner" if first <= clip.length_s <= third else "outer"


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


def shortages(
    clips: Iterable[Clip], chosen: Iterable[Clip], sampling: Sampling, bins: Bins = USUAL_BINS
) -> Iterator[str]:
    """Where the choice fell short of what the study asks for, bin by bin, and what was done; nothing where it did not.

    Args:
        clips: those that `choose_clips` chose from.
        chosen: what it chose.
        sampling: the settings that it followed.
        bins: the rule of the bins.
    """
    fit, taken = _fit(list(clips), sampling, bins), list(chosen)
    length_class = _length_class(fit)
    quota = sampling.clips // len(BINS) ** 2
    for cell in product(BINS, BINS):
        there = sum(1 for clip in fit if bins.cell_of(clip) == cell)
        here = [clip for clip in taken if bins.cell_of(clip) == cell]
        name = f"{cell[0]} activation, {cell[1]} valence"
        if len(here) < quota:
            yield f"{name}: {len(here)} of {quota} were chosen, since the corpus has {there} that fit; others gave more"
        yield from (f"{name}: {uneven}" for uneven in _uneven(here, length_class, sampling))
    if len(taken) < sampling.clips:
        yield f"{len(taken)} clips were chosen in all; {sampling.clips} were asked for, and no more fit"


def _uneven(chosen: Sequence[Clip], length_class: Callable[[Clip], str], sampling: Sampling) -> Iterator[str]:
    """How the clips chosen in a bin differ from half female and half male, and from the share of unusual lengths."""
    genders = Counter(clip.gender for clip in chosen)
    if genders["unknown"]:
        yield f"{genders['unknown']} of {len(chosen)} clips are of unknown gender, so genders may be out of balance"
    if abs(genders["female"] - genders["male"]) > 1:
        counts = ", ".join(f"{count} {gender}" for gender, count in sorted(genders.items()))
        yield f"{counts} were chosen, since the corpus has no more of the other gender there"
    outer = sum(1 for clip in chosen if length_class(clip) == "outer")
    asked = round(sampling.outer_share * len(chosen))
    if abs(outer - asked) > len(genders):  # each gender is rounded by itself
        yield f"{outer} clips of unusual length were chosen where {asked} were asked for, since no others are there"
