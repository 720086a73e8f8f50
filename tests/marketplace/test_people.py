"""Between requesters and workers: blocks, messages, pay for whoever worked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.marketplace.administration import add_requester


def turk_code(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["TurkErrorCode"]  # type: ignore[typeddict-item]
    return code.removeprefix("AWS.MechanicalTurk.")


def other_requester(market: Any) -> Any:
    key, secret = add_requester(market.database_url, "Another Lab", 10_000)
    return market.client(aws_access_key_id=key, aws_secret_access_key=secret)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_whom_a_requester_blocks_accepts_nothing_more_of_theirs(market: Any, post_hit: Callable[..., str]) -> None:
    client, worker, begun, later = market.client(), market.worker(), post_hit(), post_hit()
    task, worker_id = worker.accept(begun), worker.worker_id
    token = re.findall(r'name="csrf_token" value="([^"]+)"', worker.get("/you").text)[0]
    for reason in ("too fast", "much too fast"):
        client.create_worker_block(WorkerId=worker_id, Reason=reason)
    assert client.list_worker_blocks()["WorkerBlocks"] == [{"WorkerId": worker_id, "Reason": "much too fast"}]
    assert other_requester(market).list_worker_blocks()["NumResults"] == 0
    assert worker.open_hits() == []
    answer = worker.session.post(f"{market.url}/work/{later}/accept", data={"csrf_token": token}, timeout=30)
    assert (answer.status_code, "has closed its tasks to you" in answer.text) == (409, True)
    assert worker.submit(task).status_code == 200
    for _ in range(2):
        client.delete_worker_block(WorkerId=worker_id)
    assert worker.open_hits() == [later]


def test_all_blocks_are_listed_to_the_last(market: Any) -> None:
    client, ids = market.client(), [market.worker().worker_id for _ in range(5)]
    for worker_id in ids:
        client.create_worker_block(WorkerId=worker_id, Reason="r")
    pages = client.get_paginator("list_worker_blocks").paginate(PaginationConfig={"PageSize": 2})
    assert [one["WorkerId"] for page in pages for one in page["WorkerBlocks"]] == ids


def test_whom_nobody_knows_is_not_blocked(market: Any) -> None:
    for call in (market.client().create_worker_block, market.client().delete_worker_block):
        with pytest.raises(ClientError) as caught:
            call(WorkerId="A2NOBODY", Reason="r")
        assert turk_code(caught) == "WorkerDoesNotExist"


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_message_reaches_its_workers_and_says_whom_it_missed(market: Any) -> None:
    client, worker = market.client(), market.worker()
    written = {"Subject": "New <tasks>", "MessageText": "Monday.\nSee you."}
    answer = client.notify_workers(**written, WorkerIds=[worker.worker_id, worker.worker_id, "A2NOBODY"])
    (failed,) = answer["NotifyWorkersFailureStatuses"]
    assert (failed["WorkerId"], failed["NotifyWorkersFailureCode"]) == ("A2NOBODY", "HardFailure")
    inbox = worker.get("/messages").text
    assert inbox.count("New &lt;tasks&gt;") == 1
    assert "The Listening Lab" in inbox
    strangers = other_requester(market).notify_workers(**written, WorkerIds=[worker.worker_id])
    assert len(strangers["NotifyWorkersFailureStatuses"]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"Subject": "s" * 201},
        {"MessageText": "t" * 4097},
        {"Subject": " "},
        {"WorkerIds": []},
        {"WorkerIds": [f"A{n}B" for n in range(101)]},
    ],
    ids=["long subject", "long text", "no subject", "nobody", "too many"],
)
def test_a_message_that_cannot_be_is_refused(market: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        market.client().notify_workers(**{"Subject": "s", "MessageText": "t", "WorkerIds": ["A1B"], **changes})
    assert turk_code(caught) == "ParameterValidationError"


@pytest.mark.parametrize("ended", ["held", "returned", "abandoned"])
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_whoever_worked_can_be_paid(market: Any, post_hit: Callable[..., str], ended: str) -> None:
    client, worker, hit_id = market.client(), market.worker(), post_hit()
    task = worker.accept(hit_id)
    if ended == "returned":
        worker.post_form(f"/work/{task['assignmentId']}", "/return")
    if ended == "abandoned":
        market.clock.ahead = timedelta(minutes=12)
    pay = {
        "WorkerId": task["workerId"],
        "AssignmentId": task["assignmentId"],
        "BonusAmount": "0.21",
        "Reason": "a third of it was done",
        "UniqueRequestToken": "part-1",
    }
    client.send_bonus(**pay)
    with pytest.raises(ClientError, match="already been processed"):
        client.send_bonus(**pay)
    listed = client.list_bonus_payments(AssignmentId=task["assignmentId"])["BonusPayments"]
    assert [one["BonusAmount"] for one in listed] == ["0.21"]
    earnings = worker.get("/earnings").text
    assert "$0.21" in earnings
    assert "a third of it was done" in earnings
