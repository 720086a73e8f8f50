"""What the marketplace remembers, as values: who is there, what is offered, what was done, paid and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

AssignmentStatus: TypeAlias = Literal["Accepted", "Submitted", "Approved", "Rejected", "Returned", "Abandoned"]
HitStatus: TypeAlias = Literal["Assignable", "Unassignable", "Reviewable", "Reviewing", "Disposed"]
WishStatus: TypeAlias = Literal["Begun", "Pending", "Granted", "Rejected"]

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
    """Who does HITs. Country, subdivision and age are the worker's own statement, None until they were asked."""

    worker_id: str
    simulated: bool
    created_at: datetime
    country: str | None = None  # ISO 3166
    subdivision: str | None = None
    adult: bool | None = None


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
    reviewing: bool
    expiry_told: bool  # its requester got the event
    reviewable_told: bool
    accepted: int
    submitted: int
    approved: int
    rejected: int

    @property
    def places_left(self) -> int:
        """Assignments that nobody has taken yet."""
        return self.max_assignments - self.accepted - self.submitted - self.approved - self.rejected

    def status_at(self, now: datetime) -> HitStatus:
        """MTurk's HITStatus."""
        if self.deleted_at is not None:
            return "Disposed"
        if self.places_left > 0 and now < self.expires_at:
            return "Assignable"
        if self.accepted:
            return "Unassignable"
        return "Reviewing" if self.reviewing else "Reviewable"


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


@dataclass(frozen=True)
class HitType:
    """What HITs of one kind have in common."""

    hit_type_id: str
    access_key_id: str
    title: str
    description: str
    keywords: str
    reward_minor: int
    assignment_duration_s: int
    auto_approval_delay_s: int
    qualification_requirements: list[Mapping[str, Any]]
    created_at: datetime


@dataclass(frozen=True)
class QualificationType:
    """Something that a requester says of workers, with a number."""

    qualification_type_id: str
    access_key_id: str
    name: str
    description: str
    keywords: str
    active: bool
    test: str | None
    answer_key: str | None
    test_duration_s: int | None
    retry_delay_s: int | None  # None: one attempt
    auto_granted: bool
    auto_granted_value: int
    created_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True)
class Qualification:
    """What one worker has of a qualification type; revoked where not granted."""

    qualification_type_id: str
    worker_id: str
    value: int
    granted: bool
    reason: str | None
    granted_at: datetime


@dataclass(frozen=True)
class Wish:
    """A worker's request for a qualification, from its test's first page to the decision."""

    request_id: str
    qualification_type_id: str
    worker_id: str
    status: WishStatus
    test: str | None
    answer: str | None
    begun_at: datetime
    deadline: datetime | None
    submitted_at: datetime | None
    reason: str | None


@dataclass(frozen=True)
class Message:
    """What a requester, or the marketplace for one, writes to a worker."""

    message_id: str
    access_key_id: str
    worker_id: str
    subject: str
    words: str
    sent_at: datetime
    read_at: datetime | None


@dataclass(frozen=True)
class Block:
    """A worker whom a requester does not want any more."""

    access_key_id: str
    worker_id: str
    reason: str
    blocked_at: datetime


@dataclass(frozen=True)
class Extension:
    """Places that were added to a HIT under a token."""

    access_key_id: str
    unique_request_token: str
    extension_id: str
    hit_id: str
    added: int
    made_at: datetime


@dataclass(frozen=True)
class NotificationSetting:
    """Where news of a HIT type's HITs go, and which."""

    hit_type_id: str
    transport: Literal["SQS", "SNS"]
    destination: str
    version: str
    event_types: list[str]
    active: bool


@dataclass(frozen=True)
class Event:
    """Something to be told, until it is told."""

    event_id: str
    transport: Literal["SQS", "SNS"]
    destination: str
    body: str
    occurred_at: datetime
    attempts: int
    next_attempt_at: datetime
