"""What every platform promises, and what MTurk's adds; against our own marketplace over real HTTP."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.serving import make_server

import hits.platforms
from app.marketplace.administration import add_invite, add_requester, upgrade
from app.marketplace.factory import create_marketplace
from hits.platforms.base import Platform
from hits.platforms.mturk.mturk import MTurk
from hits.platforms.mturk.requirements import WorkerRequirements
from hits.platforms.mturk.wire import amount_of, external_question, minor_of
from hits.platforms.panel import Panel
from hits.platforms.prolific.prolific import Prolific
from hits.recruiting import Arrival, ArrivalRefused, Completion, Offer, PlatformRefused, PlatformUnreachable
from pipelines.variants import load, variant_names
from tests.hits.prolific_stand_in import TOKEN, StandIn

OFFER = Offer(
    token="study-1-hit-1",
    title="Compare two recordings",
    description="Listen & say whether the emotion is the same.",
    keywords=("audio", "emotion"),
    url="http://127.0.0.1:9/task?hit=1&token=a%26b",
    reward_minor=63,
    assignments=3,
    assignment_duration_s=600,
    lifetime_s=86_400,
    auto_approval_delay_s=86_400,
    minutes=4,
    codes={"completed": "DONE123456", "screened-out": "OUT1234567", "withdrawn": "LEFT123456"},
)
ARRIVAL = {"assignmentId": "3ABC", "hitId": "3DEF", "workerId": "A2GHI", "turkSubmitTo": "https://lab.example/market"}
HOSTS = frozenset({"https://lab.example"})


class NobodyLetIn(Exception):
    """The platform shows a HIT to nobody new."""


@dataclass
class Come:
    """Somebody new at a HIT: the arrival, as the page sees it, and the way back to the platform."""

    arrival: Arrival
    hand_in: Callable[[], object] = lambda: None


@dataclass
class Peopled:
    """A platform with people on it: `come` lets a new one begin a HIT, `work` do it to its end."""

    platform: Platform
    come: Callable[[str], Come]

    def work(self, hit_id: str) -> Arrival:
        come = self.come(hit_id)
        come.hand_in()
        return come.arrival


class Market:
    """Our marketplace, up on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.database_url = f"sqlite:///{folder / 'marketplace.db'}"
        upgrade(self.database_url)
        self._server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._server.app = self.app = create_marketplace(self.database_url, "a secret", self.url)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.keys = add_requester(self.database_url, "The Listening Lab", 100_000)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.app.extensions["marketplace"].store.close()

    def platform(self, **settings: Any) -> MTurk:
        return MTurk(f"{self.url}/requester", access_key_id=self.keys[0], secret_access_key=self.keys[1], **settings)

    def come(self, hit_id: str) -> Come:
        """A new worker comes in and accepts; later, the form is posted that the platform's file says."""
        code, session = add_invite(self.database_url, self.keys[0]), requests.Session()
        for address in (f"/invite/{code}", f"/work/{hit_id}/accept"):
            page = session.get(self.url + (address if "invite" in address else "/work"), timeout=30).text
            tokens = re.findall(r'name="csrf_token" value="([^"]+)"', page)
            if not tokens:  # nothing is on the list
                raise NobodyLetIn
            page = session.post(self.url + address, data={"csrf_token": tokens[0]}, timeout=30).text
        task = unescape(re.findall(r'<iframe src="([^"]+)"', page)[0])
        arrival = MTurk.arrive(dict(parse_qsl(urlsplit(task).query)), frozenset({self.url}))
        completion = MTurk.complete(arrival)
        return Come(
            arrival,
            lambda: requests.post(completion.action, data=dict(completion.fields), timeout=30).raise_for_status(),
        )


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    """Our marketplace, up."""
    market = Market(tmp_path)
    yield market
    market.close()


def come_to_prolific(stand_in: StandIn, study_id: str) -> Come:
    """A new participant takes a place; later, the link is followed that the platform's file says."""
    if stand_in.studies[study_id]["status"] != "ACTIVE":
        raise NobodyLetIn
    arrival = Prolific.arrive(stand_in.take_place(study_id), frozenset({stand_in.url}))
    completion = Prolific.complete(arrival, "completed", OFFER.codes["completed"])
    return Come(
        arrival,
        lambda: requests.get(completion.action, params=dict(completion.fields), timeout=30).raise_for_status(),
    )


