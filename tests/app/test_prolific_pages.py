"""Workers of Prolific: they come by three ids and leave with a code; and what Prolific says by itself is noted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.store.events import keep_fact
from app.store.news import LINK_KEYS
from app.store.steps import note_round, open_step
from app.tables import AssignmentRow, HitRow, PlatformNewsRow, WorkerRow
from app.web import Web, create_app
from hits.completion import completion_codes
from hits.platforms.prolific.prolific import Prolific
from hits.screening import Screening
from tests.app.test_leaving import answer, kind, walk_out
from tests.hits.prolific_stand_in import StandIn, new_id

STUDY_ID, SECRET = new_id(), "what Prolific signs with"
COMPLETE = "https://app.prolific.com/submissions/complete?cc="
SAID = {"event_type": "submission.status.change", "resource_id": new_id(), "study_id": STUDY_ID, "status": "RETURNED"}


def arrival(**changes: str) -> dict[str, str]:
    """The three ids of somebody who comes."""
    return {"PROLIFIC_PID": new_id(), "STUDY_ID": STUDY_ID, "SESSION_ID": new_id(), **changes}


def begin(client: FlaskClient, query: dict[str, str]) -> str:
    """Begin; the address of the worker's own pages."""
    answered = client.post(f"/annotate/?{urlencode(query)}")
    assert answered.status_code == 303
    return str(answered.location)


@pytest.fixture
def prolific_web(web: Web) -> Web:
    """The study of the pages, on Prolific."""
    with web.database.writing() as session:
        session.get_one(HitRow, "h1").platform_hit_id = STUDY_ID
    return replace(
        web,
        study=web.study.model_copy(update={"hits": web.study.hits.model_copy(update={"platform": "prolific"})}),
        platform=Prolific,
        submit_hosts=frozenset({"https://app.prolific.com"}),
        hook_secret=SECRET,
    )


@pytest.fixture
def client(prolific_web: Web) -> FlaskClient:
    """A browser."""
    return create_app(prolific_web).test_client()


