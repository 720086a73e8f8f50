"""News for requesters: what happened to their HITs, in queues and topics that stand in for Amazon's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import ClientError

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/news"
TOPIC = "arn:aws:sns:us-east-1:123456789012:news"
PUBLISHED = (
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m</MessageId>'
    "</PublishResult></PublishResponse>"
)


@dataclass
class StandIn:
    """What SQS and SNS are asked to do, over real HTTP; the first requests may be refused."""

    url: str = ""
    refuse_first: int = 0
    free: threading.Event = field(default_factory=threading.Event)  # until then, whoever asks waits
    asked: int = 0
    arrived: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def take(self, headers: Any, body: bytes) -> tuple[int, str, bytes]:
        self.free.wait(30)
        self.asked += 1
        assert "AWS4-HMAC-SHA256" in headers["Authorization"]
        if self.asked <= self.refuse_first:
            return 503, "application/json", b"{}"
        if headers.get("X-Amz-Target") == "AmazonSQS.SendMessage":
            message = json.loads(body)
            self.arrived.append((message["QueueUrl"], json.loads(message["MessageBody"])))
            return 200, "application/x-amz-json-1.0", b'{"MessageId": "m"}'
        form = parse_qs(body.decode())
        assert form["Action"] == ["Publish"]
        self.arrived.append((form["TopicArn"][0], json.loads(form["Message"][0])))
        return 200, "text/xml", PUBLISHED.encode()

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        """The events of that many messages."""
        until = time.monotonic() + 15
        while len(self.arrived) < number and time.monotonic() < until:
            time.sleep(0.02)
        return [event for _where, message in self.arrived for event in message["Events"]]


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in for SQS and SNS, named as every AWS client is told of another endpoint."""
    found = StandIn()
    found.free.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, kind, body = found.take(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    for name in ("AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SNS"):
        monkeypatch.setenv(name, found.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def listen(market: Any, hit_id: str, *event_types: str, **changes: Any) -> None:
    client = market.client()
    wanted = {"Destination": QUEUE, "Transport": "SQS", "Version": "2006-05-05", "EventTypes": list(event_types)}
    type_id = client.get_hit(HITId=hit_id)["HIT"]["HITTypeId"]
    client.update_notification_settings(HITTypeId=type_id, Notification={**wanted, **changes})


ALL = ["AssignmentAccepted", "AssignmentAbandoned", "AssignmentReturned", "AssignmentSubmitted", "AssignmentRejected"]
ALL += ["AssignmentApproved", "HITCreated", "HITExpired", "HITReviewable", "HITExtended", "HITDisposed"]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_everything_that_happens_to_a_hit_is_told(market: Any, post_hit: Callable[..., str], amazon: StandIn) -> None:
    client, hit_id, workers = market.client(), post_hit(), [market.worker() for _ in range(4)]
    listen(market, hit_id, *ALL)
    other = post_hit()
    tasks = [worker.accept(hit_id) for worker in workers[:3]]
    client.create_additional_assignments_for_hit(HITId=hit_id, NumberOfAdditionalAssignments=1)
    workers[0].post_form(f"/work/{tasks[0]['assignmentId']}", "/return")
    for worker, task in zip(workers[1:3], tasks[1:], strict=True):
        worker.submit(task)
    client.approve_assignment(AssignmentId=tasks[1]["assignmentId"])
    client.reject_assignment(AssignmentId=tasks[2]["assignmentId"], RequesterFeedback="no")
    abandoned = workers[3].accept(hit_id)
    market.clock.ahead = timedelta(days=1, minutes=12)
    found = amazon.wait_for(16)
    told = sorted((event["EventType"], event.get("AssignmentId", "")) for event in found if event["HITId"] == hit_id)
    ids = [task["assignmentId"] for task in tasks]
    assert told == sorted(
        [("AssignmentAccepted", assignment_id) for assignment_id in [*ids, abandoned["assignmentId"]]]
        + [("HITExtended", ""), ("AssignmentReturned", ids[0])]
        + [("AssignmentSubmitted", ids[1]), ("AssignmentSubmitted", ids[2])]
        + [("AssignmentApproved", ids[1]), ("AssignmentRejected", ids[2])]
        + [("AssignmentAbandoned", abandoned["assignmentId"]), ("HITExpired", ""), ("HITReviewable", "")]
    )
    assert {event["EventType"] for event in found if event["HITId"] == other} >= {"HITCreated", "HITExpired"}
    client.delete_hit(HITId=hit_id)
    assert amazon.wait_for(17)[-1]["EventType"] == "HITDisposed"


def test_a_message_has_mturk_s_form(market: Any, post_hit: Callable[..., str], amazon: StandIn) -> None:
    hit_id = post_hit()
    listen(market, hit_id, "AssignmentAccepted", Destination=TOPIC, Transport="SNS")
    task = market.worker().accept(hit_id)
    amazon.wait_for(1)
    where, message = amazon.arrived[0]
    (event,) = message["Events"]
    assert where == TOPIC
    assert set(message) == {"EventDocId", "EventDocVersion", "CustomerId", "Events"}
    assert (message["EventDocVersion"], message["CustomerId"]) == ("2006-05-05", market.keys[0])
    assert set(event) == {"EventType", "EventTimestamp", "HITTypeId", "HITGroupId", "HITId", "AssignmentId"}
    assert (event["AssignmentId"], event["HITId"]) == (task["assignmentId"], hit_id)
    datetime.strptime(event["EventTimestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_what_is_not_taken_is_sent_again_and_no_page_waits(
    market: Any, post_hit: Callable[..., str], amazon: StandIn
) -> None:
    amazon.refuse_first = 2
    amazon.free.clear()
    hit_id, worker = post_hit(), market.worker()
    listen(market, hit_id, "AssignmentAccepted")
    worker.accept(hit_id)
    assert worker.get("/work").status_code == 200
    assert amazon.asked == 0
    amazon.free.set()
    for minutes in range(1, 8):
        time.sleep(0.5)
        market.clock.ahead = timedelta(minutes=minutes)
    assert [event["EventType"] for event in amazon.wait_for(1)] == ["AssignmentAccepted"]
    assert amazon.asked == 3


def test_news_are_switched_off_and_on(market: Any, post_hit: Callable[..., str], amazon: StandIn) -> None:
    client, hit_id = market.client(), post_hit()
    type_id = client.get_hit(HITId=hit_id)["HIT"]["HITTypeId"]
    with pytest.raises(ClientError):
        client.update_notification_settings(HITTypeId=type_id, Active=True)
    listen(market, hit_id, "HITExtended")
    for active in (False, True):
        client.update_notification_settings(HITTypeId=type_id, Active=active)
        client.create_additional_assignments_for_hit(HITId=hit_id, NumberOfAdditionalAssignments=1)
    amazon.wait_for(1)
    time.sleep(0.3)
    assert len(amazon.arrived) == 1


def test_a_test_event_goes_the_way_of_real_ones(market: Any, amazon: StandIn) -> None:
    wanted = {"Destination": QUEUE, "Transport": "SQS", "Version": "2006-05-05", "EventTypes": ["Ping"]}
    market.client().send_test_event_notification(Notification=wanted, TestEventType="AssignmentSubmitted")
    (event,) = amazon.wait_for(1)
    assert event["EventType"] == "AssignmentSubmitted"
    assert {"HITId", "HITTypeId", "AssignmentId"} < set(event)


@pytest.mark.parametrize(
    "changes",
    [
        {"Transport": "Email", "Destination": "lab@lab.example"},
        {"Destination": "ftp://queue"},
        {"Transport": "SNS"},
        {"EventTypes": []},
        {"EventTypes": ["Ping"]},
        {"Version": "2014-08-15"},
    ],
    ids=["mail", "no queue", "no topic", "nothing", "ping", "version"],
)
def test_a_destination_that_cannot_be_is_refused(
    market: Any, post_hit: Callable[..., str], changes: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        listen(market, post_hit(), "HITCreated", **changes)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
