"""Hands of researchers: wishes, roles, tokens, payouts; news of platforms, and clips in object storage.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ASSIGNMENTS = "'accepted', 'finished', 'submitted', 'approved', 'rejected', 'withdrawn', 'screened-out'"
PAYMENTS = "'planned', 'sent', 'confirmed', 'unknown', 'refused'"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "media",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("path", "variant", name=op.f("pk_media")),
        sa.UniqueConstraint("object_key", name=op.f("uq_media_object_key")),
    )
    op.create_table(
        "platform_news",
        sa.Column("news_id", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("news_id", name=op.f("pk_platform_news")),
    )
    with op.batch_alter_table("platform_news", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_platform_news_handled_at"), ["handled_at"], unique=False)

    op.create_table(
        "wishes",
        sa.Column("wish_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("researcher", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'refused')", name=op.f("ck_wishes_state")),
        sa.PrimaryKeyConstraint("wish_id", name=op.f("pk_wishes")),
    )
    with op.batch_alter_table("wishes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wishes_state"), ["state"], unique=False)

    op.create_table(
        "api_tokens",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("researcher", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["researcher"], ["researchers.name"], name=op.f("fk_api_tokens_researcher_researchers")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_api_tokens")),
    )
    op.create_table(
        "payouts",
        sa.Column("payout_id", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["worker"], ["workers.worker"], name=op.f("fk_payouts_worker_workers")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_payouts")),
    )
    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payouts_worker"), ["worker"], unique=False)

    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rejected_because", sa.String(), nullable=False, server_default=""))
        _states(batch_op, "assignments", f"{ASSIGNMENTS}, 'returned', 'expired'")

    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("researcher", sa.String(), nullable=True))

    with op.batch_alter_table("hits", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wave", sa.Integer(), nullable=False, server_default="1"))

    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("handle", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("made_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("payout_id", sa.String(), nullable=True))
        batch_op.create_index(batch_op.f("ix_payments_payout_id"), ["payout_id"], unique=False)
        _states(batch_op, "payments", f"{PAYMENTS}, 'dropped'")
        batch_op.create_foreign_key(
            batch_op.f("fk_payments_payout_id_payouts"), "payouts", ["payout_id"], ["payout_id"]
        )

    with op.batch_alter_table("researchers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("role", sa.String(), nullable=False, server_default="owner"))
        batch_op.create_check_constraint(batch_op.f("ck_researchers_role"), "role IN ('owner', 'viewer')")

    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("distrusted_because", sa.String(), nullable=False, server_default=""))
        batch_op.alter_column("platform_worker_id", existing_type=sa.VARCHAR(), nullable=True)
        batch_op.drop_constraint(batch_op.f("uq_workers_platform_platform_worker_id"), type_="unique")


def downgrade() -> None:
    """Undo. Forgotten workers stay forgotten; dropped payments become refused ones."""
    op.execute("UPDATE workers SET platform_worker_id = worker WHERE platform_worker_id IS NULL")
    op.execute("UPDATE payments SET state = 'refused' WHERE state = 'dropped'")
    op.execute("UPDATE assignments SET state = 'accepted' WHERE state IN ('returned', 'expired')")
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.create_unique_constraint(
            batch_op.f("uq_workers_platform_platform_worker_id"), ["platform", "platform_worker_id"]
        )
        batch_op.alter_column("platform_worker_id", existing_type=sa.VARCHAR(), nullable=False)
        batch_op.drop_column("distrusted_because")

    with op.batch_alter_table("researchers", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_researchers_role"), type_="check")
        batch_op.drop_column("role")

    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_payments_payout_id_payouts"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_payments_payout_id"))
        batch_op.drop_column("payout_id")
        _states(batch_op, "payments", PAYMENTS)
        batch_op.drop_column("made_by")
        batch_op.drop_column("handle")
        batch_op.drop_column("reason")

    with op.batch_alter_table("hits", schema=None) as batch_op:
        batch_op.drop_column("wave")

    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_column("researcher")

    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.drop_column("rejected_because")
        _states(batch_op, "assignments", ASSIGNMENTS)

    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payouts_worker"))

    op.drop_table("payouts")
    op.drop_table("api_tokens")
    with op.batch_alter_table("wishes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wishes_state"))

    op.drop_table("wishes")
    with op.batch_alter_table("platform_news", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_platform_news_handled_at"))

    op.drop_table("platform_news")
    op.drop_table("media")


def _states(batch_op, table: str, states: str) -> None:  # type: ignore[no-untyped-def]
    """The states that a table's rows may have."""
    name = batch_op.f(f"ck_{table}_state")
    batch_op.drop_constraint(name, type_="check")
    batch_op.create_check_constraint(name, f"state IN ({states})")
