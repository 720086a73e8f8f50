"""What MTurk's platform adds; against our own marketplace over real HTTP."""

from __future__ import annotations

import re
import socket
import threading
import time
from dataclasses import replace
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.platforms.mturk.mturk import MTurk
from hits.platforms.mturk.requirements import WorkerRequirements
from hits.platforms.mturk.wire import amount_of, external_question, minor_of
from hits.recruiting import Arrival, ArrivalRefused, Completion, PlatformRefused, PlatformUnreachable
from tests.hits.peopled import HOSTS, OFFER, Market

ARRIVAL = {"assignmentId": "3ABC", "hitId": "3DEF", "workerId": "A2GHI", "turkSubmitTo": "https://lab.example/market"}


def test_a_worker_arrives_and_leaves() -> None:
    arrival = MTurk.arrive(ARRIVAL, HOSTS)
    assert arrival == Arrival("3DEF", "3ABC", "A2GHI", "https://lab.example/market")
    assert MTurk.complete(arrival) == Completion(
        "https://lab.example/market/mturk/externalSubmit", {"assignmentId": "3ABC", "finished": "yes"}
    )


def test_a_preview_has_nobody_in_it_and_cannot_be_handed_in() -> None:
    arrival = MTurk.arrive({**ARRIVAL, "assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"}, HOSTS)
    assert arrival == Arrival("3DEF", None, None, None)
    assert arrival.preview
    with pytest.raises(ArrivalRefused, match="Accept the task first"):
        MTurk.complete(arrival)


@pytest.mark.parametrize(
    "changes",
    [
        {"assignmentId": ""},
        {"assignmentId": "3abc"},
        {"hitId": "3D\n"},
        {"workerId": "B2"},
        {"workerId": "A" * 65},
        {"turkSubmitTo": ""},
        {"turkSubmitTo": "https://lab.example.evil.example"},
        {"turkSubmitTo": "https://lab.example@evil.example"},
        {"turkSubmitTo": "http://lab.example"},
        {"turkSubmitTo": "https://lab.example:8443"},
        {"turkSubmitTo": "https://lab.example\\@evil.example"},
        {"turkSubmitTo": "//lab.example"},
        {"turkSubmitTo": "javascript:alert(1)"},
        {"turkSubmitTo": "https://[lab.example"},
        {"turkSubmitTo": "https://lab.example/?to=evil"},
    ],
)
def test_a_forged_arrival_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ArrivalRefused, match="Open the task"):
        MTurk.arrive({**ARRIVAL, **changes}, HOSTS)


@given(st.text())
def test_work_is_handed_in_at_no_place_that_was_not_named(place: str) -> None:
    try:
        arrival = MTurk.arrive({**ARRIVAL, "turkSubmitTo": place}, HOSTS)
    except ArrivalRefused:
        return
    assert arrival.submit_to is not None
    assert urlsplit(arrival.submit_to).netloc.lower() in ("lab.example", "lab.example:443")


@given(st.integers(min_value=0, max_value=10**9))
def test_money_survives_the_wire_to_the_cent(minor: int) -> None:
    assert minor_of(amount_of(minor)) == minor
    assert re.fullmatch(r"[0-9]+(\.)?[0-9]{0,2}", amount_of(minor))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_any_address_survives_the_question(tail: str) -> None:
    root = ET.fromstring(external_question(f"https://lab.example/?{tail}"))
    assert root[0].text == f"https://lab.example/?{tail}"


def test_the_paper_s_requirements_are_sent_when_asked_for(market: Market) -> None:
    platform = market.platform(requirements=WorkerRequirements())
    hit_id = platform.publish(OFFER)
    hit = platform._client.get_hit(HITId=hit_id)["HIT"]
    assert [
        (one["QualificationTypeId"], one["Comparator"], one.get("IntegerValues") or one["LocaleValues"])
        for one in hit["QualificationRequirements"]
    ] == [
        ("00000000000000000071", "EqualTo", [{"Country": "US"}]),
        ("000000000000000000L0", "GreaterThan", [98]),
        ("00000000000000000040", "GreaterThan", [500]),
    ]
    assert WorkerRequirements(country=None, approved_percent_above=None, approved_hits_above=None).as_mturk_does() == []


def test_a_hit_without_funds_is_refused_with_mturk_s_code(market: Market) -> None:
    with pytest.raises(PlatformRefused, match=r"InsufficientFunds.*100000 cents are available"):
        market.platform().publish(replace(OFFER, reward_minor=50_000))


def test_a_wrong_secret_is_refused_in_a_sentence(market: Market) -> None:
    market.keys = (market.keys[0], "wrong")
    with pytest.raises(PlatformRefused, match="Check the secret access key"):
        market.platform().balance_minor()


def test_no_key_at_all_is_refused_in_a_sentence(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PlatformRefused, match="needs an access key"):
        MTurk(f"{market.url}/requester").balance_minor()


def test_a_platform_that_is_down_is_unreachable_within_seconds() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}/requester"
        platform, began = MTurk(endpoint, access_key_id="key", secret_access_key="secret"), time.monotonic()
        for ask in (
            lambda: platform.publish(OFFER),
            lambda: list(platform.assignments("3ABC")),
            lambda: platform.approve("3ABC"),
            lambda: platform.bonus_sent("3ABC", 1, "care"),
            platform.balance_minor,
        ):
            with pytest.raises(PlatformUnreachable, match=re.escape(endpoint)):
                ask()
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>",
        b"",
    ],
    ids=["a page instead of JSON", "a broken proxy", "hung up"],
)
def test_an_answer_that_settles_nothing_is_unreachable(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def answer_twice() -> None:
            for _ in range(2):
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        thread = threading.Thread(target=answer_twice, daemon=True)
        thread.start()
        platform = MTurk(f"http://127.0.0.1:{server.getsockname()[1]}", access_key_id="key", secret_access_key="secret")
        with pytest.raises(PlatformUnreachable):
            platform.balance_minor()
