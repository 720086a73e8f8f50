"""A platform with bad manners, and pairs to ask about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import pytest

from hits.platforms.base import (
    Arrival,
    Completion,
    Offer,
    Platform,
    PlatformAssignment,
    PlatformRefused,
    PlatformUnreachable,
)
from pipelines.clip import Pair, Role


class RudePlatform(Platform):
    """Keeps books like a platform, and breaks the line before or after it has done what it was asked."""

    def __init__(self) -> None:
        self.hits: dict[str, Offer] = {}
        self.handed_in: list[PlatformAssignment] = []
        self.approved: list[str] = []
        self.bonuses: dict[str, tuple[str, int, str]] = {}
        self.break_before: set[str] = set()
        self.break_after: set[str] = set()
        self.refuse: set[str] = set()

    def _manners(self, what: str, do: Callable[[], None]) -> None:
        if what in self.refuse:
            raise PlatformRefused(f"{what}: no")
        if what in self.break_before:
            self.break_before.discard(what)
            raise PlatformUnreachable(f"{what}: the line broke before")
        do()
        if what in self.break_after:
            self.break_after.discard(what)
            raise PlatformUnreachable(f"{what}: the line broke after")

    def publish(self, offer: Offer) -> str:
        self._manners("publish", lambda: self.hits.update({f"P{offer.token}": offer}))
        return f"P{offer.token}"

    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:
        for seen in self.handed_in:
            if seen.hit_id == platform_hit_id:
                state = "approved" if seen.assignment_id in self.approved else "submitted"
                yield PlatformAssignment(seen.assignment_id, seen.hit_id, seen.worker_id, state, seen.submitted_at)

    def approve(self, assignment_id: str) -> None:
        self._manners("approve", lambda: self.approved.append(assignment_id))

    def bonus(self, worker_id: str, assignment_id: str, amount_minor: int, reason: str, token: str) -> None:
        self._manners("bonus", lambda: self.bonuses.setdefault(token, (assignment_id, amount_minor, reason)) and None)

    def bonus_sent(self, assignment_id: str, amount_minor: int, reason: str) -> bool:
        return (assignment_id, amount_minor, reason) in self.bonuses.values()

    def expire(self, platform_hit_id: str) -> None:
        self._manners("expire", lambda: None)

    def balance_minor(self) -> int:
        return 10_000

    @staticmethod
    def arrive(query: Mapping[str, str], submit_hosts: frozenset[str]) -> Arrival:
        raise NotImplementedError

    @staticmethod
    def complete(arrival: Arrival) -> Completion:
        raise NotImplementedError

    def hand_in(self, assignment_id: str, hit_id: str, worker_id: str) -> None:
        self.handed_in.append(PlatformAssignment(assignment_id, hit_id, worker_id, "submitted", datetime.now(UTC)))


@pytest.fixture
def platform() -> RudePlatform:
    return RudePlatform()


@pytest.fixture
def make_pair() -> Callable[..., Pair]:
    from pathlib import Path

    def make(number: int, role: Role = "study", clip: int | None = None, condition: str = "fade-in") -> Pair:
        return Pair(
            pair_id=f"{role}{number}",
            clip_id=f"c{number if clip is None else clip}",
            condition=condition,
            role=role,
            original_path=Path("o.flac"),
            noisy_path=Path("n.flac"),
            original_length_s=1.0,
            noisy_length_s=1.0,
            original_sha256="",
            noisy_sha256="",
            seed=0,
            params={},
        )

    return make
