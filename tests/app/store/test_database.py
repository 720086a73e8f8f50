"""The database opens, upgrades, locks, and says in a sentence why it does not."""

from __future__ import annotations

import sys
import threading
import time
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.store.database import Database, DatabaseUnusable
from app.store.events import fact, keep_fact, latest_events, note_event
from app.store.lock import HandsBusy, hands
from app.store.people import PasswordRefused, check_password, make_link, redeem_link, set_password
from app.store.revisions import configuration, newest_revision, require_newest, upgrade
from app.tables import Base
from migrations.study.__main__ import main


def test_the_revisions_make_exactly_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_no_revision_is_written_where_no_table_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    versions = Path(str(files("migrations.study"))) / "versions"
    before = sorted(versions.iterdir())
    monkeypatch.setattr(sys, "argv", ["migrations.study", "for nothing"])
    main()
    assert sorted(versions.iterdir()) == before
    assert "nothing changed, no revision is written" in capsys.readouterr().err


def test_upgrading_again_changes_nothing(database: Database) -> None:
    newest = newest_revision(database)
    assert upgrade(database) == (newest, newest)


def test_the_revisions_can_be_undone(database: Database) -> None:
    command.downgrade(configuration(database), "base")
    assert database.revision() is None
    upgrade(database)
    require_newest(database)


def test_what_the_first_version_kept_is_still_there_after_an_upgrade(database: Database) -> None:
    command.downgrade(configuration(database), "0001")
    at = "'2026-01-31 12:00:00'"
    with database.engine.begin() as connection:
        for row in (
            "pairs VALUES ('p', 'c', 'nat-st', 'nat', 10, 'study', 'o', 'n', 1, 1, false)",
            f"hits VALUES ('h', 'mturk', '3H', 't', 'fixed', 'open', 1, 1, 16, {at}, {at}, {at})",
            f"workers VALUES ('w', 'mturk', 'AW', false, 0, 0, true, {at})",
            f"assignments VALUES ('a', 'h', 'w', '3A', NULL, 'finished', '', {at}, {at}, {at}, NULL)",
            f"trials VALUES ('t', 'a', 1, 'p', 'study', 'original-first', 'answered', 'n', {at}, {at})",
            "judgments VALUES "
            f"('j', 't', 'p', 'w', 'a', 'study', 'original-first', 'different', 'same', 4, 2, 2, 3, {at}, false)",
        ):
            connection.execute(text(f"INSERT INTO {row}"))
    upgrade(database)

    with database.engine.begin() as connection:
        kept = connection.execute(text("SELECT activation_rating, scale, original_valence_rating FROM judgments")).one()
        assert tuple(kept) == (4, "manikins", None)
        assert connection.execute(text("SELECT rate FROM trials")).scalar_one() == "noisy-if-different"
        connection.execute(text("UPDATE assignments SET state = 'withdrawn'"))
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        connection.execute(text("UPDATE assignments SET state = 'lost'"))


def test_tables_of_another_version_are_refused_with_what_to_do(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match="9999.*db upgrade"):
        require_newest(database)
    with pytest.raises(DatabaseUnusable, match="does not know"):
        upgrade(database)


def test_an_empty_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(DatabaseUnusable, match="earwitness db upgrade"):
        require_newest(empty)
    empty.dispose()


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x", "sqlite:////no/such/folder/study.db"])
def test_a_url_that_leads_nowhere_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(DatabaseUnusable):
        Database(url).require_tables()


def test_a_database_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        Database(f"sqlite:///{tmp_path / 'study.db'}").require_tables()


def test_what_fails_half_way_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        note_event(session, "test", "half")
        session.flush()
        raise ZeroDivisionError
    with database.reading() as session:
        assert latest_events(session) == []


def test_a_fact_is_kept_and_replaced(database: Database) -> None:
    for value in (1, 2):
        with database.writing() as session:
            keep_fact(session, "x", {"value": value})
    with database.reading() as session:
        assert fact(session, "x") == {"value": 2}


def test_only_one_pair_of_hands_works_at_a_time(database: Database) -> None:
    at_work, most = 0, 0

    def turn() -> None:
        nonlocal at_work, most
        with hands(database, wait_s=30):
            at_work += 1
            most = max(most, at_work)
            time.sleep(0.05)
            at_work -= 1

    threads = [threading.Thread(target=turn) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_who_waits_is_told_for_whom_and_gives_up_in_a_sentence(database: Database) -> None:
    told: list[str] = []
    with hands(database), pytest.raises(HandsBusy, match="did not finish within"), hands(database, 0.3, told.append):
        pytest.fail("two pairs of hands")
    assert len(told) == 1
    assert "waiting for process" in told[0]


def test_the_lock_of_a_dead_process_runs_out(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("INSERT INTO locks VALUES ('hands', 'a dead process', '2020-01-01 00:00:00+00:00')"))
    with hands(database, wait_s=1) as held:
        held.renew()


def test_a_holder_whose_lease_was_taken_is_stopped(database: Database) -> None:
    with hands(database) as held:
        with database.writing() as session:
            session.execute(text("UPDATE locks SET holder = 'somebody else'"))
        with pytest.raises(HandsBusy, match="another process took it"):
            held.renew()


def test_a_password_opens_and_another_does_not(database: Database) -> None:
    with database.writing() as session:
        set_password(session, "ada", "correct horse")
    with database.reading() as session:
        assert check_password(session, "ada", "correct horse")
        assert not check_password(session, "ada", "wrong horse")
        assert not check_password(session, "eve", "correct horse")


def test_a_short_password_is_refused_with_its_length(database: Database) -> None:
    with pytest.raises(PasswordRefused, match="has 3 characters"), database.writing() as session:
        set_password(session, "ada", "abc")


def test_a_sign_in_link_works_once(database: Database) -> None:
    with database.writing() as session:
        token = make_link(session, "ada")
    with database.writing() as session:
        assert redeem_link(session, token) == "ada"
    with database.writing() as session:
        assert redeem_link(session, token) is None
        assert redeem_link(session, "invented") is None


def test_a_line_that_the_server_closed_while_it_rested_is_opened_anew(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.database.RESTED_S", 0.0)
    database, other = Database(postgresql_url), Database(postgresql_url)
    with database.reading() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with other.writing() as session:
        assert session.scalar(text(f"SELECT pg_terminate_backend({pid}, 2000)"))

    with database.reading() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != pid
    database.dispose()
    other.dispose()
