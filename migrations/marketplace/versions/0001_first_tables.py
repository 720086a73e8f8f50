"""The first tables: requesters, invites, workers, memberships, HITs, assignments, payments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_first_tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them, those that others refer to first."""
    _create_requesters()
    _create_workers()
    _create_hits()
    _create_invites()
    _create_assignments()
    _create_memberships()
    _create_payments()


def downgrade() -> None:
    """Drop them, in the opposite order."""
    for table in ("payments", "memberships", "assignments", "invites", "hits", "workers", "requesters"):
        op.drop_table(table)


def _create_requesters() -> None:
    op.create_table(
        "requesters",
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("secret_access_key", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("deposited_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("access_key_id", name=op.f("pk_requesters")),
    )


def _create_workers() -> None:
    op.create_table(
        "workers",
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_workers")),
    )


def _create_hits() -> None:
    op.create_table(
        "hits",
        sa.Column("hit_id", sa.String(length=64), nullable=False),
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("hit_type_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("annotation", sa.Text(), nullable=False),
        sa.Column("reward_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("max_assignments", sa.Integer(), nullable=False),
        sa.Column("assignment_duration_s", sa.Integer(), nullable=False),
        sa.Column("auto_approval_delay_s", sa.Integer(), nullable=False),
        sa.Column("qualification_requirements", sa.JSON(), nullable=False),
        sa.Column("unique_request_token", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["requesters.access_key_id"], name=op.f("fk_hits_access_key_id_requesters")
        ),
        sa.PrimaryKeyConstraint("hit_id", name=op.f("pk_hits")),
        sa.UniqueConstraint(
            "access_key_id", "unique_request_token", name=op.f("uq_hits_access_key_id_unique_request_token")
        ),
    )
    op.create_index(op.f("ix_hits_access_key_id_created_at"), "hits", ["access_key_id", "created_at"], unique=False)


def _create_invites() -> None:
    op.create_table(
        "invites",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("uses_allowed", sa.Integer(), nullable=True),
        sa.Column("uses_made", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["requesters.access_key_id"], name=op.f("fk_invites_access_key_id_requesters")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_invites")),
    )


def _create_assignments() -> None:
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.String(length=64), nullable=False),
        sa.Column("hit_id", sa.String(length=64), nullable=False),
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("auto_approval_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["hit_id"], ["hits.hit_id"], name=op.f("fk_assignments_hit_id_hits")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.worker_id"], name=op.f("fk_assignments_worker_id_workers")),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_hit_id_status"), "assignments", ["hit_id", "status"], unique=False)
    op.create_index(
        op.f("ix_assignments_status_auto_approval_at"), "assignments", ["status", "auto_approval_at"], unique=False
    )
    op.create_index(op.f("ix_assignments_status_deadline"), "assignments", ["status", "deadline"], unique=False)
    op.create_index(op.f("ix_assignments_worker_id"), "assignments", ["worker_id"], unique=False)
    op.create_index(
        "uq_assignments_one_place_each",
        "assignments",
        ["hit_id", "worker_id"],
        unique=True,
        sqlite_where=sa.text("status NOT IN ('Returned', 'Abandoned')"),
        postgresql_where=sa.text("status NOT IN ('Returned', 'Abandoned')"),
    )


def _create_memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("invite_code", sa.String(length=64), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["requesters.access_key_id"], name=op.f("fk_memberships_access_key_id_requesters")
        ),
        sa.ForeignKeyConstraint(["invite_code"], ["invites.code"], name=op.f("fk_memberships_invite_code_invites")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.worker_id"], name=op.f("fk_memberships_worker_id_workers")),
        sa.PrimaryKeyConstraint("worker_id", "access_key_id", name=op.f("pk_memberships")),
    )


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("access_key_id", sa.String(length=64), nullable=False),
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("assignment_id", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("unique_request_token", sa.String(length=64), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reward', 'bonus')", name=op.f("ck_payments_kind")),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["requesters.access_key_id"], name=op.f("fk_payments_access_key_id_requesters")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.assignment_id"], name=op.f("fk_payments_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.worker_id"], name=op.f("fk_payments_worker_id_workers")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payments")),
        sa.UniqueConstraint(
            "access_key_id", "unique_request_token", name=op.f("uq_payments_access_key_id_unique_request_token")
        ),
    )
    op.create_index(op.f("ix_payments_assignment_id"), "payments", ["assignment_id"], unique=False)
    op.create_index(op.f("ix_payments_worker_id"), "payments", ["worker_id"], unique=False)
    op.create_index(
        "uq_payments_one_reward_each",
        "payments",
        ["assignment_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'reward'"),
        postgresql_where=sa.text("kind = 'reward'"),
    )