@pytest.fixture
def codes(prolific_web: Web) -> dict[str, str]:
    """What workers of the HIT bring back."""
    with prolific_web.database.reading() as session:
        token = session.get_one(HitRow, "h1").token
    return dict(completion_codes(prolific_web.secret_key, token))


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A stand-in for Prolific, up."""
    made = StandIn()
    yield made
    made.close()


def test_the_whole_way_ends_with_a_code_and_a_link_that_takes_it_back(
    client: FlaskClient, codes: dict[str, str]
) -> None:
    query = arrival()
    welcome = client.get(f"/annotate/?{urlencode(query)}")
    here = begin(client, query)
    for _ in range(3):
        answer(client, here)
    thanks = client.get(here)

    assert (kind(welcome), kind(thanks)) == ("welcome", "thanks")
    assert f'href="{COMPLETE}{codes["completed"]}"' in thanks.text
    assert thanks.text.count(codes["completed"]) == 3  # to read, to copy, in the link
    assert not any(codes[other] in thanks.text for other in ("withdrawn", "screened-out"))
    assert not any("Set-Cookie" in page.headers for page in (welcome, thanks))
    assert "https://app.prolific.com" in thanks.headers["Content-Security-Policy"]
    assert begin(client, query) == here  # the same submission goes on where it was


def test_whoever_leaves_takes_another_code_along(client: FlaskClient, codes: dict[str, str]) -> None:
    here = begin(client, arrival())
    before = client.get(f"{here}leave").text
    answer(client, here)
    left = walk_out(client, here).text

    assert not any(code in before for code in codes.values())
    assert f'href="{COMPLETE}{codes["withdrawn"]}"' in left
    assert codes["completed"] not in left


def test_whoever_is_let_go_takes_a_third_code_along(prolific_web: Web, codes: dict[str, str]) -> None:
    study = prolific_web.study.model_copy(update={"screening": Screening(sound_check=True, practice=False)})
    client = create_app(replace(prolific_web, study=study)).test_client()
    here = begin(client, arrival())
    with prolific_web.database.writing() as session:
        row = session.scalars(select(AssignmentRow)).one()
        now = datetime.now(UTC)
        open_step(session, row.worker, row.assignment_id, "sound-check", {}, now)
        note_round(session, row.worker, "sound-check", {"seconds": 50.0}, now, settled="failed")

    for stop in (client.get(here), client.get(here)):
        assert kind(stop) == "screened-out"
        assert f'href="{COMPLETE}{codes["screened-out"]}"' in stop.text


@pytest.mark.parametrize(
    "changes", [{"PROLIFIC_PID": ""}, {"SESSION_ID": "{{%SESSION_ID%}}"}, {"STUDY_ID": "<script>"}, {"SESSION_ID": "1"}]
)
def test_a_link_that_prolific_would_not_send_is_refused_in_words(client: FlaskClient, changes: dict[str, str]) -> None:
    for ask in (client.get, client.post):
        refused = ask(f"/annotate/?{urlencode(arrival(**changes))}")
        assert (refused.status_code, kind(refused)) == (400, "wrong-arrival")


def test_another_study_of_prolific_is_none_of_ours(client: FlaskClient) -> None:
    refused = client.post(f"/annotate/?{urlencode(arrival(STUDY_ID=new_id()))}")
    assert kind(refused) == "unknown-hit"


def test_where_the_study_asks_for_signed_links_no_others_are_let_in(prolific_web: Web, stand_in: StandIn) -> None:
    client = create_app(replace(prolific_web, signed_links=True, public_url="https://lab.example")).test_client()
    query = arrival()
    signed = stand_in.signed(query, "https://lab.example")
    assert kind(client.post(f"/annotate/?{urlencode(signed)}")) == "wrong-arrival"  # no keys are known yet

    with prolific_web.database.writing() as session:
        keep_fact(session, LINK_KEYS, {"keys": [stand_in._public_key()], "at": "2030-01-01T00:00:00+00:00"})

    assert begin(client, signed)
    for wrong in (query, {**signed, "PROLIFIC_PID": new_id()}, stand_in.signed(query, "https://elsewhere.example")):
        assert kind(client.post(f"/annotate/?{urlencode(wrong)}")) == "wrong-arrival"
    with prolific_web.database.reading() as session:
        assert len(session.scalars(select(WorkerRow)).all()) == 1


def test_on_mturk_nothing_of_it_is_shown(web: Web) -> None:
    from tests.app.test_leaving import begin as begin_on_mturk

    client = create_app(web).test_client()
    here = begin_on_mturk(client)
    for _ in range(3):
        answer(client, here)
    page = client.get(here).text
    assert re.search(r'<form method="post" action="https://workersandbox.mturk.com/mturk/externalSubmit"', page)
    assert "code" not in re.sub(r"<footer>.*", "", page, flags=re.DOTALL).split("<main")[1]


# What Prolific says by itself


def news(web: Web) -> list[PlatformNewsRow]:
    with web.database.reading() as session:
        return list(session.scalars(select(PlatformNewsRow)))


def test_a_message_is_noted_once_however_often_it_comes(
    client: FlaskClient, prolific_web: Web, stand_in: StandIn
) -> None:
    headers, body = stand_in.message_of(SECRET, SAID, "e1")
    for _ in range(3):
        answered = client.post("/hooks/prolific", data=body, headers=headers)
        assert (answered.status_code, answered.data) == (204, b"")
    (row,) = news(prolific_web)
    assert (row.news_id, row.kind, row.detail["hit"], row.handled_at) == (
        "prolific/e1",
        "submission.status.change",
        STUDY_ID,
        None,
    )
    client.post(
        "/hooks/prolific", **dict(zip(("headers", "data"), stand_in.message_of(SECRET, SAID, "e2"), strict=True))
    )
    assert len(news(prolific_web)) == 2


def test_what_prolific_did_not_send_leaves_nothing(client: FlaskClient, prolific_web: Web, stand_in: StandIn) -> None:
    headers, body = stand_in.message_of("another secret", SAID, "e1")
    assert client.post("/hooks/prolific", data=body, headers=headers).status_code == 401
    headers, body = stand_in.message_of(SECRET, SAID, "e1", sent_at=1_000_000_000)
    assert client.post("/hooks/prolific", data=body, headers=headers).status_code == 401
    headers, body = stand_in.message_of(SECRET, {**SAID, "padding": "x" * 20_000}, "e1")
    assert client.post("/hooks/prolific", data=body, headers=headers).status_code == 413
    headers, body = stand_in.message_of(SECRET, SAID, "e1")
    assert client.post("/hooks/mturk", data=body, headers=headers).status_code == 404
    assert client.get("/hooks/prolific").status_code == 405
    assert news(prolific_web) == []


def test_without_a_secret_nobody_is_listened_to(prolific_web: Web, stand_in: StandIn) -> None:
    client = create_app(replace(prolific_web, hook_secret=None)).test_client()
    headers, body = stand_in.message_of("", SAID, "e1")
    assert client.post("/hooks/prolific", data=body, headers=headers).status_code == 404
