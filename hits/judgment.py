"""Trial, Hit, Assignment, Judgment: what is asked and what is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from pipelines.clip import Role

Answer: TypeAlias = Literal["same", "different"]
Order: TypeAlias = Literal["original-first", "noisy-first"]
Policy: TypeAlias = Literal["fixed", "adaptive"]
#: Which clips a trial has rated: the noisy one where something differs (the paper), or both whatever was said.
Rate: TypeAlias = Literal["noisy-if-different", "both"]
#: How ratings are given: five manikins (whole numbers), or the Affective Slider (anything from 1 to 5).
Scale: TypeAlias = Literal["manikins", "slider"]

#: Roles of the pairs that get votes; checks and practice pairs are shown beside them.
ASKED_ROLES = frozenset({"study", "identical", "positive"})

#: SAM ratings are whole numbers on this scale (paper section 5.1).
RATINGS = (1, 2, 3, 4, 5)


class WrongAnswer(ValueError):
    """An answer is incomplete or out of range; the sentence says what is missing, for the worker to read."""


@dataclass(frozen=True)
class Slot:
    """A place in a HIT: the pair that is asked there, in which role."""

    pair_id: str
    role: Role
    order: Order = "original-first"


@dataclass(frozen=True)
class Hit:
    """A task on a platform: room for n trials. Under `fixed` its slots are known; under `adaptive` none is yet."""

    hit_id: str
    policy: Policy
    trials_per_hit: int
    assignments_wanted: int
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True)
class Said:
    """What a worker answers of one pair (paper section 5.1).

    Raises:
        WrongAnswer: a question is unanswered, or something differs and the noisy clip is not rated 1..5.
    """

    activation: Answer
    valence: Answer
    activation_rating: int | None = None
    valence_rating: int | None = None

    def __post_init__(self) -> None:
        for dimension in ("activation", "valence"):
            if getattr(self, dimension) not in ("same", "different"):
                raise WrongAnswer(f"Please say whether the two clips are the same in {dimension}.")
        for dimension in ("activation", "valence"):
            rating = getattr(self, f"{dimension}_rating")
            if self.different and rating not in RATINGS:
                raise WrongAnswer(f"Please choose one of the five figures for {dimension}.")
            if not self.different and rating is not None:
                raise WrongAnswer("Ratings belong to pairs that sound different; both were answered the same.")

    @property
    def different(self) -> bool:
        """Whether the worker hears another emotion in either dimension."""
        return self.activation == "different" or self.valence == "different"


@dataclass(frozen=True)
class Judgment:
    """What one worker said of one pair: a row of judgments.csv."""

    judgment_id: str
    pair_id: str
    condition: str
    role: Role
    worker: str  # keyed hash of the platform's worker id
    assignment_id: str
    said: Said
    order: Order
    listened_s: float  # both clips, as played
    elapsed_s: float  # by the server's clock, from opening the trial to its answer
    submitted_at: datetime  # UTC
    used: bool = True  # quality may leave it out; it is paid all the same
    late: bool = False  # arrived after its pair was decided
    simulated: bool = False
