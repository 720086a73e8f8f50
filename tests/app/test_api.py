"""The API: by token alone, paged, in the words of docs/api.md, whose examples are run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import make_server

from app.limits import API_CALLS
from app.store.api_tokens import make_token, revoke, tokens
from app.store.events import latest_events
from app.store.people import remove_researcher
from app.store.wishes import latest_wishes
from app.tables import ApiTokenRow
from app.web import Web, create_app
from hits.judgments_csv import COLUMNS
from tests.app.crowd import assignment_name, gather, worker_name
from tests.app.desk import let_in

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
READS = ["study", "conditions", "judgments", "judgments.csv", "workers", "ledger", "events"]


@pytest.fixture
def owner(web: Web) -> str:
    """Ada's token."""
    gather(web, workers=3, trials=3)
    let_in(web, "ada")
    with web.database.writing() as session:
        return make_token(session, "ada", "backup")


@pytest.fixture
def viewer(web: Web) -> str:
    """Vera's token."""
    let_in(web, "vera", "viewer")
    with web.database.writing() as session:
        return make_token(session, "vera", "notebook")


def ask(client: FlaskClient, what: str, token: str) -> object:
    return client.get(f"/api/v1/{what}", headers={"Authorization": f"Bearer {token}"})


def wish(client: FlaskClient, kind: str, token: str, **fields: object) -> object:
    return client.post(f"/api/v1/wishes/{kind}", headers={"Authorization": f"Bearer {token}"}, json=fields)


@pytest.mark.parametrize("what", READS)
def test_everything_is_read_by_a_viewers_token(client: FlaskClient, owner: str, viewer: str, what: str) -> None:
    answer = ask(client, what, viewer)
    assert answer.status_code == 200
    assert "AREAL" not in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("what", [*READS, "wishes/1"])
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer ew_wrong", "Basic YWRhOmE=", "bearer x"])
def test_without_a_good_token_nothing_is_read(client: FlaskClient, owner: str, what: str, header: str) -> None:
    answer = client.get(f"/api/v1/{what}", headers={"Authorization": header})
    assert answer.status_code == 401
    assert set(answer.json) == {"error"}


def test_a_session_is_no_token_and_a_token_no_session(web: Web, client: FlaskClient, owner: str) -> None:
    from tests.app.desk import sign_in

    assert client.get("/", headers={"Authorization": f"Bearer {owner}"}).status_code == 303
    sign_in(client, "ada")
    assert client.get("/api/v1/study").status_code == 401
    assert client.post("/api/v1/wishes/pause", json={"nonce": "n"}).status_code == 401


def test_a_revoked_token_is_worth_nothing_and_neither_is_one_of_somebody_removed(
    web: Web, client: FlaskClient, owner: str, viewer: str
) -> None:
    with web.database.writing() as session:
        revoke(session, tokens(session, "ada")[0].name)
        remove_researcher(session, "vera")
    assert [ask(client, "study", token).status_code for token in (owner, viewer)] == [401, 401]


def test_a_viewers_token_does_not_act(web: Web, client: FlaskClient, viewer: str) -> None:
    assert wish(client, "pause", viewer, nonce="n").status_code == 403
    with web.database.reading() as session:
        assert latest_wishes(session, 9) == []


def test_judgments_come_page_by_page_each_once(client: FlaskClient, owner: str) -> None:
    seen, address = [], "judgments?per_page=4"
    while address:
        page = ask(client, address, owner).json
        seen += [row["judgment_id"] for row in page["items"]]
        address = (page["next"] or "").removeprefix("/api/v1/")
    whole = ask(client, "judgments", owner).json

    assert len(seen) == len(set(seen)) == page["total"] == 9
    assert seen == [row["judgment_id"] for row in whole["items"]]
    assert set(whole["items"][0]) == set(COLUMNS)


def test_the_pairs_of_a_condition_come_page_by_page(client: FlaskClient, owner: str) -> None:
    first = ask(client, "conditions/secretcondition-co-0db/pairs?per_page=2", owner).json
    rest = ask(client, first["next"].removeprefix("/api/v1/"), owner).json

    assert [row["pair_id"] for row in first["items"] + rest["items"]] == ["pair0", "pair1", "pair2"]
    assert {row["votes"] for row in first["items"]} == {3}
    assert rest["next"] is None
    assert ask(client, "conditions/nothing/pairs", owner).status_code == 404


