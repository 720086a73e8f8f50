"""Prolific as it is on a bad day: what is sent, what is believed, and that nobody is paid twice."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hits.completion import completion_codes, outcome_of
from hits.ledger import Payment, payment_key, reconcile, send
from hits.platforms.base import ArrivalRefused, NewsRefused, PlatformRefused, PlatformUnreachable
from hits.platforms.prolific import SHORTEST_REJECTION, Prolific
from tests.hits.prolific_stand_in import TOKEN, Manner, StandIn, new_id
from tests.hits.test_platforms import OFFER

HERE = "https://lab.example"
HOSTS = frozenset({"https://app.prolific.com"})
LONG = "Both clips were played for less than a second each, and every answer was the same in all twelve trials. "
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SETTLES_NOTHING: tuple[Manner, ...] = ("before", "after", "hang-up", "page")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A stand-in for Prolific, up."""
    made = StandIn()
    yield made
    made.close()


@pytest.fixture
def platform(stand_in: StandIn) -> Prolific:
    """A researcher there."""
    return Prolific(TOKEN, stand_in.url, timeout_s=5)


def pay(stand_in: StandIn, platform: Prolific, minor: int = 30) -> Payment:
    """A bonus for somebody who brought a code."""
    query = stand_in.take_place(platform.publish(OFFER))
    stand_in.bring(query["SESSION_ID"], OFFER.codes["completed"])
    key = payment_key("prolific", query["SESSION_ID"], "top-up")
    return Payment(key, "top-up", query["SESSION_ID"], query["PROLIFIC_PID"], minor)


# Studies


def test_a_study_is_drafted_as_prolific_wants_it_and_published(stand_in: StandIn, platform: Prolific) -> None:
    study = stand_in.studies[platform.publish(OFFER)]

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
    stand_in: StandIn, platform: Prolific
) -> None:
    study_id = platform.publish(OFFER)
    for act, state in (
        (platform.pause, "PAUSED"),
        (lambda it: platform.resume(it, 60), "ACTIVE"),
        (platform.pause, "PAUSED"),
        (platform.expire, "AWAITING REVIEW"),
    ):
        act(study_id)
        act(study_id)
        assert stand_in.studies[study_id]["status"] == state


@pytest.mark.parametrize("manner", [*SETTLES_NOTHING, "missing"])
@pytest.mark.parametrize("broken", ["POST .*/studies/$", "POST .*/transition/$"])
def test_a_line_that_breaks_at_any_step_never_makes_a_second_study(
    stand_in: StandIn, platform: Prolific, broken: str, manner: Manner
) -> None:
    for number in range(25):  # so that it is not on the first page
        platform.publish(replace(OFFER, token=f"another-{number}"))
    stand_in.manners = [(broken, manner)]

    if manner == "missing" and "transition" in broken:
        platform.publish(OFFER)  # an empty answer is enough of a yes there
    else:
        with pytest.raises(PlatformUnreachable):
            platform.publish(OFFER)
    study_id = Prolific(TOKEN, stand_in.url).publish(OFFER)

    assert [one["id"] for one in stand_in.studies.values() if one["internal_name"] == OFFER.token] == [study_id]
    assert stand_in.studies[study_id]["status"] == "ACTIVE"


def test_an_offer_without_codes_and_a_study_without_funds_are_refused_in_words(
    stand_in: StandIn, platform: Prolific
) -> None:
    with pytest.raises(PlatformRefused, match="needs completion codes"):
        platform.publish(replace(OFFER, codes={}))
    stand_in.balance = 10
    with pytest.raises(PlatformRefused, match="insufficient funds: 189 of 10"):
        platform.publish(OFFER)


def test_a_wrong_token_is_refused_and_never_shown(stand_in: StandIn) -> None:
    with pytest.raises(PlatformRefused, match=r"\(401\): Bad request; Invalid token") as refused:
        Prolific("a wrong secret", stand_in.url).balance_minor()
    assert "a wrong secret" not in str(refused.value)


# Submissions


def test_a_hundred_and_one_submissions_are_read_to_the_last_page(stand_in: StandIn, platform: Prolific) -> None:
    study_id = platform.publish(replace(OFFER, assignments=101))
    for _ in range(101):
        stand_in.bring(stand_in.take_place(study_id)["SESSION_ID"], "DONE123456")

    found = list(platform.assignments(study_id))

    assert len({one.assignment_id for one in found}) == 101
    assert {(one.state, one.code) for one in found} == {("submitted", "DONE123456")}


