"""Signed words in a worker's links: which assignment, which clip. They name nothing that a worker should not know."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Literal, TypeAlias

from itsdangerous import BadSignature, URLSafeSerializer

Which: TypeAlias = Literal["first", "second"]
WHICH: tuple[Which, ...] = ("first", "second")


class LinkRefused(ValueError):
    """A link that was not made here, or was cut short on its way."""


class LinkExpired(LinkRefused):
    """A link that was good once."""


def assignment_token(secret_key: str, assignment_id: str) -> str:
    """The word that stands for an assignment in its links."""
    return str(URLSafeSerializer(secret_key, salt="assignment").dumps(assignment_id))


def assignment_of(secret_key: str, token: str) -> str:
    """The assignment behind a link.

    Raises:
        LinkRefused: it is not one of ours.
    """
    try:
        return str(URLSafeSerializer(secret_key, salt="assignment").loads(token))
    except BadSignature as error:
        raise LinkRefused("this link is not complete") from error


def clip_token(secret_key: str, assignment_id: str, trial_id: str, which: Which, until: datetime) -> str:
    """The word that stands for one clip of a trial, good in the links of one assignment only, and until then.

    It is the same whenever it is made, so that a browser which has the clip already need not fetch it again.
    """
    words = [trial_id, which, int(until.timestamp())]
    return str(URLSafeSerializer(secret_key, salt=f"clip/{assignment_id}").dumps(words))


def clip_of(secret_key: str, assignment_id: str, token: str, now: datetime) -> tuple[str, Which]:
    """The trial and the clip behind a link.

    Raises:
        LinkExpired: its time is over.
        LinkRefused: it is not one of ours, or belongs to another assignment.
    """
    try:
        trial_id, which, until_s = URLSafeSerializer(secret_key, salt=f"clip/{assignment_id}").loads(token)
    except BadSignature as error:
        raise LinkRefused("this clip belongs to another link") from error
    if now.timestamp() > until_s:
        raise LinkExpired("this clip's link is too old")
    return str(trial_id), which


def practice_id(secret_key: str, assignment_id: str, pair_id: str) -> str:
    """What a practice pair is called in an assignment's links: a word like the id of a trial, always the same."""
    words = f"practice/{assignment_id}/{pair_id}".encode()
    return base64.urlsafe_b64encode(hmac.new(secret_key.encode(), words, hashlib.sha256).digest()[:12]).decode()
