"""Was it heard? Coverage of both clips, and time by the server's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


class Listening(BaseModel):
    """What counts as having heard a pair."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_coverage: float = Field(
        0.95,
        ge=0,
        le=1,
        description="share of each clip that must have sounded before an answer counts",
    )


@dataclass(frozen=True)
class Listened:
    """Seconds of each clip that the page says have sounded."""

    first_s: float
    second_s: float

    @property
    def total_s(self) -> float:
        """Both clips together."""
        return self.first_s + self.second_s


#: What a worker reads where a clip was not heard, the first or the second, or where both can't have been.
UNHEARD = ("You still need to hear the first clip to its end.", "You still need to hear the second clip to its end.")
TOO_SOON = "The answer came sooner than both clips can be heard. Please play them once more."


class NotHeard(ValueError):
    """An answer came before both clips were heard; the sentence is for the worker to read."""


def require_heard(listened: Listened, lengths_s: tuple[float, float], elapsed_s: float, rule: Listening) -> None:
    """Accept what was heard, or say kindly what is still missing.

    Args:
        listened: what the page reports.
        lengths_s: length of the first and the second clip.
        elapsed_s: by the server's clock, since the trial was opened.
        rule: the study's rule.

    Raises:
        NotHeard: a clip was not covered, or less time went by than the clips last.

    >>> require_heard(Listened(2.0, 2.0), (2.0, 2.0), elapsed_s=5.0, rule=Listening())
    >>> require_heard(Listened(2.0, 0.5), (2.0, 2.0), elapsed_s=5.0, rule=Listening())
    Traceback (most recent call last):
    ...
    hits.listening.NotHeard: You still need to hear the second clip to its end.
    """
    for sentence, heard_s, length_s in zip(UNHEARD, (listened.first_s, listened.second_s), lengths_s, strict=True):
        if not heard_s >= rule.min_coverage * length_s:  # a NaN is not heard either
            raise NotHeard(sentence)
    if elapsed_s < rule.min_coverage * sum(lengths_s):
        raise NotHeard(TOO_SOON)
