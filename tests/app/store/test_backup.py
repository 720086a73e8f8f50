"""A backup holds one moment of a study that goes on, and makes either kind of database what it was."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import insert, select, text

from app import restoring
from app.archive import ArchiveWrong, Header, read_header
from app.restoring import NotEmpty
from app.store.backup import InUse, back_up, bring_back, count_rows
from app.store.database import Database
from app.store.events import note_event
from app.store.identities import own_id
from app.store.lock import hands
from app.store.progress import judgment_rows
from app.store.revisions import configuration, require_newest, upgrade
from app.tables import Base, EventRow, PayoutRow, WishRow, WorkerRow
from hits.judgment import Said
from hits.judgments_csv import write_judgments
from tests.app.store.conftest import SEALING


@pytest.fixture
def walked(launched: Callable[..., object]) -> object:
    """A study with everything in it that a database can hold: times, days, JSON, numbers, nothing."""
    study = launched(pairs=6, policy="fixed", trials_per_hit=3, checks_per_hit=0)
    for worker in ("W1", "W2"):
        begun = study.begin(0, worker)
        study.do_all(begun, Said("different", "same", 2, 3))
        study.hand_in(begun)
    study.begin(1, "W3")
    with study.database.writing() as session:
        worker = session.scalars(select(WorkerRow.worker)).first()
        session.add(
            PayoutRow(
                payout_id="p",
                worker=worker,
                amount_minor=5,
                reference="ä\n\u2028",
                paid_on=study.now.date(),
                made_at=study.now,
            )
        )
        session.add(WishRow(at=study.now, kind="pay", detail={"é": [1, None, 0.1]}, state="done"))
        note_event(session, "note", "first")
    return study


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind, without tables."""
    (tmp_path / "else").mkdir()
    url = f"sqlite:///{tmp_path / 'else' / 'study.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("another_postgresql_url")
    made = Database(url, lambda: SEALING)
    yield made
    made.dispose()


@pytest.fixture
def another_postgresql_url(postgresql_server: str) -> str:
    from uuid import uuid4

    import psycopg
    from sqlalchemy.engine import make_url

    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading() as session:
        return {
            table.name: sorted((tuple(map(str, row)) for row in session.execute(select(table))), key=str)
            for table in Base.metadata.sorted_tables
            if table.name != "locks"
        }


def backed_up(study, path: Path) -> Header:
    return back_up(study.database, path, {}, lambda _done: None)