@pytest.mark.parametrize("asked", ["page=0&per_page=0", "page=-1", "page=x&per_page=y", "per_page=999999"])
def test_pages_that_can_not_be_are_the_nearest_that_can(client: FlaskClient, owner: str, asked: str) -> None:
    page = ask(client, f"ledger?{asked}", owner).json
    assert page["page"] == 1
    assert 1 <= page["per_page"] <= 5000
    assert page["items"]


def test_a_wish_that_is_sent_again_is_the_same_wish(web: Web, client: FlaskClient, owner: str) -> None:
    bonus = {"assignment_id": assignment_name(0), "amount": "1.50", "reason": "For your patience."}
    first, again = (wish(client, "bonus", owner, nonce="n", **bonus) for _ in range(2))

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert ask(client, f"wishes/{first.json['wish_id']}", owner).json["state"] == "waiting"
    assert ask(client, "wishes/99", owner).status_code == 404
    with web.database.reading() as session:
        assert [one.researcher for one in latest_wishes(session, 9)] == ["ada"]
        assert latest_events(session, 1, kind="wish")[0].researcher == "ada"


@pytest.mark.parametrize(
    ("kind", "fields", "status"),
    [
        ("bonus", {"nonce": "n", "assignment_id": "of-another-study", "amount": "1", "reason": "a reason"}, 422),
        ("bonus", {"assignment_id": assignment_name(0), "amount": "1", "reason": "a reason"}, 422),
        ("bonus", {"nonce": "n", "assignment_id": assignment_name(0), "amount": [1], "reason": "a reason"}, 422),
        ("dance", {"nonce": "n"}, 422),
        ("message", {"nonce": "n", "worker": worker_name(9), "subject": "a", "text": "b"}, 422),
    ],
)
def test_what_can_not_be_done_is_refused_in_a_sentence(
    client: FlaskClient, owner: str, kind: str, fields: dict[str, object], status: int
) -> None:
    answer = wish(client, kind, owner, **fields)
    assert answer.status_code == status
    assert answer.json["error"].endswith(".")


def test_what_is_no_json_and_no_page_is_refused_as_json(client: FlaskClient, owner: str) -> None:
    headers = {"Authorization": f"Bearer {owner}"}
    assert client.post("/api/v1/wishes/pause", headers=headers, data="nonce=n").status_code == 400
    assert client.post("/api/v1/study", headers=headers).status_code == 405


def test_the_last_use_of_a_token_is_noted_at_most_once_a_minute(web: Web, client: FlaskClient, owner: str) -> None:
    def used_at() -> datetime | None:
        with web.database.reading() as session:
            return session.scalars(select(ApiTokenRow.used_at)).one()

    ask(client, "study", owner)
    first = used_at()
    ask(client, "study", owner)
    assert first is not None
    assert used_at() == first
    with web.database.writing() as session:
        session.scalars(select(ApiTokenRow)).one().used_at = datetime.now(UTC) - timedelta(minutes=2)
    ask(client, "study", owner)
    assert used_at() >= first


def test_a_program_that_asks_too_often_waits(client: FlaskClient, owner: str) -> None:
    statuses = [client.get("/api/v1/study").status_code for _ in range(int(API_CALLS.split()[0]))]
    refused = ask(client, "study", owner)
    assert set(statuses) == {401}
    assert (refused.status_code, refused.is_json) == (429, True)


@pytest.fixture
def address(web: Web) -> Iterator[str]:
    """The study on a line."""
    server = make_server("127.0.0.1", 0, create_app(web), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


EXAMPLES = re.findall(r"^curl .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here to run the documentation's examples with")
def test_the_examples_of_the_documentation_run(web: Web, owner: str, address: str) -> None:
    assert len(EXAMPLES) == len(READS) + 1
    for example in EXAMPLES:
        done = subprocess.run(
            ["sh", "-c", example],
            env={**os.environ, "SERVER": address, "TOKEN": owner, "no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, f"{example}: {done.stderr}"
        assert done.stdout.startswith(("{", ",".join(COLUMNS[:2]))), example
    with web.database.reading() as session:
        assert [one.kind for one in latest_wishes(session, 9)] == ["pause"]


def test_every_address_and_every_wish_is_documented() -> None:
    from typing import get_args

    from app.store.wishes import WishKind

    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in get_args(WishKind) if f"`{kind}`" not in text] == []
    assert [what for what in READS if f"| `{what}` |" not in text] == []
