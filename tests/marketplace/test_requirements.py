"""Qualification requirements: what they mean, what is refused, and what workers see of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.marketplace.requirements import Standing, meets
from app.marketplace.store import assignments as assignment_rows
from app.marketplace.store.engine import Store

LOCALE, PERCENT, NUMBER = "00000000000000000071", "000000000000000000L0", "00000000000000000040"
ADULT, MASTERS = "00000000000000000060", "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH"


def wants(type_id: str, comparator: str, *integers: int, **more: Any) -> dict[str, Any]:
    values = {"IntegerValues": list(integers)} if integers else {}
    return {"QualificationTypeId": type_id, "Comparator": comparator, **values, **more}


@pytest.mark.parametrize(
    ("comparator", "values", "below", "same", "above", "nothing"),
    [
        ("LessThan", [80], True, False, False, False),
        ("LessThanOrEqualTo", [80], True, True, False, False),
        ("GreaterThan", [80], False, False, True, False),
        ("GreaterThanOrEqualTo", [80], False, True, True, False),
        ("EqualTo", [80], False, True, False, False),
        ("NotEqualTo", [80], True, False, True, False),
        ("In", [80, 81], False, True, True, False),
        ("NotIn", [80, 81], True, False, False, False),
        ("Exists", [], True, True, True, False),
        ("DoesNotExist", [], False, False, False, True),
    ],
)
def test_every_comparator_means_what_it_says(
    comparator: str, values: list[int], below: bool, same: bool, above: bool, nothing: bool
) -> None:
    wanted = wants("3T", comparator, *values)
    found = [meets(wanted, Standing({"3T": value})) for value in (79, 80, 81)]
    assert [*found, meets(wanted, Standing())] == [below, same, above, nothing]


@pytest.mark.parametrize(
    ("comparator", "places", "country", "part", "met"),
    [
        ("EqualTo", [{"Country": "US"}], "US", None, True),
        ("EqualTo", [{"Country": "US"}], "US", "CA", True),
        ("EqualTo", [{"Country": "US", "Subdivision": "CA"}], "US", "CA", True),
        ("EqualTo", [{"Country": "US", "Subdivision": "CA"}], "US", None, False),
        ("EqualTo", [{"Country": "US"}], "DE", None, False),
        ("EqualTo", [{"Country": "US"}], None, None, False),
        ("NotEqualTo", [{"Country": "US"}], "DE", None, True),
        ("NotEqualTo", [{"Country": "US"}], None, None, False),
        ("In", [{"Country": "DE"}, {"Country": "AT"}], "AT", None, True),
        ("NotIn", [{"Country": "DE"}, {"Country": "AT"}], "AT", None, False),
        ("Exists", [], "DE", None, True),
        ("DoesNotExist", [], None, None, True),
    ],
)
def test_a_place_is_where_a_worker_says_they_live(
    comparator: str, places: list[dict[str, str]], country: str | None, part: str | None, met: bool
) -> None:
    wanted = {"QualificationTypeId": LOCALE, "Comparator": comparator, "LocaleValues": places}
    assert meets(wanted, Standing({}, country, part)) is met


@pytest.mark.parametrize(
    "wanted",
    [
        [wants("3NOSUCHTYPE", "Exists")],
        [wants(NUMBER, "EqualTo")],
        [wants(NUMBER, "EqualTo", 1, 2)],
        [wants(NUMBER, "In", *range(16))],
        [wants(NUMBER, "Exists", 1)],
        [wants(NUMBER, "EqualTo", 1, LocaleValues=[{"Country": "US"}])],
        [wants(LOCALE, "EqualTo", 1)],
        [{"QualificationTypeId": LOCALE, "Comparator": "LessThan", "LocaleValues": [{"Country": "US"}]}],
        [{"QualificationTypeId": LOCALE, "Comparator": "In", "LocaleValues": [{"Country": "US"}] * 31}],
        [wants(NUMBER, "Exists", RequiredToPreview=True, ActionsGuarded="Accept")],
        [wants(NUMBER, "GreaterThan", 1)] * 11,
    ],
)
def test_a_requirement_that_cannot_be_is_refused(
    market: Any, post_hit: Callable[..., str], wanted: list[dict[str, Any]]
) -> None:
    with pytest.raises(ClientError) as caught:
        post_hit(QualificationRequirements=wanted)
    assert caught.value.response["TurkErrorCode"] == "AWS.MechanicalTurk.ParameterValidationError"
    assert market.client().list_hits()["NumResults"] == 0


def try_to_accept(market: Any, worker: Any, hit_id: str) -> int:
    token = re.findall(r'name="csrf_token" value="([^"]+)"', worker.get("/you").text)[0]
    answer = worker.session.post(f"{market.url}/work/{hit_id}/accept", data={"csrf_token": token}, timeout=30)
    return int(answer.status_code)


@pytest.mark.parametrize(
    ("guarded", "listed", "previewed"),
    [
        ({}, True, 200),
        ({"ActionsGuarded": "Accept"}, True, 200),
        ({"ActionsGuarded": "PreviewAndAccept"}, True, 409),
        ({"RequiredToPreview": True}, True, 409),
        ({"ActionsGuarded": "DiscoverPreviewAndAccept"}, False, 409),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_what_is_guarded_is_closed_to_the_unqualified_and_open_to_the_qualified(
    market: Any, post_hit: Callable[..., str], guarded: dict[str, Any], listed: bool, previewed: int
) -> None:
    client, worker = market.client(), market.worker()
    type_id = client.create_qualification_type(
        Name="Trained ears", Description="Did the training.", QualificationTypeStatus="Active"
    )["QualificationType"]["QualificationTypeId"]
    hit_id = post_hit(QualificationRequirements=[wants(type_id, "GreaterThan", 79, **guarded)])
    kept = client.get_hit(HITId=hit_id)["HIT"]["QualificationRequirements"][0]
    usual = "PreviewAndAccept" if "RequiredToPreview" in guarded else "Accept"
    assert kept["ActionsGuarded"] == guarded.get("ActionsGuarded", usual)
    assert worker.open_hits() == ([hit_id] if listed else [])
    assert ("Trained ears &gt; 79" in worker.get("/work").text) is listed
    assert worker.get(f"/preview/{hit_id}").status_code == previewed
    assert try_to_accept(market, worker, hit_id) == 409
    client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=worker.worker_id, IntegerValue=80)
    assert worker.open_hits() == [hit_id]
    assert worker.get(f"/preview/{hit_id}").status_code == 200
    assert try_to_accept(market, worker, hit_id) == 200


def test_a_worker_says_where_they_live_and_may_then_accept(market: Any, post_hit: Callable[..., str]) -> None:
    worker = market.worker()
    places = [{"Country": "US", "Subdivision": "CA"}, {"Country": "DE"}]
    where = {"QualificationTypeId": LOCALE, "Comparator": "In", "LocaleValues": places}
    hit_id = post_hit(QualificationRequirements=[where, wants(ADULT, "EqualTo", 1)])
    assert "You live in: United States CA, Germany" in worker.get("/work").text
    assert try_to_accept(market, worker, hit_id) == 409
    assert worker.post_form("/you", "/you", country="DE", adult="on").url.endswith("/work")
    assert try_to_accept(market, worker, hit_id) == 200


@pytest.mark.parametrize("said", [{"country": "XX"}, {"country": "US", "subdivision": "CALIFORNIA"}])
def test_a_place_that_is_none_is_refused(market: Any, said: dict[str, str]) -> None:
    answer = market.worker().post_form("/you", "/you", **said)
    assert answer.status_code == 400


def test_nobody_is_a_master(market: Any, post_hit: Callable[..., str]) -> None:
    worker = market.worker()
    for_masters = post_hit(QualificationRequirements=[wants(MASTERS, "Exists")])
    for_others = post_hit(QualificationRequirements=[wants(MASTERS, "DoesNotExist")])
    assert try_to_accept(market, worker, for_masters) == 409
    assert try_to_accept(market, worker, for_others) == 200


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_share_of_approved_work_counts_from_a_hundred_on(market: Any, post_hit: Callable[..., str]) -> None:
    worker = market.worker()
    careful = post_hit(QualificationRequirements=[wants(PERCENT, "GreaterThan", 98)])
    busy = post_hit(QualificationRequirements=[wants(NUMBER, "GreaterThanOrEqualTo", 2)])
    assert [try_to_accept(market, worker, hit_id) for hit_id in (careful, busy)] == [200, 409]
    record(market, worker.worker_id, ["Approved"] * 2 + ["Rejected"] * 98, post_hit)
    late = post_hit(QualificationRequirements=[wants(PERCENT, "GreaterThan", 98)])
    assert [try_to_accept(market, worker, hit_id) for hit_id in (late, busy)] == [409, 200]


def record(market: Any, worker_id: str, statuses: list[str], post_hit: Callable[..., str]) -> None:
    """Past work of a worker's, written straight into the database."""
    long_ago, ids = datetime.now(UTC) - timedelta(days=9), [post_hit() for _ in range(1)]
    store = Store(market.database_url)
    with store.write() as connection:
        for index, status in enumerate(statuses):
            hit_id = f"3H{index:028d}"
            copy_hit(connection, ids[0], hit_id)
            row = {"assignment_id": f"3{index:029d}", "hit_id": hit_id, "worker_id": worker_id, "status": status}
            assignment_rows.add_assignment(connection, {**row, "accepted_at": long_ago, "deadline": long_ago})
    store.close()


def copy_hit(connection: Any, hit_id: str, new_id: str) -> None:
    from app.marketplace.store import hits as hit_rows

    found = hit_rows.find_hit(connection, hit_id)
    assert found is not None
    counted = ("accepted", "submitted", "approved", "rejected")
    row = {name: value for name, value in found.__dict__.items() if name not in counted}
    hit_rows.add_hit(connection, {**row, "hit_id": new_id})
