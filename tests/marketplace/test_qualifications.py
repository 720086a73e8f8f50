"""Qualification types and who has them, by boto3."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.marketplace.administration import add_requester
from app.marketplace.records import Worker
from app.marketplace.store import workers as worker_rows
from app.marketplace.store.engine import Store


def turk_code(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["TurkErrorCode"]  # type: ignore[typeddict-item]
    return code.removeprefix("AWS.MechanicalTurk.")


def make_type(client: Any, **changes: Any) -> str:
    wanted = {"Name": "Trained listener", "Description": "Did the training.", "QualificationTypeStatus": "Active"}
    return str(client.create_qualification_type(**{**wanted, **changes})["QualificationType"]["QualificationTypeId"])


def add_workers(market: Any, number: int) -> list[str]:
    """Workers written straight into the database."""
    store, ids = Store(market.database_url), [f"A{index:013d}" for index in range(number)]
    with store.write() as connection:
        for worker_id in ids:
            worker_rows.add_worker(connection, Worker(worker_id, False, datetime.now(UTC)))
    store.close()
    return ids


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_qualification_is_given_scored_and_revoked(market: Any) -> None:
    client, (worker_id,) = market.client(), add_workers(market, 1)
    type_id = make_type(client)
    who = {"QualificationTypeId": type_id, "WorkerId": worker_id}
    with pytest.raises(ClientError) as nothing:
        client.get_qualification_score(**who)
    assert turk_code(nothing) == "QualificationDoesNotExist"
    client.associate_qualification_with_worker(**who, IntegerValue=70, SendNotification=False)
    client.associate_qualification_with_worker(**who, IntegerValue=80)
    held = client.get_qualification_score(**who)["Qualification"]
    assert (held["IntegerValue"], held["Status"], held["WorkerId"]) == (80, "Granted", worker_id)
    client.disassociate_qualification_from_worker(**who, Reason="too long ago")
    assert client.get_qualification_score(**who)["Qualification"]["Status"] == "Revoked"
    with pytest.raises(ClientError) as again:
        client.disassociate_qualification_from_worker(**who)
    assert turk_code(again) == "InvalidQualificationState"
    listed = client.list_workers_with_qualification_type
    assert listed(QualificationTypeId=type_id)["NumResults"] == 0
    assert listed(QualificationTypeId=type_id, Status="Revoked")["Qualifications"][0]["WorkerId"] == worker_id


def test_whom_nobody_knows_is_given_nothing(market: Any) -> None:
    client = market.client()
    with pytest.raises(ClientError) as caught:
        client.associate_qualification_with_worker(QualificationTypeId=make_type(client), WorkerId="A2NOBODY")
    assert turk_code(caught) == "WorkerDoesNotExist"


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_all_holders_are_listed_to_the_last(market: Any) -> None:
    client, ids = market.client(), add_workers(market, 23)
    type_id = make_type(client)
    for worker_id in ids:
        client.associate_qualification_with_worker(
            QualificationTypeId=type_id, WorkerId=worker_id, SendNotification=False
        )
    pages = client.get_paginator("list_workers_with_qualification_type").paginate(
        QualificationTypeId=type_id, PaginationConfig={"PageSize": 7}
    )
    assert [one["WorkerId"] for page in pages for one in page["Qualifications"]] == ids


def test_a_type_comes_back_as_it_was_made_and_changed(market: Any) -> None:
    client = market.client()
    type_id = make_type(client, Keywords="sound, ears", AutoGranted=True, AutoGrantedValue=3, RetryDelayInSeconds=60)
    client.update_qualification_type(QualificationTypeId=type_id, Description="New words.", AutoGrantedValue=4)
    found = client.get_qualification_type(QualificationTypeId=type_id)["QualificationType"]
    del found["CreationTime"]
    assert found == {
        "QualificationTypeId": type_id,
        "Name": "Trained listener",
        "Description": "New words.",
        "Keywords": "sound, ears",
        "QualificationTypeStatus": "Active",
        "RetryDelayInSeconds": 60,
        "IsRequestable": True,
        "AutoGranted": True,
        "AutoGrantedValue": 4,
    }


def test_types_are_found_by_their_words_page_by_page(market: Any) -> None:
    client = market.client()
    made = [make_type(client, Name=f"Listener {n}", Keywords="100%_ears" if n % 2 else "") for n in range(12)]
    pages = client.get_paginator("list_qualification_types").paginate(
        MustBeRequestable=True, Query="listener", PaginationConfig={"PageSize": 5}
    )
    assert [one["QualificationTypeId"] for page in pages for one in page["QualificationTypes"]] == made
    for query, number in (("100%_EARS", 6), ("%", 6), ("nobody", 0)):
        found = client.list_qualification_types(MustBeRequestable=True, Query=query, MaxResults=100)
        assert found["NumResults"] == number, query


def test_a_name_is_free_again_once_its_type_is_deleted(market: Any) -> None:
    client = market.client()
    type_id = make_type(client)
    with pytest.raises(ClientError) as twice:
        make_type(client)
    assert turk_code(twice) == "QualificationTypeAlreadyExists"
    client.delete_qualification_type(QualificationTypeId=type_id)
    with pytest.raises(ClientError) as gone:
        client.get_qualification_type(QualificationTypeId=type_id)
    assert turk_code(gone) == "QualificationTypeDoesNotExist"
    assert make_type(client) != type_id


def test_only_its_owner_gives_a_qualification(market: Any) -> None:
    type_id, (worker_id,) = make_type(market.client()), add_workers(market, 1)
    key, secret = add_requester(market.database_url, "Another Lab", 0)
    other = market.client(aws_access_key_id=key, aws_secret_access_key=secret)
    assert other.get_qualification_type(QualificationTypeId=type_id)["QualificationType"]["Name"] == "Trained listener"
    assert other.list_qualification_types(MustBeRequestable=False, MustBeOwnedByCaller=True)["NumResults"] == 0
    who = {"QualificationTypeId": type_id, "WorkerId": worker_id}
    for operation, fields in [
        (other.associate_qualification_with_worker, who),
        (other.get_qualification_score, who),
        (other.update_qualification_type, {"QualificationTypeId": type_id, "Description": "mine"}),
        (other.delete_qualification_type, {"QualificationTypeId": type_id}),
        (other.list_workers_with_qualification_type, {"QualificationTypeId": type_id}),
    ]:
        with pytest.raises(ClientError) as caught:
            operation(**fields)
        assert turk_code(caught) == "QualificationTypeDoesNotExist"


def test_the_marketplace_s_own_qualifications_have_mturk_s_ids(market: Any) -> None:
    for type_id in ("000000000000000000L0", "00000000000000000071", "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH"):
        found = market.client().get_qualification_type(QualificationTypeId=type_id)["QualificationType"]
        assert not found["IsRequestable"]


@pytest.mark.parametrize(
    "changes",
    [
        {"Name": " "},
        {"Name": "n" * 201},
        {"AutoGrantedValue": 3},
        {"AnswerKey": "<AnswerKey/>"},
        {"TestDurationInSeconds": 60},
        {"Test": "<QuestionForm/>", "TestDurationInSeconds": 60},
        {"RetryDelayInSeconds": -1},
        {"AutoGranted": True, "AutoGrantedValue": 2**31},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_type_that_cannot_be_is_refused(market: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        make_type(market.client(), **changes)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert market.client().list_qualification_types(MustBeRequestable=False)["NumResults"] == 0
