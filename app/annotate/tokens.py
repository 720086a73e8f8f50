"""Signed words in a worker's links: which assignment, which clip. They name nothing that a worker should not know."""

from __future__ import annotations

from typing import Literal, TypeAlias

from itsdangerous import BadSignature, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer

Which: TypeAlias = Literal["first", "second"]


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


def clip_token(secret_key: str, assignment_id: str, trial_id: str, which: Which) -> str:
    """The word that stands for one clip of a trial, good in the links of one assignment only, and for a time."""
    return str(URLSafeTimedSerializer(secret_key, salt=f"clip/{assignment_id}").dumps([trial_id, which]))


def clip_of(secret_key: str, assignment_id: str, token: str, longest_s: int) -> tuple[str, Which]:
    """The trial and the clip behind a link that was made at most `longest_s` seconds ago.

    Raises:
        LinkExpired: it was made before that.
        LinkRefused: it is not one of ours, or belongs to another assignment.
    """
    try:
        signer = URLSafeTimedSerializer(secret_key, salt=f"clip/{assignment_id}")
        trial_id, which = signer.loads(token, max_age=longest_s)
    except SignatureExpired as error:
        raise LinkExpired("this clip's link is too old") from error
    except BadSignature as error:
        raise LinkRefused("this clip belongs to another link") from error
    return str(trial_id), which