def test_every_status_is_known_and_what_is_not_is_passed_over_with_a_note(
    stand_in: StandIn, platform: Prolific
) -> None:
    study_id = platform.publish(replace(OFFER, assignments=20))
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

    found = {one.assignment_id: one.state for one in platform.assignments(study_id)}

    assert found == {ids[status]: state for status, state in known.items() if state}
    notes = platform.take_notes()
    assert len(notes) == 2
    assert "'PONDERING'" in notes[0]
    assert "nobody is named" in notes[1]
    assert platform.take_notes() == []


def test_a_listing_that_leads_elsewhere_or_in_a_circle_is_no_answer(
    stand_in: StandIn, platform: Prolific, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = platform.publish(OFFER)
    for link, words in (("https://evil.example/", "evil.example"), (None, "in a circle")):
        at = link or f"{stand_in.url}/api/v1/studies/{study_id}/submissions/?page=1"
        monkeypatch.setattr(stand_in, "_page", lambda *_, at=at: {"results": [], "next": at})
        with pytest.raises(PlatformUnreachable, match=words):
            list(platform.assignments(study_id))


def test_links_to_pages_are_understood_in_both_of_their_forms(
    stand_in: StandIn, platform: Prolific, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = platform.publish(replace(OFFER, assignments=30))
    for _ in range(30):
        stand_in.bring(stand_in.take_place(study_id)["SESSION_ID"], "DONE123456")
    plain = stand_in._page

    def linked(*of: Any) -> dict[str, Any]:
        page = plain(*of)
        return {"results": page["results"], "_links": {"next": {"href": page["next"], "title": "Next"}}}

    monkeypatch.setattr(stand_in, "_page", linked)
    assert len(list(platform.assignments(study_id))) == 30


def test_a_busy_api_is_waited_for_as_long_as_it_says(stand_in: StandIn, platform: Prolific) -> None:
    study_id = platform.publish(OFFER)
    stand_in.manners, stand_in.retry_after = [("submissions", "busy"), ("submissions", "busy")], "0.2"
    began = time.monotonic()
    assert list(platform.assignments(study_id)) == []
    assert time.monotonic() - began > 0.4

    stand_in.manners, stand_in.retry_after = [("submissions", "busy")], "3600"
    with pytest.raises(PlatformUnreachable, match="asked too often"):
        list(platform.assignments(study_id))


def test_an_answer_that_takes_too_long_settles_nothing(stand_in: StandIn) -> None:
    stand_in.manners, stand_in.slow_s = [("GET", "slow")], 1.0
    with pytest.raises(PlatformUnreachable, match=r"no answer from .* \(ReadTimeout\)"):
        Prolific(TOKEN, stand_in.url, timeout_s=0.3).balance_minor()


# Decisions


@pytest.mark.parametrize("manner", ["after", "hang-up"])
def test_an_approval_that_was_not_seen_is_made_once(stand_in: StandIn, platform: Prolific, manner: Manner) -> None:
    payment, before = pay(stand_in, platform), stand_in.balance
    stand_in.manners = [("transition", manner)]
    with pytest.raises(PlatformUnreachable):
        platform.approve(payment.platform_assignment_id)
    platform.approve(payment.platform_assignment_id)
    assert stand_in.balance == before - 63


def test_what_is_at_work_or_decided_otherwise_is_not_approved(stand_in: StandIn, platform: Prolific) -> None:
    query = stand_in.take_place(platform.publish(OFFER))
    with pytest.raises(PlatformRefused, match="that is ACTIVE can't become APPROVED"):
        platform.approve(query["SESSION_ID"])
    stand_in.bring(query["SESSION_ID"], "DONE123456")
    platform.reject(query["SESSION_ID"], LONG, "TOO_QUICKLY")
    with pytest.raises(PlatformRefused, match="that is REJECTED can't become APPROVED"):
        platform.approve(query["SESSION_ID"])


def test_a_rejection_says_how_many_characters_are_missing_before_anything_is_asked(
    stand_in: StandIn, platform: Prolific
) -> None:
    payment = pay(stand_in, platform)
    asked = len(stand_in.asked)
    with pytest.raises(PlatformRefused, match="this reason has 8, so 92 are missing"):
        platform.reject(payment.platform_assignment_id, "  too fast \n")
    with pytest.raises(PlatformRefused, match="'RUDE' is no category"):
        platform.reject(payment.platform_assignment_id, LONG, "RUDE")  # type: ignore[arg-type]
    assert len(stand_in.asked) == asked
    platform.reject(payment.platform_assignment_id, "x" * SHORTEST_REJECTION)
    assert stand_in.submissions[payment.platform_assignment_id]["status"] == "REJECTED"


def test_a_return_can_be_asked_for_first(stand_in: StandIn, platform: Prolific) -> None:
    payment = pay(stand_in, platform)
    platform.request_return(payment.platform_assignment_id, "No clip was played.")
    assert "return_requested" in stand_in.submissions[payment.platform_assignment_id]


# Money


def test_a_bonus_is_set_up_kept_and_paid_once(stand_in: StandIn, platform: Prolific) -> None:
    payment = pay(stand_in, platform)
    sent, settled = send(payment, platform)

    assert (sent.state, sent.handle, settled.state) == ("sent", stand_in.pays[0], "confirmed")
    assert stand_in.paid_minor(payment.platform_assignment_id) == 30
    assert reconcile(sent, approved=False, platform=platform).state == "confirmed"


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("manner", [None, "before", "after", "hang-up", "busy"])
@pytest.mark.parametrize("broken", ["bonus-payments/$", "/pay/$", "GET .*/submissions/"])
@pytest.mark.parametrize("books", ["say", "say nothing", "say it later"])
def test_a_bonus_is_paid_once_or_left_for_a_person_wherever_the_line_or_the_process_breaks(
    stand_in: StandIn, platform: Prolific, steps: int, manner: Manner | None, broken: str, books: str
) -> None:
    payment = pay(stand_in, platform)
    stand_in.shows_bonuses, stand_in.pays_late = books != "say nothing", books == "say it later"
    stand_in.manners = [(broken, manner)] if manner else []
    *_, kept = payment, *itertools.islice(send(payment, platform), steps)  # and there the process is killed
    for _ in range(4):  # turns of a new process, until it is settled or a person has to
        again = Prolific(TOKEN, stand_in.url, timeout_s=5)
        with suppress(PlatformUnreachable):
            kept = reconcile(kept, approved=False, platform=again) if kept.state in ("sent", "unknown") else kept
        if kept.state == "planned":
            *_, kept = send(kept, again)

    assert len(stand_in.pays) <= 1
    assert stand_in.paid_minor(payment.platform_assignment_id) in (0, 30)
    assert kept.state in ("confirmed", "unknown")
    if kept.state == "confirmed":
        assert stand_in.paid_minor(payment.platform_assignment_id) == 30


def test_a_bonus_that_is_missing_on_the_books_may_be_on_its_way(stand_in: StandIn, platform: Prolific) -> None:
    payment = pay(stand_in, platform)
    stand_in.pays_late, stand_in.manners = True, [("/pay/", "after")]
    *_, unknown = send(payment, platform)
    assert unknown.state == "unknown"
    waiting = reconcile(unknown, approved=False, platform=platform)
    assert (waiting.state, "a person has to" in waiting.note) == ("unknown", True)
    stand_in.settle()
    assert reconcile(waiting, approved=False, platform=platform).state == "confirmed"


def test_two_bonuses_of_one_amount_are_never_taken_for_each_other(stand_in: StandIn, platform: Prolific) -> None:
    first = pay(stand_in, platform)
    second = replace(first, key="another", kind="partial")
    list(send(first, platform))
    stand_in.manners = [("/pay/", "before")]
    *_, unknown = send(second, platform)

    settled = reconcile(unknown, approved=False, platform=platform, alike=1)

    assert (settled.state, "a person has to" in settled.note) == ("unknown", True)
    assert stand_in.paid_minor(first.platform_assignment_id) == 30


def test_one_process_asks_once_for_each_set_up(stand_in: StandIn, platform: Prolific) -> None:
    payment = pay(stand_in, platform)
    who = (payment.platform_worker_id, payment.platform_assignment_id, 30, "care")
    handle = platform.prepare_bonus(*who)
    stand_in.manners = [("/pay/", "after")]
    for _ in range(2):
        with pytest.raises(PlatformUnreachable):
            platform.bonus(*who, "t", handle)
    assert stand_in.pays == [handle]

    stand_in.balance, refused = 0, platform.prepare_bonus(*who)
    with pytest.raises(PlatformRefused, match="insufficient funds"):
        platform.bonus(*who, "t", refused)
    stand_in.balance = 100
    platform.bonus(*who, "t", refused)  # a clear no moved nothing


def test_no_two_requests_are_made_at_once(stand_in: StandIn, platform: Prolific) -> None:
    stand_in.slow_s, stand_in.manners = 0.1, [("balance", "slow")] * 5
    together = [threading.Thread(target=platform.balance_minor) for _ in range(5)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert stand_in.most_at_once == 1


# Messages


def test_participants_are_written_to_in_the_study_that_knows_them(stand_in: StandIn, platform: Prolific) -> None:
    known = stand_in.take_place(platform.publish(OFFER))
    platform.publish(replace(OFFER, token="another"))
    with pytest.raises(PlatformRefused, match="these are none"):
        platform.message([known["PROLIFIC_PID"], new_id()], "Thank you", "It is paid.")
    assert stand_in.messages == []
    platform.message([known["PROLIFIC_PID"]], "Thank you", "It is paid.")
    assert stand_in.messages == [
        {"recipient_id": known["PROLIFIC_PID"], "study_id": known["STUDY_ID"], "body": "Thank you\n\nIt is paid."}
    ]


# Arriving and leaving


def test_a_participant_arrives_and_takes_a_code_back() -> None:
    query = {name: new_id() for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")}
    arrival = Prolific.arrive(query, HOSTS)
    assert (arrival.worker_id, arrival.hit_id, arrival.assignment_id, arrival.preview) == (*query.values(), False)
    completion = Prolific.complete(arrival, "completed", "DONE123456")
    assert (completion.action, completion.fields, completion.method, completion.code) == (
        "https://app.prolific.com/submissions/complete",
        {"cc": "DONE123456"},
        "get",
        "DONE123456",
    )


@pytest.mark.parametrize("name", ["PROLIFIC_PID", "STUDY_ID", "SESSION_ID"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "has no"),
        ("0" * 23, "malformed"),
        ("0" * 25, "malformed"),
        ("0" * 23 + "\n", "malformed"),
        ("G" * 24, "malformed"),
        ("{{%PROLIFIC_PID%}}", "still empty"),
    ],
)
def test_a_forged_or_empty_arrival_is_refused_in_words(name: str, value: str, words: str) -> None:
    query = {one: new_id() for one in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")}
    with pytest.raises(ArrivalRefused, match=words):
        Prolific.arrive({**query, name: value}, HOSTS)


class TestSignedLinks:
    """Of a study that asks for them."""

    @pytest.fixture
    def keys(self, stand_in: StandIn) -> dict[str, Any]:
        keys = Prolific(TOKEN, stand_in.url, keys_url=f"{stand_in.url}/.well-known/study/jwks.json").link_keys()
        assert keys is not None
        return keys

    @pytest.fixture
    def query(self) -> dict[str, str]:
        return {one: new_id() for one in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")}

    @pytest.mark.parametrize("audience", [HERE, f"{HERE}/annotate/?PROLIFIC_PID=1"])
    def test_what_prolific_signed_is_let_in(
        self, stand_in: StandIn, keys: dict[str, Any], query: dict[str, str], audience: str
    ) -> None:
        Prolific.require_signed(stand_in.signed(query, audience), keys, HERE)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"exp": 1_000_000_000}, "ExpiredSignatureError"),
            ({"exp": None}, "MissingRequiredClaimError"),
            ({"aud": "https://lab.example.evil.example/"}, "another address"),
            ({"aud": ["https://elsewhere.example"]}, "another address"),
            ({"prolific": None}, "somebody else"),
            ({"prolific": {"PROLIFIC_PID": "0" * 24}}, "somebody else"),
            ({"kid": "k2"}, "InvalidKeyError"),
            ({"kid": None}, "InvalidKeyError"),
            ({"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}, "InvalidSignatureError"),
        ],
    )
    def test_what_it_did_not_sign_for_this_visit_is_refused(
        self, stand_in: StandIn, keys: dict[str, Any], query: dict[str, str], changes: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(ArrivalRefused, match=words):
            Prolific.require_signed(stand_in.signed(query, HERE, **changes), keys, HERE)

    def test_another_s_link_with_my_own_ids_is_refused(
        self, stand_in: StandIn, keys: dict[str, Any], query: dict[str, str]
    ) -> None:
        stolen = {**stand_in.signed(query, HERE), "PROLIFIC_PID": new_id()}
        with pytest.raises(ArrivalRefused, match="somebody else"):
            Prolific.require_signed(stolen, keys, HERE)

    @pytest.mark.parametrize("token", [None, "", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
    def test_no_token_and_no_signature_are_refused(
        self, keys: dict[str, Any], query: dict[str, str], token: str | None
    ) -> None:
        with pytest.raises(ArrivalRefused, match="not the link that Prolific made"):
            Prolific.require_signed({**query, **({"prolific_token": token} if token is not None else {})}, keys, HERE)

    def test_keys_that_can_not_be_read_are_no_keys(self, stand_in: StandIn) -> None:
        assert Prolific(TOKEN, stand_in.url).link_keys() is None
        for at in (f"{stand_in.url}/nothing", "http://127.0.0.1:9/"):
            with pytest.raises(PlatformUnreachable, match="keys"):
                Prolific(TOKEN, stand_in.url, keys_url=at).link_keys()


# Messages that Prolific sends


SAID = {"event_type": "submission.status.change", "resource_id": "5" * 24, "status": "RETURNED", "study_id": "6" * 24}


def test_a_signed_message_is_news(stand_in: StandIn) -> None:
    news = Prolific.news(*stand_in.message_of("s3cret", SAID, "e1", NOW.timestamp()), "s3cret", NOW)
    assert (news.news_id, news.kind, news.platform_hit_id, news.assignment_id, news.detail["status"]) == (
        "e1",
        "submission.status.change",
        "6" * 24,
        "5" * 24,
        "RETURNED",
    )
    of_study = {"event_type": "study.status.change", "resource_id": "7" * 24}
    news = Prolific.news(*stand_in.message_of("s3cret", of_study, "e2", NOW.timestamp()), "s3cret", NOW)
    assert (news.platform_hit_id, news.assignment_id) == ("7" * 24, None)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ({"X-Prolific-Request-Signature": None}, "signature is missing"),
        ({"X-Prolific-Request-Signature": "AAAA"}, "not ours"),
        ({"X-Prolific-Request-Signature": "é"}, "not ours"),
        ({"X-Prolific-Request-Timestamp": "1893456001"}, "not ours"),
        ({"X-Event-ID": None}, "event-id is missing"),
        ({"X-Event-ID": ""}, "with an id"),
    ],
)
def test_a_message_without_its_signature_is_none(stand_in: StandIn, spoil: dict[str, str | None], words: str) -> None:
    headers, body = stand_in.message_of("s3cret", SAID, "e1", NOW.timestamp())
    spoilt = {name: value for name, value in {**headers, **spoil}.items() if value is not None}
    with pytest.raises(NewsRefused, match=words):
        Prolific.news(spoilt, body, "s3cret", NOW)


@pytest.mark.parametrize("age_s", [-301, 301])
def test_a_message_that_somebody_kept_is_none(stand_in: StandIn, age_s: int) -> None:
    message = stand_in.message_of("s3cret", SAID, "e1", NOW.timestamp() - age_s)
    with pytest.raises(NewsRefused, match="301 s ago"):
        Prolific.news(*message, "s3cret", NOW)


def test_a_signed_message_that_is_no_object_is_none(stand_in: StandIn) -> None:
    for said, words in (([1], "JSON object"), ("x", "JSON object")):
        message = stand_in.message_of("s3cret", said, "e1", NOW.timestamp())  # type: ignore[arg-type]
        with pytest.raises(NewsRefused, match=words):
            Prolific.news(*message, "s3cret", NOW)


# Codes


def test_codes_follow_from_key_hit_and_outcome_and_are_understood_as_people_type_them() -> None:
    codes = completion_codes("k", "t1")
    others = [completion_codes("k", "t2"), completion_codes("another", "t1")]
    assert len({code for one in (codes, *others) for code in one.values()}) == 9
    for outcome, code in codes.items():
        assert code.isalnum()
        assert outcome_of(f" {code[:5].lower()} {code[5:]}\n", codes) == outcome
    for unknown in (None, "", "NOCODE", others[0]["completed"]):
        assert outcome_of(unknown, codes) is None
