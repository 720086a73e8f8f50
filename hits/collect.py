"""Settle what came back: who handed in, what is owed for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from hits.ledger import REASONS, Payment, PaymentKind, payment_key
from hits.pay import Pay, active_s, earned_minor, earned_so_far_minor, top_up_minor
from hits.platforms.base import Platform
from hits.recruiting import PlatformAssignment


@dataclass(frozen=True)
class Work:
    """An assignment as we know it: what was answered, in which time, for which reward.

    Attributes:
        seconds_by_trial: of the trials that were answered, by the server's clock.
        seconds_by_round: of what came before the first trial: sound check, headphones, qualification, practice.
        paid_before_minor: bonuses for a part of it that are out already, or may be.
    """

    platform: str
    platform_assignment_id: str
    platform_worker_id: str
    reward_minor: int
    trials: int
    seconds_by_trial: tuple[float, ...]
    seconds_by_round: tuple[float, ...] = ()
    paid_before_minor: int = 0

    def worked_s(self, pay: Pay) -> float:
        """Time at work on all of its pages; what came before the first trial counts up to a limit of its own."""
        before_s = min(active_s(self.seconds_by_round, pay), pay.longest_paid_before_s)
        return active_s(self.seconds_by_trial, pay) + before_s

    def payment(self, kind: PaymentKind, amount_minor: int) -> Payment:
        """A payment for this assignment, under the key that follows from what it pays for."""
        key = payment_key(self.platform, self.platform_assignment_id, kind)
        return Payment(
            key,
            kind,
            self.platform_assignment_id,
            self.platform_worker_id,
            amount_minor,
            reason=REASONS.get(kind, ""),
        )


def collect(platform_hit_ids: Iterable[str], platform: Platform) -> Iterator[PlatformAssignment]:
    """Every assignment that workers handed in; the platform alone says that they did."""
    for platform_hit_id in platform_hit_ids:
        yield from platform.assignments(platform_hit_id)


def payments_due(work: Work, pay: Pay) -> list[Payment]:
    """What is owed for an assignment that was handed in: its reward, and a top-up to the wage floor.

    What was paid before, for a part of it, counts towards the floor and takes nothing from the reward.

    Work without a single answer is owed nothing by rule; a person looks at it. Course credit and volunteers' work are
    not money.
    """
    if not work.seconds_by_trial or pay.mode != "money":
        return []
    due = [work.payment("reward", work.reward_minor)]
    paid_minor = work.reward_minor + work.paid_before_minor
    extra_minor = top_up_minor(work.worked_s(pay), paid_minor, pay)
    return [*due, work.payment("top-up", extra_minor)] if extra_minor else due


def part_minor(work: Work, pay: Pay) -> int:
    """What work that is not handed in has earned: its time at the study's wage, or its share of the reward if more.

    Never more than handing it in would have brought, and nothing for no work.

    >>> part_minor(Work("mturk", "A1", "W1", reward_minor=63, trials=10, seconds_by_trial=(20.0,) * 5), Pay())
    32
    """
    share = earned_so_far_minor(len(work.seconds_by_trial), work.trials, work.reward_minor)
    return max(share, earned_minor(work.worked_s(pay), pay))


def payments_for_part(work: Work, kind: Literal["partial", "screening"], pay: Pay) -> list[Payment]:
    """What is owed for an assignment that ends before it is handed in; nothing for no work."""
    amount_minor = part_minor(work, pay)
    return [work.payment(kind, amount_minor)] if amount_minor else []
