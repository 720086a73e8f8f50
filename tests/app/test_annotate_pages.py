"""The annotator's pages, walked by a program: what they let in, what they keep, what they never show."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import numpy as np
import pytest
import soundfile
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.annotate.answers import LONGEST_HEARD_S
from app.annotate.stops import STOPS
from app.store.arriving import RefusedWhy
from app.store.database import Database
from app.store.events import PAUSED, keep_fact
from app.tables import AssignmentRow, HitRow, JudgmentRow, TrialRow, WorkerRow
from app.web import Web, create_app
from tests.app.conftest import SEALING

SAME = {"activation": "same", "valence": "same"}
DIFFERENT = {"activation": "different", "valence": "same", "activation_rating": "4", "valence_rating": "2"}
HEARD = {"first_s": "0.1", "second_s": "0.1"}
CLIP_S = 0.1


def query(number: int = 1, **changes: str) -> str:
    """The platform's query for one worker's assignment."""
    said = {
        "assignmentId": f"3ASSIGNMENT{number}",
        "hitId": "3HIT",
        "workerId": f"AWORKER{number}",
        "turkSubmitTo": "https://workersandbox.mturk.com",
    }
    return urlencode({**said, **changes})


def begin(client: FlaskClient, number: int = 1) -> str:
    """Begin as one worker; the address of the worker's own pages."""
    answer = client.post(f"/annotate/?{query(number)}")
    assert answer.status_code == 303
    return str(answer.location)


def hidden(page: TestResponse) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def clips(page: TestResponse) -> list[str]:
    """The addresses of a trial's two clips; those of the next trial stand elsewhere."""
    return re.findall(r'data-src="([^"]+)"', page.text)


