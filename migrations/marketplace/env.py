"""Run the marketplace's revisions on the connection that the caller hands in, or print them as SQL."""

from __future__ import annotations

from alembic import context

from app.marketplace.tables import metadata

VERSION_TABLE = "alembic_version_marketplace"  # so that no other branch's history is mistaken for this one


def run() -> None:
    """With a connection (`config.attributes["connection"]`) run; offline, for the dialect named there, print."""
    attributes = context.config.attributes
    if context.is_offline_mode():
        context.configure(
            dialect_name=attributes.get("dialect_name", "sqlite"),
            target_metadata=metadata,
            literal_binds=True,
            version_table=VERSION_TABLE,
        )
    else:
        context.configure(
            connection=attributes["connection"],
            target_metadata=metadata,
            render_as_batch=True,  # SQLite can't alter tables; batch mode copies them
            version_table=VERSION_TABLE,
        )
    with context.begin_transaction():
        context.run_migrations()


run()
