"""Judgments from elsewhere come in by a command, and stay when the study's own judgments are exported."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from analysis.votes import read_judgments
from app.folder import StudyFolder
from hits.judgments_csv import kept_judgments
from tests.app.cli.test_db import study_folder
from tests.hits.test_importing import row, site_csv, written

SAY = [
    *("--map", "Input.pair{n}=pair_id", "--map", "Input.condition{n}=condition"),
    *("--map", "Answer.act{n}=activation", "--map", "Answer.val{n}=valence"),
]
MEANT = '[values.activation]\nyes = "same"\nno = "different"\n[values.valence]\nyes = "same"\nno = "different"\n'
SIGIR = (("HITId", "pair_id"), ("Answer.radio", "activation"), ("Answer.radio", "valence"))


def test_an_old_batch_comes_in_once_and_an_export_keeps_it(earwitness: Callable[..., object], tmp_path: Path) -> None:
    folder = study_folder(tmp_path / "s")
    batch = written(tmp_path, site_csv([row(), row("3BBB", "A2WORKER", **{"Answer.act1": "?"})]))
    (folder / "import.toml").write_text(MEANT)
    tried = earwitness("judgments", "import", batch, "--study", folder, *SAY, "--dry-run")
    assert "3 judgments would be added" in tried.err
    assert not (folder / "judgments.csv").exists()
    done = earwitness("judgments", "import", batch, "--study", folder, *SAY)
    assert done.code == 1
    assert "line 3, pair 1: activation is '?'" in done.err
    assert "A1WORKER" not in (folder / "judgments.csv").read_text()
    assert "Input.pair{n}" in (folder / "import.toml").read_text()  # the next batch needs no --map
    assert "yes" in (folder / "import.toml").read_text()
    again = earwitness("judgments", "import", batch, "--study", folder)
    assert "0 judgments are added to the 3" in again.err
    assert earwitness("judgments", "export", "--study", folder).code == 0
    assert len(read_judgments(folder / "judgments.csv")) == 3


def test_a_whitelist_is_certified_from_an_old_batch_alone(earwitness: Callable[..., object], tmp_path: Path) -> None:
    folder = study_folder(tmp_path / "s")
    (folder / "import.toml").write_text(MEANT)
    batch = written(tmp_path, site_csv([row(f"3A{n}", f"A{n}") for n in range(5)]))
    assert earwitness("judgments", "import", batch, "--study", folder, *SAY).code == 0
    done = earwitness("certify", "--study", folder)
    assert done.code == 0, done.err
    assert (folder / "whitelist.json").exists()


def test_labels_and_agreement_are_told_of_an_old_batch(earwitness: Callable[..., object], tmp_path: Path) -> None:
    folder = study_folder(tmp_path / "s")
    (folder / "import.toml").write_text(MEANT)
    batch = written(tmp_path, site_csv([row(f"3A{n}", f"A{n}") for n in range(5)]))
    assert earwitness("judgments", "import", batch, "--study", folder, *SAY).code == 0

    labelled = earwitness("judgments", "labels", "--study", folder)
    assert labelled.code == 0, labelled.err
    assert (folder / "labels.csv").read_text().startswith("pair_id,")
    assert "majority-vote" in (folder / "labels-compared.csv").read_text()
    for by in ("condition", "worker"):
        told = earwitness("judgments", "agreement", "--study", folder, "--by", by)
        assert told.code == 0, told.err
        assert "alpha" in told.out + told.err


LAB = "CREATE TABLE votes (pair_id text, worker text, condition text, heard text, submitted_at text)"
VOTES = [
    ("p1", "ada-the-worker", "hum", "same", "2024-05-01 10:00:00+00:00"),
    ("p1", "ben-the-worker", "hum", "different", "2024-05-01 11:00:00+00:00"),
    ("p2", "ben-the-worker", "hum", "same", None),
]
HEARD = ["--map", "heard=activation", "--map", "heard=valence"]


@pytest.fixture(params=["sqlite", "postgresql"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A lab's own database with votes in it."""
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "votes.db")) as made, made:
            made.execute(LAB)
            made.executemany("INSERT INTO votes VALUES (?, ?, ?, ?, ?)", VOTES)
        return f"sqlite:///{tmp_path / 'votes.db'}"
    url = str(request.getfixturevalue("postgresql_url"))
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(LAB)
        cursor.executemany("INSERT INTO votes VALUES (%s, %s, %s, %s, %s)", VOTES)
    return url