def kind(page: TestResponse) -> str:
    """Which page this is."""
    found = re.search(r'data-page="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def answer(client: FlaskClient, here: str, said: dict[str, str], *, wait_s: float = 2 * CLIP_S) -> TestResponse:
    """Answer the trial that is shown, after as long as it takes to hear it."""
    fields = hidden(client.get(here))
    time.sleep(wait_s)
    return client.post(f"{here}answer", data={**fields, **HEARD, **said})


def count(web: Web, table: type) -> int:
    """How many rows a table has."""
    with web.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


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


def test_worker_pages_set_no_cookie_and_say_who_may_frame_them(client: FlaskClient) -> None:
    here = begin(client)
    trial = client.get(here)
    answers = [client.get(f"/annotate/?{query()}"), trial, client.get(clips(trial)[0]), client.get("/annotate/x/")]

    for one in answers:
        policy = one.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in one.headers
        assert "X-Frame-Options" not in one.headers
        assert "frame-ancestors 'self' https://workersandbox.mturk.com" in policy
        assert "form-action 'self' https://workersandbox.mturk.com" in policy
        kept_by = one.headers["Cache-Control"]  # the sound by one browser for a while, the pages by nobody
        assert kept_by.startswith("private, max-age=") if one.mimetype == "audio/wav" else "no-store" in kept_by
        assert one.headers["X-Content-Type-Options"] == "nosniff"


def test_every_script_carries_the_nonce_of_its_own_answer(client: FlaskClient) -> None:
    here = begin(client)
    first, second = client.get(here), client.get(here)

    for page in (first, second):
        nonces = set(re.findall(r'<script[^>]* nonce="([^"]+)"', page.text))
        assert len(nonces) == 1
        assert f"script-src 'nonce-{nonces.pop()}'" in page.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", page.text)
    assert first.headers["Content-Security-Policy"] != second.headers["Content-Security-Policy"]


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


def test_pages_links_headers_and_sound_never_name_condition_pair_or_role(client: FlaskClient) -> None:
    here = begin(client)
    trial = client.get(here)
    sounds = [client.get(source) for source in clips(trial)]

    seen = trial.text + here + str(trial.headers) + "".join(str(heard.headers) for heard in sounds)
    for secret in ("secretcondition", "pair0", "clip0", ".flac", "Last-Modified", "ETag", "original", "noisy"):
        assert secret not in seen
    assert all(b"secretcondition" not in heard.data for heard in sounds)


def test_both_clips_arrive_as_sound_in_their_order(client: FlaskClient) -> None:
    sounds = [client.get(source) for source in clips(client.get(begin(client)))]
    pitches = []
    for heard in sounds:
        samples, rate_hz = soundfile.read(io.BytesIO(heard.data))
        pitches.append(np.argmax(np.abs(np.fft.rfft(samples, n=rate_hz))))

    assert [heard.mimetype for heard in sounds] == ["audio/wav"] * 2
    assert pitches == pytest.approx([220, 440], abs=3)


def test_an_answer_before_both_clips_were_heard_comes_back_with_what_was_chosen(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    fields = hidden(client.get(here))
    time.sleep(2 * CLIP_S)
    page = client.post(f"{here}answer", data={**fields, **DIFFERENT, "first_s": "0.1", "second_s": "0.02"})

    assert (page.status_code, kind(page)) == (422, "trial")
    assert "You still need to hear the second clip to its end." in page.text
    assert page.text.count(" checked") == 4
    assert hidden(page)["first_s"] == "0.1"
    assert count(web, JudgmentRow) == 0


def test_an_answer_sooner_than_the_clips_last_is_not_taken(
    web: Web, client: FlaskClient, stop_clock: Callable[[], None]
) -> None:
    stop_clock()
    here = begin(client)
    page = answer(client, here, SAME, wait_s=0)

    assert page.status_code == 422
    assert "sooner than both clips can be heard" in page.text
    assert count(web, JudgmentRow) == 0


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"valence": "same"}, "Please say whether both clips feel equally energetic."),
        ({"activation": "same"}, "Please say whether both clips feel equally pleasant."),
        ({**SAME, "activation": "perhaps"}, "Please say whether both clips feel equally energetic."),
        ({**DIFFERENT, "valence_rating": ""}, "how unpleasant or pleasant the feeling is"),
        ({**DIFFERENT, "activation_rating": "6"}, "how calm or excited the voice is"),
        ({**DIFFERENT, "activation_rating": "٤"}, "how calm or excited the voice is"),
        ({**SAME, "first_s": "NaN"}, "You still need to hear the first clip"),
        ({**SAME, "second_s": "inf"}, "You still need to hear the second clip"),
        ({**SAME, "first_s": "-1"}, "You still need to hear the first clip"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(client: FlaskClient, said: dict[str, str], sentence: str) -> None:
    page = answer(client, begin(client), said)

    assert page.status_code == 422
    assert sentence in unescape(page.text)


def test_ratings_chosen_before_both_became_the_same_do_not_count(web: Web, client: FlaskClient) -> None:
    answer(client, begin(client), {**DIFFERENT, **SAME})

    with web.database.reading() as session:
        assert session.scalars(select(JudgmentRow.activation_rating)).all() == [None]


def test_a_double_click_is_one_answer(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    fields = hidden(client.get(here))
    time.sleep(2 * CLIP_S)
    answers = [client.post(f"{here}answer", data={**fields, **HEARD, **said}) for said in (SAME, DIFFERENT)]

    assert [one.location for one in answers] == [here, here]
    with web.database.reading() as session:
        assert session.scalars(select(JudgmentRow.activation)).all() == ["same"]


def test_an_answer_with_another_nonce_is_not_taken(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    sent = answer(client, here, {**SAME, "nonce": "made-up"})

    assert sent.location == here
    assert count(web, JudgmentRow) == 0


@pytest.mark.parametrize("nonce", ["ä", "\0", "\U0001f600"])
def test_a_nonce_of_odd_characters_is_just_another_nonce(web: Web, client: FlaskClient, nonce: str) -> None:
    here = begin(client)
    fields = hidden(client.get(here))
    page = client.post(f"{here}answer", data={**fields, **HEARD, **SAME, "nonce": nonce})

    assert (page.status_code, count(web, JudgmentRow)) == (303, 0)


def test_seconds_beyond_reason_are_kept_as_a_number(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    answer(client, here, {**SAME, "first_s": "1e308", "second_s": "1e308"})

    with web.database.reading() as session:
        assert session.scalars(select(JudgmentRow.listened_s)).one() == 2 * LONGEST_HEARD_S


def test_a_trial_of_somebody_else_can_not_be_answered(web: Web, client: FlaskClient) -> None:
    mine, theirs = begin(client, 1), begin(client, 2)
    fields = hidden(client.get(theirs))
    time.sleep(2 * CLIP_S)
    client.get(mine)
    client.post(f"{mine}answer", data={**fields, **HEARD, **SAME})

    assert count(web, JudgmentRow) == 0


def test_a_clip_of_somebody_else_is_not_sent(client: FlaskClient) -> None:
    mine, theirs = begin(client, 1), begin(client, 2)
    foreign = clips(client.get(theirs))[0].replace(theirs, mine)

    assert client.get(foreign).status_code == 404
    assert client.get(f"{mine}clip/made-up").status_code == 404


def test_a_clip_s_link_is_good_for_as_long_as_the_task_may_take(web: Web, client: FlaskClient) -> None:
    source = clips(client.get(begin(client)))[0]
    began = datetime.now(UTC)

    for after_s, status in ((-5, 200), (5, 410)):
        later = began + timedelta(seconds=web.study.hits.assignment_duration_s + after_s)
        database = Database(str(web.database.url), lambda: SEALING, clock=lambda later=later: later)
        page = create_app(replace(web, database=database)).test_client().get(source)
        database.dispose()
        assert page.status_code == status
    assert kind(page) == "stop"
    assert "Open the task once more" in page.text


def test_the_next_pair_s_clips_can_be_loaded_ahead_under_the_addresses_that_it_will_have(client: FlaskClient) -> None:
    here = begin(client)
    coming = re.search(r'data-coming="([^"]+)"', client.get(here).text)
    assert coming is not None
    ahead = client.get(coming[1].split(" ")[0])

    answer(client, here, SAME)

    assert clips(client.get(here)) == coming[1].split(" ")
    assert ahead.status_code == 200
    assert ahead.headers["Cache-Control"].startswith("private, max-age=")


def test_a_clip_that_is_gone_from_the_disk_is_a_stop_with_a_next_step(web: Web, client: FlaskClient) -> None:
    sources = clips(client.get(begin(client)))
    for path in (web.folder / "pairs").rglob("*.flac"):
        path.unlink()

    page = client.get(sources[0])
    assert (page.status_code, kind(page)) == (503, "stop")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"turkSubmitTo": "https://evil.example"}, 400),
        ({"turkSubmitTo": "https://workersandbox.mturk.com.evil.example"}, 400),
        ({"hitId": ""}, 400),
        ({"hitId": "3OTHER"}, 200),
    ],
)
def test_arrivals_from_nowhere_are_stopped(web: Web, client: FlaskClient, changes: dict[str, str], status: int) -> None:
    page = client.get(f"/annotate/?{query(**changes)}")
    begun = client.post(f"/annotate/?{query(**changes)}")

    assert page.status_code == status
    assert "evil.example" not in page.text
    assert begun.status_code in (400, 404)
    assert kind(begun) == "stop"
    assert count(web, AssignmentRow) == 0


