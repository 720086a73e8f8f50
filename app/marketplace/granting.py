"""Give workers qualifications, and tell them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.marketplace.ids import new_id
from app.marketplace.records import Message, Qualification, QualificationType
from app.marketplace.store import messages, qualification_requests, qualifications


def grant(connection: Connection, granted: QualificationType, worker_id: str, value: int, now: datetime) -> None:
    """Give a worker a qualification, in place of what was there; whoever asked for it needs no more answer.

    The type must be locked in this transaction.
    """
    qualification_requests.settle_pending(connection, granted.qualification_type_id, worker_id, "Granted")
    given = Qualification(granted.qualification_type_id, worker_id, value, granted=True, reason=None, granted_at=now)
    qualifications.put_qualification(connection, given)


def revoke(connection: Connection, held: Qualification, reason: str | None) -> None:
    """Take a qualification back."""
    taken = Qualification(
        held.qualification_type_id, held.worker_id, held.value, granted=False, reason=reason, granted_at=held.granted_at
    )
    qualifications.put_qualification(connection, taken)


def tell(connection: Connection, sender: str, worker_id: str, subject: str, words: str, now: datetime) -> None:
    """Put a message from the requester with the access key `sender` into a worker's inbox."""
    messages.add_message(connection, Message(new_id(), sender, worker_id, subject, words, now, None))
