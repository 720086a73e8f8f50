"""Identifiers in MTurk's patterns, drawn so that nobody can guess one."""

from __future__ import annotations

import re
import secrets
import string
from hashlib import sha256

ALPHABET = string.ascii_uppercase + string.digits
ID_LENGTH = 30  # as MTurk's; `^[A-Z0-9]+$`, 154 random bits

#: WorkerIds of simulated listeners begin so, and no other does: whoever holds a WorkerId can tell.
SIMULATED_PREFIX = "ASIMULATED"


def new_id() -> str:
    """An id of a HIT, an assignment or a payment."""
    return "3" + _draw(ID_LENGTH - 1)


def is_id(text: str) -> bool:
    """Whether that may be an id at all.

    >>> is_id("3ABC"), is_id("../3ABC"), is_id("")
    (True, False, False)
    """
    return re.fullmatch("[A-Z0-9]{1,64}", text) is not None


def new_worker_id(*, simulated: bool) -> str:
    """A WorkerId, `^A[A-Z0-9]+$`."""
    return SIMULATED_PREFIX + _draw(10) if simulated else "A" + secrets.choice("123") + _draw(12)


def new_invite_code() -> str:
    """What stands at the end of an invite link."""
    return secrets.token_urlsafe(16)


def new_key() -> tuple[str, str]:
    """An access key id and its secret, for Signature V4."""
    return "EWAK" + _draw(16), secrets.token_urlsafe(30)


def hit_type_id(*properties: object) -> str:
    """The same properties give the same id, as MTurk's CreateHITType promises."""
    digest = int(sha256(repr(properties).encode()).hexdigest(), 16)
    letters = []
    for _ in range(ID_LENGTH - 1):
        digest, letter = divmod(digest, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "3" + "".join(letters)


def _draw(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
