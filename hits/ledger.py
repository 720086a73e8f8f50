"""Planned, sent, confirmed, unknown: the states of a payment, and what may follow what.

A payment is written down as `planned` under a key that follows from what it pays for, so planning it twice writes it
once. It becomes `sent` before the platform is called and `confirmed` after the platform said yes. Where no answer came
it is `unknown`, and only the platform's own books move it on. So nothing is ever paid twice and nothing is forgotten.

What is handed in earns its reward, and a top-up where it took longer. What is not earns a bonus for the part that was
done: `partial` where its worker left or ran out of time, `screening` where the study let the worker go. Such a bonus is
`dropped` if the whole is handed in after all before it was sent. A `bonus` is a person's wish, in the person's words.
What a rejection dropped is `planned` again where a person accepts the work after all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hits.platforms.base import Platform
from hits.recruiting import PlatformRefused, PlatformUnreachable

PaymentKind: TypeAlias = Literal["reward", "top-up", "partial", "screening", "bonus"]
PaymentState: TypeAlias = Literal["planned", "sent", "confirmed", "unknown", "refused", "dropped"]

FOLLOWS: dict[PaymentState, frozenset[PaymentState]] = {
    "planned": frozenset({"sent", "dropped"}),
    "sent": frozenset({"confirmed", "unknown", "refused"}),
    "unknown": frozenset({"confirmed", "planned"}),
    "refused": frozenset({"planned", "dropped"}),
    "confirmed": frozenset(),
    "dropped": frozenset({"planned"}),
}

#: The reason of a reward whose assignment was rejected before.
AFTER_ALL = "accepted after all"

#: What a worker reads beside a bonus, and what finds it on the platform's books.
REASONS: dict[PaymentKind, str] = {
    "top-up": "Top-up to the study's hourly wage for the time that you worked. Thank you.",
    "partial": "For the part of the task that you did before you left or its time was over. Thank you.",
    "screening": "For the time that you gave before the study could let you in. Thank you.",
}


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
    reason: str = ""  # what the worker reads; where it is empty, that of the kind
    handle: str | None = None  # the platform's name for it, once it was set up there

    @property
    def words(self) -> str:
        """What the worker reads beside it; empty for a reward."""
        return self.reason or REASONS.get(self.kind, "")

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
    try:
        prepared = payment if payment.kind == "reward" else _prepare(payment, platform)
    except PlatformUnreachable as error:  # nothing moved: it is planned, and asked again with the next turn
        yield replace(payment, note=_nameless(error, payment))
        return
    except PlatformRefused as error:
        yield payment.step("sent").step("refused", _nameless(error, payment))
        return
    sent = prepared.step("sent")
    yield sent
    try:
        _pay(sent, platform)
    except PlatformUnreachable as error:
        yield sent.step("unknown", _nameless(error, payment))
    except PlatformRefused as error:
        yield sent.step("refused", _nameless(error, payment))
    else:
        yield sent.step("confirmed")


def _nameless(error: Exception, payment: Payment) -> str:
    """A platform's words, without the id of the worker: notes are read where no such id may stand."""
    return str(error).replace(payment.platform_worker_id or "\n", "(the worker)")


def _prepare(payment: Payment, platform: Platform) -> Payment:
    """The payment with the platform's name for it, which is kept before anything is paid."""
    handle = platform.prepare_bonus(
        payment.platform_worker_id, payment.platform_assignment_id, payment.amount_minor, payment.words
    )
    return replace(payment, handle=handle)


def _pay(payment: Payment, platform: Platform) -> None:
    if payment.kind == "reward":
        platform.approve(payment.platform_assignment_id, though_rejected=payment.reason == AFTER_ALL)
        return
    platform.bonus(
        payment.platform_worker_id,
        payment.platform_assignment_id,
        payment.amount_minor,
        payment.words,
        payment.key,
        payment.handle,
    )


def reconcile(payment: Payment, approved: bool, platform: Platform, alike: int = 0) -> Payment:
    """Settle a payment whose outcome nobody saw, by the platform's own books.

    Args:
        payment: in the state `sent` (the process died) or `unknown` (no answer came).
        approved: whether the platform lists its assignment as approved.
        platform: asked for its list of bonuses.
        alike: other bonuses of this amount for this assignment that have left, or may have.

    Raises:
        PlatformUnreachable: the books can't be read either; the payment stays as it is.
    """
    unknown = payment if payment.state == "unknown" else payment.step("unknown", "no answer was seen")
    on_the_books: bool | None
    if payment.kind == "reward":
        on_the_books = approved
    elif alike and not platform.traits.names_bonuses:
        on_the_books = None  # the one on the books may be another
    else:
        on_the_books = platform.bonus_sent(
            payment.platform_assignment_id, payment.amount_minor, payment.words, payment.handle
        )
    if on_the_books is None:
        return replace(unknown, note="the platform's books do not say whether it was paid; a person has to")
    return unknown.step("confirmed" if on_the_books else "planned", "settled by the platform's books")
