"""Planned, sent, confirmed, unknown: the states of a payment, and what may follow what.

A payment is written down as `planned` under a key that follows from what it pays for, so planning it twice writes it
once. It becomes `sent` before the platform is called and `confirmed` after the platform said yes. Where no answer came
it is `unknown`, and only the platform's own books move it on. So nothing is ever paid twice and nothing is forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hits.platforms.base import Platform, PlatformRefused, PlatformUnreachable

PaymentKind: TypeAlias = Literal["reward", "top-up"]
PaymentState: TypeAlias = Literal["planned", "sent", "confirmed", "unknown", "refused"]

FOLLOWS: dict[PaymentState, frozenset[PaymentState]] = {
    "planned": frozenset({"sent"}),
    "sent": frozenset({"confirmed", "unknown", "refused"}),
    "unknown": frozenset({"confirmed", "planned"}),
    "refused": frozenset({"planned"}),
    "confirmed": frozenset(),
}

TOP_UP_REASON = "Top-up to the study's hourly wage for the time that you worked. Thank you."


class WrongStep(ValueError):
    """A payment was asked to take a step that its state does not allow."""

    def __init__(self, key: str, state: str, wanted: str) -> None:
        super().__init__(
            f"payment {key} is {state}; it can't become {wanted} (only {sorted(FOLLOWS[state])})"  # type: ignore[index]
        )


@dataclass(frozen=True)
class Payment:
    """One amount for one assignment. Money in minor units."""

    key: str
    kind: PaymentKind
    platform_assignment_id: str
    platform_worker_id: str
    amount_minor: int
    state: PaymentState = "planned"
    note: str = ""

    def step(self, state: PaymentState, note: str = "") -> Payment:
        """The payment in its next state.

        Raises:
            WrongStep: that state can't follow.
        """
        if state not in FOLLOWS[self.state]:
            raise WrongStep(self.key, self.state, state)
        return replace(self, state=state, note=note)


def payment_key(platform: str, platform_assignment_id: str, kind: PaymentKind) -> str:
    """The key that follows from what is paid for: 64 hex digits at most, fit for a platform's request token.

    >>> payment_key("mturk", "A1", "reward") == payment_key("mturk", "A1", "reward")
    True
    """
    return hashlib.sha256(f"{platform}/{platform_assignment_id}/{kind}".encode()).hexdigest()[:32]


def send(payment: Payment, platform: Platform) -> Iterator[Payment]:
    """Pay: yields `sent` before the call (keep it!), then what came of it."""
    sent = payment.step("sent")
    yield sent
    try:
        if payment.kind == "reward":
            platform.approve(payment.platform_assignment_id)
        else:
            platform.bonus(
                payment.platform_worker_id,
                payment.platform_assignment_id,
                payment.amount_minor,
                TOP_UP_REASON,
                payment.key,
            )
    except PlatformUnreachable as error:
        yield sent.step("unknown", str(error))
    except PlatformRefused as error:
        yield sent.step("refused", str(error))
    else:
        yield sent.step("confirmed")


def reconcile(payment: Payment, approved: bool, platform: Platform) -> Payment:
    """Settle a payment whose outcome nobody saw, by the platform's own books.

    Args:
        payment: in the state `sent` (the process died) or `unknown` (no answer came).
        approved: whether the platform lists its assignment as approved.
        platform: asked for its list of bonuses.

    Raises:
        PlatformUnreachable: the books can't be read either; the payment stays as it is.
    """
    unknown = payment if payment.state == "unknown" else payment.step("unknown", "no answer was seen")
    on_the_books = (
        approved
        if payment.kind == "reward"
        else platform.bonus_sent(payment.platform_assignment_id, payment.amount_minor, TOP_UP_REASON)
    )
    return unknown.step("confirmed" if on_the_books else "planned", "settled by the platform's books")
