"""A rejection as Prolific takes it: in words that a participant can answer, and in one of its categories."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

SHORTEST_REJECTION = 100  # characters, as Prolific demands

RejectionCategory: TypeAlias = Literal[
    "TOO_QUICKLY",
    "TOO_SLOWLY",
    "FAILED_INSTRUCTIONS",
    "INCOMP_LONGITUDINAL",
    "FAILED_CHECK",
    "LOW_EFFORT",
    "MALINGERING",
    "NO_CODE",
    "BAD_CODE",
    "NO_DATA",
    "UNSUPP_DEVICE",
    "OTHER",
]


class RejectionWrong(ValueError):
    """Prolific would not take it: what is missing."""


def rejection(reason: str, category: RejectionCategory) -> dict[str, str]:
    """What is sent.

    Args:
        reason: what the participant reads, 100 characters or more.
        category: one of Prolific's.

    Raises:
        RejectionWrong: the reason is too short, or there is no such category.
    """
    words = reason.strip()
    if len(words) < SHORTEST_REJECTION:
        raise RejectionWrong(
            f"Prolific asks for {SHORTEST_REJECTION} characters that tell a participant why; this reason has "
            f"{len(words)}, so {SHORTEST_REJECTION - len(words)} are missing. Say what happened, and what you "
            "expected."
        )
    if category not in get_args(RejectionCategory):
        raise RejectionWrong(
            f"{category!r} is no category that Prolific knows; expected one of {', '.join(get_args(RejectionCategory))}"
        )
    return {"action": "REJECT", "message": words, "rejection_category": category}
