"""Platform: how HITs go out, how workers arrive and leave, how money moves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

PlatformState: TypeAlias = Literal["submitted", "approved", "rejected"]


class PlatformRefused(RuntimeError):
    """The platform answered no, for good: the sentence carries its code and words."""


class PlatformUnreachable(ConnectionError):
    """The platform gave no answer, or one that settles nothing; what was asked may or may not have happened."""


@dataclass(frozen=True)
class Offer:
    """A HIT as a platform shows it. Money in minor units of the study's currency (cents)."""

    token: str  # the same token never makes two HITs; 1..64 characters
    title: str
    description: str
    keywords: tuple[str, ...]
    url: str  # where the task lives
    reward_minor: int
    assignments: int
    assignment_duration_s: int
    lifetime_s: int
    auto_approval_delay_s: int


@dataclass(frozen=True)
class Arrival:
    """Who comes, and for which HIT, as the platform's URL says. In a preview there is no assignment and no worker."""

    hit_id: str
    assignment_id: str | None
    worker_id: str | None
    submit_to: str | None
    simulated: bool = False  # a listener of a rehearsal, by the worker id that the platform gave it

    @property
    def preview(self) -> bool:
        """Whether the worker only looks: no record may be made."""
        return self.assignment_id is None


class ArrivalRefused(ValueError):
    """A URL that no platform would send: what is missing or wrong, as a sentence for the person who followed it."""


@dataclass(frozen=True)
class Completion:
    """How a worker leaves: a form that the worker's own browser posts to the platform."""

    action: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class PlatformAssignment:
    """An assignment as the platform knows it; the only authority for `submitted`."""

    assignment_id: str
    hit_id: str
    worker_id: str
    state: PlatformState
    submitted_at: datetime


class Platform(ABC):
    """Where workers come from. Calls are made by one process at a time; each raises the two errors above only.

    A variant promises: publishing twice with one token gives one HIT; approving or paying what was approved or paid
    with the same token changes nothing and raises nothing; listings page to their end.
    """

    @abstractmethod
    def publish(self, offer: Offer) -> str:
        """Put a HIT out; the platform's id for it. The same token gives the same id."""

    @abstractmethod
    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:
        """All assignments of a HIT that workers have handed in."""

    @abstractmethod
    def approve(self, assignment_id: str) -> None:
        """Accept an assignment, which pays its reward. Approved already: nothing happens."""

    @abstractmethod
    def bonus(self, worker_id: str, assignment_id: str, amount_minor: int, reason: str, token: str) -> None:
        """Pay extra. The same token never pays twice."""

    @abstractmethod
    def bonus_sent(self, assignment_id: str, amount_minor: int, reason: str) -> bool:
        """Whether that bonus is on the platform's books: what settles an unknown payment."""

    @abstractmethod
    def expire(self, platform_hit_id: str) -> None:
        """Take a HIT off the shelf; work that was begun may still be handed in."""

    @abstractmethod
    def balance_minor(self) -> int:
        """What the requester has left, in minor units."""

    @staticmethod
    @abstractmethod
    def arrive(query: Mapping[str, str], submit_hosts: frozenset[str]) -> Arrival:
        """Who comes, from the URL's query.

        Args:
            query: the parameters of the task's URL.
            submit_hosts: `scheme://host[:port]` origins to which work may be handed in (the URL is the attacker's).

        Raises:
            ArrivalRefused: a parameter is missing, malformed, or names a place that is not allowed.
        """

    @staticmethod
    @abstractmethod
    def complete(arrival: Arrival) -> Completion:
        """How this worker hands the work in."""
