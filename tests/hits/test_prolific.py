"""Prolific as it is on a bad day: what is sent, what is believed, and that nobody is paid twice."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from hits.ledger import Payment, payment_key
from hits.platforms.prolific.prolific import Prolific
from hits.platforms.prolific.rejection import SHORTEST_REJECTION
from hits.recruiting import PlatformRefused, PlatformUnreachable
from tests.hits.prolific_stand_in import TOKEN, Manner, StandIn, new_id
from tests.hits.test_platforms import OFFER

LONG = "Both clips were played for less than a second each, and every answer was the same in all twelve trials. "
SETTLES_NOTHING: tuple[Manner, ...] = ("before", "after", "hang-up", "page")


def pay(stand_in: StandIn, prolific: Prolific, minor: int = 30) -> Payment:
    """A bonus for somebody who brought a code."""
    query = stand_in.take_place(prolific.publish(OFFER))
    stand_in.bring(query["SESSION_ID"], OFFER.codes["completed"])
    key = payment_key("prolific", query["SESSION_ID"], "top-up")
    return Payment(key, "top-up", query["SESSION_ID"], query["PROLIFIC_PID"], minor)


# Studies


def test_a_study_is_drafted_as_prolific_wants_it_and_published(stand_in: StandIn, prolific: Prolific) -> None:
    study = stand_in.studies[prolific.publish(OFFER)]

    assert study["status"] == "ACTIVE"
    assert study["external_study_url"] == (
        "http://127.0.0.1:9/task?hit=1&token=a%26b"
        "&PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )
    assert (study["reward"], study["total_available_places"], study["internal_name"]) == (63, 3, "study-1-hit-1")
    assert (study["estimated_completion_time"], study["maximum_allowed_time"]) == (4, 10)
    assert (study["peripheral_requirements"], study["is_external_study_url_secure"]) == (["audio"], False)
    assert {one["code"]: one["actions"][0]["action"] for one in study["completion_codes"]} == {
        "DONE123456": "MANUALLY_REVIEW",
        "OUT1234567": "REQUEST_RETURN",
        "LEFT123456": "REQUEST_RETURN",
    }


def test_a_study_pauses_goes_on_and_stops_and_each_can_be_asked_for_twice(
    stand_in: StandIn, prolific: Prolific
) -> None:
    study_id = prolific.publish(OFFER)
    for act, state in (
        (prolific.pause, "PAUSED"),
        (lambda it: prolific.resume(it, 60), "ACTIVE"),
        (prolific.pause, "PAUSED"),
        (prolific.expire, "AWAITING REVIEW"),
    ):
        act(study_id)
        act(study_id)
        assert stand_in.studies[study_id]["status"] == state


@pytest.mark.parametrize("manner", [*SETTLES_NOTHING, "missing"])
@pytest.mark.parametrize("broken", ["POST .*/studies/$", "POST .*/transition/$"])
def test_a_line_that_breaks_at_any_step_never_makes_a_second_study(
    stand_in: StandIn, prolific: Prolific, broken: str, manner: Manner
) -> None:
    for number in range(25):  # so that it is not on the first page
        prolific.publish(replace(OFFER, token=f"another-{number}"))
    stand_in.manners = [(broken, manner)]

    if manner == "missing" and "transition" in broken:
        prolific.publish(OFFER)  # an empty answer is enough of a yes there
    else:
        with pytest.raises(PlatformUnreachable):
            prolific.publish(OFFER)
    study_id = Prolific(TOKEN, stand_in.url).publish(OFFER)

    assert [one["id"] for one in stand_in.studies.values() if one["internal_name"] == OFFER.token] == [study_id]
    assert stand_in.studies[study_id]["status"] == "ACTIVE"


def test_an_offer_without_codes_and_a_study_without_funds_are_refused_in_words(
    stand_in: StandIn, prolific: Prolific
) -> None:
    with pytest.raises(PlatformRefused, match="needs completion codes"):
        prolific.publish(replace(OFFER, codes={}))
    stand_in.balance = 10
    with pytest.raises(PlatformRefused, match="insufficient funds: 189 of 10"):
        prolific.publish(OFFER)


def test_a_wrong_token_is_refused_and_never_shown(stand_in: StandIn) -> None:
    with pytest.raises(PlatformRefused, match=r"\(401\): Bad request; Invalid token") as refused:
        Prolific("a wrong secret", stand_in.url).balance_minor()
    assert "a wrong secret" not in str(refused.value)


# Submissions


def test_a_hundred_and_one_submissions_are_read_to_the_last_page(stand_in: StandIn, prolific: Prolific) -> None:
    study_id = prolific.publish(replace(OFFER, assignments=101))
    for _ in range(101):
        stand_in.bring(stand_in.take_place(study_id)["SESSION_ID"], "DONE123456")

    found = list(prolific.assignments(study_id))

    assert len({one.assignment_id for one in found}) == 101
    assert {(one.state, one.code) for one in found} == {("submitted", "DONE123456")}


def test_every_status_is_known_and_what_is_not_is_passed_over_with_a_note(
    stand_in: StandIn, prolific: Prolific
) -> None:
    study_id = prolific.publish(replace(OFFER, assignments=20))
    known = {
        "RESERVED": None,
        "ACTIVE": None,
        "PROCESSING": None,
        "AWAITING REVIEW": "submitted",
        "APPROVED": "approved",
        "REJECTED": "rejected",
        "RETURNED": "returned",
        "TIMED-OUT": "expired",
        "SCREENED OUT": "returned",
    }
    ids = {status: stand_in.take_place(study_id, status=status)["SESSION_ID"] for status in [*known, "PONDERING"]}
    nobody = stand_in.take_place(study_id, status="APPROVED")["SESSION_ID"]
    del stand_in.submissions[nobody]["participant_id"]

    found = {one.assignment_id: one.state for one in prolific.assignments(study_id)}

    assert found == {ids[status]: state for status, state in known.items() if state}
    notes = prolific.take_notes()
    assert len(notes) == 2
    assert "'PONDERING'" in notes[0]
    assert "nobody is named" in notes[1]
    assert prolific.take_notes() == []


def test_a_listing_that_leads_elsewhere_or_in_a_circle_is_no_answer(
    stand_in: StandIn, prolific: Prolific, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = prolific.publish(OFFER)
    for link, words in (("https://evil.example/", "evil.example"), (None, "in a circle")):
        at = link or f"{stand_in.url}/api/v1/studies/{study_id}/submissions/?page=1"
        monkeypatch.setattr(stand_in, "_page", lambda *_, at=at: {"results": [], "next": at})
        with pytest.raises(PlatformUnreachable, match=words):
            list(prolific.assignments(study_id))


def test_links_to_pages_are_understood_in_both_of_their_forms(
    stand_in: StandIn, prolific: Prolific, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = prolific.publish(replace(OFFER, assignments=30))
    for _ in range(30):
        stand_in.bring(stand_in.take_place(study_id)["SESSION_ID"], "DONE123456")
    plain = stand_in._page

    def linked(*of: Any) -> dict[str, Any]:
        page = plain(*of)
        return {"results": page["results"], "_links": {"next": {"href": page["next"], "title": "Next"}}}

    monkeypatch.setattr(stand_in, "_page", linked)
    assert len(list(prolific.assignments(study_id))) == 30


def test_a_busy_api_is_waited_for_as_long_as_it_says(stand_in: StandIn, prolific: Prolific) -> None:
    study_id = prolific.publish(OFFER)
    stand_in.manners, stand_in.retry_after = [("submissions", "busy"), ("submissions", "busy")], "0.2"
    began = time.monotonic()
    assert list(prolific.assignments(study_id)) == []
    assert time.monotonic() - began > 0.4

    stand_in.manners, stand_in.retry_after = [("submissions", "busy")], "3600"
    with pytest.raises(PlatformUnreachable, match="asked too often"):
        list(prolific.assignments(study_id))


def test_an_answer_that_takes_too_long_settles_nothing(stand_in: StandIn) -> None:
    stand_in.manners, stand_in.slow_s = [("GET", "slow")], 1.0
    with pytest.raises(PlatformUnreachable, match=r"no answer from .* \(ReadTimeout\)"):
        Prolific(TOKEN, stand_in.url, timeout_s=0.3).balance_minor()


# Decisions


@pytest.mark.parametrize("manner", ["after", "hang-up"])
def test_an_approval_that_was_not_seen_is_made_once(stand_in: StandIn, prolific: Prolific, manner: Manner) -> None:
    payment, before = pay(stand_in, prolific), stand_in.balance
    stand_in.manners = [("transition", manner)]
    with pytest.raises(PlatformUnreachable):
        prolific.approve(payment.platform_assignment_id)
    prolific.approve(payment.platform_assignment_id)
    assert stand_in.balance == before - 63


def test_what_is_at_work_or_decided_otherwise_is_not_approved(stand_in: StandIn, prolific: Prolific) -> None:
    query = stand_in.take_place(prolific.publish(OFFER))
    with pytest.raises(PlatformRefused, match="that is ACTIVE can't become APPROVED"):
        prolific.approve(query["SESSION_ID"])
    stand_in.bring(query["SESSION_ID"], "DONE123456")
    prolific.reject(query["SESSION_ID"], LONG, "TOO_QUICKLY")
    with pytest.raises(PlatformRefused, match="that is REJECTED can't become APPROVED"):
        prolific.approve(query["SESSION_ID"])


def test_a_rejection_says_how_many_characters_are_missing_before_anything_is_asked(
    stand_in: StandIn, prolific: Prolific
) -> None:
    payment = pay(stand_in, prolific)
    asked = len(stand_in.asked)
    with pytest.raises(PlatformRefused, match="this reason has 8, so 92 are missing"):
        prolific.reject(payment.platform_assignment_id, "  too fast \n")
    with pytest.raises(PlatformRefused, match="'RUDE' is no category"):
        prolific.reject(payment.platform_assignment_id, LONG, "RUDE")  # type: ignore[arg-type]
    assert len(stand_in.asked) == asked
    prolific.reject(payment.platform_assignment_id, "x" * SHORTEST_REJECTION)
    assert stand_in.submissions[payment.platform_assignment_id]["status"] == "REJECTED"


def test_a_return_can_be_asked_for_first(stand_in: StandIn, prolific: Prolific) -> None:
    payment = pay(stand_in, prolific)
    prolific.request_return(payment.platform_assignment_id, "No clip was played.")
    assert "return_requested" in stand_in.submissions[payment.platform_assignment_id]


# Messages


def test_participants_are_written_to_in_the_study_that_knows_them(stand_in: StandIn, prolific: Prolific) -> None:
    known = stand_in.take_place(prolific.publish(OFFER))
    prolific.publish(replace(OFFER, token="another"))
    with pytest.raises(PlatformRefused, match="these are none"):
        prolific.message([known["PROLIFIC_PID"], new_id()], "Thank you", "It is paid.")
    assert stand_in.messages == []
    prolific.message([known["PROLIFIC_PID"]], "Thank you", "It is paid.")
    assert stand_in.messages == [
        {"recipient_id": known["PROLIFIC_PID"], "study_id": known["STUDY_ID"], "body": "Thank you\n\nIt is paid."}
    ]
