"""Call: what every operation is given; and the tokens of long listings."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection

from app.marketplace.records import PostedHit, Requester, WorkAssignment
from app.marketplace.refusals import NoSuchAssignment, NoSuchHit, Refused
from app.marketplace.store import assignments, hits, requesters
from app.marketplace.store.engine import Store

#: Parameters and answers, under MTurk's names.
Fields: TypeAlias = dict[str, Any]
Position: TypeAlias = tuple[datetime, str]

LARGEST_PAGE = 100
USUAL_PAGE = 10  # MTurk's default


@dataclass(frozen=True)
class Call:
    """A request that is signed and well formed: by whom, when, with what."""

    store: Store
    requester: Requester
    now: datetime
    fields: Mapping[str, Any]

    @property
    def page_size(self) -> int:
        """How many a listing may return."""
        return int(self.fields.get("MaxResults", USUAL_PAGE))

    @property
    def after(self) -> Position | None:
        """Behind what a listing goes on.

        Raises:
            Refused: NextToken is none of ours.
        """
        token = self.fields.get("NextToken")
        if token is None:
            return None
        try:
            when, what = json.loads(base64.urlsafe_b64decode(token.encode()))
            return datetime.fromisoformat(when).astimezone(UTC), str(what)
        except (ValueError, TypeError, OverflowError, binascii.Error):
            raise Refused("ParameterValidationError", f"NextToken {token!r} was not given by a listing.") from None

    def lock_requester(self, connection: Connection) -> None:
        """Wait until no other transaction spends this requester's money, or makes what must be there once."""
        requesters.lock_purse(connection, self.requester.access_key_id)

    def own_hit(self, connection: Connection) -> PostedHit:
        """The requester's HIT that HITId names.

        Raises:
            NoSuchHit: there is none, or it is another requester's.
        """
        hit = hits.find_hit(connection, self.fields["HITId"])
        if hit is None or hit.access_key_id != self.requester.access_key_id:
            raise NoSuchHit(self.fields["HITId"])
        return hit

    def own_assignment(self, connection: Connection) -> WorkAssignment:
        """The assignment that AssignmentId names, of a HIT of the requester's.

        Raises:
            NoSuchAssignment: there is none, or it is another requester's.
        """
        assignment = assignments.find_assignment(connection, self.fields["AssignmentId"])
        if assignment is None or assignment.access_key_id != self.requester.access_key_id:
            raise NoSuchAssignment(self.fields["AssignmentId"])
        return assignment


def page(name: str, rows: list[Fields], position: Position | None) -> Fields:
    """A listing's answer; `position` is where the next page begins, None at the end."""
    answer: Fields = {"NumResults": len(rows), name: rows}
    if position is not None:
        token = json.dumps([position[0].isoformat(), position[1]]).encode()
        answer["NextToken"] = base64.urlsafe_b64encode(token).decode()
    return answer
