"""The annotator's pages, walked by a program from the welcome page to the end."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.tables import AssignmentRow, HitRow, JudgmentRow, WorkerRow
from app.web import Web, create_app
from tests.app.annotating import DIFFERENT, SAME, answer, begin, count, hidden, kind, query


def test_a_preview_shows_the_task_and_leaves_no_record(web: Web, client: FlaskClient) -> None:
    preview = urlencode({"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": "3HIT"})
    page = client.get(f"/annotate/?{preview}")
    pressed = client.post(f"/annotate/?{preview}")

    assert (page.status_code, kind(page)) == (200, "welcome")
    assert "This is a preview" in page.text
    assert '<button type="submit">' not in page.text
    assert pressed.status_code == 303
    assert count(web, AssignmentRow) == count(web, WorkerRow) == 0


def test_looking_at_the_welcome_page_leaves_no_record_either(web: Web, client: FlaskClient) -> None:
    page = client.get(f"/annotate/?{query()}")

    assert "$0.16" in page.text  # one minute begun, of 9.45 an hour
    assert count(web, AssignmentRow) == 0


def test_a_worker_walks_through_a_whole_hit(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    for said in (SAME, DIFFERENT, SAME):
        assert kind(client.get(here)) == "trial"
        assert answer(client, here, said).location == here
    page = client.get(here)

    assert kind(page) == "thanks"
    assert hidden(page)["assignmentId"] == "3ASSIGNMENT1"
    assert 'action="https://workersandbox.mturk.com/mturk/externalSubmit"' in page.text
    with web.database.reading() as session:
        rows = session.scalars(select(JudgmentRow).order_by(JudgmentRow.submitted_at)).all()
        assert [(row.activation, row.activation_rating) for row in rows] == [
            ("same", None),
            ("different", 4),
            ("same", None),
        ]
        assert session.scalar(select(AssignmentRow.state)) == "finished"


@pytest.mark.parametrize(("hours", "says"), [(0, False), (23.5, True)])
def test_whoever_is_done_reads_how_long_the_look_at_it_may_take(web: Web, hours: float, says: bool) -> None:
    pay = web.study.pay.model_copy(update={"review_for_h": hours})
    client = create_app(replace(web, study=web.study.model_copy(update={"pay": pay}))).test_client()
    here = begin(client)
    for _ in range(3):
        answer(client, here, SAME)
    assert ("That takes up to 24 hours." in client.get(here).text) is says


def test_a_closing_comment_is_kept(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    for _ in range(3):
        answer(client, here, SAME)
    page = client.post(f"{here}comment", data={"comment": " <b>too\0 loud</b> "}, follow_redirects=True)

    assert (kind(page), "Kept." in page.text) == ("thanks", True)
    with web.database.reading() as session:
        assert session.scalar(select(AssignmentRow.comment)) == "<b>too loud</b>"


def test_a_second_visit_resumes_where_the_worker_left(client: FlaskClient) -> None:
    here = begin(client)
    answer(client, here, SAME)

    assert begin(client) == here
    assert "2 of 3" in client.get(here).text


def test_the_researcher_s_consent_is_shown_in_full_and_can_do_nothing_but_be_read(web: Web) -> None:
    words = (
        "# Leave\n\n**At any time.** [More](https://lab.example/x) [no](javascript:alert(1)) "
        "<b onclick=x>raw</b> ![p](//t.example/p.png)"
    )
    about = web.study.study.model_copy(update={"consent": words})
    agreeing = create_app(replace(web, study=web.study.model_copy(update={"study": about}))).test_client()

    page = agreeing.get(f"/annotate/?{query()}").text

    assert "I agree, begin" in page
    assert "<h3>Leave</h3>" in page
    assert "<strong>At any time.</strong>" in page
    assert '<a href="https://lab.example/x" target="_blank" rel="noopener noreferrer">More</a>' in page
    assert "&lt;b onclick=x&gt;" in page
    assert 'href="javascript' not in page
    assert "<img" not in page


def test_without_a_consent_text_nobody_is_asked_to_agree_to_one(client: FlaskClient) -> None:
    page = client.get(f"/annotate/?{query()}").text

    assert "What you agree to" not in page
    assert ">Begin</button>" in page


def test_volunteers_see_no_money(web: Web, client: FlaskClient) -> None:
    with web.database.writing() as session:
        session.get_one(HitRow, "h1").reward_minor = 0
    here = begin(client)
    answer(client, here, SAME)

    assert "$" not in client.get(f"/annotate/?{query()}").text + client.get(here).text


def test_progress_says_how_much_is_done_left_and_earned(client: FlaskClient) -> None:
    here = begin(client)
    answer(client, here, SAME)
    page = client.get(here)

    assert "2 of 3" in page.text
    assert "min left" in page.text
    assert "$0.05 so far" in page.text
