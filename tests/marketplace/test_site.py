"""The workers' pages: invites, one place each, races, what is refused and how."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.marketplace.administration import add_invite, upgrade
from app.marketplace.factory import DatabaseNotReady, create_marketplace
from app.marketplace.question import ANSWERS, answers_xml, task_url_for
from hits.platforms.mturk.mturk import MTurk
from hits.platforms.mturk.wire import is_simulated


def test_an_invite_says_who_invites_and_what_it_pays(market: Any, post_hit: Callable[..., str]) -> None:
    post_hit()
    code = add_invite(market.database_url, market.keys[0])
    page = requests.get(f"{market.url}/invite/{code}", timeout=30).text
    for words in ("The Listening Lab invites you", "Compare two recordings", "$0.63", "10 minutes"):
        assert words in page


def test_whoever_comes_back_is_the_same_worker(market: Any) -> None:
    worker = market.worker()
    code = add_invite(market.database_url, market.keys[0])
    known = re.findall(r"<code>(\w+)</code>", worker.get("/work").text)
    worker.come_in(code)
    assert re.findall(r"<code>(\w+)</code>", worker.get("/work").text) == known
    assert re.fullmatch("A[A-Z0-9]+", known[0])


def test_simulated_listeners_carry_it_in_their_worker_id(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id = post_hit()
    person, listener = market.worker(), market.worker(simulated=True)
    assert "Simulated listener" in listener.get("/work").text
    assert "Simulated listener" not in person.get("/work").text
    assert is_simulated(listener.accept(hit_id)["workerId"])
    assert not is_simulated(person.accept(hit_id)["workerId"])


def test_an_invite_lets_in_as_many_as_it_says(market: Any) -> None:
    code = add_invite(market.database_url, market.keys[0], uses=1)
    first, second = market.worker(), market.worker()
    first.session.cookies.clear()
    second.session.cookies.clear()
    token = re.findall(r'name="csrf_token" value="([^"]+)"', second.get(f"/invite/{code}").text)
    assert first.come_in(code).status_code == 200
    late = second.session.post(f"{market.url}/invite/{code}", data={"csrf_token": token[0]}, timeout=30)
    assert late.status_code == 410
    assert "Ask whoever sent it for another" in second.get(f"/invite/{code}").text
    assert first.come_in(code).status_code == 200  # who is in stays in


def test_an_invite_ends_in_time(market: Any) -> None:
    code = add_invite(market.database_url, market.keys[0], expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert "used up or its time is over" in requests.get(f"{market.url}/invite/{code}", timeout=30).text


def test_a_form_from_elsewhere_changes_nothing(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, worker = post_hit(), market.worker()
    forged = worker.session.post(f"{market.url}/work/{hit_id}/accept", data={"csrf_token": "x"}, timeout=30)
    assert forged.status_code == 400
    assert worker.open_hits() == [hit_id]


def test_a_preview_has_no_worker_and_makes_no_assignment(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, worker = post_hit(), market.worker()
    parameters = worker.parameters(worker.get(f"/preview/{hit_id}").text)
    assert MTurk.arrive(parameters, frozenset()).preview
    assert "workerId" not in parameters
    assert market.client().get_hit(HITId=hit_id)["HIT"]["NumberOfAssignmentsPending"] == 0


def test_a_double_click_gives_the_same_assignment(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, worker = post_hit(), market.worker()
    page = worker.get("/work").text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    addresses = {
        worker.session.post(f"{market.url}/work/{hit_id}/accept", data={"csrf_token": token}, timeout=30).url
        for _ in range(2)
    }
    assert len(addresses) == 1


def test_a_returned_place_goes_to_somebody_else(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, first, second = post_hit(MaxAssignments=1), market.worker(), market.worker()
    task = first.accept(hit_id)
    assert second.open_hits() == []
    first.post_form(f"/work/{task['assignmentId']}", "/return")
    assert second.accept(hit_id)["assignmentId"] != task["assignmentId"]
    late = first.submit(task)
    assert late.status_code == 410
    assert "open the list of tasks" in late.text
    assert market.client().list_assignments_for_hit(HITId=hit_id)["NumResults"] == 0


def test_who_runs_out_of_time_gives_the_place_back(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, worker = post_hit(MaxAssignments=1), market.worker()
    task = worker.accept(hit_id)
    market.clock.ahead = timedelta(minutes=12)
    assert market.client().get_hit(HITId=hit_id)["HIT"]["NumberOfAssignmentsAvailable"] == 1
    assert worker.submit(task).status_code == 410
    assert "Its time ran out" in worker.get(f"/work/{task['assignmentId']}").text
    assert worker.open_hits() == [hit_id]


def test_handing_in_twice_keeps_the_first_answer(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, worker = post_hit(), market.worker()
    task = worker.accept(hit_id)
    answers = [worker.submit(task, said=said).status_code for said in ("same", "different")]
    listed = market.client().list_assignments_for_hit(HITId=hit_id)["Assignments"]
    assert answers == [200, 200]
    assert "same" in listed[0]["Answer"]
    assert "different" not in listed[0]["Answer"]
    assert hit_id not in worker.open_hits()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"assignmentId": "3NOBODY", "said": "same"}, 404),
        ({"assignmentId": "\x00'; --", "said": "same"}, 404),
        ({"said": "same"}, 404),
        ({"assignmentId": "3NOBODY"}, 400),
        ({"assignmentId": "3NOBODY", "hitId": "3H", "workerId": "A1", "turkSubmitTo": "x"}, 400),
        ({"assignmentId": "3NOBODY", "said": "x" * 1_100_000}, 413),
    ],
)
def test_what_cannot_be_handed_in_leads_back_to_the_tasks(market: Any, form: dict[str, str], status: int) -> None:
    answer = requests.post(f"{market.url}/mturk/externalSubmit", data=form, timeout=30)
    assert answer.status_code == status
    assert f'href="{"/marketplace/work"}"' in answer.text


def test_a_worker_never_sees_another_worker_s_task(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, owner, other = post_hit(), market.worker(), market.worker()
    task = owner.accept(hit_id)
    path = f"/work/{task['assignmentId']}"
    token = re.findall(r'name="csrf_token" value="([^"]+)"', other.get("/work").text)[0]
    taken = other.session.post(f"{market.url}{path}/return", data={"csrf_token": token}, timeout=30)
    assert (other.get(path).status_code, taken.status_code) == (404, 404)
    assert owner.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/work", "/earnings", "/preview/3ABC", "/work/3ABC"])
def test_who_is_not_signed_in_is_told_how_to_be(market: Any, path: str) -> None:
    answer = requests.get(market.url + path, timeout=30)
    assert answer.status_code == 401
    assert "Open the invite link" in answer.text


@pytest.mark.parametrize("path", ["/invite/none", "/invite/%00", "/work/%00", "/work/lower", "/preview/3ABC", "/x"])
def test_a_wrong_address_is_a_page_with_a_next_step(market: Any, path: str) -> None:
    answer = market.worker().get(path)
    assert answer.status_code == 404
    assert "To the list of tasks" in answer.text


def test_pages_are_protected_and_the_task_s_origin_may_be_framed(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, worker = post_hit(), market.worker()
    task = worker.accept(hit_id)
    page = worker.get(f"/work/{task['assignmentId']}")
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "frame-src 'self' http://127.0.0.1:9;" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    handed_in = worker.submit(task)
    assert "frame-ancestors 'self'" in handed_in.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in handed_in.headers


def test_the_cookie_stays_with_the_marketplace(market: Any) -> None:
    worker = market.worker()
    (cookie,) = worker.session.cookies
    assert (cookie.path, cookie.secure) == ("/marketplace", False)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_two_workers_race_for_the_last_place(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, racers, start = post_hit(MaxAssignments=1), [market.worker(), market.worker()], Barrier(2)
    tokens = [re.findall(r'name="csrf_token" value="([^"]+)"', one.get("/work").text)[0] for one in racers]

    def accept(racer: Any, token: str) -> int:
        start.wait()
        answer = racer.session.post(f"{market.url}/work/{hit_id}/accept", data={"csrf_token": token}, timeout=30)
        return int(answer.status_code)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(accept, racers, tokens)) == [200, 409]
    assert market.client().get_hit(HITId=hit_id)["HIT"]["NumberOfAssignmentsPending"] == 1


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_eight_workers_at_once_lose_nothing_and_double_nothing(market: Any, post_hit: Callable[..., str]) -> None:
    hit_ids, crowd, start = (
        [post_hit(MaxAssignments=5) for _ in range(3)],
        [market.worker() for _ in range(8)],
        Barrier(8),
    )

    def work(worker: Any) -> list[str]:
        start.wait()
        done = []
        for hit_id in hit_ids:
            token = re.findall(r'name="csrf_token" value="([^"]+)"', worker.get("/invite/" + code).text)[0]
            address, form = f"{market.url}/work/{hit_id}/accept", {"csrf_token": token}
            answers = [worker.session.post(address, data=form, timeout=60) for _ in range(2)]
            assert {answer.status_code for answer in answers} in ({200}, {409})
            if answers[0].status_code == 200:
                task = worker.parameters(answers[1].text)
                assert {worker.submit(task, by=task["workerId"]).status_code for _ in range(2)} == {200}
                done.append(task["assignmentId"])
        return done

    code = add_invite(market.database_url, market.keys[0])
    with ThreadPoolExecutor(8) as pool:
        done = sorted(assignment_id for found in pool.map(work, crowd) for assignment_id in found)
    listed = [
        one
        for hit_id in hit_ids
        for one in market.client().list_assignments_for_hit(HITId=hit_id, MaxResults=100)["Assignments"]
    ]
    assert sorted(one["AssignmentId"] for one in listed) == done
    assert len(done) == 15
    assert all(one["WorkerId"] in one["Answer"] for one in listed)


def test_it_runs_alone_and_keeps_its_cookie_to_https(database_url: str) -> None:
    app: Flask = create_marketplace(database_url, "secret", "https://lab.example")
    code = add_invite(database_url, *_requester(database_url))
    client = app.test_client()
    page = client.get(f"/invite/{code}")
    assert page.status_code == 200
    assert "Secure" in page.headers["Set-Cookie"]
    app.extensions["marketplace"].store.close()


def _requester(database_url: str) -> tuple[str]:
    from app.marketplace.administration import add_requester

    return (add_requester(database_url, "A lab", 0)[0],)


def test_a_database_without_tables_is_refused_in_a_sentence(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    with pytest.raises(DatabaseNotReady, match="earwitness db upgrade"):
        create_marketplace(url, "secret", "http://127.0.0.1:5000")
    upgrade(url)
    upgrade(url)  # a second time changes nothing
    create_marketplace(url, "secret", "http://127.0.0.1:5000").extensions["marketplace"].store.close()


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=10)), min_size=1, max_size=4))
def test_whatever_is_handed_in_becomes_well_formed_xml(fields: list[tuple[str, str]]) -> None:
    root = ET.fromstring(answers_xml(fields))
    assert len(root.findall(f"{{{ANSWERS}}}Answer")) <= len(fields)


@given(st.dictionaries(st.sampled_from(["assignmentId", "hitId", "workerId"]), st.text(max_size=10)))
def test_a_task_s_own_parameters_stay_before_the_platform_s(ids: dict[str, str]) -> None:
    from urllib.parse import parse_qsl, urlsplit

    from hits.platforms.mturk.wire import external_question

    url = task_url_for(external_question("https://lab.example/t?x=a%26b&y="), ids)
    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == [("x", "a&b"), ("y", ""), *ids.items()]


def test_a_page_that_does_not_exist_says_what_to_do(market: Any) -> None:
    page = requests.get(f"{market.url}/nothing", timeout=30)
    assert page.status_code == 404
    assert "There is no such page" in page.text


def test_an_address_with_a_slash_too_many_still_arrives(market: Any) -> None:
    answer = requests.get(f"{market.url}/invite//CODE", allow_redirects=False, timeout=30)
    assert answer.status_code == 308
    assert answer.headers["Location"].endswith("/invite/CODE")
