"""HIT types, more places, reviews, and listings by what HITs ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.marketplace.administration import add_requester
from hits.platforms.mturk.wire import external_question

QUESTION = external_question("http://127.0.0.1:9/task")

TYPE = {
    "Title": "Compare two recordings",
    "Description": "Listen to two clips.",
    "Reward": "0.50",
    "AssignmentDurationInSeconds": 600,
    "AutoApprovalDelayInSeconds": 86_400,
}
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


def turk_code(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["TurkErrorCode"]  # type: ignore[typeddict-item]
    return code.removeprefix("AWS.MechanicalTurk.")


def post(client: Any, type_id: str, **changes: Any) -> str:
    wanted = {"HITTypeId": type_id, "LifetimeInSeconds": 3600, "Question": QUESTION, "MaxAssignments": 3}
    return str(client.create_hit_with_hit_type(**{**wanted, **changes})["HIT"]["HITId"])


def test_the_same_properties_are_the_same_type(market: Any) -> None:
    client = market.client()
    type_id = client.create_hit_type(**TYPE)["HITTypeId"]
    assert client.create_hit_type(**TYPE)["HITTypeId"] == type_id
    assert client.create_hit_type(**{**TYPE, "Reward": "0.51"})["HITTypeId"] != type_id
    lifetime = {"LifetimeInSeconds": 3600, "Question": QUESTION}
    assert client.create_hit(**TYPE, **lifetime)["HIT"]["HITTypeId"] == type_id


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_hit_is_made_of_its_type_once_a_token(market: Any) -> None:
    client = market.client()
    type_id = client.create_hit_type(**TYPE)["HITTypeId"]
    hit_id = post(client, type_id, UniqueRequestToken="pair-1")
    hit = client.get_hit(HITId=hit_id)["HIT"]
    assert (hit["Title"], hit["Reward"], hit["HITTypeId"]) == (TYPE["Title"], "0.50", type_id)
    with pytest.raises(ClientError, match=hit_id) as again:
        post(client, type_id, UniqueRequestToken="pair-1")
    assert turk_code(again) == "HitAlreadyExists"
    with pytest.raises(ClientError) as nowhere:
        post(client, "3NOSUCHTYPE")
    assert turk_code(nowhere) == "HITTypeDoesNotExist"


def test_another_requester_s_type_is_not_there(market: Any) -> None:
    type_id = market.client().create_hit_type(**TYPE)["HITTypeId"]
    key, secret = add_requester(market.database_url, "Another Lab", 10_000)
    other = market.client(aws_access_key_id=key, aws_secret_access_key=secret)
    with pytest.raises(ClientError) as caught:
        post(other, type_id)
    assert turk_code(caught) == "HITTypeDoesNotExist"


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_hit_gets_another_type_but_nobody_loses_by_it(market: Any) -> None:
    client, worker = market.client(), market.worker()
    hit_id = post(client, client.create_hit_type(**TYPE)["HITTypeId"])
    dearer = client.create_hit_type(**{**TYPE, "Reward": "1.00", "Title": "Compare with care"})["HITTypeId"]
    cheaper = client.create_hit_type(**{**TYPE, "Reward": "0.10"})["HITTypeId"]
    client.update_hit_type_of_hit(HITId=hit_id, HITTypeId=dearer)
    hit = client.get_hit(HITId=hit_id)["HIT"]
    assert (hit["Title"], hit["Reward"], hit["HITTypeId"]) == ("Compare with care", "1.00", dearer)
    assert client.get_account_balance()["OnHoldBalance"] == "3.60"
    worker.accept(hit_id)
    with pytest.raises(ClientError) as caught:
        client.update_hit_type_of_hit(HITId=hit_id, HITTypeId=cheaper)
    assert turk_code(caught) == "InvalidHITState"


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_places_are_added_once_a_token_and_held(market: Any, post_hit: Callable[..., str]) -> None:
    client, hit_id = market.client(), post_hit(MaxAssignments=2)
    more = {"HITId": hit_id, "NumberOfAdditionalAssignments": 3, "UniqueRequestToken": "more-1"}
    client.create_additional_assignments_for_hit(**more)
    with pytest.raises(ClientError, match="already been processed") as again:
        client.create_additional_assignments_for_hit(**more)
    assert turk_code(again) == "DuplicateRequest"
    with pytest.raises(ClientError) as other:
        client.create_additional_assignments_for_hit(**{**more, "NumberOfAdditionalAssignments": 4})
    assert turk_code(other) == "IdempotentParameterMismatch"
    assert client.get_hit(HITId=hit_id)["HIT"]["MaxAssignments"] == 5
    assert client.get_account_balance()["OnHoldBalance"] == "3.80"


@pytest.mark.parametrize(("made", "added", "taken"), [(9, 1, False), (1, 9, False), (1, 8, True), (10, 5, True)])
def test_a_small_hit_never_grows_to_ten(
    market: Any, post_hit: Callable[..., str], made: int, added: int, taken: bool
) -> None:
    client, hit_id = market.client(), post_hit(MaxAssignments=made)
    more = {"HITId": hit_id, "NumberOfAdditionalAssignments": added}
    if taken:
        client.create_additional_assignments_for_hit(**more)
    else:
        with pytest.raises(ClientError) as caught:
            client.create_additional_assignments_for_hit(**more)
        assert turk_code(caught) == "InvalidMaximumAssignmentsIncrease"
    assert client.get_hit(HITId=hit_id)["HIT"]["MaxAssignments"] == made + added * taken


def test_nobody_adds_more_than_they_have(market: Any, post_hit: Callable[..., str]) -> None:
    client, hit_id = market.client(), post_hit(Reward="100", MaxAssignments=8)
    with pytest.raises(ClientError) as caught:
        client.create_additional_assignments_for_hit(HITId=hit_id, NumberOfAdditionalAssignments=1)
    assert turk_code(caught) == "InsufficientFunds"
    assert client.get_hit(HITId=hit_id)["HIT"]["MaxAssignments"] == 8


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_hit_goes_from_assignable_to_disposed_as_documented(market: Any, post_hit: Callable[..., str]) -> None:
    client, worker, hit_id = market.client(), market.worker(), post_hit(MaxAssignments=1)

    def status() -> str:
        return str(client.get_hit(HITId=hit_id)["HIT"]["HITStatus"])

    found = [status()]
    task = worker.accept(hit_id)
    found.append(status())
    worker.submit(task)
    found.append(status())
    assert client.list_reviewable_hits()["HITs"][0]["HITId"] == hit_id
    client.update_hit_review_status(HITId=hit_id)
    found.append(status())
    assert client.list_reviewable_hits()["NumResults"] == 0
    type_id = client.get_hit(HITId=hit_id)["HIT"]["HITTypeId"]
    assert client.list_reviewable_hits(Status="Reviewing", HITTypeId=type_id)["NumResults"] == 1
    assert client.list_reviewable_hits(Status="Reviewing", HITTypeId="3OTHER")["NumResults"] == 0
    for wrong in ({}, {"HITId": hit_id, "Revert": False}):
        with pytest.raises(ClientError) as caught:
            client.update_hit_review_status(**{"HITId": hit_id, **wrong})
        assert turk_code(caught) == "InvalidHITState"
    client.approve_assignment(AssignmentId=task["assignmentId"])
    with pytest.raises(ClientError) as reviewing:
        client.delete_hit(HITId=hit_id)
    assert turk_code(reviewing) == "InvalidHITState"
    client.update_hit_review_status(HITId=hit_id, Revert=True)
    client.delete_hit(HITId=hit_id)
    found.append(status())
    assert found == ["Assignable", "Unassignable", "Reviewable", "Reviewing", "Disposed"]
    for call in (client.delete_hit, client.update_hit_review_status):
        with pytest.raises(ClientError) as gone:
            call(HITId=hit_id)
        assert turk_code(gone) == "InvalidHITState"


def test_more_places_end_a_review(market: Any, post_hit: Callable[..., str]) -> None:
    client, hit_id = market.client(), post_hit(MaxAssignments=1)
    client.update_expiration_for_hit(HITId=hit_id, ExpireAt=LONG_AGO)
    client.update_hit_review_status(HITId=hit_id)
    client.update_expiration_for_hit(HITId=hit_id, ExpireAt=datetime.now(UTC) + timedelta(days=1))
    hit = client.get_hit(HITId=hit_id)["HIT"]
    assert (hit["HITStatus"], hit["HITReviewStatus"]) == ("Assignable", "NotReviewed")


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_reviewable_hits_are_listed_to_the_last(market: Any, post_hit: Callable[..., str]) -> None:
    client = market.client()
    made = [post_hit() for _ in range(11)]
    for hit_id in made[1:]:
        client.update_expiration_for_hit(HITId=hit_id, ExpireAt=LONG_AGO)
    pages = client.get_paginator("list_reviewable_hits").paginate(PaginationConfig={"PageSize": 4})
    assert [hit["HITId"] for page in pages for hit in page["HITs"]] == made[:0:-1]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_hits_are_found_by_what_they_ask_for(market: Any, post_hit: Callable[..., str]) -> None:
    client = market.client()
    type_id = client.create_qualification_type(Name="Ears", Description="d", QualificationTypeStatus="Active")[
        "QualificationType"
    ]["QualificationTypeId"]
    post_hit()
    wanted = [post_hit(QualificationRequirements=[{"QualificationTypeId": type_id, "Comparator": "Exists"}])]
    found = client.list_hits_for_qualification_type(QualificationTypeId=type_id)
    assert [hit["HITId"] for hit in found["HITs"]] == wanted
    with pytest.raises(ClientError) as caught:
        client.list_hits_for_qualification_type(QualificationTypeId="3NOBODY")
    assert turk_code(caught) == "QualificationTypeDoesNotExist"


def test_an_inactive_type_is_not_asked_for(market: Any, post_hit: Callable[..., str]) -> None:
    made = market.client().create_qualification_type(Name="Ears", Description="d", QualificationTypeStatus="Inactive")
    type_id = made["QualificationType"]["QualificationTypeId"]
    with pytest.raises(ClientError, match="not Active"):
        post_hit(QualificationRequirements=[{"QualificationTypeId": type_id, "Comparator": "Exists"}])
