"""Messages that Prolific sends by itself: signed, at least once, in any order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime

SIGNATURE, TIMESTAMP, EVENT = "x-prolific-request-signature", "x-prolific-request-timestamp", "x-event-id"
OLDEST_S = 300  # from when it was sent: what is older was sent by somebody who kept it
LONGEST_ID = 100
LONGEST_DETAIL = 200
#: What is read of a message; the rest, such as who took part, goes no further than here.
READ = ("event_type", "resource_id", "study_id", "submission_id", "status")


class HookRefused(ValueError):
    """A message that Prolific did not send, or that can't be read."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Prolific's signature of a message: HMAC-SHA256 of time and body, in base64."""
    return base64.b64encode(hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()).decode()


def read_message(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> tuple[str, dict[str, str]]:
    """The id of a message that Prolific sent, and what it says of a study or a submission, never of a person.

    Args:
        headers: of the request, whatever the case of their names.
        body: as it came.
        secret: of the subscription.
        now: to refuse what is too old.

    Raises:
        HookRefused: a header is missing, the signature is another one, it is too old, or not JSON.
    """
    known = {name.lower(): value for name, value in headers.items()}
    try:
        signature, timestamp, event_id = known[SIGNATURE], known[TIMESTAMP], known[EVENT]
    except KeyError as error:
        raise HookRefused(f"the header {error.args[0]} is missing") from error
    if not hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode()):
        raise HookRefused("the signature is not ours")
    try:
        age_s = abs(now.timestamp() - float(timestamp))
        found = json.loads(body)
    except ValueError as error:  # no number, no JSON, no text
        raise HookRefused("the time or the body can't be read") from error
    if not age_s <= OLDEST_S:  # what is no number at all is too old, too
        raise HookRefused(f"it was sent {age_s:.0f} s ago; expected {OLDEST_S} at most")
    if not isinstance(found, dict) or not 0 < len(event_id) <= LONGEST_ID:
        raise HookRefused("expected a JSON object with an id")
    return event_id, {
        key: str(found[key])[:LONGEST_DETAIL] for key in READ if isinstance(found.get(key), str | int | float | bool)
    }
