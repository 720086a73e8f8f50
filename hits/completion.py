"""Completion codes: what a worker brings back to a platform that asks for one, by how the way ended."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from hits.recruiting import OUTCOMES, Outcome, PlatformAssignment

CODE_LENGTH = 10  # letters and digits of 5 bits each: nobody guesses one of 10^15


def completion_codes(secret_key: str, token: str) -> dict[Outcome, str]:
    """The codes of a HIT, by outcome: always the same, and unknown to whoever has not seen the page that shows it.

    Args:
        secret_key: of the study.
        token: of the HIT.

    >>> codes = completion_codes("a key", "study-hit-1")
    >>> codes == completion_codes("a key", "study-hit-1"), len(set(codes.values())), len(codes["completed"])
    (True, 3, 10)
    """
    return {outcome: _code(secret_key, token, outcome) for outcome in OUTCOMES}


def outcome_of(code: str | None, codes: Mapping[Outcome, str]) -> Outcome | None:
    """How the way of a worker who brought this code ended; None for no code of this HIT. Case and spaces do not matter.

    >>> outcome_of(" abc ", {"completed": "ABC"})
    'completed'
    """
    brought = "".join((code or "").split()).upper()
    return next((outcome for outcome, known in codes.items() if known == brought), None)


def hands_in(seen: PlatformAssignment, codes: Mapping[Outcome, str], *, whole: bool) -> bool | None:
    """Whether somebody has handed the whole task in, by the code that was brought; None where a person has to say.

    Args:
        seen: as the platform has it.
        codes: of its HIT.
        whole: whether all of its pairs were answered, so that a lost or mistyped code keeps nobody from their pay.
    """
    if seen.state == "approved":  # by a person, or by the platform itself: it is paid
        return True
    outcome = outcome_of(seen.code, codes)
    if outcome == "completed" or (outcome is None and whole):
        return True
    return None if outcome is None else False


def _code(secret_key: str, token: str, outcome: Outcome) -> str:
    digest = hmac.new(secret_key.encode(), f"completion/{token}/{outcome}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode()[:CODE_LENGTH]