def test_either_kind_of_database_becomes_what_it_was(walked, elsewhere: Database, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    steps: list[int] = []
    header = back_up(walked.database, path, {}, steps.append)
    assert steps[-1] == header.rows == count_rows(walked.database)
    bring_back(elsewhere, path, read_header(path), force=False)
    require_newest(elsewhere)
    assert contents(elsewhere) == contents(walked.database)
    with walked.database.reading() as one, elsewhere.reading() as other:
        write_judgments(judgment_rows(one), tmp_path / "one.csv")
        write_judgments(judgment_rows(other), tmp_path / "other.csv")
        kept = other.scalars(select(WorkerRow.platform_worker_id)).all()
        assert {own_id(other, one) for one in kept} == {"W1", "W2", "W3"}
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_a_restored_study_goes_on_where_it_was(walked, elsewhere: Database, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    backed_up(walked, path)
    bring_back(elsewhere, path, read_header(path), force=False)
    with elsewhere.writing() as session:
        note_event(session, "note", "second")  # its number is the next one, not one that is taken
    with elsewhere.reading() as session:
        assert session.scalars(select(EventRow.text).order_by(EventRow.event_id)).all()[-1] == "second"
    study = replace(walked, database=elsewhere)
    study.do_all(study.begin(1, "W3"))


def test_a_backup_holds_one_moment_while_others_write(walked, tmp_path: Path) -> None:
    before = contents(walked.database)
    path = tmp_path / "b.zip"

    def meddle(done: int) -> None:
        if done == 0:
            return
        with walked.database.writing() as session:
            note_event(session, "note", f"meanwhile {done}")

    header = back_up(walked.database, path, {}, meddle)
    assert header.counts["events"] == len(before["events"])
    assert count_rows(walked.database) > header.rows


def test_a_database_with_rows_is_replaced_only_by_force(walked, elsewhere: Database, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    backed_up(walked, path)
    upgrade(elsewhere)
    with elsewhere.writing() as session:
        note_event(session, "note", "mine")
    with pytest.raises(NotEmpty, match="rows in events"):
        bring_back(elsewhere, path, read_header(path), force=False)
    bring_back(elsewhere, path, read_header(path), force=True)
    assert contents(elsewhere) == contents(walked.database)


def test_a_restore_that_breaks_leaves_the_old_database(
    walked, elsewhere: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "b.zip"
    backed_up(walked, path)
    upgrade(elsewhere)
    with elsewhere.writing() as session:
        note_event(session, "note", "mine")
    before = contents(elsewhere)

    def half(connection, *rest: object) -> None:
        connection.execute(insert(EventRow.__table__).values(at=datetime.now(UTC), kind="x", text="half"))
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(restoring, "fill", half)
        with pytest.raises(RuntimeError, match="the power went"):
            bring_back(elsewhere, path, read_header(path), force=True)
    assert contents(elsewhere) == before
    bring_back(elsewhere, path, read_header(path), force=True)  # and the next one finds nothing in its way
    assert contents(elsewhere) == contents(walked.database)


def test_nobody_s_database_is_replaced_under_their_hands(walked, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    backed_up(walked, path)
    with hands(walked.database), pytest.raises(InUse, match="earwitness serve"):
        bring_back(walked.database, path, read_header(path), force=True)


def test_who_held_the_hands_is_not_brought_back(walked, elsewhere: Database, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with hands(walked.database):
        backed_up(walked, path)
    bring_back(elsewhere, path, read_header(path), force=False)
    with hands(elsewhere, wait_s=0):
        pass


def test_a_backup_of_older_tables_is_restored_and_upgraded(elsewhere: Database, tmp_path: Path) -> None:
    old = Database(f"sqlite:///{tmp_path / 'old.db'}", lambda: SEALING)
    command.upgrade(configuration(old), "0002")
    with old.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO events (at, kind, text) VALUES (:at, 'note', 'from before')"),
            {"at": "2029-12-31 23:00:00.000000"},
        )
    path = tmp_path / "b.zip"
    _old_backup(old, path)
    old.dispose()
    bring_back(elsewhere, path, read_header(path), force=False)
    require_newest(elsewhere)
    with elsewhere.reading() as session:
        row = session.scalars(select(EventRow)).one()
        assert (row.text, row.researcher) == ("from before", None)
        assert row.at == datetime(2029, 12, 31, 23, tzinfo=UTC)


def _old_backup(database: Database, path: Path) -> None:
    from sqlalchemy import MetaData

    from app.archive import write_archive

    tables = MetaData()
    tables.reflect(database.engine)
    tables.remove(tables.tables["alembic_version"])
    with database.one_state() as connection:
        write_archive(connection, tables, path, kind="study", revision="0002", notes={}, left_out=("locks",))


def damaged(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of a backup with one member changed."""
    other = path.with_name("damaged.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return other


def test_a_damaged_backup_and_what_is_none_are_refused_before_anything_is_touched(walked, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    backed_up(walked, path)
    with pytest.raises(ArchiveWrong, match="rows of workers are not those"):
        read_header(damaged(path, "tables/workers.jsonl", lambda rows: rows[:-20]))
    with pytest.raises(ArchiveWrong, match="this release reads 1"):
        read_header(damaged(path, "backup.json", lambda said: said.replace(b'"version": 1', b'"version": 9')))
    (tmp_path / "x").write_text("no backup")
    with pytest.raises(ArchiveWrong, match="no backup of earwitness"):
        read_header(tmp_path / "x")


def test_a_backup_of_tables_that_only_a_newer_version_knows_is_refused(
    walked, elsewhere: Database, tmp_path: Path
) -> None:
    path = tmp_path / "b.zip"
    backed_up(walked, path)
    newer = damaged(path, "backup.json", lambda said: json.dumps({**json.loads(said), "revision": "9999"}).encode())
    with pytest.raises(ArchiveWrong, match="only a newer version knows"):
        bring_back(elsewhere, newer, read_header(newer), force=False)


def test_a_backup_that_breaks_off_leaves_the_older_one(walked, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    backed_up(walked, path)
    whole = path.read_bytes()

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(walked.database, path, {}, stop)
    assert path.read_bytes() == whole
    assert [one.name for one in tmp_path.glob("*b.zip*")] == ["b.zip"]


def test_ids_stay_sealed_in_a_backup(walked, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    walked.begin(1, "A3KNOWNWORKERID", assignment="A9")
    backed_up(walked, path)
    with zipfile.ZipFile(path) as archive:
        assert all(b"A3KNOWNWORKERID" not in archive.read(name) for name in archive.namelist())
