"""What the marketplace remembers, as values: requesters, invites, workers, HITs, assignments, payments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

AssignmentStatus: TypeAlias = Literal["Accepted", "Submitted", "Approved", "Rejected", "Returned", "Abandoned"]

#: Assignments in these states hold one of their HIT's places; returned and abandoned ones have given it back.
TAKEN: tuple[AssignmentStatus, ...] = ("Accepted", "Submitted", "Approved", "Rejected")
HANDED_IN: tuple[AssignmentStatus, ...] = ("Submitted", "Approved", "Rejected")


@dataclass(frozen=True)
class Requester:
    """Who posts HITs. The secret is kept as it is: Signature V4 can't be checked against a hash of it."""

    access_key_id: str
    secret_access_key: str
    name: str
    deposited_minor: int
    created_at: datetime


@dataclass(frozen=True)
class Invite:
    """A link that makes whoever follows it a worker of one requester."""

    code: str
    access_key_id: str
    uses_allowed: int | None
    uses_made: int
    expires_at: datetime | None
    simulated: bool
    created_at: datetime

    def open_at(self, now: datetime) -> bool:
        """Whether somebody may still come in by it."""
        return (self.uses_allowed is None or self.uses_made < self.uses_allowed) and (
            self.expires_at is None or now < self.expires_at
        )


@dataclass(frozen=True)
class Worker:
    """Who does HITs."""

    worker_id: str
    simulated: bool
    created_at: datetime


@dataclass(frozen=True)
class PostedHit:
    """A HIT with the counts of its assignments."""

    hit_id: str
    access_key_id: str
    hit_type_id: str
    title: str
    description: str
    keywords: str
    question: str
    annotation: str
    reward_minor: int
    fee_minor: int  # an assignment
    max_assignments: int
    assignment_duration_s: int
    auto_approval_delay_s: int
    qualification_requirements: list[Mapping[str, Any]]
    unique_request_token: str | None
    created_at: datetime
    expires_at: datetime
    deleted_at: datetime | None
    accepted: int
    submitted: int
    approved: int
    rejected: int

    @property
    def places_left(self) -> int:
        """Assignments that nobody has taken yet."""
        return self.max_assignments - self.accepted - self.submitted - self.approved - self.rejected

    def status_at(self, now: datetime) -> Literal["Assignable", "Unassignable", "Reviewable", "Disposed"]:
        """MTurk's HITStatus."""
        if self.deleted_at is not None:
            return "Disposed"
        if self.places_left > 0 and now < self.expires_at:
            return "Assignable"
        return "Unassignable" if self.accepted else "Reviewable"


@dataclass(frozen=True)
class WorkAssignment:
    """One worker's go at one HIT."""

    assignment_id: str
    hit_id: str
    access_key_id: str
    worker_id: str
    status: AssignmentStatus
    accepted_at: datetime
    deadline: datetime
    submitted_at: datetime | None
    auto_approval_at: datetime | None
    approved_at: datetime | None
    rejected_at: datetime | None
    answer: str | None
    feedback: str | None


@dataclass(frozen=True)
class Payment:
    """A reward or a bonus that a worker was paid, and the fee that the requester paid on top."""

    payment_id: str
    kind: Literal["reward", "bonus"]
    access_key_id: str
    worker_id: str
    assignment_id: str
    amount_minor: int
    fee_minor: int
    reason: str | None
    unique_request_token: str | None
    paid_at: datetime
