"""What the money buys, as the plan foresaw it: a page, its files, and the sentence on the bill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.plan_files import foreseen_ways, settings_planned, what_it_buys
from app.web import Web, create_app
from tests.app.desk import let_in, sign_in

DESIGNS = (
    "design,judgments,judgments_95,assignments,price_minor,price,price_95,currency,"
    "safe_at_0.00,safe_at_0.01,safe_at_0.02,safe_at_0.03,unsafe,wrong\n"
    '"c-prime, lead 3 of up to 7 votes",5967,7071,664,41832,418.32,495.18,USD,1.0,0.99,0.93,0.825,0.8,0.04\n'
    '"<script>alert(1)</script>",27000,27000,3000,189000,1890.0,1890.0,USD,1.0,1.0,0.9,0.9,,\n'
)


@pytest.fixture
def client(web: Web, tmp_path: Path) -> FlaskClient:
    """Somebody who signed in, of a study whose folder is the test's own."""
    own = replace(web, folder=tmp_path)
    let_in(own, "ada")
    client = create_app(own).test_client()
    sign_in(client, "ada")
    return client


def plan(folder: Path, text: str = DESIGNS) -> None:
    (folder / "plan").mkdir()
    (folder / "plan" / "designs.csv").write_text(text)
    (folder / "plan" / "curves.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>')


def test_where_nobody_planned_the_page_says_how(client: FlaskClient) -> None:
    page = client.get("/plan")
    assert page.status_code == 404
    assert "earwitness plan" in page.text


def test_every_way_is_shown_with_its_price_and_what_it_finds(client: FlaskClient, tmp_path: Path) -> None:
    plan(tmp_path)
    page = client.get("/plan")
    assert page.status_code == 200
    assert "about 5,967 judgments (418.32 USD" in page.text
    assert "certified safe with probability .82" in page.text
    assert "<strong>c-prime, lead 3 of up to 7 votes</strong>" in page.text
    assert "<script>alert(1)" not in page.text
    with client.get("/plan/designs.csv") as file:
        assert file.data.decode() == DESIGNS


def test_the_page_says_which_settings_changed_since(client: FlaskClient, web: Web, tmp_path: Path) -> None:
    plan(tmp_path)
    assert "Settings changed" not in client.get("/plan").text  # an older plan, which kept none
    (tmp_path / "plan" / "settings.json").write_text(settings_planned(web.study))
    assert "Settings changed" not in client.get("/plan").text
    dearer = web.study.pay.model_copy(update={"wage_per_hour": web.study.pay.wage_per_hour + 1})
    (tmp_path / "plan" / "settings.json").write_text(settings_planned(web.study.model_copy(update={"pay": dearer})))
    assert "Settings changed since this was planned: pay.wage_per_hour." in client.get("/plan").text


@pytest.mark.parametrize("name", ["plan.csv", "study.toml", "..%2fstudy.toml", "keys.json"])
def test_only_files_of_the_plan_are_handed_out(client: FlaskClient, tmp_path: Path, name: str) -> None:
    plan(tmp_path)
    (tmp_path / "keys.json").write_text("secret")
    assert client.get(f"/plan/{name}").status_code == 404


def test_the_plan_is_for_whoever_signed_in(web: Web, tmp_path: Path) -> None:
    plan(tmp_path)
    stranger = create_app(replace(web, folder=tmp_path)).test_client()
    assert stranger.get("/plan").status_code == 303
    assert stranger.get("/plan/designs.csv").status_code == 303


@pytest.mark.parametrize("text", ["", "design\nfixed\n", DESIGNS.replace("5967", "many")])
def test_a_plan_that_is_no_plan_is_none(tmp_path: Path, text: str) -> None:
    plan(tmp_path, text)
    assert foreseen_ways(tmp_path) == ()
    assert what_it_buys(tmp_path) is None
