"""What platforms say by themselves: kept once, without anybody in it, and read by the one pair of hands."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.store.news import keep_news, mark_handled, waiting_news
from app.tables import PlatformNewsRow
from hits.platforms.prolific.hook import EVENT, SIGNATURE, TIMESTAMP, sign
from hits.platforms.prolific.prolific import Prolific
from tests.app.store.test_identities import everything

SOMEBODY = "60a1b2c3d4e5f60718293a4b"  # a participant of Prolific, as its messages name people


def say(study: object, event_id: str, **said: object) -> bool:
    """Prolific says something, signed; whether it was new."""
    now = datetime.now(UTC)
    body, at = json.dumps({**said, "participant_id": SOMEBODY}).encode(), f"{now.timestamp():.0f}"
    news = Prolific.news({EVENT: event_id, TIMESTAMP: at, SIGNATURE: sign("s", at, body)}, body, "s", now)
    return keep_news(study.database, "prolific", news, now)


@pytest.mark.parametrize(
    "said",
    [
        {"event_type": "submission.status.change", "resource_id": "S1", "status": "AWAITING REVIEW"},
        {"event_type": "study.status.change", "resource_id": "P-hit-00000", "reviewed_by": SOMEBODY},
        {"event_type": "participant.joined.group", "resource_id": SOMEBODY, "group": {"member": SOMEBODY}},
        {"resource_id": SOMEBODY, SOMEBODY: "AWAITING REVIEW"},
    ],
    ids=["of a submission", "of a study", "of a person", "of nobody knows what"],
)
def test_no_news_hold_whom_they_are_about(launched: Callable[..., object], said: dict[str, object]) -> None:
    study = launched(policy="fixed", trials_per_hit=7)

    assert say(study, "e1", **said)

    with study.database.reading() as session:
        assert waiting_news(session)[0] == ["prolific/e1"]
    assert SOMEBODY not in everything(study.database)


def test_news_lead_to_the_hit_until_they_are_handled_and_to_nothing_after_that(
    launched: Callable[..., object],
) -> None:
    study = launched(policy="fixed", trials_per_hit=7)
    begun = study.begin(0, "W1", "S1")
    say(study, "e1", event_type="submission.status.change", resource_id="S1", status="AWAITING REVIEW")
    say(study, "e2", event_type="study.status.change", resource_id=begun.platform_hit_id)

    with study.database.writing() as session:
        assert waiting_news(session) == (["prolific/e1", "prolific/e2"], [begun.platform_hit_id])
        mark_handled(session, ["prolific/e1", "prolific/e2"], datetime.now(UTC))

    with study.database.reading() as session:
        assert waiting_news(session) == ([], [])
        assert [row.detail for row in session.scalars(select(PlatformNewsRow))] == [{}, {}]
    assert not say(study, "e1", event_type="submission.status.change", resource_id="S1")
