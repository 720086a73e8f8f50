"""The wire: signatures, service model, errors in MTurk's form."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from app.marketplace.operations.table import LEFT_OUT, OPERATIONS
from app.marketplace.wire import SIGNING_NAME, Protocol, ProtocolError

TARGET = "MTurkRequesterServiceV20170117."


def signed(market: Any, operation: str, body: bytes, **headers: str) -> AWSRequest:
    """A request as boto3 signs it."""
    request = AWSRequest(
        "POST",
        f"{market.url}/requester",
        {"X-Amz-Target": TARGET + operation, "Content-Type": "application/x-amz-json-1.1", **headers},
        body,
    )
    SigV4Auth(Credentials(*market.keys), SIGNING_NAME, "us-east-1").add_auth(request)
    return request


def send(request: AWSRequest, body: bytes | None = None) -> requests.Response:
    return requests.post(request.url, data=body or request.body, headers=dict(request.headers.items()), timeout=30)


def refused(answer: requests.Response) -> tuple[int, str]:
    fault = answer.json()
    assert set(fault) == {"__type", "Message", "TurkErrorCode"}
    return answer.status_code, fault["__type"]


def test_a_well_signed_request_is_answered(market: Any) -> None:
    answer = send(signed(market, "GetAccountBalance", b"{}"))
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.json() == {"AvailableBalance": "1000.00", "OnHoldBalance": "0.00"}


def test_a_session_token_and_a_signed_body_hash_are_understood(market: Any) -> None:
    assert send(signed(market, "GetAccountBalance", b"{}", **{"X-Amz-Content-SHA256": "0" * 64})).status_code == 403
    assert send(signed(market, "GetAccountBalance", b"{}", **{"X-Amz-Security-Token": "t"})).status_code == 200


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"aws_secret_access_key": "another"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "EWAKNOBODY"}, "UnrecognizedClientException"),
    ],
    ids=["wrong secret", "wrong key"],
)
def test_a_wrong_key_is_refused(market: Any, keys: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        market.client(**keys).get_account_balance()
    assert caught.value.response["Error"]["Code"] == code


def test_a_signature_that_leaves_the_operation_open_is_refused(market: Any) -> None:
    request = AWSRequest("POST", f"{market.url}/requester", {}, b"{}")
    SigV4Auth(Credentials(*market.keys), SIGNING_NAME, "us-east-1").add_auth(request)
    request.headers["X-Amz-Target"] = TARGET + "GetAccountBalance"
    answer = send(request)
    assert refused(answer) == (403, "InvalidSignatureException")
    assert "x-amz-target" in answer.json()["Message"]


def test_a_body_that_was_changed_on_its_way_is_refused(market: Any) -> None:
    request = signed(market, "ListHITs", b'{"MaxResults": 10}')
    assert refused(send(request, b'{"MaxResults": 99}')) == (403, "InvalidSignatureException")


def test_a_target_that_was_changed_on_its_way_is_refused(market: Any) -> None:
    request = signed(market, "GetHIT", b'{"HITId": "3ABC"}')
    request.headers.replace_header("X-Amz-Target", TARGET + "DeleteHIT")
    assert refused(send(request)) == (403, "InvalidSignatureException")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_off_by_more_than_a_quarter_of_an_hour_is_refused(
    market: Any, minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = (datetime.now(UTC) + timedelta(minutes=minutes)).replace(tzinfo=None)
    with monkeypatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda: then)  # the client's clock
        request = signed(market, "GetAccountBalance", b"{}")
    answer = send(request)
    assert refused(answer) == (403, "InvalidSignatureException")
    assert "Set the clock" in answer.json()["Message"]


@pytest.mark.parametrize("header", ["Authorization", "X-Amz-Date"])
def test_a_request_without_its_signature_is_refused(market: Any, header: str) -> None:
    request = signed(market, "GetAccountBalance", b"{}")
    del request.headers[header]
    assert refused(send(request))[0] == 403


def test_host_and_date_must_be_signed(market: Any) -> None:
    request = signed(market, "GetAccountBalance", b"{}")
    authorization = request.headers["Authorization"].replace("host;", "")
    request.headers.replace_header("Authorization", authorization)
    answer = send(request)
    assert refused(answer) == (403, "InvalidSignatureException")
    assert "host" in answer.json()["Message"]


def test_an_operation_that_mturk_never_had_is_unknown(market: Any) -> None:
    assert refused(send(signed(market, "MakeCoffee", b"{}"))) == (400, "UnknownOperationException")


def test_every_operation_of_mturks_is_carried_out_or_left_out_by_name() -> None:
    names = set(Protocol()._model.operation_names)
    assert len(names) == 39
    assert set(OPERATIONS) | set(LEFT_OUT) == names
    assert not set(OPERATIONS) & set(LEFT_OUT)


@pytest.mark.parametrize("operation", sorted(LEFT_OUT))
def test_an_operation_that_is_left_out_says_so(market: Any, operation: str) -> None:
    fields = {"AssignmentId": "3A", "QuestionIdentifier": "q"} if "File" in operation else {"HITId": "3A"}
    answer = send(signed(market, operation, json.dumps(fields).encode()))
    assert refused(answer) == (400, "RequestError")
    assert answer.json()["TurkErrorCode"] == "AWS.MechanicalTurk.OperationNotSupported"
    assert operation in answer.json()["Message"]


#: Whatever an operation needs at least, of ids that nobody has.
LEAST: dict[str, Any] = {
    "WorkerIds": ["A2NOBODY"],
    "ExpireAt": 0,
    "MustBeRequestable": True,
    "NumberOfAdditionalAssignments": 1,
    "QualificationTypeStatus": "Active",
    "Reward": "0.01",
    "BonusAmount": "0.01",
    "WorkerId": "A2NOBODY",
    "Notification": {
        "Destination": "https://sqs.us-east-1.amazonaws.com/1/q",
        "Transport": "SQS",
        "Version": "2006-05-05",
        "EventTypes": ["Ping"],
    },
    "TestEventType": "Ping",
    "Question": "<ExternalQuestion/>",
}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_answers_as_the_service_model_says(market: Any, operation: str) -> None:
    shape = Protocol()._model.operation_model(operation).input_shape
    fields = {
        name: LEAST.get(name, 600 if shape.members[name].type_name in ("long", "integer") else "3NOBODY")
        for name in shape.required_members
    }
    answer = send(signed(market, operation, json.dumps(fields).encode()))
    if answer.status_code == 200:
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    else:
        assert refused(answer) == (400, "RequestError")
        assert answer.json()["TurkErrorCode"].startswith("AWS.MechanicalTurk.")
        assert "NotSupported" not in answer.json()["TurkErrorCode"]


@pytest.mark.parametrize(
    ("operation", "body", "fault"),
    [
        ("GetHIT", b"not json", "SerializationException"),
        ("GetHIT", b'["HITId"]', "SerializationException"),
        ("GetHIT", b"[" * 100_000, "SerializationException"),
        ("GetHIT", b"{}", "ValidationException"),
        ("GetHIT", b'{"HITId": 3}', "ValidationException"),
        ("GetHIT", b'{"HITId": "a-b"}', "ValidationException"),
        ("GetHIT", b'{"HITId": null}', "ValidationException"),
        ("GetHIT", b'{"HITId": "3ABC", "Extra": 1}', "ValidationException"),
        ("ListHITs", b'{"MaxResults": 0}', "ValidationException"),
        ("ListHITs", b'{"MaxResults": 101}', "ValidationException"),
        ("ListHITs", b'{"MaxResults": true}', "ValidationException"),
        ("ListHITs", b'{"MaxResults": NaN}', "SerializationException"),
        ("ListHITs", b'{"NextToken": "bm9uZSBvZiBvdXJz"}', "RequestError"),
        ("ListAssignmentsForHIT", b'{"HITId": "3ABC", "AssignmentStatuses": ["Lost"]}', "ValidationException"),
        ("UpdateExpirationForHIT", b'{"HITId": "3ABC", "ExpireAt": 1e99}', "ValidationException"),
        ("UpdateExpirationForHIT", b'{"HITId": "3ABC", "ExpireAt": "soon"}', "ValidationException"),
        ("RejectAssignment", b'{"AssignmentId": "3A", "RequesterFeedback": "\\u0000"}', "ValidationException"),
        ("RejectAssignment", b'{"AssignmentId": "3A", "RequesterFeedback": "\\ud800"}', "ValidationException"),
        ("GetHIT", b'{"HITId": "3ABC"}', "RequestError"),
    ],
)
def test_a_bad_request_is_refused_by_name(market: Any, operation: str, body: bytes, fault: str) -> None:
    assert refused(send(signed(market, operation, body))) == (400, fault)


def test_all_faults_of_a_request_are_named_at_once(market: Any) -> None:
    answer = send(signed(market, "CreateHIT", b'{"Title": 1, "Reward": "1"}'))
    for name in ("Title", "Description", "LifetimeInSeconds", "AssignmentDurationInSeconds"):
        assert name in answer.json()["Message"]


def test_a_request_of_more_than_a_megabyte_is_refused(market: Any) -> None:
    assert refused(send(signed(market, "GetHIT", b" " * 1_100_000))) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize(
    "changes",
    [
        {"Question": "<ExternalQuestion"},
        {"Question": "<HTMLQuestion/>"},
        {"Question": '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;">]><b>&c;&c;&c;</b>'},
        {"Question": '<!DOCTYPE b SYSTEM "file:///etc/passwd"><b/>'},
        {"Question": "x" * 65_536},
        {"Reward": "10000.01"},
        {"Reward": "9" * 5000},
        {"MaxAssignments": 0},
        {"LifetimeInSeconds": 29},
        {"AssignmentDurationInSeconds": 10**12},
        {"AutoApprovalDelayInSeconds": -1},
        {"Title": " "},
        {"Title": "t" * 129},
        {"HITLayoutId": "3ABC"},
        {"QualificationRequirements": [{"QualificationTypeId": "1", "Comparator": "Exists"}] * 11},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_hit_that_cannot_be_is_refused(post_hit: Callable[..., str], changes: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        post_hit(**changes)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://lab.example/task", True),
        ("http://localhost:5000/task", True),
        ("http://[::1]:5000/task", True),
        ("http://lab.example/task", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://localhost@evil.example/", False),
        ("https://b\u00fccher\u4f8b.example/", False),
        ("https://a.example; script-src evil.example/", False),
        ("javascript:alert(1)", False),
        ("https://lab.example:port/", False),
        ("//lab.example/", False),
        ("", False),
    ],
)
def test_a_task_lives_at_https_or_on_this_machine(post_hit: Callable[..., str], url: str, taken: bool) -> None:
    from hits.platforms.mturk.wire import external_question

    if taken:
        assert post_hit(Question=external_question(url))
    else:
        with pytest.raises(ClientError, match="ExternalURL"):
            post_hit(Question=external_question(url))


PROTOCOL = Protocol()
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["3ABC", "0.50", "A2XYZ"])
    | st.lists(st.text(max_size=3) | st.integers(), max_size=2)
)
NAMES = ["HITId", "AssignmentId", "WorkerId", "ExpireAt", "MaxResults", "NextToken", "AssignmentStatuses", "Reward"]


@given(st.sampled_from(sorted(OPERATIONS)), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
def test_whatever_is_asked_is_read_or_refused(operation: str, fields: dict[str, Any]) -> None:
    model = PROTOCOL.operation(TARGET + operation)
    try:
        read = PROTOCOL.read(model, json.dumps(fields).encode())
    except ProtocolError:
        return
    assert set(read) == set(fields)
