"""Folds: who is learnt from, who validates, who is tested; nobody is heard in training and tested too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.experiment import FoldDesign
from models.training.fold_lists import listed_folds
from pipelines.clip import Clip

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


class TooFewSessions(ValueError):
    """A session is to be left out at a time, and there are not two."""

    def __init__(self, found: Sequence[str | None]) -> None:
        super().__init__(
            f"found the session(s) {', '.join(map(str, found))}; leaving one out needs at least 2, and each clip's; "
            "take k-fold or leave-one-speaker-out"
        )


class SessionsShareSpeakers(ValueError):
    """Someone is heard in several sessions, so leaving one out would not leave them out."""

    def __init__(self, speakers: Sequence[str]) -> None:
        super().__init__(
            f"the speaker(s) {', '.join(speakers[:5])} are heard in several sessions, so they would be learnt from and "
            "tested; take leave-one-speaker-out"
        )


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
    #: What validation holds out: whole speakers, clips of the training speakers where those are few, or as listed.
    validation_by: Literal["speakers", "clips", "lists"]


def make_folds(clips: Sequence[Clip], design: FoldDesign, seed: int) -> list[Fold]:
    """The folds of a design; the same seed gives the same folds.

    Raises:
        TooFewSpeakers: fewer than 2 speakers, or fewer than folds.
        TooFewSessions, SessionsShareSpeakers: sessions can't be left out one at a time.
        TooFewClips: some fold leaves fewer than two clips to learn from.
        FoldListsWrong: fixed lists that can't be used.
    """
    if design.lists is not None:
        return [
            Fold(number, parts["train"], parts["validation"], parts["test"], "lists")
            for number, parts in enumerate(listed_folds(design.lists, clips))
        ]
    counts = Counter(clip.speaker for clip in clips)
    rng = np.random.default_rng(seed)
    if design.kind == "leave-one-session-out":
        tested = _sessions(clips)
    else:
        folds = design.folds if design.kind == "k-fold" else max(2, -(-len(counts) // design.group))
        if len(counts) < max(2, folds):
            raise TooFewSpeakers(len(counts), folds)
        tested = _deal(counts, folds, rng)
    return [_fold(number, clips, speakers, design, rng) for number, speakers in enumerate(tested)]


def heard_before(clips: Sequence[Clip], fold: Fold) -> tuple[str, ...]:
    """Speakers of test clips who are learnt from or validate too; only fixed lists can make such a fold."""
    speaker = {clip.clip_id: clip.speaker for clip in clips}
    known = {speaker[clip_id] for clip_id in (*fold.train, *fold.validation)}
    return tuple(sorted(known & {speaker[clip_id] for clip_id in fold.test}))


def everyone(clips: Sequence[Clip], design: FoldDesign, seed: int) -> Fold:
    """A fold that tests nobody: all clips are learnt from but those that validate.

    Raises:
        TooFewClips: there are fewer than two.
    """
    return _fold(0, clips, set(), design, np.random.default_rng(seed))


def _sessions(clips: Iterable[Clip]) -> list[set[str]]:
    """The speakers of each session, in the order of the sessions' names."""
    speakers: dict[str | None, set[str]] = {}
    for clip in clips:
        speakers.setdefault(clip.session, set()).add(clip.speaker)
    if len(speakers) < 2 or None in speakers:
        raise TooFewSessions(sorted(speakers, key=str))
    seen = Counter(speaker for several in speakers.values() for speaker in several)
    twice = sorted(speaker for speaker, sessions in seen.items() if sessions > 1)
    if twice:
        raise SessionsShareSpeakers(twice)
    return [speakers[session] for session in sorted(speakers, key=str)]


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


def _fold(number: int, clips: Sequence[Clip], tested: set[str], design: FoldDesign, rng: np.random.Generator) -> Fold:
    rest = [clip for clip in clips if clip.speaker not in tested]
    if len(rest) < 2:
        raise TooFewClips(number, len(rest))
    speakers = sorted({clip.speaker for clip in rest})
    by_speakers = len(speakers) >= FEWEST_SPEAKERS_TO_SPARE
    if by_speakers:
        spared = _spared(design.validation_share, len(speakers))
        chosen = {str(speaker) for speaker in rng.permutation(speakers)[:spared]}
        held = {clip.clip_id for clip in rest if clip.speaker in chosen}
    else:
        spared = _spared(design.validation_share, len(rest))
        held = {str(clip_id) for clip_id in rng.permutation([clip.clip_id for clip in rest])[:spared]}
    return Fold(
        number=number,
        train=tuple(clip.clip_id for clip in rest if clip.clip_id not in held),
        validation=tuple(clip.clip_id for clip in rest if clip.clip_id in held),
        test=tuple(clip.clip_id for clip in clips if clip.speaker in tested),
        validation_by="speakers" if by_speakers else "clips",
    )


def _spared(share: float, found: int) -> int:
    """How many of at least two validate: about their share, and never none or all."""
    return min(max(1, round(share * found)), found - 1)
