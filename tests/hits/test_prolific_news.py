"""Messages that Prolific sends: believed if they are signed and new."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hits.platforms.prolific.prolific import Prolific
from hits.recruiting import NewsRefused
from tests.hits.prolific_stand_in import StandIn

NOW = datetime(2030, 1, 1, tzinfo=UTC)


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
