"""Launching: which pairs are put before workers, and which are only taken in."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from analysis.rule import DecisionRule
from app.launch import launch, prepare
from app.store.database import Database, sqlite_url
from app.store.hits import slots_of
from app.store.missing import votes_still_open
from app.store.people import set_password
from app.store.practice import practice_pairs
from app.store.progress import overview
from app.study import CorpusPlace, SoundsPlace, Study
from app.tables import Base, HitRow
from app.web import Web
from hits.batch import Hits
from pipelines.clip import Pair
from pipelines.manifest import FILE_NAME, Header, line_of
from tests.app.conftest import make_pair


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """An empty database."""
    made = Database(sqlite_url(tmp_path / "study.db"))
    Base.metadata.create_all(made.engine)
    return made


def write(folder: Path, pairs: list[Pair]) -> Path:
    """A folder with a manifest of these pairs."""
    head = Header(0, {}, "", "")
    (folder / FILE_NAME).write_text("".join(line_of(entry) for entry in (head, *pairs)))
    return folder


def study(tmp_path: Path) -> Study:
    """A study of fixed HITs of three pairs."""
    return Study(
        corpus=CorpusPlace(name="demo", path=tmp_path),
        sounds=SoundsPlace(name="demo", path=tmp_path),
        hits=Hits(policy="fixed", trials_per_hit=3, checks_per_hit=0),
    )


def made(folder: Path) -> tuple[list[Pair], list[Pair]]:
    """Six pairs to be judged, and four to practise on."""
    asked = [make_pair(number, folder) for number in range(6)]
    practice = [
        replace(make_pair(number, folder, "practice"), condition="obvious" if number % 2 else "identical")
        for number in range(50, 54)
    ]
    return asked, practice


def test_practice_is_taken_in_and_costs_nothing_and_stands_in_no_task(database: Database, tmp_path: Path) -> None:
    asked, practice = made(tmp_path)
    alone = prepare(database, study(tmp_path), write(tmp_path, asked))
    folder = write(tmp_path, [*asked, *practice])

    assert prepare(database, study(tmp_path), folder) == alone
    assert launch(database, study(tmp_path), folder) == 2

    with database.reading() as session:
        kinds = [pair.sounds for pair in practice_pairs(session)]
        assert sorted(kinds) == ["different", "different", "same", "same"]
        hits = list(session.scalars(select(HitRow.hit_id)))
        assert [{slot.role for slot in slots_of(session, hit_id)} for hit_id in hits] == [{"study"}] * 2


def test_a_manifest_from_before_there_was_practice_is_launched_as_it_is(database: Database, tmp_path: Path) -> None:
    asked, _ = made(tmp_path)
    assert launch(database, study(tmp_path), write(tmp_path, asked)) == 2
    with database.reading() as session:
        assert practice_pairs(session) == ()


def test_the_page_before_spending_shows_the_bill_its_reasons_and_one_button(web: Web, flask_app: Flask) -> None:
    asked, _ = made(web.folder / "pairs")
    write(web.folder / "pairs", [*asked, make_pair(90, web.folder / "pairs", "check")])
    with web.database.writing() as session:
        set_password(session, "ada", "a long enough password")
        set_password(session, "grace", "a long enough password", "viewer")
    pages = {}
    for name in ("ada", "grace"):
        client = flask_app.test_client()
        token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)[0]
        client.post("/login", data={"csrf_token": token, "name": name, "password": "a long enough password"})
        pages[name] = client.get("/publish?clips=2").text
    assert "committed by saying yes" in pages["ada"]
    assert "can&#39;t be said yet" in pages["ada"]
    assert "set study.contact" in pages["ada"]
    assert ">Publish for" in pages["ada"]
    assert "committed by saying yes" in pages["grace"]
    assert ">Publish for" not in pages["grace"]


def test_a_sequential_study_puts_out_its_first_round_only(tmp_path: Path, database: Database) -> None:
    folder = write(tmp_path, [make_pair(number, tmp_path) for number in range(30)])
    design = Hits(trials_per_hit=5, checks_per_hit=0)
    whole = study(tmp_path).model_copy(update={"hits": design, "decision": DecisionRule(design="c-prime", batch=5)})
    found = prepare(database, whole, folder)
    assert (found.bill.pairs, found.bill.first) == (30, 5)
    assert found.hits == launch(database, whole, folder) == 2  # two votes at least of five pairs, five in a HIT
    with database.reading() as session:
        assert votes_still_open(session, design, database.now()) == 10
        seen = overview(session, design, whole.pay)
    assert (seen.pairs, seen.pairs_released, seen.conditions, seen.conditions_closed) == (30, 5, 1, 0)
    assert not seen.complete
    assert launch(database, whole, folder) == 0