def come_to_panel(hit_id: str) -> Come:
    """Somebody new follows the link that a person put into the panel, to which the panel added an id."""
    link = Panel().invitation("https://lab.example/annotate/", hit_id)
    query = dict(parse_qsl(urlsplit(link).query))
    return Come(Panel.arrive({**query, "worker": f"p{uuid4().hex}"}, HOSTS))


@pytest.fixture
def peopled(request: pytest.FixtureRequest) -> Peopled:
    """The platform that the test names, with people on it. A new platform adds its line here."""
    if request.param == "mturk":
        market: Market = request.getfixturevalue("market")
        return Peopled(market.platform(), market.come)
    if request.param == "prolific":
        stand_in: StandIn = request.getfixturevalue("stand_in")
        return Peopled(Prolific(TOKEN, stand_in.url), lambda study_id: come_to_prolific(stand_in, study_id))
    if request.param == "panel":
        return Peopled(Panel(), come_to_panel)
    raise NotImplementedError(f"say here how the tests bring people to the platform {request.param}")


@pytest.mark.parametrize("peopled", variant_names(hits.platforms), indirect=True)
class TestEveryPlatform:
    def test_publishing_twice_with_one_token_gives_one_hit(self, peopled: Peopled) -> None:
        first, again = peopled.platform.publish(OFFER), peopled.platform.publish(OFFER)
        other = peopled.platform.publish(replace(OFFER, token="study-1-hit-2"))
        assert first == again != other

    def test_work_is_listed_once_it_is_handed_in_and_its_state_follows(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        assert list(peopled.platform.assignments(hit_id)) == []
        arrival = peopled.work(hit_id)
        if not peopled.platform.traits.reports:  # the study's own word has to do
            assert list(peopled.platform.assignments(hit_id)) == []
            return
        (found,) = peopled.platform.assignments(hit_id)
        assert (found.assignment_id, found.worker_id, found.hit_id, found.state) == (
            arrival.assignment_id,
            arrival.worker_id,
            hit_id,
            "submitted",
        )
        assert found.submitted_at.utcoffset() is not None
        peopled.platform.approve(found.assignment_id)
        assert next(peopled.platform.assignments(hit_id)).state == "approved"

    def test_nothing_is_paid_twice(self, peopled: Peopled) -> None:
        platform, hit_id = peopled.platform, peopled.platform.publish(OFFER)
        arrival = peopled.work(hit_id)
        assert arrival.assignment_id
        assert arrival.worker_id
        platform.approve(arrival.assignment_id)
        assert not platform.bonus_sent(arrival.assignment_id, 30, "care")
        if not platform.traits.pays:
            with pytest.raises(PlatformRefused, match="pays nobody"):
                platform.bonus(arrival.worker_id, arrival.assignment_id, 30, "care", "bonus-1")
            assert not platform.bonus_sent(arrival.assignment_id, 30, "care")
            return
        handle = platform.prepare_bonus(arrival.worker_id, arrival.assignment_id, 30, "care")
        platform.bonus(arrival.worker_id, arrival.assignment_id, 30, "care", "bonus-1", handle)
        left = platform.balance_minor()
        platform.approve(arrival.assignment_id)
        platform.bonus(arrival.worker_id, arrival.assignment_id, 30, "care", "bonus-1", handle)
        assert platform.balance_minor() == left
        assert platform.bonus_sent(arrival.assignment_id, 30, "care")
        assert not platform.bonus_sent(arrival.assignment_id, 31, "care")

    def test_setting_a_bonus_up_moves_no_money(self, peopled: Peopled) -> None:
        platform, arrival = peopled.platform, peopled.work(peopled.platform.publish(OFFER))
        before = platform.balance_minor()
        for _ in range(2):
            platform.prepare_bonus(arrival.worker_id or "", arrival.assignment_id or "", 30, "care")
        assert platform.balance_minor() == before

    def test_what_is_rejected_can_be_rejected_again(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        arrival, reason = peopled.work(hit_id), "Nothing was answered, although both clips were played. " * 3
        if not peopled.platform.traits.rejects:
            with pytest.raises(PlatformRefused, match="can't be rejected"):
                peopled.platform.reject(arrival.assignment_id or "", reason)
            return
        for _ in range(2):
            peopled.platform.reject(arrival.assignment_id or "", reason)
        assert next(peopled.platform.assignments(hit_id)).state == "rejected"

    def test_a_rejection_stands_until_a_person_takes_it_back(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        arrival, reason = peopled.work(hit_id), "Nothing was answered, although both clips were played. " * 3
        if not peopled.platform.traits.rejects:
            peopled.platform.approve(arrival.assignment_id or "", though_rejected=True)
            return
        peopled.platform.reject(arrival.assignment_id or "", reason)
        with pytest.raises(PlatformRefused):
            peopled.platform.approve(arrival.assignment_id or "")
        assert next(peopled.platform.assignments(hit_id)).state == "rejected"
        if peopled.platform.traits.overturns:
            for _ in range(2):
                peopled.platform.approve(arrival.assignment_id or "", though_rejected=True)
            assert next(peopled.platform.assignments(hit_id)).state == "approved"

    def test_where_hits_are_shared_they_grow_and_never_shrink(self, peopled: Peopled) -> None:
        platform, hit_id = peopled.platform, peopled.platform.publish(replace(OFFER, assignments=1))
        if not platform.traits.shared_hits:
            with pytest.raises(PlatformRefused, match="can't grow"):
                platform.grow(hit_id, 2)
            return
        for places in (2, 2, 1):
            platform.grow(hit_id, places)
        assert len({peopled.work(hit_id).assignment_id for _ in range(2)}) == 2

    def test_an_expired_hit_can_be_expired_again_and_still_listed(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        peopled.work(hit_id)
        peopled.platform.expire(hit_id)
        peopled.platform.expire(hit_id)
        assert len(list(peopled.platform.assignments(hit_id))) == peopled.platform.traits.reports

    def test_a_pause_keeps_newcomers_out_and_lets_in_whoever_is_at_work(self, peopled: Peopled) -> None:
        platform, hit_id = peopled.platform, peopled.platform.publish(OFFER)
        come = peopled.come(hit_id)
        for _ in range(2):
            platform.pause(hit_id)
        if platform.traits.pauses:
            with pytest.raises(NobodyLetIn):
                peopled.come(hit_id)
        come.hand_in()
        assert len(list(platform.assignments(hit_id))) == platform.traits.reports
        for _ in range(2):
            platform.resume(hit_id, 3600)
        peopled.work(hit_id)
        assert len(list(platform.assignments(hit_id))) == 2 * platform.traits.reports

    def test_a_hit_that_is_paused_can_be_taken_off_the_shelf(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        peopled.platform.pause(hit_id)
        peopled.platform.expire(hit_id)
        peopled.platform.pause(hit_id)
        if peopled.platform.traits.pauses:
            with pytest.raises(NobodyLetIn):
                peopled.come(hit_id)

    def test_what_does_not_exist_is_refused(self, peopled: Peopled) -> None:
        if not peopled.platform.traits.reports:
            pytest.skip("it is asked for nothing, so that it knows of nothing that does not exist")
        for ask in (
            lambda: list(peopled.platform.assignments("3NONE")),
            lambda: peopled.platform.approve("3NONE"),
            lambda: peopled.platform.bonus("A2NONE", "3NONE", 10, "care", "t"),
            lambda: peopled.platform.expire("3NONE"),
            lambda: peopled.platform.pause("3NONE"),
            lambda: peopled.platform.resume("3NONE", 60),
        ):
            with pytest.raises(PlatformRefused, match="3NONE"):
                ask()


@pytest.mark.parametrize("name", variant_names(hits.platforms))
@pytest.mark.parametrize(
    "query", [{}, {"assignmentId": "<script>"}, {"workerId": "A2"}, {"PROLIFIC_PID": "0" * 24, "STUDY_ID": "<script>"}]
)
def test_no_platform_takes_an_incomplete_arrival(name: str, query: dict[str, str]) -> None:
    arrive = load(hits.platforms, name, Platform).arrive  # type: ignore[attr-defined]
    with pytest.raises(ArrivalRefused):
        arrive(query, HOSTS)


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
