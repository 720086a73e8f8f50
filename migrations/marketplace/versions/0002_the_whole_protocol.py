"""The rest of MTurk's protocol: HIT types, qualifications, blocks, messages, notifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_the_whole_protocol"
down_revision = "0001_first_tables"
branch_labels = None
depends_on = None

NEW_TABLES = (
    "events",
    "notification_settings",
    "messages",
    "worker_blocks",
    "qualification_requests",
    "qualifications",
    "qualification_types",
    "extensions",
    "hit_types",
)
#: A HIT's type was only a hash of its properties; each becomes a row, taken from any of its HITs.
KEEP_HIT_TYPES = """
INSERT INTO hit_types (hit_type_id, access_key_id, title, description, keywords, reward_minor,
                       assignment_duration_s, auto_approval_delay_s, qualification_requirements, created_at)
SELECT hit_type_id, access_key_id, title, description, keywords, reward_minor,
       assignment_duration_s, auto_approval_delay_s, qualification_requirements, created_at
FROM hits AS one
WHERE hit_id = (SELECT MIN(hit_id) FROM hits AS other WHERE other.hit_type_id = one.hit_type_id)
"""


def upgrade() -> None:
    """Make them, those that others refer to first."""
    _widen_hits()
    _widen_workers()
    _create_hit_types()
    _create_extensions()
    _create_qualification_types()
    _create_qualifications()
    _create_qualification_requests()
    _create_worker_blocks()
    _create_messages()
    _create_notification_settings()
    _create_events()


def downgrade() -> None:
    """Drop them, in the opposite order."""
    for table in NEW_TABLES:
        op.drop_table(table)
    for column in ("adult", "subdivision", "country"):
        op.drop_column("workers", column)
    op.drop_index(op.f("ix_hits_hit_type_id"), "hits")
    for column in ("reviewable_told", "expiry_told", "reviewing"):
        op.drop_column("hits", column)


def _widen_hits() -> None:
    for column in ("reviewing", "expiry_told", "reviewable_told"):
        op.add_column("hits", sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(op.f("ix_hits_hit_type_id"), "hits", ["hit_type_id"], unique=False)


def _widen_workers() -> None:
    op.add_column("workers", sa.Column("country", sa.String(length=2), nullable=True))
    op.add_column("workers", sa.Column("subdivision", sa.String(length=2), nullable=True))
    op.add_column("workers", sa.Column("adult", sa.Boolean(), nullable=True))


def _create_hit_types() -> None:
    op.create_table(
        "hit_types",
        sa.Column("hit_type_id", sa.String(length=64), nullable=False),
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("reward_minor", sa.BigInteger(), nullable=False),
        sa.Column("assignment_duration_s", sa.Integer(), nullable=False),
        sa.Column("auto_approval_delay_s", sa.Integer(), nullable=False),
        sa.Column("qualification_requirements", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["requesters.access_key_id"], name=op.f("fk_hit_types_access_key_id_requesters")
        ),
        sa.PrimaryKeyConstraint("hit_type_id", name=op.f("pk_hit_types")),
    )
    op.execute(KEEP_HIT_TYPES)


def _create_extensions() -> None:
    op.create_table(
        "extensions",
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("unique_request_token", sa.String(length=64), nullable=False),
        sa.Column("extension_id", sa.String(length=64), nullable=False),
        sa.Column("hit_id", sa.String(length=64), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["requesters.access_key_id"], name=op.f("fk_extensions_access_key_id_requesters")
        ),
        sa.ForeignKeyConstraint(["hit_id"], ["hits.hit_id"], name=op.f("fk_extensions_hit_id_hits")),
        sa.PrimaryKeyConstraint("access_key_id", "unique_request_token", name=op.f("pk_extensions")),
    )


def _create_qualification_types() -> None:
    op.create_table(
        "qualification_types",
        sa.Column("qualification_type_id", sa.String(length=64), nullable=False),
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("test", sa.Text(), nullable=True),
        sa.Column("answer_key", sa.Text(), nullable=True),
        sa.Column("test_duration_s", sa.Integer(), nullable=True),
        sa.Column("retry_delay_s", sa.Integer(), nullable=True),
        sa.Column("auto_granted", sa.Boolean(), nullable=False),
        sa.Column("auto_granted_value", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["access_key_id"],
            ["requesters.access_key_id"],
            name=op.f("fk_qualification_types_access_key_id_requesters"),
        ),
        sa.PrimaryKeyConstraint("qualification_type_id", name=op.f("pk_qualification_types")),
    )
    op.create_index(op.f("ix_qualification_types_created_at"), "qualification_types", ["created_at"], unique=False)
    op.create_index(
        "uq_qualification_types_name",
        "qualification_types",
        ["access_key_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _create_qualifications() -> None:
    op.create_table(
        "qualifications",
        sa.Column("qualification_type_id", sa.String(length=64), nullable=False),
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["qualification_type_id"],
            ["qualification_types.qualification_type_id"],
            name=op.f("fk_qualifications_qualification_type_id_qualification_types"),
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.worker_id"], name=op.f("fk_qualifications_worker_id_workers")),
        sa.PrimaryKeyConstraint("qualification_type_id", "worker_id", name=op.f("pk_qualifications")),
    )
    op.create_index(op.f("ix_qualifications_worker_id"), "qualifications", ["worker_id"], unique=False)


def _create_qualification_requests() -> None:
    op.create_table(
        "qualification_requests",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("qualification_type_id", sa.String(length=64), nullable=False),
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("test", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('Begun', 'Pending', 'Granted', 'Rejected')", name=op.f("ck_qualification_requests_status")
        ),
        sa.ForeignKeyConstraint(
            ["qualification_type_id"],
            ["qualification_types.qualification_type_id"],
            name="fk_qualification_requests_type",
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["workers.worker_id"], name=op.f("fk_qualification_requests_worker_id_workers")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_qualification_requests")),
    )
    op.create_index(op.f("ix_qualification_requests_worker_id"), "qualification_requests", ["worker_id"], unique=False)
    op.create_index(
        "ix_qualification_requests_status",
        "qualification_requests",
        ["qualification_type_id", "status", "submitted_at"],
        unique=False,
    )
    op.create_index(
        "uq_qualification_requests_one_open_each",
        "qualification_requests",
        ["qualification_type_id", "worker_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('Begun', 'Pending')"),
        postgresql_where=sa.text("status IN ('Begun', 'Pending')"),
    )


def _create_worker_blocks() -> None:
    op.create_table(
        "worker_blocks",
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["requesters.access_key_id"], name=op.f("fk_worker_blocks_access_key_id_requesters")
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.worker_id"], name=op.f("fk_worker_blocks_worker_id_workers")),
        sa.PrimaryKeyConstraint("access_key_id", "worker_id", name=op.f("pk_worker_blocks")),
    )


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["requesters.access_key_id"], name=op.f("fk_messages_access_key_id_requesters")
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.worker_id"], name=op.f("fk_messages_worker_id_workers")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_worker_id_sent_at"), "messages", ["worker_id", "sent_at"], unique=False)


def _create_notification_settings() -> None:
    op.create_table(
        "notification_settings",
        sa.Column("hit_type_id", sa.String(length=64), nullable=False),
        sa.Column("transport", sa.String(length=8), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hit_type_id"], ["hit_types.hit_type_id"], name=op.f("fk_notification_settings_hit_type_id_hit_types")
        ),
        sa.PrimaryKeyConstraint("hit_type_id", name=op.f("pk_notification_settings")),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("transport", sa.String(length=8), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_next_attempt_at"), "events", ["next_attempt_at"], unique=False)
