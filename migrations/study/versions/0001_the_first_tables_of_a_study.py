"""The first tables of a study.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "events",
        sa.Column("event_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_at"), ["at"], unique=False)

    op.create_table(
        "facts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_facts")),
    )
    op.create_table(
        "hits",
        sa.Column("hit_id", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("platform_hit_id", sa.String(), nullable=True),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("trials_per_hit", sa.Integer(), nullable=False),
        sa.Column("assignments_wanted", sa.Integer(), nullable=False),
        sa.Column("reward_minor", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'sent', 'open', 'closed')", name=op.f("ck_hits_state")),
        sa.PrimaryKeyConstraint("hit_id", name=op.f("pk_hits")),
        sa.UniqueConstraint("platform", "platform_hit_id", name=op.f("uq_hits_platform_platform_hit_id")),
        sa.UniqueConstraint("token", name=op.f("uq_hits_token")),
    )
    with op.batch_alter_table("hits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hits_state"), ["state"], unique=False)

    op.create_table(
        "locks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_locks")),
    )
    op.create_table(
        "pairs",
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("snr_db", sa.Double(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("original_path", sa.String(), nullable=False),
        sa.Column("noisy_path", sa.String(), nullable=False),
        sa.Column("original_length_s", sa.Double(), nullable=False),
        sa.Column("noisy_length_s", sa.Double(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pair_id", name=op.f("pk_pairs")),
    )
    with op.batch_alter_table("pairs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pairs_clip_id"), ["clip_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairs_condition"), ["condition"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairs_role"), ["role"], unique=False)

    op.create_table(
        "researchers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_researchers")),
    )
    op.create_table(
        "workers",
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("platform_worker_id", sa.String(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("checks_answered", sa.Integer(), nullable=False),
        sa.Column("checks_passed", sa.Integer(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_workers")),
        sa.UniqueConstraint("platform", "platform_worker_id", name=op.f("uq_workers_platform_platform_worker_id")),
    )
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.String(), nullable=False),
        sa.Column("hit_id", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("platform_assignment_id", sa.String(), nullable=False),
        sa.Column("submit_to", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('accepted', 'finished', 'submitted', 'approved', 'rejected')", name=op.f("ck_assignments_state")
        ),
        sa.ForeignKeyConstraint(["hit_id"], ["hits.hit_id"], name=op.f("fk_assignments_hit_id_hits")),
        sa.ForeignKeyConstraint(["worker"], ["workers.worker"], name=op.f("fk_assignments_worker_workers")),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_assignments")),
        sa.UniqueConstraint(
            "platform_assignment_id", "worker", name=op.f("uq_assignments_platform_assignment_id_worker")
        ),
    )
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignments_hit_id"), ["hit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignments_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignments_worker"), ["worker"], unique=False)

    op.create_table(
        "sign_in_links",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("researcher", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["researcher"], ["researchers.name"], name=op.f("fk_sign_in_links_researcher_researchers")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_links")),
    )
    op.create_table(
        "slots",
        sa.Column("hit_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("clip_order", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["hit_id"], ["hits.hit_id"], name=op.f("fk_slots_hit_id_hits")),
        sa.ForeignKeyConstraint(["pair_id"], ["pairs.pair_id"], name=op.f("fk_slots_pair_id_pairs")),
        sa.PrimaryKeyConstraint("hit_id", "position", name=op.f("pk_slots")),
    )
    op.create_table(
        "payments",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("assignment_id", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("fee_minor", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'sent', 'confirmed', 'unknown', 'refused')", name=op.f("ck_payments_state")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.assignment_id"], name=op.f("fk_payments_assignment_id_assignments")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_payments")),
    )
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payments_assignment_id"), ["assignment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payments_state"), ["state"], unique=False)

    op.create_table(
        "trials",
        sa.Column("trial_id", sa.String(), nullable=False),
        sa.Column("assignment_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("clip_order", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('reserved', 'open', 'answered')", name=op.f("ck_trials_state")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.assignment_id"], name=op.f("fk_trials_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["pair_id"], ["pairs.pair_id"], name=op.f("fk_trials_pair_id_pairs")),
        sa.PrimaryKeyConstraint("trial_id", name=op.f("pk_trials")),
        sa.UniqueConstraint("assignment_id", "pair_id", name=op.f("uq_trials_assignment_id_pair_id")),
        sa.UniqueConstraint("assignment_id", "position", name=op.f("uq_trials_assignment_id_position")),
    )
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trials_assignment_id"), ["assignment_id"], unique=False)
        batch_op.create_index("ix_trials_pair_id_state", ["pair_id", "state"], unique=False)

    op.create_table(
        "judgments",
        sa.Column("judgment_id", sa.String(), nullable=False),
        sa.Column("trial_id", sa.String(), nullable=False),
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("assignment_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("clip_order", sa.String(), nullable=False),
        sa.Column("activation", sa.String(), nullable=False),
        sa.Column("valence", sa.String(), nullable=False),
        sa.Column("activation_rating", sa.Integer(), nullable=True),
        sa.Column("valence_rating", sa.Integer(), nullable=True),
        sa.Column("listened_s", sa.Double(), nullable=False),
        sa.Column("elapsed_s", sa.Double(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.assignment_id"], name=op.f("fk_judgments_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["pair_id"], ["pairs.pair_id"], name=op.f("fk_judgments_pair_id_pairs")),
        sa.ForeignKeyConstraint(["trial_id"], ["trials.trial_id"], name=op.f("fk_judgments_trial_id_trials")),
        sa.ForeignKeyConstraint(["worker"], ["workers.worker"], name=op.f("fk_judgments_worker_workers")),
        sa.PrimaryKeyConstraint("judgment_id", name=op.f("pk_judgments")),
        sa.UniqueConstraint("trial_id", name=op.f("uq_judgments_trial_id")),
    )
    with op.batch_alter_table("judgments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_judgments_assignment_id"), ["assignment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_judgments_pair_id"), ["pair_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_judgments_submitted_at"), ["submitted_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_judgments_worker"), ["worker"], unique=False)


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("judgments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_judgments_worker"))
        batch_op.drop_index(batch_op.f("ix_judgments_submitted_at"))
        batch_op.drop_index(batch_op.f("ix_judgments_pair_id"))
        batch_op.drop_index(batch_op.f("ix_judgments_assignment_id"))

    op.drop_table("judgments")
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.drop_index("ix_trials_pair_id_state")
        batch_op.drop_index(batch_op.f("ix_trials_assignment_id"))

    op.drop_table("trials")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payments_state"))
        batch_op.drop_index(batch_op.f("ix_payments_assignment_id"))

    op.drop_table("payments")
    op.drop_table("slots")
    op.drop_table("sign_in_links")
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignments_worker"))
        batch_op.drop_index(batch_op.f("ix_assignments_state"))
        batch_op.drop_index(batch_op.f("ix_assignments_hit_id"))

    op.drop_table("assignments")
    op.drop_table("workers")
    op.drop_table("researchers")
    with op.batch_alter_table("pairs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pairs_role"))
        batch_op.drop_index(batch_op.f("ix_pairs_condition"))
        batch_op.drop_index(batch_op.f("ix_pairs_clip_id"))

    op.drop_table("pairs")
    op.drop_table("locks")
    with op.batch_alter_table("hits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hits_state"))

    op.drop_table("hits")
    op.drop_table("facts")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_at"))

    op.drop_table("events")