def test_a_database_is_asked_and_the_same_rows_come_in_once(
    earwitness: Callable[..., object], tmp_path: Path, lab: str
) -> None:
    folder = study_folder(tmp_path / "s")
    ask = ("judgments", "import", "--study", folder, "--database", lab, "--query", "SELECT * FROM votes")
    done = earwitness(*ask, *HEARD)
    assert done.code == 1  # one vote has no time
    assert "the query's result, row 3: submitted_at is empty" in done.err
    assert "2 judgments are added to the 0" in done.err
    assert "worker from worker" in done.err
    assert "the-worker" not in (folder / "judgments.csv").read_text()
    again = earwitness(*ask)  # what was said of the columns was kept
    assert "0 judgments are added to the 2" in again.err
    assert lab not in done.err + again.err + (folder / "import.toml").read_text()
    assert len(read_judgments(folder / "judgments.csv")) == 2


def test_a_query_that_would_change_something_is_one_sentence(
    earwitness: Callable[..., object], tmp_path: Path, lab: str
) -> None:
    folder = study_folder(tmp_path / "s")
    ask = ("judgments", "import", "--study", folder, "--database", lab, *HEARD, "--query")
    done = earwitness(*ask, "DELETE FROM votes")
    assert done.code == 1
    assert "refuses" in done.err
    assert "Traceback" not in done.err
    assert not (folder / "judgments.csv").exists()
    assert "2 judgments" in earwitness(*ask, "SELECT * FROM votes", "--dry-run").err  # all are still there


@pytest.mark.parametrize("words", [(), ("--database", "sqlite:///x.db"), ("--query", "SELECT 1")])
def test_neither_files_nor_a_database_is_a_usage_error(
    earwitness: Callable[..., object], tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert earwitness("judgments", "import", "--study", study_folder(tmp_path / "s"), *words).code == 2


def test_ids_of_another_platform_are_hashed_as_there(earwitness: Callable[..., object], tmp_path: Path) -> None:
    folder = study_folder(tmp_path / "s")
    table = tmp_path / "votes.tsv"
    table.write_text("worker\tpair_id\tcondition\theard\tsaid\nada\tp1\thum\tsame\t2024-05-01 10:00\n")
    more = ("--map", "said=submitted_at", "--zone", "Europe/Berlin", "--platform", "prolific")
    assert earwitness("judgments", "import", table, "--study", folder, *HEARD, *more).code == 0
    (row,) = kept_judgments(folder / "judgments.csv")
    assert row["worker"] == StudyFolder(folder).sealing().worker_key("prolific", "ada")
    assert str(row["submitted_at"]).startswith("2024-05-01T08:00")
    assert 'platform = "prolific"' in (folder / "import.toml").read_text()


def test_real_votes_of_79_people_are_imported_labelled_and_compared(
    earwitness: Callable[..., object], tmp_path: Path, real_data: Path
) -> None:
    """Three answers become two: whichever melody is nearer, the two are not equally near."""
    votes = real_data / "sigir2010-crowdsourcing" / "data" / "judgments.csv"
    if not votes.exists():
        pytest.skip("EARWITNESS_TEST_DATA has no sigir2010-crowdsourcing")
    folder = study_folder(tmp_path / "s")
    meant = 's = "same"\na = "different"\nb = "different"\n'
    (folder / "import.toml").write_text(
        f'[always]\ncondition = "melodies"\n[values.activation]\n{meant}[values.valence]\n{meant}'
    )
    say = [f"--map={column}={field}" for column, field in SIGIR]
    done = earwitness("judgments", "import", votes, "--study", folder, *say)
    assert done.code == 1
    assert "2805 judgments are added to the 0" in done.err
    assert "5 do not fit" in done.err  # five answers were left empty; each is named with its line
    assert done.err.count("activation is ''") == 5

    labelled = earwitness("judgments", "labels", "--study", folder, "--dimension", "activation")
    shares = dict(zip(*(line.split("\t") for line in labelled.out.splitlines()[:2]), strict=True))
    assert (shares["Pairs"], shares["majority-vote"]) == ("281", "0.552")

    (told,) = [
        line.split("\t")
        for line in earwitness("judgments", "agreement", "--study", folder).out.splitlines()
        if line.startswith("all\t")
    ]
    assert told[1:5] == ["281", "0.089", "0.616", "0.233"]

    workers = earwitness("judgments", "agreement", "--study", folder, "--by", "worker").out.splitlines()[1:]
    assert len(workers) == 79
    again = earwitness("judgments", "import", votes, "--study", folder)
    assert "0 judgments are added to the 2805" in again.err
