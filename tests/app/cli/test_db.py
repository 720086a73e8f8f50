"""Backup, restore and forgetting, by the commands that a person types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.sealing import new_seal_key, worker_key
from app.settings import Settings
from app.store.events import note_event
from app.tables import WorkerRow
from app.wiring import open_marketplace, requesters, wire
from tests.app.store.conftest import NOW


def study_folder(path: Path) -> Path:
    """A folder with a design, and nothing else."""
    path.mkdir()
    (path / "study.toml").write_text(
        f'[corpus]\nname = "demo"\npath = "{path}"\n[[sounds]]\nname = "demo"\npath = "{path}"\n'
    )
    return path


@pytest.fixture
def folder(tmp_path: Path, earwitness: Callable[..., object]) -> Path:
    """A study with one worker in its database."""
    folder = study_folder(tmp_path / "s")
    assert earwitness("db", "upgrade", "--study", folder).code == 0
    wired = wire(folder, Settings())
    key = wired.folder.keys().secret_key
    with wired.database.writing() as session:
        row = {"platform": "mturk", "simulated": False, "first_seen_at": NOW}
        session.add(WorkerRow(worker=worker_key("mturk", "A1KNOWN", key), platform_worker_id="A1KNOWN", **row))
        note_event(session, "note", "it began")
    wired.database.dispose()
    return folder


def test_ids_from_before_are_sealed_by_the_first_command_that_opens_the_study(folder: Path, earwitness) -> None:
    assert "1 workers' ids were kept as they came" in earwitness("hits", "status", "--study", folder).err
    assert earwitness("hits", "status", "--study", folder).err == ""
    assert b"A1KNOWN" not in b"".join(path.read_bytes() for path in folder.glob("study.db*"))


def test_a_key_moves_to_the_environment_by_an_upgrade(folder: Path, earwitness, monkeypatch) -> None:
    earwitness("hits", "status", "--study", folder)
    monkeypatch.setenv("EARWITNESS_SEAL_KEY", new_seal_key())
    assert "1 workers' ids were sealed with the newest key" in earwitness("db", "upgrade", "--study", folder).err
    monkeypatch.setenv("EARWITNESS_SEAL_KEY", new_seal_key())  # the wrong one, and the older one is not there
    said = earwitness("hits", "status", "--study", folder)
    assert said.code == 0
    assert "no key opens the ids of 1 workers" in said.err


def test_a_worker_is_listed_by_hash_and_forgotten_once(folder: Path, earwitness) -> None:
    listed = earwitness("workers", "list", "--study", folder)
    assert "sealed" in listed.out
    assert "A1KNOWN" not in listed.out + listed.err
    assert "forgotten" in earwitness("workers", "forget", "A1KNOWN", "--study", folder, "--yes").err
    again = earwitness("workers", "forget", "A1KNOWN", "--study", folder, "--yes")
    assert again.code == 1
    assert "has neither any more" in again.err
    assert "forgotten" in earwitness("workers", "list", "--study", folder).out


def test_a_study_is_backed_up_and_comes_back_elsewhere_with_a_word_on_what_does_not_fit(
    folder: Path, earwitness, tmp_path: Path
) -> None:
    file = tmp_path / "study.zip"
    assert "Keep" in earwitness("db", "backup", file, "--study", folder).err
    other = study_folder(tmp_path / "other")
    said = earwitness("db", "restore", file, "--study", other)
    assert said.code == 0
    assert "keys.json is not the one of the backup" in said.err
    assert "study.toml is not the one" in said.err
    (other / "keys.json").write_bytes((folder / "keys.json").read_bytes())
    (other / "study.toml").write_bytes((folder / "study.toml").read_bytes())
    again = earwitness("db", "restore", file, "--study", other)
    assert again.code == 1
    assert "is not empty" in again.err
    forced = earwitness("db", "restore", file, "--study", other, "--force")
    assert forced.code == 0
    assert "not the one" not in forced.err
    assert earwitness("workers", "list", "--study", other).out == earwitness("workers", "list", "--study", folder).out


def test_the_marketplace_is_backed_up_and_comes_back(folder: Path, earwitness, tmp_path: Path) -> None:
    (folder / "marketplace.db").touch()  # of this study alone
    wired = wire(folder, Settings())
    open_marketplace(wired)
    wired.database.dispose()
    file = tmp_path / "market.zip"
    assert earwitness("db", "backup", file, "--marketplace", "--study", folder).code == 0
    before = requesters(folder, Settings())
    for path in folder.glob("marketplace.db*"):
        path.unlink()
    (folder / "marketplace.db").touch()
    said = earwitness("db", "restore", file, "--study", folder)
    assert said.code == 0, said.err
    assert requesters(folder, Settings()) == before
    assert earwitness("db", "restore", file, "--study", folder).code == 1


def test_the_marketplace_comes_back_on_postgresql(
    folder: Path, earwitness, tmp_path: Path, postgresql_url: str, monkeypatch
) -> None:
    (folder / "marketplace.db").touch()
    wired = wire(folder, Settings())
    open_marketplace(wired)
    wired.database.dispose()
    file = tmp_path / "market.zip"
    assert earwitness("db", "backup", file, "--marketplace", "--study", folder).code == 0
    before = requesters(folder, Settings())
    monkeypatch.setenv("MARKETPLACE_DATABASE_URL", postgresql_url)
    said = earwitness("db", "restore", file, "--study", folder)
    assert said.code == 0, said.err
    assert requesters(folder, Settings(marketplace_database_url=postgresql_url)) == before


def test_what_is_no_backup_is_one_sentence(folder: Path, earwitness) -> None:
    said = earwitness("db", "restore", folder / "study.toml", "--study", folder)
    assert said.code == 1
    assert "is no backup of earwitness" in said.err
