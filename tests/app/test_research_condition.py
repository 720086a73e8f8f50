"""A condition's page: its figures, its pairs with what people said of each, its clips, its file."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from app.store.progress import judgment_rows
from app.tables import JudgmentRow, PairRow, WorkerRow
from app.web import Web
from tests.app.conftest import CONDITION
from tests.app.crowd import assignment_name, gather, worker_name
from tests.app.desk import let_in, sign_in

PAGE = "/conditions/nat-co-10db"
PAIRS = tuple(f"pair{number}" for number in range(3, 60, 3))  # those of the crowd under nat-co-10db


@pytest.fixture
def desk(web: Web, client: FlaskClient) -> FlaskClient:
    """Ada at her desk; three workers who heard sixty pairs."""
    gather(web, workers=3, trials=60)
    say(web, "same")
    let_in(web, "ada")
    sign_in(client, "ada")
    return client


def say(web: Web, answer: str, **of: object) -> None:
    """Let judgments of activation be that answer."""
    with web.database.writing() as session:
        session.execute(update(JudgmentRow).filter_by(**of).values(activation=answer))


def shown(text: str) -> list[str]:
    return re.findall(r'<li id="pair-([^"]+)"', text)


def cells(text: str, table: str) -> list[list[str]]:
    body = text.split(f'<table id="{table}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in body.split("<tr>")[1:]]


def test_the_figures_are_those_of_the_votes_that_count(web: Web, desk: FlaskClient) -> None:
    for number in (0, 1):
        say(web, "different", pair_id="pair3", worker=worker_name(number))
    say(web, "different", pair_id="pair6")
    with web.database.writing() as session:
        session.execute(update(JudgmentRow).filter_by(pair_id="pair6").values(late=True))
        session.execute(update(JudgmentRow).filter_by(pair_id="pair9").values(role="repeat"))
    page = desk.get(PAGE).text
    activation = cells(page, "figures")[0]

    assert activation[:5] == ["activation", "49", "2", "17", "1"]  # 19 pairs of 3 votes, two of them without any
    assert activation[5].startswith("0.06 ")
    assert "◆</span> UNDECIDED" in activation[6]
    assert "without identical controls and positive controls nobody knows" in page
    assert activation[7:9] == ["94 %", "96 %"]


def test_the_verdict_is_the_one_of_the_dashboard(web: Web, desk: FlaskClient) -> None:
    plot = re.search(rf'<a href="{PAGE}" aria-label="([^"]+)"', desk.get("/").text)
    assert plot is not None
    said = re.search(r"activation ([0-9.]+) \(([0-9.]+) to ([0-9.]+)\)", plot[1])
    assert said is not None

    assert '{} <span class="soft">({}–{})</span>'.format(*said.groups()) == cells(desk.get(PAGE).text, "figures")[0][5]


def test_the_most_disputed_stand_first_and_other_orders_can_be_asked_for(web: Web, desk: FlaskClient) -> None:
    say(web, "different", pair_id="pair30")
    say(web, "different", pair_id="pair33", worker=worker_name(1))

    assert shown(desk.get(PAGE).text)[0] == "pair33"
    assert shown(desk.get(f"{PAGE}?order=different").text)[:2] == ["pair30", "pair33"]
    assert shown(desk.get(f"{PAGE}?order=pair").text) == sorted(PAIRS)
    assert shown(desk.get(f"{PAGE}?order=nonsense").text) == shown(desk.get(PAGE).text)


def test_pairs_come_page_by_page_each_once(web: Web, desk: FlaskClient) -> None:
    gather(web, workers=4, trials=180, first=3)
    seen, path = [], f"{PAGE}?order=votes"
    while path:
        text = desk.get(path).text
        seen += shown(text)
        later = re.search(r'rel="next" href="([^"]+)"', text)
        path = later[1].replace("&amp;", "&") if later else ""

    assert len(seen) == len(set(seen)) == 59
    assert shown(desk.get(f"{PAGE}?page=99").text) != []
    assert shown(desk.get(f"{PAGE}?page=x").text) == shown(desk.get(PAGE).text)


def test_each_vote_names_its_worker_its_assignment_its_ratings_and_whether_it_counts(
    web: Web, desk: FlaskClient
) -> None:
    with web.database.writing() as session:
        of = update(JudgmentRow).filter_by(pair_id="pair3")
        session.execute(of.values(activation_rating=None, valence_rating=None))
        session.execute(of.filter_by(worker=worker_name(0)).values(activation_rating=4.5, valence_rating=2.0))
        session.execute(of.filter_by(worker=worker_name(1)).values(late=True))
        session.get_one(WorkerRow, worker_name(2)).trusted = False
    votes = desk.get(f"{PAGE}?order=pair").text.split('<li id="pair-pair3">')[1].split("</li>")[0]
    rows = votes.split("<tbody>")[1].split("<tr>")[1:]
    first, second, third = (next(row for row in rows if worker_name(number) in row) for number in range(3))

    assert f'href="/workers/{worker_name(0)}"' in first
    assert f'href="/assignments/{assignment_name(0)}"' in first
    assert ">4.5, 2<" in first
    assert ">yes<" in first
    assert "no: came late" in second
    assert "no: not used" in third
    assert "<strong>same</strong>: 0 of 1 heard a difference" in votes
    assert "AREAL" not in votes


def test_controls_and_checks_are_not_counted_as_study(web: Web, desk: FlaskClient) -> None:
    with web.database.writing() as session:
        for role, pair_id in (("identical", "pair3"), ("check", "pair6")):
            session.execute(update(PairRow).filter_by(pair_id=pair_id).values(role=role))
            session.execute(update(JudgmentRow).filter_by(pair_id=pair_id).values(role=role, activation="different"))
    study, control = desk.get(PAGE).text, desk.get(f"{PAGE}?role=identical").text

    assert set(shown(study)) == {*PAIRS, "pair0"} - {"pair0", "pair3", "pair6"}
    assert cells(study, "figures")[0][2] == "0"
    assert shown(control) == ["pair3"]
    assert cells(control, "figures")[0][2:5] == ["3", "1", "1"]
    assert "the noise floor. None of it counts as study." in " ".join(control.split())
    assert "UNDECIDED" not in control
    assert f'href="{PAGE}?role=check&amp;order=disputed"' in study
    assert desk.get(f"{PAGE}?role=positive").status_code == 404


def test_pairs_that_nobody_judged_are_shown_and_can_be_heard(web: Web, client: FlaskClient) -> None:
    let_in(web, "ada")
    sign_in(client, "ada")
    page = client.get(f"/conditions/{CONDITION}").text

    assert "No vote counts yet." in page
    assert page.count("Nobody has judged it yet.") == 3
    clip = re.search(r'src="(/pairs/pair0/clips/noisy)"', page)
    assert clip is not None
    assert client.get(clip[1], buffered=True).mimetype == "audio/flac"


def test_the_table_of_conditions_leads_to_each_in_its_role(web: Web, desk: FlaskClient) -> None:
    with web.database.writing() as session:
        session.execute(update(PairRow).filter_by(pair_id="pair3").values(role="identical"))
    text = desk.get("/").text

    for path in (PAGE, f"{PAGE}?role=identical", "/conditions/fade-in"):
        assert f'<td><a href="{path}">' in text
        assert desk.get(path).status_code == 200


def test_the_file_has_a_row_a_pair_in_every_role(web: Web, desk: FlaskClient) -> None:
    say(web, "different", pair_id="pair33", worker=worker_name(1))
    with web.database.writing() as session:
        session.execute(update(PairRow).filter_by(pair_id="pair3").values(role="identical"))
    answer = desk.get(f"{PAGE}/pairs.csv")
    rows = {row["pair_id"]: row for row in csv.DictReader(io.StringIO(answer.text))}

    assert answer.headers["Content-Disposition"] == 'attachment; filename="study-pairs-nat-co-10db.csv"'
    assert set(rows) == set(PAIRS)
    assert rows["pair33"]["activation_different"] == "1"
    assert rows["pair33"]["activation"] == "same"
    assert rows["pair33"]["dispute"] == "0.6667"
    assert rows["pair3"]["role"] == "identical"
    assert desk.get("/conditions/nothing/pairs.csv").status_code == 404


def test_words_in_names_run_nowhere(web: Web, desk: FlaskClient) -> None:
    evil = "<script>alert('c')<script>"
    with web.database.writing() as session:
        facts = {**dict.fromkeys(("family", "clip_id", "condition"), evil), "pair_id": "=evil", "role": "study"}
        row = {"snr_db": None, "original_path": "x", "noisy_path": "x", "simulated": False}
        session.execute(insert(PairRow), [{**facts, **row, "original_length_s": 1.0, "noisy_length_s": 1.0}])
        session.execute(update(JudgmentRow).filter_by(pair_id="pair3").values(pair_id="=evil"))
    link = re.search(r'<td><a href="(/conditions/%3C[^"]+)"', desk.get("/").text)
    assert link is not None
    path = unescape(link[1])

    assert evil not in desk.get("/").text
    assert evil not in desk.get(path).text
    assert shown(desk.get(path).text) == ["=evil"]
    assert "'=evil," in desk.get(f"{path}/pairs.csv").text


def test_every_judgment_of_a_condition_is_on_its_page_once(web: Web, desk: FlaskClient) -> None:
    with web.database.reading() as session:
        judgments = [row for row in judgment_rows(session) if row["condition"] == "nat-co-10db"]
    text = desk.get(PAGE).text

    assert len(judgments) == len(PAIRS) * 3
    assert text.count('<td><a href="/assignments/') == len(judgments)
