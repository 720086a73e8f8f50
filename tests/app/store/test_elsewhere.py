"""A query of somebody else's database: it gives rows, and nothing that it says changes anything there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from app.store.elsewhere import QueryRefused, foreign_rows
from hits.foreign_table import TableWrong

MADE = """CREATE TABLE votes (pair text, who text, heard boolean, said_at text, excited integer);
INSERT INTO votes VALUES ('p1', 'ada', true, '2024-05-01 10:00:00+00:00', 4), ('p2', 'ada', false, NULL, NULL);"""
Counted = Callable[[], int]


@pytest.fixture(params=["sqlite", "postgresql"])
def votes(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Counted]:
    """A lab's own database with two votes, and how many there are."""
    if request.param == "sqlite":
        path = tmp_path / "votes of the lab.db"
        with closing(sqlite3.connect(path)) as made:
            made.executescript(MADE)

        def count() -> int:
            with closing(sqlite3.connect(path)) as looked:
                return int(looked.execute("SELECT count(*) FROM votes").fetchone()[0])

        return f"sqlite:///{path}", count
    url = request.getfixturevalue("postgresql_url")
    with psycopg.connect(url) as connection:
        connection.execute(MADE)

    def counted() -> int:
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT count(*) FROM votes").fetchone()
            assert found is not None
            return int(found[0])

    return url, counted


def rows_of(url: str, query: str) -> list[dict[str, str]]:
    with foreign_rows(url, query) as table:
        return [dict(row.values) for row in table.rows]


def test_a_query_gives_rows_as_text_under_its_own_names(votes: tuple[str, Counted]) -> None:
    url, _ = votes
    query = "SELECT pair AS pair_id, who AS worker, said_at, excited, '10%:x' AS note FROM votes ORDER BY pair;"
    assert rows_of(url, query) == [
        {"pair_id": "p1", "worker": "ada", "said_at": "2024-05-01 10:00:00+00:00", "excited": "4", "note": "10%:x"},
        {"pair_id": "p2", "worker": "ada", "said_at": "", "excited": "", "note": "10%:x"},
    ]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM votes",
        "DELETE FROM votes RETURNING pair, who",
        "SELECT pair, who FROM votes; DELETE FROM votes",
        "SELECT 1; COMMIT; DELETE FROM votes",
        "COMMIT; DELETE FROM votes; SELECT 1",
        "WITH gone AS (DELETE FROM votes RETURNING *) SELECT pair, who FROM gone",
        "/* SELECT */ DROP TABLE votes",
        "CREATE TABLE more (x integer)",
        "SELECT pair, who INTO others FROM votes",
        "SELECT pair, query_to_xml('DELETE FROM votes', true, true, '') AS x FROM votes",
        "ATTACH DATABASE 'attached.db' AS a",
        "PRAGMA writable_schema = 1",
        "BEGIN",
        "",
        "this is no SQL",
        "SELECT * FROM nowhere",
    ],
)
def test_what_is_no_question_is_refused_and_changes_nothing(
    votes: tuple[str, Counted], query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, count = votes
    monkeypatch.chdir(tmp_path)
    with pytest.raises((QueryRefused, TableWrong)) as refused:
        rows_of(url, query)
    assert "\n" not in str(refused.value)
    assert count() == 2
    assert not (tmp_path / "attached.db").exists()


def test_a_function_that_writes_is_refused_by_postgresql_itself(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("CREATE SEQUENCE counter")  # what a sequence gave is given, rolled back or not
    with pytest.raises(QueryRefused, match="read-only transaction"):
        rows_of(postgresql_url, "SELECT nextval('counter') AS n, 'x' AS x")
    with psycopg.connect(postgresql_url) as connection:
        assert connection.execute("SELECT is_called FROM counter").fetchone() == (False,)


def test_what_fails_half_way_is_one_sentence_too(votes: tuple[str, Counted]) -> None:
    url, _ = votes
    failing = "json_extract('x', '$.a')" if url.startswith("sqlite") else "1 / (excited - excited)"
    with pytest.raises(QueryRefused, match="refuses"):
        rows_of(url, f"SELECT pair, {failing} AS x FROM votes")


def test_a_long_answer_is_not_held_in_memory(votes: tuple[str, Counted]) -> None:
    url, _ = votes
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i, 'x' AS x FROM n"
    )
    with foreign_rows(url, numbers) as table:
        assert [next(table.rows).values["i"] for _ in range(3)] == ["1", "2", "3"]  # the rest is never asked for


@pytest.mark.parametrize("query", ["SELECT pair, pair FROM votes", "SELECT pair, who FROM votes WHERE 1 = 0"])
def test_two_columns_of_one_name_and_no_row_are_refused(votes: tuple[str, Counted], query: str) -> None:
    with pytest.raises(TableWrong, match="query's result can't be read"):
        rows_of(votes[0], query)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////no/such/file.db", "there is no database file /no/such/file.db"),
        ("sqlite://", "there is no database file"),
        ("mysql://u:hush@h/d", "SQLite and PostgreSQL can be asked"),
        ("postgresql://u:hush@h:port/d", "can't be read"),
        ("hush", "can't be read"),
        ("postgresql://u:hush@127.0.0.1:1/d", "the database d on 127.0.0.1 refuses"),
        ("postgresql://u:hush@127.0.0.1:1/d?nonsense=hush", "refuses"),
    ],
)
def test_an_address_that_leads_nowhere_is_said_without_its_password(url: str, says: str) -> None:
    with pytest.raises(QueryRefused, match=says) as refused:
        rows_of(url, "SELECT 1")
    assert "hush" not in str(refused.value)


def test_a_wrong_password_is_not_repeated(postgresql_url: str) -> None:
    wrong = make_url(postgresql_url).set(username="nobody_here", password="hush").render_as_string(hide_password=False)
    with pytest.raises(QueryRefused) as refused:
        rows_of(wrong, "SELECT 1")
    assert "hush" not in str(refused.value)
