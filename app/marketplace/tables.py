"""Every table of the marketplace's own database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, aware of its zone on both sides of the database (SQLite keeps none)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into the database: in UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Out of the database: what has no zone is UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

requesters = Table(
    "requesters",
    metadata,
    Column("access_key_id", String(64), primary_key=True),
    Column("secret_access_key", String(128), nullable=False),
    Column("name", String(200), nullable=False),
    Column("deposited_minor", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
)

invites = Table(
    "invites",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("access_key_id", ForeignKey("requesters.access_key_id"), nullable=False),
    Column("uses_allowed", Integer),
    Column("uses_made", Integer, nullable=False),
    Column("expires_at", Moment),
    Column("simulated", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("worker_id", String(64), primary_key=True),
    Column("simulated", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("country", String(2)),  # as the worker says; None: not asked yet
    Column("subdivision", String(2)),
    Column("adult", Boolean),
)

# For whom a worker works: workers see the HITs of those who invited them, and no others.
memberships = Table(
    "memberships",
    metadata,
    Column("worker_id", ForeignKey("workers.worker_id"), primary_key=True),
    Column("access_key_id", ForeignKey("requesters.access_key_id"), primary_key=True),
    Column("invite_code", ForeignKey("invites.code"), nullable=False),
    Column("joined_at", Moment, nullable=False),
)

hits = Table(
    "hits",
    metadata,
    Column("hit_id", String(64), primary_key=True),
    Column("access_key_id", ForeignKey("requesters.access_key_id"), nullable=False),
    Column("hit_type_id", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("keywords", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("annotation", Text, nullable=False),
    Column("reward_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("max_assignments", Integer, nullable=False),
    Column("assignment_duration_s", Integer, nullable=False),
    Column("auto_approval_delay_s", Integer, nullable=False),
    Column("qualification_requirements", JSON, nullable=False),
    Column("unique_request_token", String(64)),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    Column("reviewing", Boolean, nullable=False, server_default=false()),
    Column("expiry_told", Boolean, nullable=False, server_default=false()),
    Column("reviewable_told", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("access_key_id", "unique_request_token"),  # the same token never makes two HITs
    Index(None, "access_key_id", "created_at"),
    Index(None, "hit_type_id"),
)

# HITs carry a copy of their type's properties, so that a page of HITs is one read.
hit_types = Table(
    "hit_types",
    metadata,
    Column("hit_type_id", String(64), primary_key=True),
    Column("access_key_id", ForeignKey("requesters.access_key_id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("keywords", Text, nullable=False),
    Column("reward_minor", BigInteger, nullable=False),
    Column("assignment_duration_s", Integer, nullable=False),
    Column("auto_approval_delay_s", Integer, nullable=False),
    Column("qualification_requirements", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# More places for a HIT, each asked for by a token that never counts twice.
extensions = Table(
    "extensions",
    metadata,
    Column("access_key_id", ForeignKey("requesters.access_key_id"), primary_key=True),
    Column("unique_request_token", String(64), primary_key=True),
    Column("extension_id", String(64), nullable=False),
    Column("hit_id", ForeignKey("hits.hit_id"), nullable=False),
    Column("added", Integer, nullable=False),
    Column("made_at", Moment, nullable=False),
)

assignments = Table(
    "assignments",
    metadata,
    Column("assignment_id", String(64), primary_key=True),
    Column("hit_id", ForeignKey("hits.hit_id"), nullable=False),
    Column("worker_id", ForeignKey("workers.worker_id"), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("deadline", Moment, nullable=False),
    Column("submitted_at", Moment),
    Column("auto_approval_at", Moment),
    Column("approved_at", Moment),
    Column("rejected_at", Moment),
    Column("answer", Text),
    Column("feedback", Text),
    Index(None, "hit_id", "status"),
    Index(None, "status", "deadline"),
    Index(None, "status", "auto_approval_at"),
    Index(  # one place in a HIT for one worker, whoever clicks how often
        "uq_assignments_one_place_each",
        "hit_id",
        "worker_id",
        unique=True,
        sqlite_where=text("status NOT IN ('Returned', 'Abandoned')"),
        postgresql_where=text("status NOT IN ('Returned', 'Abandoned')"),
    ),
)

payments = Table(
    "payments",
    metadata,
    Column("payment_id", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("access_key_id", ForeignKey("requesters.access_key_id"), nullable=False),
    Column("worker_id", ForeignKey("workers.worker_id"), nullable=False, index=True),
    Column("assignment_id", ForeignKey("assignments.assignment_id"), nullable=False, index=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("reason", Text),
    Column("unique_request_token", String(64)),
    Column("paid_at", Moment, nullable=False),
    UniqueConstraint("access_key_id", "unique_request_token"),  # the same token never pays twice
    CheckConstraint("kind IN ('reward', 'bonus')", name="kind"),
    Index(  # one reward an assignment
        "uq_payments_one_reward_each",
        "assignment_id",
        unique=True,
        sqlite_where=text("kind = 'reward'"),
        postgresql_where=text("kind = 'reward'"),
    ),
)

qualification_types = Table(
    "qualification_types",
    metadata,
    Column("qualification_type_id", String(64), primary_key=True),
    Column("access_key_id", ForeignKey("requesters.access_key_id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("keywords", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("test", Text),
    Column("answer_key", Text),
    Column("test_duration_s", Integer),
    Column("retry_delay_s", Integer),  # None: one attempt
    Column("auto_granted", Boolean, nullable=False),
    Column("auto_granted_value", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    Index(None, "created_at"),
    Index(  # a name is one requester's once
        "uq_qualification_types_name",
        "access_key_id",
        "name",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
)

qualifications = Table(
    "qualifications",
    metadata,
    Column("qualification_type_id", ForeignKey("qualification_types.qualification_type_id"), primary_key=True),
    Column("worker_id", ForeignKey("workers.worker_id"), primary_key=True, index=True),
    Column("value", Integer, nullable=False),
    Column("granted", Boolean, nullable=False),  # else revoked
    Column("reason", Text),
    Column("granted_at", Moment, nullable=False),
)

# A worker's wish for a qualification, from its test's first page on.
qualification_requests = Table(
    "qualification_requests",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column(
        "qualification_type_id",
        ForeignKey("qualification_types.qualification_type_id", name="fk_qualification_requests_type"),
        nullable=False,
    ),
    Column("worker_id", ForeignKey("workers.worker_id"), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("test", Text),  # as it was asked, whatever it is now
    Column("answer", Text),
    Column("begun_at", Moment, nullable=False),
    Column("deadline", Moment),
    Column("submitted_at", Moment),
    Column("reason", Text),
    CheckConstraint("status IN ('Begun', 'Pending', 'Granted', 'Rejected')", name="status"),
    Index("ix_qualification_requests_status", "qualification_type_id", "status", "submitted_at"),
    Index(  # one open wish each
        "uq_qualification_requests_one_open_each",
        "qualification_type_id",
        "worker_id",
        unique=True,
        sqlite_where=text("status IN ('Begun', 'Pending')"),
        postgresql_where=text("status IN ('Begun', 'Pending')"),
    ),
)

worker_blocks = Table(
    "worker_blocks",
    metadata,
    Column("access_key_id", ForeignKey("requesters.access_key_id"), primary_key=True),
    Column("worker_id", ForeignKey("workers.worker_id"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("blocked_at", Moment, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("message_id", String(64), primary_key=True),
    Column("access_key_id", ForeignKey("requesters.access_key_id"), nullable=False),
    Column("worker_id", ForeignKey("workers.worker_id"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("read_at", Moment),
    Index(None, "worker_id", "sent_at"),
)

notification_settings = Table(
    "notification_settings",
    metadata,
    Column("hit_type_id", ForeignKey("hit_types.hit_type_id"), primary_key=True),
    Column("transport", String(8), nullable=False),
    Column("destination", Text, nullable=False),
    Column("version", String(16), nullable=False),
    Column("event_types", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
)

# What is to be told, written together with what happened; a row goes when its message has arrived.
events = Table(
    "events",
    metadata,
    Column("event_id", String(64), primary_key=True),
    Column("transport", String(8), nullable=False),
    Column("destination", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Moment, nullable=False, index=True),
)
