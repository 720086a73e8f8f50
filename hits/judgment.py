"""Trial, Hit, Assignment, Judgment: what is asked and what is said."""

from __future__ import annotations

from dataclasses import dataclass, field
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

#: SAM ratings are whole numbers on this scale (paper section 5.1); the slider gives whatever lies between, too.
RATINGS = (1, 2, 3, 4, 5)
#: The ratings of an answer, those of the noisy clip first.
RATED = ("activation_rating", "valence_rating", "original_activation_rating", "original_valence_rating")

#: What a worker reads where an answer is missing, by its dimension.
UNANSWERED = {
    "activation": "Please say whether both clips feel equally energetic.",
    "valence": "Please say whether both clips feel equally pleasant.",
}
UNRATED = {
    "activation": "Please also show how calm or excited the voice is.",
    "valence": "Please also show how unpleasant or pleasant the feeling is.",
}
UNASKED = "Ratings belong to pairs that sound different; both were answered the same."


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

    Either the noisy clip is rated where something differs, or both clips are rated whatever was said. Of a control the
    noisy clip is its second copy. Ratings are 1..5: whole numbers on manikins, any number on the slider.

    Raises:
        WrongAnswer: a question is unanswered, or a clip that should be rated is not rated 1..5.
    """

    activation: Answer
    valence: Answer
    activation_rating: float | None = None
    valence_rating: float | None = None
    original_activation_rating: float | None = None
    original_valence_rating: float | None = None
    scale: Scale = field(default="manikins", kw_only=True)

    def __post_init__(self) -> None:
        for dimension, sentence in UNANSWERED.items():
            if getattr(self, dimension) not in ("same", "different"):
                raise WrongAnswer(sentence)
        if not (self.different or self.rates_both):
            if (self.activation_rating, self.valence_rating) != (None, None):
                raise WrongAnswer(UNASKED)
            return
        for prefix in ("", "original_") if self.rates_both else ("",):
            for dimension, sentence in UNRATED.items():
                if not _is_rating(getattr(self, f"{prefix}{dimension}_rating"), self.scale):
                    raise WrongAnswer(sentence)

    @property
    def rates_both(self) -> bool:
        """Whether the original clip is rated, too."""
        return (self.original_activation_rating, self.original_valence_rating) != (None, None)

    @property
    def different(self) -> bool:
        """Whether the worker hears another emotion in either dimension."""
        return self.activation == "different" or self.valence == "different"


def _is_rating(value: float | None, scale: Scale) -> bool:
    if value is None:
        return False
    return value in RATINGS if scale == "manikins" else RATINGS[0] <= value <= RATINGS[-1]


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
