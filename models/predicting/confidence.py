"""What nets say of one sound, and what speaks against relying on it (the paper's advice for use, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from models.predicting.reverberance import THRESHOLD_S

#: By whose frames features of a sound are normalised: enrolment clips of the speaker, all whom the nets were trained
#: on, or the sound's own.
NormalisedBy: TypeAlias = Literal["enrolment", "training", "itself"]
SURE = 0.5  # a winning class below this is a guess


@dataclass(frozen=True)
class Prediction:
    """What nets say of one sound."""

    name: str  # of the file, or the sound's place among those given
    label: str
    probabilities: Mapping[str, float]  # by class; the mean over all nets
    normalised_by: NormalisedBy
    #: The reverberation time that the sound seems to have, in s; None where that can't be told.
    reverberation_s: float | None
    #: Why this should not be relied on, in words; empty where nothing speaks against it.
    doubts: tuple[str, ...]

    @property
    def low_confidence(self) -> bool:
        """Whether there is any doubt."""
        return bool(self.doubts)


def doubts_of(
    winner: float, reverberation_s: float | None, reverberant_above_s: float = THRESHOLD_S
) -> tuple[str, ...]:
    """Why a prediction should not be relied on, a sentence's part for each reason.

    Args:
        winner: probability of the likeliest class, 0..1.
        reverberation_s: that the sound seems to have; None where that can't be told.
        reverberant_above_s: a longer one counts as reverberant.

    >>> doubts_of(0.9, 0.1)
    ()
    >>> doubts_of(0.41, None)
    ('the likeliest class has a probability of 0.41 only',)
    """
    found = []
    if reverberation_s is not None and reverberation_s > reverberant_above_s:
        found.append(f"it sounds reverberant (T60 about {reverberation_s:.2f} s), where recognisers do badly")
    if winner < SURE:
        found.append(f"the likeliest class has a probability of {winner:.2f} only")
    return tuple(found)
