"""Settle what came back: who handed in, what is owed for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hits.ledger import Payment, payment_key
from hits.pay import Pay, active_s, top_up_minor
from hits.platforms.base import Platform, PlatformAssignment


@dataclass(frozen=True)
class Work:
    """An assignment as we know it: what was answered, in which time, for which reward."""

    platform: str
    platform_assignment_id: str
    platform_worker_id: str
    reward_minor: int
    trials: int
    seconds_by_trial: tuple[float, ...]


def collect(platform_hit_ids: Iterable[str], platform: Platform) -> Iterator[PlatformAssignment]:
    """Every assignment that workers handed in; the platform alone says that they did."""
    for platform_hit_id in platform_hit_ids:
        yield from platform.assignments(platform_hit_id)


def payments_due(work: Work, pay: Pay) -> list[Payment]:
    """What is owed for an assignment that was handed in: its reward, and a top-up to the wage floor.

    Work without a single answer is owed nothing by rule; a person looks at it.
    """
    if not work.seconds_by_trial:
        return []
    ids = (work.platform_assignment_id, work.platform_worker_id)
    due = [
        Payment(
            payment_key(work.platform, work.platform_assignment_id, "reward"),
            "reward",
            *ids,
            work.reward_minor,
        )
    ]
    extra = top_up_minor(active_s(list(work.seconds_by_trial), pay), work.reward_minor, pay)
    if extra:
        key = payment_key(work.platform, work.platform_assignment_id, "top-up")
        due.append(Payment(key, "top-up", *ids, extra))
    return due
