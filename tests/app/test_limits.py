"""Too many requests are refused for a while, of one worker or from one address; nothing else of an answer changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from app.asker import address
from app.limits import SIGN_IN_TRIES
from app.settings import Settings, SettingsWrong, read_settings
from app.web import Web, create_app
from tests.app.conftest import SUBMIT_HOST

TRIES = int(SIGN_IN_TRIES.split()[0])


def arrival(worker: int) -> str:
    return f"/annotate/?assignmentId=3A{worker}&hitId=3HIT&workerId=AW{worker}&turkSubmitTo={SUBMIT_HOST}"


@pytest.fixture
def open_study(web: Web) -> Callable[..., FlaskClient]:
    """The study's pages under other settings of the machine."""

    def open_(**settings: object) -> FlaskClient:
        return create_app(replace(web, settings=Settings.model_validate(settings))).test_client()

    return open_


def test_a_worker_who_asks_too_often_waits_and_others_do_not(open_study: Callable[..., FlaskClient]) -> None:
    client = open_study(earwitness_requests_per_minute=30)
    mine, theirs = (client.post(arrival(number)).headers["Location"] for number in (1, 2))

    answers = [client.get(mine) for _ in range(31)]

    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert 'data-page="stop"' in answers[-1].text
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61
    assert client.get(theirs).status_code == 200
    assert client.post(f"{mine}answer").status_code == 429


def test_a_page_of_many_requests_looks_like_any_other(open_study: Callable[..., FlaskClient]) -> None:
    client = open_study(earwitness_requests_per_minute=30)
    mine = client.post(arrival(1)).headers["Location"]

    first, *_, last = (client.get(mine) for _ in range(30))

    assert {name for name, _ in first.headers} == {name for name, _ in last.headers}
    assert not [name for name, _ in last.headers if "limit" in name.lower() or name in ("Set-Cookie", "Retry-After")]


def test_a_refusal_keeps_its_frame_and_sets_no_cookie(open_study: Callable[..., FlaskClient]) -> None:
    client = open_study(earwitness_arrivals_per_minute=10)
    *_, refused = (client.get(arrival(1)) for _ in range(11))
    assert refused.status_code == 429
    assert SUBMIT_HOST in refused.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in refused.headers


def test_a_class_of_two_hundred_behind_one_address_gets_in(client: FlaskClient) -> None:
    for number in range(200):
        assert client.get(arrival(number)).status_code == 200
        assert client.post(arrival(number)).status_code in (303, 409)  # the HIT has room for three


def test_guesses_at_links_count_as_what_their_address_asks(open_study: Callable[..., FlaskClient]) -> None:
    client = open_study(earwitness_arrivals_per_minute=10)
    mine = client.post(arrival(1)).headers["Location"]

    guesses = [client.get(f"/annotate/guess{number}/").status_code for number in range(10)]

    assert guesses == [404] * 9 + [429]
    assert client.get(mine).status_code == 200  # who has a link goes on


def test_signing_in_is_tried_so_often_a_minute_from_one_address(client: FlaskClient) -> None:
    statuses = {client.post("/sign-in/guess").status_code for _ in range(TRIES)}
    assert 429 not in statuses
    assert client.post("/sign-in/guess").status_code == 429
    assert client.get("/login").status_code == 200
    assert client.post("/sign-in/guess", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code != 429


@pytest.mark.parametrize(("proxies", "told_apart"), [(0, False), (1, True)])
def test_addresses_are_believed_of_as_many_proxies_as_there_are(
    open_study: Callable[..., FlaskClient], proxies: int, told_apart: bool
) -> None:
    client = open_study(earwitness_arrivals_per_minute=10, earwitness_proxies=proxies)
    for _ in range(11):
        client.get(arrival(1), headers={"X-Forwarded-For": "192.0.2.1"})
    other = client.get(arrival(2), headers={"X-Forwarded-For": "192.0.2.2"})
    assert other.status_code == (200 if told_apart else 429)


def test_a_store_that_nobody_knows_is_named_with_its_variable() -> None:
    with pytest.raises(SettingsWrong, match="EARWITNESS_LIMITS_URL: found 'nowhere://x'"):
        read_settings({"EARWITNESS_LIMITS_URL": "nowhere://x"})


def test_a_store_that_is_away_closes_nothing(open_study: Callable[..., FlaskClient]) -> None:
    client = open_study(earwitness_limits_url="redis://127.0.0.1:9", earwitness_arrivals_per_minute=10)
    assert client.get(arrival(1)).status_code == 200


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),  # one host's
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "unix", True),
    ],
)
def test_what_counts_as_one_address(web: Web, one: str, other: str, same: bool) -> None:
    app = create_app(web)
    found = []
    for asking in (one, other):
        with app.test_request_context(environ_base={"REMOTE_ADDR": asking}):
            found.append(address())
    assert (found[0] == found[1]) is same


def test_a_form_of_more_than_64_kb_is_refused_with_a_page(client: FlaskClient) -> None:
    here = client.post(arrival(1)).headers["Location"]
    refused = client.post(f"{here}answer", data={"trial_id": "a" * 65_537})
    assert refused.status_code == 413
    assert 'data-page="stop"' in refused.text
