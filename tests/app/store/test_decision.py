"""The decision's stamp: free to change before the first vote, noted with its time after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import delete

from app.store.decision_stamp import decision_stamp, settings_that_decide, stamp_decision
from app.store.events import latest_events
from app.tables import JudgmentRow
from app.web import Web
from tests.app.crowd import gather


def with_tau(web: Web, tau: float) -> Web:
    decision = web.study.decision.model_copy(update={"tau": tau})
    return replace(web, study=web.study.model_copy(update={"decision": decision}))


def judged(web: Web) -> None:
    gather(web, workers=2, trials=2, paid_minor=10)


def test_before_the_first_vote_the_newest_settings_are_the_fixed_ones(web: Web) -> None:
    with web.database.writing() as session:
        session.execute(delete(JudgmentRow))
        assert stamp_decision(session, web.study) == []
        assert stamp_decision(session, with_tau(web, 0.2).study) == []
        stamp = decision_stamp(session)
    assert stamp["changes"] == []
    assert stamp["first_vote_at"] is None
    assert datetime.fromisoformat(stamp["fixed_at"]) <= datetime.now(UTC)


def test_after_the_first_vote_each_change_is_noted_with_both_values_and_told_once(web: Web) -> None:
    with web.database.writing() as session:
        stamp_decision(session, web.study)
    judged(web)
    with web.database.writing() as session:
        told = stamp_decision(session, with_tau(web, 0.2).study)
        assert told == ["decision.tau was changed from 0.1 to 0.2 after the first vote"]
        assert stamp_decision(session, with_tau(web, 0.2).study) == []
        stamp_decision(session, web.study)
        stamp = decision_stamp(session)
        events = [event.text for event in latest_events(session, kind="decision")]
    assert [(one["setting"], one["before"], one["after"]) for one in stamp["changes"]] == [
        ("decision.tau", 0.1, 0.2),
        ("decision.tau", 0.2, 0.1),
    ]
    assert stamp["first_vote_at"] is not None
    assert len(events) == 2


def test_how_votes_come_to_an_outcome_is_part_of_it(web: Web) -> None:
    settings = settings_that_decide(web.study)
    assert {"decision.design", "decision.tau", "hits.vote_rule", "hits.votes_per_pair", "hits.policy"} <= set(settings)