def test_script_in_the_query_stays_text(client: FlaskClient) -> None:
    attack = '"><script>alert(1)</script>'
    for name in ("hitId", "workerId", "assignmentId", "extra"):
        page = client.get(f"/annotate/?{query()}&{urlencode({name: attack})}")
        assert "<script>alert" not in page.text
        changed = client.get(f"/annotate/?{query(**{name: attack})}")
        assert "<script>alert" not in changed.text


def test_a_link_cut_short_is_a_stop(client: FlaskClient) -> None:
    here = begin(client)
    page = client.get(f"{here[:-3]}/")

    assert (page.status_code, kind(page)) == (404, "stop")


def test_a_worker_who_is_not_invited_on_reads_why(web: Web, client: FlaskClient) -> None:
    begin(client)
    with web.database.writing() as session:
        for worker in session.scalars(select(WorkerRow)):
            worker.trusted = False
    page = client.post(f"/annotate/?{query(assignmentId='3ANOTHER')}")

    assert kind(page) == "stop"
    assert "Everything that you handed in is paid" in page.text


@pytest.mark.parametrize("state", ["submitted", "approved", "rejected"])
def test_an_assignment_that_is_over_has_a_page_of_its_own(web: Web, client: FlaskClient, state: str) -> None:
    here = begin(client)
    with web.database.writing() as session:
        session.scalars(select(AssignmentRow)).one().state = state
    page = client.get(here)

    assert kind(page) == "stop"
    assert str(STOPS[state].title) in unescape(page.text)


