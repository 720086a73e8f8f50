"""Pairs have places: the fixed order in which a sequential study asks about them.

Revision ID: 0004
Revises: 0003
"""

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PAIRS = sa.table(
    "pairs", sa.column("pair_id", sa.String), sa.column("condition", sa.String), sa.column("role", sa.String)
)


def upgrade() -> None:
    """Apply. Pairs that are there stand in an order that chance gave, the same on every machine."""
    with op.batch_alter_table("pairs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
    groups: dict[tuple[str, str], list[str]] = {}
    for pair_id, condition, role in op.get_bind().execute(sa.select(PAIRS)):
        groups.setdefault((role, condition if role == "study" else ""), []).append(pair_id)
    placed = [
        {"which": pair_id, "at": place}
        for pair_ids in groups.values()
        for place, pair_id in enumerate(sorted(pair_ids, key=lambda name: sha256(f"0/{name}".encode()).digest()))
    ]
    if placed:
        update = sa.text("UPDATE pairs SET place = :at WHERE pair_id = :which")
        op.get_bind().execute(update, placed)


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("pairs", schema=None) as batch_op:
        batch_op.drop_column("place")
