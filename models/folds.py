"""Folds that keep speakers apart: nobody is heard in training and tested too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.clip import Clip

VALIDATION_SHARE = 0.2  # of what is not tested
FEWEST_SPEAKERS_TO_SPARE = 3  # below this, a speaker less to learn from costs more than validation on known voices


class TooFewSpeakers(ValueError):
    """The clips come from fewer speakers than the folds need."""

    def __init__(self, found: int, folds: int) -> None:
        if found < 2:
            sentence = (
                f"found {found} speaker(s), and speaker-independent folds need at least 2: one to learn from and "
                "one to be tested; add clips of other speakers"
            )
        else:
            sentence = (
                f"{folds} folds need at least {folds} speakers, found {found}; set folds to {found} or less, "
                "or add speakers"
            )
        super().__init__(sentence)


class TooFewClips(ValueError):
    """What is left beside a test fold is too little to learn from and validate on."""

    def __init__(self, fold: int, found: int) -> None:
        super().__init__(
            f"fold {fold} leaves {found} clip(s) to train and validate on; expected at least 2; add clips or speakers"
        )


@dataclass(frozen=True)
class Fold:
    """Which clips (by id) a net learns from, is validated on, and is tested on."""

    number: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    #: What validation holds out: whole speakers, or clips of the training speakers where those are few.
    validation_by: Literal["speakers", "clips"]


def make_folds(clips: Sequence[Clip], folds: int, seed: int) -> list[Fold]:
    """Speaker-independent folds of about equally many clips; the same seed gives the same folds.

    Raises:
        TooFewSpeakers: fewer than 2 speakers, or fewer than folds.
        TooFewClips: some fold leaves fewer than two clips to learn from.
    """
    counts = Counter(clip.speaker for clip in clips)
    if len(counts) < max(2, folds):
        raise TooFewSpeakers(len(counts), folds)
    rng = np.random.default_rng(seed)
    tested = _deal(counts, max(2, folds), rng)
    return [_fold(number, clips, speakers, rng) for number, speakers in enumerate(tested)]


def _deal(counts: Counter[str], folds: int, rng: np.random.Generator) -> list[set[str]]:
    """Speakers dealt out to folds: the one with most clips first, always to the fold with fewest."""
    speakers = [str(speaker) for speaker in rng.permutation(sorted(counts))]
    hands: list[set[str]] = [set() for _ in range(folds)]
    sizes = [0] * folds
    for speaker in sorted(speakers, key=lambda speaker: -counts[speaker]):
        smallest = min(range(folds), key=lambda hand: (sizes[hand], len(hands[hand])))
        hands[smallest].add(speaker)
        sizes[smallest] += counts[speaker]
    return hands


def _fold(number: int, clips: Sequence[Clip], tested: set[str], rng: np.random.Generator) -> Fold:
    rest = [clip for clip in clips if clip.speaker not in tested]
    if len(rest) < 2:
        raise TooFewClips(number, len(rest))
    speakers = sorted({clip.speaker for clip in rest})
    by_speakers = len(speakers) >= FEWEST_SPEAKERS_TO_SPARE
    if by_speakers:
        spared = max(1, round(VALIDATION_SHARE * len(speakers)))
        chosen = {str(speaker) for speaker in rng.permutation(speakers)[:spared]}
        held = {clip.clip_id for clip in rest if clip.speaker in chosen}
    else:
        spared = max(1, round(VALIDATION_SHARE * len(rest)))
        held = {str(clip_id) for clip_id in rng.permutation([clip.clip_id for clip in rest])[:spared]}
    return Fold(
        number=number,
        train=tuple(clip.clip_id for clip in rest if clip.clip_id not in held),
        validation=tuple(clip.clip_id for clip in rest if clip.clip_id in held),
        test=tuple(clip.clip_id for clip in clips if clip.speaker in tested),
        validation_by="speakers" if by_speakers else "clips",
    )
