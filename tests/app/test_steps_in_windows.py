"""One worker in two windows, or with a program of their own: no step is begun anew, and none is passed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from app.annotate.steps.base import Entrance, Step
from app.annotate.tokens import assignment_of
from app.annotate.way import WAY
from app.store.steps import note_round, open_step, step_of
from app.store.work import work
from app.tables import AssignmentRow, TrialRow
from app.web import Web, create_app
from hits.pay import Pay
from hits.screening import Qualification, Screening
from tests.app.annotating import begin, hidden, kind
from tests.app.qualification.conftest import CLIPS, write_ranking
from tests.app.test_practice import keep_practice, practising


@pytest.fixture
def strict(web: Web) -> Web:
    """The small study with every step that it can ask for."""
    keep_practice(web)
    write_ranking(web.folder / "pairs")
    asked = {
        "screening": Screening(headphones="required"),
        "qualification": Qualification(wanted=True, clips=CLIPS),
    }
    return replace(web, study=web.study.model_copy(update=asked))


def entrance(web: Web, here: str) -> Entrance:
    """What a view knows of whoever asks for a page."""
    token = here.split("/")[2]
    with web.database.reading() as session:
        found = work(session, assignment_of(web.secret_key, token))
    assert found is not None
    return Entrance(web, token, found)


@pytest.mark.parametrize("step", WAY, ids=lambda step: step.name)
@pytest.mark.parametrize("verdict", ["passed", "failed"])
def test_a_page_that_another_window_has_overtaken_goes_on_and_leaves_the_verdict(
    strict: Web, step: Step, verdict: Literal["passed", "failed"]
) -> None:
    app = create_app(strict)
    at = entrance(strict, begin(app.test_client()))
    with app.test_request_context(f"/annotate/{at.token}/"):
        step.page(at)
        with strict.database.writing() as session:  # the other window's answer comes in between
            note_round(session, at.work.worker, step.name, {}, datetime.now(UTC), settled=verdict)
        with pytest.raises(HTTPException) as gone_on:
            step.page(at)

    assert gone_on.value.response is not None
    assert gone_on.value.response.headers["Location"] == f"/annotate/{at.token}/"
    with strict.database.reading() as session:
        kept = step_of(session, at.work.worker, step.name)
    assert kept is not None
    assert (kept.state, len(kept.found)) == (verdict, 1)


def test_an_empty_word_does_not_pass_for_that_of_a_page_that_is_not_open_yet(web: Web) -> None:
    keep_practice(web)
    client = create_app(practising(web)).test_client()
    here = begin(client)
    client.post(f"{here}step/practice", data=hidden(client.get(here)))  # the next page was not asked for yet
    pressed = client.post(f"{here}step/practice", data={"nonce": ""})

    assert pressed.status_code == 303
    assert kind(client.get(here)) == "practice"


def test_an_answer_that_nobody_was_asked_for_opens_no_pair(strict: Web) -> None:
    client = create_app(strict).test_client()
    here = begin(client)
    pressed = client.post(f"{here}answer", data={"trial_id": "x", "nonce": "y"})

    assert pressed.location == here
    with strict.database.reading() as session:
        assert set(session.scalars(select(TrialRow.opened_at))) == {None}


@pytest.mark.parametrize("form", ["answer", "undo", "comment", "step/practice", "step/no-such-step"])
def test_the_address_of_a_form_leads_back_to_what_is_asked(client: FlaskClient, form: str) -> None:
    here = begin(client)

    assert client.get(f"{here}{form}").location == here
    assert client.get(f"/annotate/made-up/{form}").status_code == 404


def test_whoever_is_screened_out_reads_what_the_time_until_then_earns(strict: Web) -> None:
    client = create_app(strict).test_client()
    here = begin(client)
    at = entrance(strict, here)
    began = datetime.now(UTC) - timedelta(seconds=90)
    with strict.database.writing() as session:
        session.get_one(AssignmentRow, at.work.assignment_id).accepted_at = began
        open_step(session, at.work.worker, at.work.assignment_id, "headphones", {}, began)
        open_step(session, at.work.worker, at.work.assignment_id, "sound-check", {}, began)
        note_round(session, at.work.worker, "sound-check", {}, began + timedelta(seconds=2), settled="passed")
        note_round(session, at.work.worker, "headphones", {}, datetime.now(UTC), settled="failed")
    page = client.get(here)

    assert kind(page) == "stop"
    assert "You have earned <strong>$0.32</strong>." in page.text  # two minutes begun, of 9.45 an hour


@pytest.mark.parametrize("pay_unfinished", [True, False])
def test_pay_for_what_was_not_handed_in_is_promised_only_where_it_comes(web: Web, pay_unfinished: bool) -> None:
    pay = Pay(pay_unfinished=pay_unfinished)
    served = replace(web, study=web.study.model_copy(update={"pay": pay}))
    client = create_app(served).test_client()
    here = begin(client)
    with web.database.writing() as session:
        session.scalars(select(AssignmentRow)).one().expires_at = datetime.now(UTC) - timedelta(seconds=1)

    assert ("is paid" in client.get(here).text) is pay_unfinished
