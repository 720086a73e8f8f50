"""What requesters may count on: paging, tokens, money, states, expiry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.marketplace.administration import add_requester
from app.marketplace.records import Worker
from app.marketplace.store import assignments as assignment_rows
from app.marketplace.store import workers as worker_rows
from app.marketplace.store.engine import Store


def turk_code(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["TurkErrorCode"]  # type: ignore[typeddict-item]
    return code.removeprefix("AWS.MechanicalTurk.")


def fill(market: Any, hit_id: str, number: int) -> None:
    """Handed-in assignments of as many workers, written straight into the database."""
    store, now = Store(market.database_url), datetime.now(UTC)
    with store.write() as connection:
        for index in range(number):
            worker = Worker(f"A{index:013d}", False, now)
            worker_rows.add_worker(connection, worker)
            row = {
                "assignment_id": f"3{index:029d}",
                "hit_id": hit_id,
                "worker_id": worker.worker_id,
                "status": "Submitted",
                "accepted_at": now,
                "deadline": now,
                "submitted_at": now + timedelta(milliseconds=index // 7),  # some at the very same moment
                "auto_approval_at": now + timedelta(days=1),
                "answer": "<a/>",
            }
            assignment_rows.add_assignment(connection, row)
    store.close()


@pytest.mark.parametrize("page_size", [1, 7, 100])
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_hundred_and_one_assignments_are_listed_to_the_last(
    market: Any, post_hit: Callable[..., str], page_size: int
) -> None:
    hit_id = post_hit(MaxAssignments=101)
    fill(market, hit_id, 101)
    pages = (
        market.client()
        .get_paginator("list_assignments_for_hit")
        .paginate(HITId=hit_id, PaginationConfig={"PageSize": page_size})
    )
    found = [one["AssignmentId"] for page in pages for one in page["Assignments"]]
    assert found == [f"3{index:029d}" for index in range(101)]


def test_a_listing_by_state_loses_nothing_while_its_assignments_are_approved(
    market: Any, post_hit: Callable[..., str]
) -> None:
    client, hit_id = market.client(), post_hit(MaxAssignments=25)
    fill(market, hit_id, 25)
    pages = client.get_paginator("list_assignments_for_hit").paginate(
        HITId=hit_id, AssignmentStatuses=["Submitted"], PaginationConfig={"PageSize": 10}
    )
    for page in pages:
        for one in page["Assignments"]:
            client.approve_assignment(AssignmentId=one["AssignmentId"])
    assert client.get_hit(HITId=hit_id)["HIT"]["NumberOfAssignmentsCompleted"] == 25


def test_all_hits_are_listed_newest_first(market: Any, post_hit: Callable[..., str]) -> None:
    made = [post_hit() for _ in range(12)]
    pages = market.client().get_paginator("list_hits").paginate(PaginationConfig={"PageSize": 5})
    assert [hit["HITId"] for page in pages for hit in page["HITs"]] == made[::-1]


def test_a_hit_comes_back_as_it_was_made(market: Any, post_hit: Callable[..., str]) -> None:
    wanted = [
        {
            "QualificationTypeId": "00000000000000000071",
            "Comparator": "EqualTo",
            "LocaleValues": [{"Country": "US"}],
            "ActionsGuarded": "Accept",
        }
    ]
    hit_id = post_hit(QualificationRequirements=wanted, RequesterAnnotation="batch 1", Reward="1")
    hit = market.client().get_hit(HITId=hit_id)["HIT"]
    assert hit["QualificationRequirements"] == wanted
    assert (hit["RequesterAnnotation"], hit["Reward"], hit["HITStatus"]) == ("batch 1", "1.00", "Assignable")
    assert hit["Expiration"] - hit["CreationTime"] == timedelta(days=1)


def test_the_same_token_never_makes_two_hits(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id = post_hit(UniqueRequestToken="pair-1")
    with pytest.raises(ClientError, match=hit_id) as caught:
        post_hit(UniqueRequestToken="pair-1")
    assert turk_code(caught) == "HitAlreadyExists"
    assert market.client().list_hits()["NumResults"] == 1


def bonus(market: Any, task: dict[str, str], **changes: Any) -> None:
    market.client().send_bonus(
        **{
            "WorkerId": task["workerId"],
            "AssignmentId": task["assignmentId"],
            "BonusAmount": "0.10",
            "Reason": "care",
            "UniqueRequestToken": "bonus-1",
            **changes,
        }
    )


@pytest.fixture
def task(market: Any, post_hit: Callable[..., str]) -> dict[str, str]:
    """A task that was handed in."""
    hit_id, worker = post_hit(), market.worker()
    parameters: dict[str, str] = worker.accept(hit_id)
    worker.submit(parameters)
    return parameters


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_the_same_token_never_pays_twice(market: Any, task: dict[str, str]) -> None:
    bonus(market, task)
    with pytest.raises(ClientError, match="already been processed") as caught:
        bonus(market, task)
    assert turk_code(caught) == "DuplicateRequest"
    with pytest.raises(ClientError, match="nothing was paid") as mismatch:
        bonus(market, task, BonusAmount="0.20")
    assert turk_code(mismatch) == "IdempotentParameterMismatch"
    assert market.client().list_bonus_payments(AssignmentId=task["assignmentId"])["NumResults"] == 1


@pytest.mark.parametrize(
    "changes", [{"WorkerId": "A2SOMEBODYELSE"}, {"BonusAmount": "0.00"}, {"Reason": " "}, {"BonusAmount": "9999"}]
)
def test_a_bonus_that_cannot_be_is_refused(market: Any, task: dict[str, str], changes: dict[str, str]) -> None:
    with pytest.raises(ClientError):
        bonus(market, task, **changes)
    assert market.client().list_bonus_payments(AssignmentId=task["assignmentId"])["NumResults"] == 0


def test_approving_twice_is_an_error_and_pays_once(market: Any, task: dict[str, str]) -> None:
    client = market.client()
    client.approve_assignment(AssignmentId=task["assignmentId"])
    before = client.get_account_balance()
    with pytest.raises(ClientError) as caught:
        client.approve_assignment(AssignmentId=task["assignmentId"])
    assert turk_code(caught) == "InvalidAssignmentState"
    assert client.get_account_balance()["AvailableBalance"] == before["AvailableBalance"]


def test_a_rejection_frees_its_money_and_can_be_overridden(market: Any, task: dict[str, str]) -> None:
    client = market.client()
    client.reject_assignment(AssignmentId=task["assignmentId"], RequesterFeedback="no sound was played")
    assert client.get_account_balance()["OnHoldBalance"] == "1.52"
    with pytest.raises(ClientError):
        client.approve_assignment(AssignmentId=task["assignmentId"])
    client.approve_assignment(AssignmentId=task["assignmentId"], OverrideRejection=True)
    assignment = client.get_assignment(AssignmentId=task["assignmentId"])["Assignment"]
    assert assignment["AssignmentStatus"] == "Approved"
    assert client.get_account_balance()["AvailableBalance"] == "997.72"


def test_ten_assignments_cost_the_larger_fee_and_a_cent_is_the_least(market: Any, post_hit: Callable[..., str]) -> None:
    client = market.client()
    post_hit(Reward="0.50", MaxAssignments=9)
    assert client.get_account_balance()["OnHoldBalance"] == "5.40"
    post_hit(Reward="0.50", MaxAssignments=10)
    assert client.get_account_balance()["OnHoldBalance"] == "12.40"
    post_hit(Reward="0.01", MaxAssignments=1)
    assert client.get_account_balance()["OnHoldBalance"] == "12.42"


def test_nobody_promises_more_than_they_have(market: Any, post_hit: Callable[..., str]) -> None:
    with pytest.raises(ClientError) as caught:
        post_hit(Reward="100", MaxAssignments=9)
    assert turk_code(caught) == "InsufficientFunds"
    first = post_hit(Reward="100", MaxAssignments=8)
    market.client().update_expiration_for_hit(HITId=first, ExpireAt=datetime(2015, 1, 1, tzinfo=UTC))
    post_hit(Reward="100", MaxAssignments=8)
    with pytest.raises(ClientError) as reopened:
        market.client().update_expiration_for_hit(HITId=first, ExpireAt=datetime.now(UTC) + timedelta(days=1))
    assert turk_code(reopened) == "InsufficientFunds"


def test_another_requester_sees_nothing_of_it(market: Any, task: dict[str, str]) -> None:
    key, secret = add_requester(market.database_url, "Another Lab", 10_000)
    other = market.client(aws_access_key_id=key, aws_secret_access_key=secret)
    assert other.list_hits()["NumResults"] == 0
    for operation, fields in [
        (other.get_hit, {"HITId": task["hitId"]}),
        (other.list_assignments_for_hit, {"HITId": task["hitId"]}),
        (other.delete_hit, {"HITId": task["hitId"]}),
        (other.get_assignment, {"AssignmentId": task["assignmentId"]}),
        (other.approve_assignment, {"AssignmentId": task["assignmentId"]}),
        (other.list_bonus_payments, {"HITId": task["hitId"]}),
    ]:
        with pytest.raises(ClientError, match="does not exist"):
            operation(**fields)


def test_an_expired_hit_takes_nobody_in_but_lets_work_be_handed_in(market: Any, post_hit: Callable[..., str]) -> None:
    client, hit_id, early, late = market.client(), post_hit(), market.worker(), market.worker()
    parameters = early.accept(hit_id)
    page = late.get("/work").text
    client.update_expiration_for_hit(HITId=hit_id, ExpireAt=datetime(2015, 1, 1, tzinfo=UTC))
    assert client.get_hit(HITId=hit_id)["HIT"]["HITStatus"] == "Unassignable"
    assert late.open_hits() == []
    assert hit_id in page
    assert early.submit(parameters).status_code == 200
    assert client.get_hit(HITId=hit_id)["HIT"]["HITStatus"] == "Reviewable"


def test_a_hit_is_deleted_only_when_all_its_work_is_decided(market: Any, task: dict[str, str]) -> None:
    client, hit_id = market.client(), task["hitId"]
    with pytest.raises(ClientError):
        client.delete_hit(HITId=hit_id)
    client.update_expiration_for_hit(HITId=hit_id, ExpireAt=datetime(2015, 1, 1, tzinfo=UTC))
    with pytest.raises(ClientError):
        client.delete_hit(HITId=hit_id)
    client.approve_assignment(AssignmentId=task["assignmentId"])
    client.delete_hit(HITId=hit_id)
    assert client.list_hits()["NumResults"] == 0
    assert client.get_hit(HITId=hit_id)["HIT"]["HITStatus"] == "Disposed"


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_work_that_nobody_decides_is_approved_and_paid_in_time(market: Any, task: dict[str, str]) -> None:
    client = market.client()
    market.clock.ahead = timedelta(hours=23, minutes=59)
    assert client.get_assignment(AssignmentId=task["assignmentId"])["Assignment"]["AssignmentStatus"] == "Submitted"
    market.clock.ahead = timedelta(days=1, seconds=1)
    found = client.get_assignment(AssignmentId=task["assignmentId"])["Assignment"]
    assert (found["AssignmentStatus"], found["ApprovalTime"]) == ("Approved", found["AutoApprovalTime"])
    assert client.get_account_balance()["AvailableBalance"] == "999.24"