def test_every_reason_of_a_refusal_has_its_page() -> None:
    assert set(RefusedWhy.__args__) <= set(STOPS)


def test_a_closed_hit_stops_newcomers_and_lets_its_workers_go_on(web: Web, client: FlaskClient) -> None:
    here = begin(client, 1)
    with web.database.writing() as session:
        session.get_one(HitRow, "h1").state = "closed"

    assert begin(client, 1) == here
    assert kind(client.get(f"/annotate/?{query(1)}")) == "welcome"
    assert client.post(f"/annotate/?{query(2)}").status_code == 404


def test_a_pause_asks_newcomers_to_come_back_and_lets_its_workers_go_on(web: Web, client: FlaskClient) -> None:
    here = begin(client, 1)
    with web.database.writing() as session:
        keep_fact(session, PAUSED, {})
    looked, began = client.get(f"/annotate/?{query(2)}"), client.post(f"/annotate/?{query(2)}")

    assert {kind(looked), kind(began)} == {"stop"}
    assert 'data-reason="paused"' in looked.text
    assert looked.text == began.text
    assert begin(client, 1) == here
    assert kind(client.get(f"/annotate/?{query(1)}")) == "welcome"


def test_a_pause_says_nothing_of_a_task_that_is_closed(web: Web, client: FlaskClient) -> None:
    with web.database.writing() as session:
        keep_fact(session, PAUSED, {})
        session.get_one(HitRow, "h1").state = "closed"
    assert 'data-reason="unknown-hit"' in client.post(f"/annotate/?{query(2)}").text


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


def test_the_figures_are_for_the_noisy_clip_wherever_it_stands(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    assert "In the second clip" in client.get(here).text
    with web.database.writing() as session:
        for row in session.scalars(select(TrialRow)):
            row.order = "noisy-first"

    assert "In the first clip" in client.get(here).text


def test_questions_are_closed_in_the_page_as_it_is_served(client: FlaskClient) -> None:
    page = client.get(begin(client))

    assert '<fieldset class="questions" disabled>' in page.text
    assert '<fieldset class="sam" disabled>' in page.text
    assert "<noscript>" in page.text


def test_a_form_that_is_far_too_long_is_refused(client: FlaskClient) -> None:
    here = begin(client)
    page = client.post(f"{here}answer", data={"nonce": "x" * 100_000})

    assert (page.status_code, kind(page)) == (413, "stop")


def test_a_fault_of_ours_is_a_page_and_no_traceback(web: Web) -> None:
    broken = create_app(replace(web, folder=None))  # type: ignore[arg-type]
    client = broken.test_client()
    page = client.get(clips(client.get(begin(client)))[0])

    assert (page.status_code, kind(page)) == (503, "stop")
    assert "Traceback" not in page.text


def test_the_last_pair_can_be_answered_again_from_the_page_after_it(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    assert "Back to the pair before" not in client.get(here).text
    answer(client, here, SAME)
    page = client.get(here)
    assert "Back to the pair before, to answer it again" in page.text

    back = client.post(f"{here}undo", data={"last": hidden(page)["last"]})

    assert back.status_code == 303
    assert "Pair 1 of 3" in client.get(here).text
    assert count(web, JudgmentRow) == 0


@pytest.mark.parametrize("last", ["", "made-up", "x" * 500])
def test_taking_back_what_is_not_there_goes_on_where_the_worker_is(web: Web, client: FlaskClient, last: str) -> None:
    here = begin(client)
    answer(client, here, SAME)

    assert client.post(f"{here}undo", data={"last": last}).status_code == 303
    assert "Pair 2 of 3" in client.get(here).text
    assert count(web, JudgmentRow) == 1
