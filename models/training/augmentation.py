"""Augmentation: in which noises training clips are heard beside clean, and by how many listeners' leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.whitelist import Whitelist
from models.experiment import Augment, Experiment
from models.labelling import LabelName
from pipelines.noises.base import Noise
from pipelines.sound_parts import apart
from pipelines.sounds.base import SoundBank


class WhitelistMissing(ValueError):
    """Training is to keep to a whitelist, and there is none."""

    def __init__(self) -> None:
        super().__init__(
            "augment.conditions is 'whitelist', and there is no whitelist; `earwitness certify` writes one, "
            "--whitelist names one"
        )


class NothingToAugmentWith(ValueError):
    """Augmentation was asked for, and no condition is left."""

    def __init__(self, label: LabelName, wanted: str) -> None:
        super().__init__(
            f"augment.conditions is {wanted!r}, and after what is held out and the limits of SNR no condition is left "
            f"for {label}; widen them, or take 'nothing'"
        )


class ConditionsUnknown(ValueError):
    """An experiment names conditions that the study does not have."""

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(
            f"there is no condition {', '.join(map(repr, unknown))} to hear clips in; known are: {', '.join(known)}"
        )


def augmented(
    augment: Augment, label: LabelName, conditions: Mapping[str, Noise], whitelist: Whitelist | None
) -> tuple[str, ...]:
    """The names of the conditions that training clips are heard in, in the order of the study.

    With a whitelist, a net for one dimension may hear what is SAFE in that dimension, and one for the emotion what is
    SAFE in both.

    Args:
        augment: what was asked for.
        label: of the net.
        conditions: all that the study judges, by name.
        whitelist: what people hear as the same emotion.

    Raises:
        WhitelistMissing, NothingToAugmentWith, ConditionsUnknown: the wish can't be met.
    """
    named = () if isinstance(augment.conditions, str) else augment.conditions
    unknown = [name for name in (*named, *augment.without) if name not in conditions]
    if unknown:
        raise ConditionsUnknown(unknown, list(conditions))
    if augment.conditions == "nothing":
        return ()
    if augment.conditions == "whitelist":
        if whitelist is None:
            raise WhitelistMissing
        allowed = set(whitelist.safe_in(None if label == "emotion" else label))
    else:
        allowed = set(conditions if augment.conditions == "everything" else named)
    chosen = [
        name
        for name, noise in conditions.items()
        if name in allowed and name not in augment.without and _within(noise.nominal_snr_db, augment)
    ]
    if not chosen and augment.conditions != ():
        raise NothingToAugmentWith(label, str(augment.conditions))
    return tuple(chosen)


def _within(snr_db: float | None, augment: Augment) -> bool:
    """Whether an SNR lies inside the limits; a noise without one always does."""
    if snr_db is None:
        return True
    low, high = augment.snr_min_db, augment.snr_max_db
    return (low is None or snr_db >= low) and (high is None or snr_db <= high)


def training_sounds(experiment: Experiment, sounds: SoundBank | None, seed: int) -> SoundBank | None:
    """The sounds that training may hear: all of a bank, or the experiment's share of its recordings.

    Args:
        experiment: whose `augment.sounds_share` counts.
        sounds: the bank; None where there is none.
        seed: the study's; it decides which recordings.
    """
    share = experiment.augment.sounds_share
    return sounds if sounds is None or share == 1 else apart(sounds, share, seed)[0]


def attackers_sounds(experiment: Experiment, sounds: SoundBank, seed: int) -> SoundBank:
    """The sounds of a bank that training never heard; all of it where training was not kept from any.

    Args:
        experiment: as it stands on a net's card.
        sounds: the bank that the net was trained with.
        seed: the study's, `study_seed` on the card.
    """
    share = experiment.augment.sounds_share
    return sounds if share == 1 else apart(sounds, share, seed)[1]


def drawn(conditions: Sequence[str], per_clip: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Which of the conditions one clip is heard in: all, or so many at random, in their own order.

    >>> drawn(("a", "b"), 0, np.random.default_rng(0))
    ('a', 'b')
    >>> len(drawn(("a", "b", "c"), 2, np.random.default_rng(0)))
    2
    """
    if per_clip == 0 or per_clip >= len(conditions):
        return tuple(conditions)
    kept = sorted(int(place) for place in rng.permutation(len(conditions))[:per_clip])
    return tuple(conditions[place] for place in kept)
