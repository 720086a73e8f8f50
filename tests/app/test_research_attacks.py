"""Whoever means no good to the researcher's side: odd values on every address, words that are no text, races, twins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth import FAILURES_ALLOWED, Throttle
from app.limits import KEY as LIMITS
from app.store.api_tokens import make_token
from app.store.database import Database
from app.store.events import latest_events
from app.store.hits import plan_hits
from app.store.people import make_link
from app.store.revisions import upgrade
from app.store.wishes import latest_wishes
from app.tables import PairRow, WorkerRow
from app.web import Web, create_app
from hits.judgment import Hit
from tests.app.conftest import SEALING
from tests.app.crowd import assignment_name, gather, worker_name
from tests.app.desk import PASSWORD, let_in

ODD = [
    "", "-1", "9" * 30, "9" * 5000, "²", "ada\0", "../../study.db", "<script>alert(1)</script>", "'; --",
    "x" * 3000, "\r\nSet-Cookie: a=b", "\U0001f600\u202e", "study",
]  # fmt: skip
NAMES = [
    "page",
    "per_page",
    "before",
    "kind",
    "by",
    "order",
    "role",
    "clips",
    "name",
    "nonce",
    "worker",
    "amount",
    "label",
]
BODIES = [b"", b"[" * 50_000, b"{", b"\xff\xfe", b"null", b'{"nonce": "\\ud800"}', b'{"nonce": "\\u0000"}', b"1" * 6000]
OURS = ("research.", "auth.", "api.", "hooks.")


#: Where the kind of database makes no difference.
EMBEDDED = pytest.mark.parametrize("kept", ["sqlite"], indirect=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, web: Web) -> Iterator[Web]:
    """The study, in a database of each kind."""
    if request.param == "sqlite":
        yield web
        return
    database = Database(request.getfixturevalue("postgresql_url"), lambda: SEALING)
    upgrade(database)
    with database.writing() as session:
        plan_hits(session, [Hit("h1", "fixed", 3, 3, ())], "study", web.study.hits, web.study.pay)
    yield replace(web, database=database)
    database.dispose()


@pytest.fixture
def app(kept: Web) -> Flask:
    """A study that ada owns, in which forms need no word and anybody may ask without end."""
    gather(kept, workers=1, trials=1)
    let_in(kept, "ada")
    made = create_app(replace(kept, hook_secret="a secret of ours"))
    made.config["WTF_CSRF_ENABLED"] = False
    made.extensions[LIMITS].enabled = False
    return made


@pytest.fixture
def forced(app: Flask) -> FlaskClient:
    """Ada, signed in."""
    client = app.test_client()
    client.post("/login", data={"name": "ada", "password": PASSWORD})
    return client


@pytest.fixture
def program(kept: Web, app: Flask) -> dict[str, str]:
    """The headers of a program of hers."""
    with kept.database.writing() as session:
        return {"Authorization": f"Bearer {make_token(session, 'ada', 'odd values')}"}


def addresses(app: Flask) -> list[tuple[str, str]]:
    """Every address of the researcher's side with every method that it takes; signing out left out."""
    ours = [one for one in app.url_map.iter_rules() if one.endpoint.startswith(OURS) and one.endpoint != "auth.logout"]
    return [(method, one.rule) for one in ours for method in ("GET", "POST") if method in (one.methods or ())]


def test_whatever_is_sent_wherever_nothing_breaks(forced: FlaskClient, program: dict[str, str]) -> None:
    broken = []
    for method, rule in addresses(forced.application):
        for value in ODD:
            path = re.sub(r"<[^>]+>", quote(value, safe=""), rule)
            sent = {"query_string" if method == "GET" else "data": dict.fromkeys(NAMES, value)}
            if forced.open(path, method=method, headers=program, buffered=True, **sent).status_code >= 500:
                broken.append((method, rule, value[:20]))
    assert broken == []
    assert forced.get("/").status_code == 200


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_no_wish_is_refused_in_a_sentence(
    kept: Web, forced: FlaskClient, program: dict[str, str], body: bytes
) -> None:
    answer = forced.post("/api/v1/wishes/pause", data=body, content_type="application/json", headers=program)

    assert answer.status_code in (400, 422)
    assert set(answer.json) == {"error"}
    with kept.database.reading() as session:
        assert latest_wishes(session, 9) == []


@EMBEDDED
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "NONSENSE"])
def test_methods_that_no_page_has_are_refused(forced: FlaskClient, program: dict[str, str], method: str) -> None:
    paths = {rule for _, rule in addresses(forced.application) if "<" not in rule}
    assert {forced.open(path, method=method, headers=program).status_code for path in paths} == {405}


def test_two_owners_who_let_the_same_person_in_at_once_make_one_link(kept: Web, app: Flask) -> None:
    let_in(kept, "olga")
    owners = [app.test_client(), app.test_client()]
    for client, name in zip(owners, ("ada", "olga"), strict=True):
        client.post("/login", data={"name": name, "password": PASSWORD})
    with ThreadPoolExecutor(2) as both:
        pages = list(both.map(lambda one: one.post("/people", data={"name": "nina", "role": "owner"}), owners))

    assert sorted(page.status_code for page in pages) == [200, 422]
    assert sum("data-secret" in page.text for page in pages) == 1


