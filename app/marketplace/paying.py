"""Pay rewards and bonuses, and say what a requester has left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.marketplace.ids import new_id
from app.marketplace.records import Payment, PostedHit, Requester, WorkAssignment
from app.marketplace.refusals import InsufficientFunds
from app.marketplace.store import payments, requesters


@dataclass(frozen=True)
class Purse:
    """A requester's balance in minor units; what is held is promised to open HITs, fees included."""

    available_minor: int
    held_minor: int

    def require(self, needed_minor: int) -> None:
        """Raises InsufficientFunds when less than that is available."""
        if needed_minor > self.available_minor:
            raise InsufficientFunds(self.available_minor, needed_minor)


def purse_of(connection: Connection, requester: Requester, now: datetime) -> Purse:
    """What the requester has left."""
    held = requesters.held_minor(connection, requester.access_key_id, now)
    spent = requesters.spent_minor(connection, requester.access_key_id)
    return Purse(requester.deposited_minor - spent - held, held)


def pay_reward(connection: Connection, assignment: WorkAssignment, hit: PostedHit, paid_at: datetime) -> None:
    """Pay the reward of an assignment that was approved in this same transaction."""
    payments.add_payment(
        connection,
        Payment(
            payment_id=new_id(),
            kind="reward",
            access_key_id=hit.access_key_id,
            worker_id=assignment.worker_id,
            assignment_id=assignment.assignment_id,
            amount_minor=hit.reward_minor,
            fee_minor=hit.fee_minor,
            reason=None,
            unique_request_token=None,
            paid_at=paid_at,
        ),
    )
