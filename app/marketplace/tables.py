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
    UniqueConstraint("access_key_id", "unique_request_token"),  # the same token never makes two HITs
    Index(None, "access_key_id", "created_at"),
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