def test_two_owners_who_press_the_same_button_make_two_wishes_and_one_who_presses_twice_one(
    kept: Web, app: Flask
) -> None:
    let_in(kept, "olga")
    clients = [app.test_client() for _ in range(4)]
    for client, name in zip(clients, ("ada", "ada", "olga", "olga"), strict=True):
        client.post("/login", data={"name": name, "password": PASSWORD})
    with ThreadPoolExecutor(4) as all_at_once:
        list(all_at_once.map(lambda one: one.post("/wishes/pay", data={"nonce": "n"}), clients))
    with kept.database.reading() as session:
        made = [one.researcher for one in latest_wishes(session, 9)]
        noted = [one.researcher for one in latest_events(session, kind="wish")]

    assert sorted(made) == sorted(noted) == ["ada", "olga"]


@EMBEDDED
def test_a_word_that_was_used_for_another_wish_is_no_wish(kept: Web, forced: FlaskClient) -> None:
    bonus = {"nonce": "n", "assignment_id": assignment_name(0), "amount": "1", "reason": "For your patience."}
    statuses = [
        forced.post(f"/wishes/{kind}", data=sent).status_code
        for kind, sent in (
            ("bonus", bonus),
            ("bonus", bonus),
            ("bonus", {**bonus, "amount": "2"}),
            ("pay", {"nonce": "n"}),
        )
    ]

    assert statuses == [303, 303, 422, 422]
    with kept.database.reading() as session:
        assert [one.detail["amount_minor"] for one in latest_wishes(session, 9)] == [100]


@EMBEDDED
@pytest.mark.parametrize("name", ["a/b", "..", ".", "a\nb", " ", "x" * 61])
def test_nobody_is_called_what_no_address_can_name(forced: FlaskClient, name: str) -> None:
    assert forced.post("/people", data={"name": name, "role": "viewer"}).status_code == 422


def test_many_tries_at_once_are_no_more_than_a_few() -> None:
    throttle = Throttle()
    with ThreadPoolExecutor(20) as crowd:
        waits = list(crowd.map(lambda _: throttle.begin("name ada", "address x"), range(60)))
    assert waits.count(0.0) == FAILURES_ALLOWED


@EMBEDDED
def test_another_address_of_the_same_host_is_the_same_guesser(app: Flask) -> None:
    def guess(number: int) -> int:
        client = app.test_client()
        sent = {"name": f"nobody {number}", "password": "x"}
        return client.post("/login", data=sent, environ_base={"REMOTE_ADDR": f"2001:db8:0:1::{number:x}"}).status_code

    assert [guess(number) for number in range(FAILURES_ALLOWED + 1)] == [401] * FAILURES_ALLOWED + [429]


@EMBEDDED
def test_who_came_by_a_link_can_still_choose_a_password_after_signing_out_elsewhere(kept: Web, app: Flask) -> None:
    with kept.database.writing() as session:
        token = make_link(session, "nina")
    client = app.test_client()
    client.post(f"/sign-in/{token}")
    client.post("/account/sign-out-everywhere")

    assert client.post("/account/password", data={"new": "a first password"}).status_code == 303
    assert client.post("/account/password", data={"new": "a second password"}).status_code == 422  # known by now


@EMBEDDED
def test_signing_out_and_tables_of_the_report_are_noted(kept: Web, forced: FlaskClient) -> None:
    (kept.folder / "report").mkdir()
    for name in ("index.html", "ratios.csv"):
        (kept.folder / "report" / name).write_text("x")
    assert forced.get("/report/ratios.csv", buffered=True).status_code == 200
    assert forced.get("/report/index.html", buffered=True).status_code == 200
    assert forced.get("/report/nothing.csv").status_code == 404
    forced.post("/logout")
    forced.post("/logout")
    with kept.database.reading() as session:
        noted = [(one.researcher, one.text) for one in latest_events(session, 3) if one.kind != "sign-in"]

    assert noted == [("ada", "ada signed out"), ("ada", "report/ratios.csv was downloaded")]


@EMBEDDED
@pytest.mark.parametrize("path", ["../study.db", "original/../../study.db", "/etc/passwd"])
def test_no_clip_is_heard_from_outside_the_studys_pairs(kept: Web, forced: FlaskClient, path: str) -> None:
    (kept.folder / "study.db").touch()
    with kept.database.writing() as session:
        session.get_one(PairRow, "pair0").noisy_path = path
    assert forced.get("/pairs/pair0/clips/noisy", buffered=True).status_code == 404


@EMBEDDED
def test_the_plot_follows_who_is_no_longer_used(kept: Web, forced: FlaskClient) -> None:
    assert '<svg class="forest"' in forced.get("/").text
    with kept.database.writing() as session:
        session.get_one(WorkerRow, worker_name(0)).trusted = False

    assert "no pairs judged" in forced.get("/").text


@EMBEDDED
def test_where_one_wanted_to_go_is_never_another_site(app: Flask) -> None:
    client = app.test_client()
    for path in (
        "//evil.example/",
        "/conditions/%2F%2Fevil.example",
        "/workers/..%2f..%2f%2fevil.example",
        "/%5Cevil.example",
    ):
        client.get(path)
        target = client.post("/login", data={"name": "ada", "password": PASSWORD}).location
        assert re.match(r"/(?![/\\])", target), target
        client.post("/logout")
