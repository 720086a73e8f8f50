"""The pages of workers, assignments, ledger and events: what they show, of whom, and how quickly."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, update

from app.store.events import latest_events, note_event
from app.store.ledger import COLUMNS as LEDGER_COLUMNS
from app.store.wishes import latest_wishes, settle_wish
from app.store.workers import worker_facts
from app.tables import AssignmentRow, PaymentRow, TrialRow, WorkerRow
from app.web import Web, create_app
from hits.pay import Pay
from tests.app.crowd import assignment_name, gather, worker_name
from tests.app.desk import let_in, send, sign_in, word_of

SCRIPT = "<script>alert('c')</script>"
A_BONUS = {"amount": "1.50", "reason": "For your patience."}


@pytest.fixture
def desk(web: Web, client: FlaskClient) -> FlaskClient:
    """Ada at her desk, and two workers who listened."""
    gather(web, workers=2, trials=3)
    let_in(web, "ada")
    sign_in(client, "ada")
    return client


@contextmanager
def counting(web: Web) -> Iterator[list[str]]:
    """The statements that the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    event.listen(web.database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(web.database.engine, "before_cursor_execute", note)


def wishes(web: Web) -> list[tuple[str, dict[str, object]]]:
    with web.database.reading() as session:
        return [(one.kind, dict(one.detail)) for one in latest_wishes(session, 50)]


class TestWorkers:
    def test_time_and_pay_are_those_of_the_ledger(self, web: Web, desk: FlaskClient) -> None:
        page = desk.get("/workers")

        assert f'<a href="/workers/{worker_name(0)}">' in page.text
        assert "Nobody is under the wage floor of 9.45 USD an hour." in page.text
        assert "37.80 USD" in page.text  # 63 cents for the minute of three trials
        assert "AREAL" not in page.text

    def test_who_is_under_the_floor_is_named_in_a_line(self, web: Web, desk: FlaskClient) -> None:
        with web.database.writing() as session:
            session.get_one(PaymentRow, "reward-1").amount_minor = 10
        page = desk.get("/workers")

        line = page.text.split('<p class="lead">')[1].split("</p>")[0]
        assert line.startswith("1 of 2 workers is under the wage floor of 9.45 USD an hour")
        assert f'<a href="/workers/{worker_name(1)}">' in line
        assert "1 worker is under the wage floor" in desk.get("/ledger").text

    def test_what_is_planned_lifts_a_worker_to_the_floor_and_what_was_dropped_does_not(
        self, web: Web, desk: FlaskClient
    ) -> None:
        for state, under in (("planned", 0), ("unknown", 0), ("dropped", 2)):
            with web.database.writing() as session:
                session.execute(update(PaymentRow).values(state=state))
            with web.database.reading() as session:
                assert sum(one.under(Pay()) for one in worker_facts(session, Pay())) == under, state

    def test_work_that_goes_on_is_not_yet_owed_for(self, web: Web, desk: FlaskClient) -> None:
        with web.database.writing() as session:
            session.execute(update(AssignmentRow).values(state="accepted"))
            session.execute(update(PaymentRow).values(state="dropped"))
        with web.database.reading() as session:
            assert [one.wage_minor for one in worker_facts(session, Pay())] == [None, None]

    def test_the_file_has_a_row_a_worker(self, desk: FlaskClient) -> None:
        rows = list(csv.DictReader(io.StringIO(desk.get("/workers.csv").text)))
        wages = list(csv.DictReader(io.StringIO(desk.get("/wages.csv").text)))

        assert {row["worker"] for row in rows} == {worker_name(0), worker_name(1)}
        assert [(row["active_s"], row["paid_minor"], row["paid_per_hour"]) for row in wages] == [
            ("60.0", "63", "37.8")
        ] * 2

    def test_a_worker_is_one_click_from_everything(self, desk: FlaskClient) -> None:
        page = desk.get(f"/workers/{worker_name(0)}")

        assert f'href="/assignments/{assignment_name(0)}"' in page.text
        assert "4 of 4 checks passed" in page.text
        assert "Invited on" in page.text

    def test_without_anybody_the_page_says_how_people_come(self, web: Web, client: FlaskClient) -> None:
        let_in(web, "ada")
        sign_in(client, "ada")
        for path in ("/workers", "/assignments"):
            assert "earwitness hits publish" in client.get(path).text
        assert "earwitness hits collect" in client.get("/ledger").text


class TestAnAssignment:
    def test_shows_each_trial_as_the_worker_saw_it(self, desk: FlaskClient) -> None:
        page = desk.get(f"/assignments/{assignment_name(0)}")
        first = page.text.split('<ol class="heard">')[1].split("</li>")[0]

        assert first.index("First: noisy, ") < first.index("Second: original, ")
        assert "answered after 20.0 s; 4.0 s of sound were played" in first
        assert "reward: confirmed" in page.text
        assert f'href="/workers/{worker_name(0)}"' in page.text

    def test_words_of_a_worker_run_nowhere(self, web: Web, desk: FlaskClient) -> None:
        path = f"/assignments/{assignment_name(0)}"
        send(desk, "/wishes/bonus", path, nonce="n", assignment_id=assignment_name(0), amount="1", reason=SCRIPT)
        with web.database.writing() as session:
            session.execute(update(PaymentRow).values(note=SCRIPT, reason=SCRIPT, state="unknown"))
            session.execute(update(WorkerRow).values(distrusted_because=SCRIPT))
            note_event(session, "left", f"assignment {assignment_name(0)} {SCRIPT}")
            for one in latest_wishes(session, 9):
                settle_wish(session, one.wish_id, "refused", SCRIPT)
        for page in (path, f"/workers/{worker_name(0)}", "/", "/workers", "/assignments", "/ledger", "/events"):
            text = desk.get(page).text
            assert SCRIPT not in text, page
            assert "&lt;script&gt;" in text, page

    def test_both_clips_can_be_heard_by_whoever_is_signed_in_only(self, web: Web, desk: FlaskClient) -> None:
        heard = desk.get("/pairs/pair0/clips/noisy", buffered=True)
        part = desk.get("/pairs/pair0/clips/noisy", headers={"Range": "bytes=0-9"}, buffered=True)
        stranger = desk.application.test_client()

        assert (heard.status_code, heard.mimetype, heard.data[:4]) == (200, "audio/flac", b"fLaC")
        assert (part.status_code, len(part.data)) == (206, 10)
        assert stranger.get("/pairs/pair0/clips/noisy").status_code == 303

    @pytest.mark.parametrize(
        "path",
        [
            "/assignments/of-another-study",
            "/workers/w0123456789abcde",
            "/conditions/nothing",
            "/pairs/pair0/clips/both",
            "/pairs/pair99/clips/noisy",
            "/pairs/..%2f..%2fstudy.db/clips/noisy",
        ],
    )
    def test_what_is_not_of_this_study_is_not_found(self, desk: FlaskClient, path: str) -> None:
        assert desk.get(path).status_code == 404

    def test_a_deleted_answer_is_said_to_be_deleted(self, web: Web, desk: FlaskClient) -> None:
        with web.database.writing() as session:
            row = session.get_one(AssignmentRow, assignment_name(0))
            row.answers_deleted, row.comment = True, ""
            session.get_one(TrialRow, "t0-2").state = "released"
        assert "Its answers were deleted at the worker" in desk.get(f"/assignments/{assignment_name(0)}").text


class TestButtons:
    def test_a_double_click_is_one_wish_and_a_fresh_page_another(self, web: Web, desk: FlaskClient) -> None:
        path = f"/assignments/{assignment_name(0)}"
        page = desk.get(path)
        form = {"csrf_token": word_of(page), "nonce": word_of(page, "nonce"), "assignment_id": assignment_name(0)}
        answers = [desk.post("/wishes/bonus", data={**form, **A_BONUS}) for _ in range(2)]
        assert [answer.location for answer in answers] == [path, path]
        assert wishes(web) == [
            ("bonus", {"assignment_id": assignment_name(0), "amount_minor": 150, "reason": A_BONUS["reason"]})
        ]
        form["nonce"] = word_of(desk.get(path), "nonce")
        desk.post("/wishes/bonus", data={**form, **A_BONUS})

        assert len(wishes(web)) == 2
        assert "waiting</strong> bonus of 1.50 USD, ada" in desk.get(path).text

    def test_what_came_of_it_is_shown_in_the_platforms_words(self, web: Web, desk: FlaskClient) -> None:
        send(desk, "/wishes/collect", "/", nonce="n")
        with web.database.writing() as session:
            settle_wish(session, latest_wishes(session, 1)[0].wish_id, "refused", "the platform is being mended")
        assert "refused</strong> collect, ada" in desk.get("/").text
        assert "the platform is being mended" in desk.get("/").text

    @pytest.mark.parametrize(
        ("kind", "fields", "says"),
        [
            ("bonus", {"assignment_id": "of-another-study", **A_BONUS}, "no such assignment in this study"),
            ("bonus", {"assignment_id": assignment_name(0), **A_BONUS, "amount": "0"}, "above 0"),
            ("bonus", {"assignment_id": assignment_name(0), **A_BONUS, "amount": "-1"}, "Please give an amount"),
            ("bonus", {"assignment_id": assignment_name(0), **A_BONUS, "amount": "1.505"}, "Please give an amount"),
            ("bonus", {"assignment_id": assignment_name(0), **A_BONUS, "amount": "1e3"}, "Please give an amount"),
            ("bonus", {"assignment_id": assignment_name(0), **A_BONUS, "amount": "501"}, "within the cap"),
            ("bonus", {"assignment_id": assignment_name(0), "amount": "1", "reason": " "}, "give a reason"),
            ("reject", {"assignment_id": assignment_name(0), "reason": "too short a reason"}, "20 to 1000 characters"),
            ("approve", {}, "no such assignment"),
            ("message", {"worker": "w0123456789abcde", "subject": "a", "text": "b"}, "no such worker in this study"),
            ("message", {"worker": worker_name(0), "subject": "", "text": "b"}, "needs a subject"),
            ("message", {"subject": "a", "text": "b" * 4097}, "needs a subject"),
            ("invite", {"worker": worker_name(0), "trusted": "maybe", "reason": "a good ear"}, "yes, no, or as"),
            ("invite", {"worker": worker_name(0), "trusted": "no", "reason": "x"}, "give a reason"),
            ("settle", {"key": "of-another-study", "paid": "yes"}, "no such payment in this study"),
            ("settle", {"key": "reward-0", "paid": "yes"}, "is confirmed by now"),
            ("settle", {"key": "reward-0"}, "yes or no"),
            ("publish", {}, "look at the price first"),
            ("publish", {"total_minor": "1", "pairs_before": "0", "clips": "-1"}, "above 0"),
            ("dance", {}, "no wish"),
        ],
    )
    def test_what_can_not_be_done_is_said_at_once_and_not_written_down(
        self, web: Web, desk: FlaskClient, kind: str, fields: dict[str, str], says: str
    ) -> None:
        page = send(desk, f"/wishes/{kind}", "/", nonce="n", **fields)

        assert page.status_code == 422
        assert says in page.text
        assert wishes(web) == []

    def test_work_that_waits_for_a_look_says_until_when_and_can_be_rejected_until_then(
        self, web: Web, desk: FlaskClient
    ) -> None:
        path = f"/assignments/{assignment_name(0)}"
        with web.database.writing() as session:
            row, reward = session.get_one(AssignmentRow, assignment_name(0)), session.get_one(PaymentRow, "reward-0")
            row.state, row.submitted_at = "submitted", web.database.now()
            reward.state, reward.planned_at = "planned", web.database.now()
        assert "to review until" not in desk.get(path).text
        assert "Reject…" not in desk.get(path).text

        pay = Pay(review_for_h=24)
        looked = create_app(replace(web, study=web.study.model_copy(update={"pay": pay}))).test_client()
        sign_in(looked, "ada")
        assert "to review until" in looked.get(path).text
        assert "Reject…" in looked.get(path).text
        assert "Approve and pay now" in looked.get(path).text

    def test_a_form_without_a_word_of_its_own_is_refused(self, web: Web, desk: FlaskClient) -> None:
        assert send(desk, "/wishes/collect", "/").status_code == 422
        assert wishes(web) == []

    def test_what_was_asked_for_is_noted_with_who_asked(self, web: Web, desk: FlaskClient) -> None:
        send(desk, "/wishes/pause", "/", nonce="n")
        with web.database.reading() as session:
            noted = latest_events(session, 1)[0]
        assert (noted.kind, noted.text, noted.researcher) == ("wish", "pause was asked for", "ada")


class TestTheLedger:
    def test_unknown_stands_on_top_with_two_buttons_and_refused_comes_next(self, web: Web, desk: FlaskClient) -> None:
        with web.database.writing() as session:
            session.get_one(PaymentRow, "reward-0").state = "unknown"
            session.get_one(PaymentRow, "reward-1").state = "refused"
        text = desk.get("/ledger").text
        cells = text.split('<table id="payments"')[1]

        assert text.index("It was not: send it again") < text.index("1 payment was refused")
        assert cells.index(">unknown<") < cells.index(">refused<")
        send(desk, "/wishes/settle", "/ledger", nonce="n", key="reward-0", paid="no")
        assert wishes(web) == [("settle", {"key": "reward-0", "paid": False})]

    def test_words_that_a_spreadsheet_would_run_are_made_harmless(self, web: Web, desk: FlaskClient) -> None:
        with web.database.writing() as session:
            session.get_one(PaymentRow, "reward-0").note = '=HYPERLINK("http://evil.example")'
        rows = list(csv.DictReader(io.StringIO(desk.get("/ledger.csv").text)))

        assert tuple(rows[0]) == LEDGER_COLUMNS
        assert '\'=HYPERLINK("http://evil.example")' in {row["note"] for row in rows}


class TestEvents:
    def test_can_be_asked_for_by_kind_and_by_hand_and_page_by_page(self, web: Web, desk: FlaskClient) -> None:
        with web.database.writing() as session:
            for number in range(120):
                note_event(session, "collect", f"look {number}")
        latest = desk.get("/events?kind=collect").text
        assert "look 119" in latest
        assert "look 19<" not in latest
        older = latest.split('<a href="/events?')[-1].split('"')[0].replace("&amp;", "&")
        assert "look 19<" in desk.get(f"/events?{older}").text
        assert "look" not in desk.get("/events?by=hand").text
        assert "No such event." in desk.get("/events?kind=nothing").text

    def test_names_lead_to_what_they_name(self, web: Web, desk: FlaskClient) -> None:
        with web.database.writing() as session:
            note_event(session, "left", f"assignment {assignment_name(0)} was left by worker {worker_name(0)}")
        text = desk.get("/events").text

        assert f'<a href="/assignments/{assignment_name(0)}">' in text
        assert f'<a href="/workers/{worker_name(0)}">' in text


PAGES = [
    "/",
    "/conditions/nat-co-10db",
    "/workers",
    f"/workers/{worker_name(0)}",
    f"/assignments/{assignment_name(0)}",
    "/assignments",
    "/ledger",
]


@pytest.mark.parametrize("path", [*PAGES, "/events", "/workers.csv"])
def test_a_page_asks_the_database_as_often_for_many_as_for_few(web: Web, client: FlaskClient, path: str) -> None:
    let_in(web, "ada")
    sign_in(client, "ada")
    asked = []
    for workers in (2, 30):
        gather_to(web, workers)
        client.get(path)  # what is kept for a while is there
        with counting(web) as statements:
            client.get(path)
        asked.append(len(statements))
    assert asked[0] == asked[1]


def gather_to(web: Web, workers: int) -> None:
    """As many workers in all."""
    with web.database.reading() as session:
        there = session.query(WorkerRow).count()
    gather(web, workers, 3, first=there)


@pytest.mark.slow
def test_pages_stay_quick_with_ten_thousand_judgments(web: Web, client: FlaskClient) -> None:
    from time import perf_counter

    gather(web, workers=500, trials=20, pairs=1000)
    let_in(web, "ada")
    sign_in(client, "ada")
    client.get("/")  # verdicts and agreement are kept from here on
    for path in PAGES:
        begun = perf_counter()
        assert client.get(path).status_code == 200
        took_s = perf_counter() - begun
        print(f"{path}: {1000 * took_s:.0f} ms")
        assert took_s < 10, path  # a few tenths to one second, unless the machine is busy
