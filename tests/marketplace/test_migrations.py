"""The tables and their history agree, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from app.marketplace.administration import add_invite, add_requester, alembic_config, knows, upgrade
from app.marketplace.factory import create_marketplace
from app.marketplace.store.engine import Store
from app.marketplace.store.hit_types import find_type
from app.marketplace.store.hits import find_hit
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


def test_hits_of_an_older_marketplace_keep_their_type(any_url: str) -> None:
    store = Store(any_url)
    with store.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001_first_tables")
        old = MetaData()
        old.reflect(connection)
        now, key = datetime(2030, 1, 1, tzinfo=UTC), {"access_key_id": "EWAK1"}
        purse = {"secret_access_key": "s", "name": "A lab", "deposited_minor": 100, "created_at": now}
        connection.execute(old.tables["requesters"].insert(), {**key, **purse})
        words = dict.fromkeys(("title", "description", "keywords", "question", "annotation"), "w")
        counts = {"reward_minor": 5, "fee_minor": 1, "max_assignments": 1, "assignment_duration_s": 60}
        hit = {**key, **words, **counts, "auto_approval_delay_s": 60, "qualification_requirements": []}
        for hit_id, type_id in (("3A", "3T1"), ("3B", "3T1"), ("3C", "3T2")):
            row = {**hit, "hit_id": hit_id, "hit_type_id": type_id, "created_at": now, "expires_at": now}
            connection.execute(old.tables["hits"].insert(), row)
    upgrade(any_url)
    with store.read() as connection:
        found = [find_type(connection, type_id) for type_id in ("3T1", "3T2")]
        hit_found = find_hit(connection, "3B")
    store.close()
    assert [None if one is None else (one.reward_minor, one.qualification_requirements) for one in found] == [
        (5, [])
    ] * 2
    assert hit_found is not None
    assert (hit_found.reviewing, hit_found.hit_type_id) == (False, "3T1")
