"""The way to the first trial, ratings of both clips, and leaving.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ASSIGNMENTS = "'accepted', 'finished', 'submitted', 'approved', 'rejected'"
TRIALS = "'reserved', 'open', 'answered'"


def upgrade() -> None:
    """Apply. What was there gets the paper's way of rating, and no answers deleted."""
    op.create_table(
        "steps",
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("assignment_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'passed', 'failed')", name=op.f("ck_steps_state")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.assignment_id"], name=op.f("fk_steps_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["worker"], ["workers.worker"], name=op.f("fk_steps_worker_workers")),
        sa.PrimaryKeyConstraint("worker", "step", name=op.f("pk_steps")),
    )
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_steps_assignment_id"), ["assignment_id"], unique=False)
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answers_deleted", sa.Boolean(), nullable=False, server_default=sa.false()))
        _states(batch_op, "assignments", f"{ASSIGNMENTS}, 'withdrawn', 'screened-out'")
    with op.batch_alter_table("judgments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("original_activation_rating", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("original_valence_rating", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("scale", sa.String(), nullable=False, server_default="manikins"))
        for rating in ("activation_rating", "valence_rating"):
            batch_op.alter_column(rating, existing_type=sa.Integer(), type_=sa.Double(), existing_nullable=True)
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rate", sa.String(), nullable=False, server_default="noisy-if-different"))
        _states(batch_op, "trials", f"{TRIALS}, 'released'")
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(), nullable=True))


def downgrade() -> None:
    """Undo. Work that was left or screened out becomes work that was never handed in."""
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.drop_column("language")
    op.execute("UPDATE trials SET state = 'reserved' WHERE state = 'released'")
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.drop_column("rate")
        _states(batch_op, "trials", TRIALS)
    with op.batch_alter_table("judgments", schema=None) as batch_op:
        for rating in ("valence_rating", "activation_rating"):
            batch_op.alter_column(rating, existing_type=sa.Double(), type_=sa.Integer(), existing_nullable=True)
        for column in ("scale", "original_valence_rating", "original_activation_rating"):
            batch_op.drop_column(column)
    op.execute("UPDATE assignments SET state = 'accepted' WHERE state IN ('withdrawn', 'screened-out')")
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.drop_column("answers_deleted")
        _states(batch_op, "assignments", ASSIGNMENTS)
    op.drop_table("steps")


def _states(batch_op, table: str, states: str) -> None:  # type: ignore[no-untyped-def]
    """The states that a table's rows may have."""
    name = batch_op.f(f"ck_{table}_state")
    batch_op.drop_constraint(name, type_="check")
    batch_op.create_check_constraint(name, f"state IN ({states})")
