"""The tables and their history agree, on SQLite and on PostgreSQL."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.marketplace.administration import add_invite, add_requester, alembic_config, knows, upgrade
from app.marketplace.factory import create_marketplace
from app.marketplace.store.engine import Store
from app.marketplace.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'marketplace.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


def test_the_revisions_make_exactly_the_tables(any_url: str) -> None:
    upgrade(any_url)
    store = Store(any_url)
    with store.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "alembic_version_marketplace", "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []
    store.close()


def test_the_revisions_can_be_undone(any_url: str) -> None:
    upgrade(any_url)
    store = Store(any_url)
    with store.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert not store.has_tables()
    store.close()
    upgrade(any_url)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_revisions_can_be_printed_without_a_database(dialect: str) -> None:
    config = alembic_config()
    config.output_buffer = StringIO()
    config.attributes["dialect_name"] = dialect
    command.upgrade(config, "head", sql=True)
    assert "CREATE TABLE requesters" in config.output_buffer.getvalue()


def test_a_worker_can_come_in_on_either_database(any_url: str) -> None:
    upgrade(any_url)
    key, _secret = add_requester(any_url, "A lab", 100)
    code = add_invite(any_url, key, uses=1)
    assert knows(any_url, key)
    assert not knows(any_url, "EWAKNOBODY")
    app: Any = create_marketplace(any_url, "secret", "http://127.0.0.1:5000")
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert client.post(f"/invite/{code}", follow_redirects=True).status_code == 200
    assert client.get("/earnings").status_code == 200
    app.extensions["marketplace"].store.close()
