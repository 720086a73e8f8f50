"""Owners act, viewers read; sessions, tokens and links end when they should; everything is noted with who did it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.store.api_tokens import make_token
from app.store.events import latest_events
from app.store.people import ResearcherRefused, remove_researcher, researchers, set_password, set_role
from app.store.wishes import latest_wishes
from app.tables import ApiTokenRow
from app.web import Web
from tests.app.desk import PASSWORD, let_in, send, sign_in, word_of

ACTS = [
    "/wishes/pause",
    "/wishes/bonus",
    "/wishes/settle",
    "/people",
    "/people/ada/role",
    "/people/ada/remove",
]


@pytest.fixture(autouse=True)
def _people(web: Web) -> None:
    let_in(web, "ada")
    let_in(web, "vera", "viewer")


def noted(web: Web, kind: str) -> list[tuple[str | None, str]]:
    with web.database.reading() as session:
        return [(one.researcher, one.text) for one in latest_events(session, kind=kind)]


@pytest.mark.parametrize("path", ACTS)
def test_a_viewer_changes_nothing_and_reads_why(web: Web, client: FlaskClient, path: str) -> None:
    sign_in(client, "vera")
    page = send(client, path, nonce="n", name="eve", role="owner")

    assert page.status_code == 403
    assert "who reads everything and changes nothing" in page.text
    with web.database.reading() as session:
        assert latest_wishes(session, 9) == []
        assert [one.name for one in researchers(session)] == ["ada", "vera"]


@pytest.mark.parametrize("path", ["/", "/workers", "/assignments", "/ledger", "/events", "/account", "/ledger.csv"])
def test_a_viewer_reads_every_page_and_finds_no_button_of_owners(client: FlaskClient, path: str) -> None:
    sign_in(client, "vera")
    page = client.get(path)

    assert page.status_code == 200
    assert "/wishes/" not in page.text
    assert client.get("/people").status_code == 403


@pytest.mark.parametrize("path", [*ACTS, "/account/password", "/account/tokens", "/account/sign-out-everywhere"])
def test_a_form_from_elsewhere_does_nothing(web: Web, client: FlaskClient, flask_app: Flask, path: str) -> None:
    sign_in(client, "ada")
    other = flask_app.test_client()
    foreign = word_of(other.get("/login"))
    for fields in ({}, {"csrf_token": foreign}):
        assert client.post(path, data={"nonce": "n", **fields}).status_code == 400
    with web.database.reading() as session:
        assert latest_wishes(session, 9) == []


@pytest.mark.parametrize("path", ["/", "/workers", "/ledger.csv", "/people"])
def test_a_session_is_over_after_twelve_hours(client: FlaskClient, flask_app: Flask, path: str) -> None:
    sign_in(client, "ada")
    assert client.get(path).status_code == 200
    flask_app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=-1)  # as if they had gone by

    assert client.get(path).location == "/login"


def test_a_new_password_ends_every_other_session(web: Web, flask_app: Flask) -> None:
    here, there = flask_app.test_client(), flask_app.test_client()
    sign_in(here, "ada")
    sign_in(there, "ada")
    assert send(here, "/account/password", old="wrong", new="another password").status_code == 422
    assert send(here, "/account/password", old=PASSWORD, new="short").status_code == 422
    assert send(here, "/account/password", old=PASSWORD, new="another password").status_code == 303

    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 303
    assert sign_in(there, "ada").status_code == 401
    assert sign_in(there, "ada", "another password").status_code == 303
    assert noted(web, "people") == [("ada", "ada changed the password")]


def test_signing_out_everywhere_leaves_only_this_session(flask_app: Flask) -> None:
    here, there = flask_app.test_client(), flask_app.test_client()
    sign_in(here, "vera")
    sign_in(there, "vera")
    send(here, "/account/sign-out-everywhere")

    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 303


def test_who_is_removed_is_out_at_once_and_so_are_their_tokens(web: Web, flask_app: Flask) -> None:
    ada, vera = flask_app.test_client(), flask_app.test_client()
    sign_in(ada, "ada")
    sign_in(vera, "vera")
    with web.database.writing() as session:
        token = make_token(session, "vera", "notebook")
    send(ada, "/people/vera/remove", on="/people")

    assert vera.get("/").status_code == 303
    assert ada.get("/api/v1/study", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert noted(web, "people") == [("ada", "vera can sign in no more")]


def test_a_viewer_who_is_made_an_owner_acts_at_once(web: Web, flask_app: Flask) -> None:
    ada, vera = flask_app.test_client(), flask_app.test_client()
    sign_in(ada, "ada")
    sign_in(vera, "vera")
    send(ada, "/people/vera/role", on="/people", role="owner")

    assert send(vera, "/wishes/pause", on="/", nonce="n").status_code == 303


def test_the_last_owner_stays_one(web: Web, client: FlaskClient) -> None:
    sign_in(client, "ada")
    for path, fields in (("/people/ada/remove", {}), ("/people/ada/role", {"role": "viewer"})):
        page = send(client, path, on="/people", **fields)
        assert page.status_code == 422
        assert "ada is the only owner" in page.text
    with web.database.writing() as session:
        for act in (lambda: remove_researcher(session, "ada"), lambda: set_role(session, "ada", "viewer")):
            with pytest.raises(ResearcherRefused, match="only owner"):
                act()
        with pytest.raises(ResearcherRefused, match="only owner"):
            set_password(session, "ada", PASSWORD, "viewer")


def test_somebody_new_comes_in_by_a_link_that_is_shown_once(web: Web, flask_app: Flask) -> None:
    ada, new = flask_app.test_client(), flask_app.test_client()
    sign_in(ada, "ada")
    page = send(ada, "/people", on="/people", name="nina", role="viewer")
    link = page.text.split("data-secret>")[1].split("<")[0].removeprefix("http://localhost")
    new.post(link, data={"csrf_token": word_of(new.get(link))})

    assert "Sign out nina" in new.get("/").text
    assert send(new, "/account/password", new="a first password").status_code == 303  # none was known before
    again = send(ada, "/people", on="/people", name="vera", role="owner")
    assert again.status_code == 422  # nobody is given a link to act as somebody else


def test_a_token_is_shown_once_and_kept_as_a_hash(web: Web, client: FlaskClient) -> None:
    sign_in(client, "vera")
    page = send(client, "/account/tokens", label="<b>notebook</b>")
    token = page.text.split("data-secret>")[1].split("<")[0]
    account = client.get("/account").text
    with web.database.reading() as session:
        kept = session.scalars(select(ApiTokenRow)).one()

    assert token.startswith("ew_")
    assert token not in account
    assert token not in {kept.token_hash, kept.label}
    assert "<b>notebook" not in account
    assert noted(web, "token") == [("vera", "a token was made: <b>notebook</b>")]


def test_a_viewer_revokes_only_tokens_of_their_own(web: Web, client: FlaskClient) -> None:
    with web.database.writing() as session:
        make_token(session, "ada", "backup")
        make_token(session, "vera", "notebook")
        names = {row.researcher: row.token_hash[:8] for row in session.scalars(select(ApiTokenRow))}
    sign_in(client, "vera")

    assert send(client, f"/tokens/{names['ada']}/revoke").status_code == 404
    assert send(client, f"/tokens/{names['vera']}/revoke").status_code == 303
    with web.database.reading() as session:
        revoked = {row.researcher for row in session.scalars(select(ApiTokenRow)) if row.revoked_at}
    assert revoked == {"vera"}


def test_signing_in_and_failing_to_is_noted_without_what_was_typed(web: Web, client: FlaskClient) -> None:
    sign_in(client, "ada", "wrong")
    sign_in(client, "my secret password", "x")  # in the wrong field
    sign_in(client, "ada")

    assert noted(web, "sign-in") == [("ada", "ada signed in by password")]
    assert [text for _, text in noted(web, "sign-in-failed")] == [
        "a wrong password was given for a name that nobody has, from 127.0.0.1",
        "a wrong password was given for ada, from 127.0.0.1",
    ]


@pytest.mark.parametrize("path", ["judgments", "workers", "wages", "ledger", "events"])
def test_every_file_that_is_taken_is_noted(web: Web, client: FlaskClient, path: str) -> None:
    sign_in(client, "vera")
    answer = client.get(f"/{path}.csv")

    assert answer.headers["Content-Disposition"] == f'attachment; filename="study-{path}.csv"'
    assert noted(web, "download") == [("vera", f"{path}.csv was downloaded")]
