"""The researcher's pages: who gets in, what they see, and what nobody else may."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from app.auth import FAILURES_ALLOWED, WITHIN_S, WRONG, Throttle
from app.research.figures import bars
from app.store.people import make_link
from app.tables import (
    AssignmentRow,
    EventRow,
    HitRow,
    JudgmentRow,
    PairRow,
    PaymentRow,
    ResearcherRow,
    SlotRow,
    TrialRow,
    WorkerRow,
)
from app.web import Web
from hits.judgments_csv import COLUMNS

PASSWORD = "a long enough password"
PASSWORD_HASH = generate_password_hash(PASSWORD, "scrypt:1024:8:1")  # a quick one: these tests sign in often
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _researcher(web: Web) -> None:
    """Ada may sign in."""
    with web.database.writing() as session:
        session.add(ResearcherRow(name="ada", password_hash=PASSWORD_HASH, created_at=NOW))


def csrf(page: TestResponse) -> str:
    """The word that a form of this page has to carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, name: str = "ada", password: str = PASSWORD) -> TestResponse:
    """Fill in the login form as a person does."""
    token = csrf(client.get("/login"))
    return client.post("/login", data={"csrf_token": token, "name": name, "password": password})


def judge(web: Web, *, simulated: bool) -> None:
    """Three workers judge the first pair: it sounds different."""
    with web.database.writing() as session:
        for number in range(3):
            worker, assignment, trial = f"w{number:015x}", f"a{number}", f"t{number}"
            session.add(
                WorkerRow(
                    worker=worker,
                    platform="mturk",
                    platform_worker_id=f"AREAL{number}",
                    simulated=simulated,
                    first_seen_at=NOW,
                )
            )
            session.flush()
            session.add(
                AssignmentRow(
                    assignment_id=assignment,
                    hit_id="h1",
                    worker=worker,
                    platform_assignment_id=f"3A{number}",
                    state="submitted",
                    accepted_at=NOW,
                    expires_at=NOW,
                )
            )
            session.flush()
            session.add(
                TrialRow(
                    trial_id=trial,
                    assignment_id=assignment,
                    position=1,
                    pair_id="pair0",
                    role="study",
                    order="original-first",
                    state="answered",
                    nonce="n",
                )
            )
            session.flush()
            session.add(
                JudgmentRow(
                    judgment_id=f"j{number}",
                    trial_id=trial,
                    pair_id="pair0",
                    worker=worker,
                    assignment_id=assignment,
                    role="study",
                    order="original-first",
                    activation="different",
                    valence="same",
                    activation_rating=4,
                    valence_rating=3,
                    listened_s=0.2,
                    elapsed_s=3.0,
                    submitted_at=NOW,
                    late=False,
                )
            )


def pay(web: Web, state: str, text: str = "") -> None:
    """One payment in the ledger."""
    with web.database.writing() as session:
        session.add(
            PaymentRow(
                key=f"reward-{state}",
                kind="reward",
                assignment_id="a0",
                amount_minor=63,
                fee_minor=13,
                state=state,
                note=text,
                planned_at=NOW,
                changed_at=NOW,
            )
        )


@pytest.mark.parametrize("path", ["/", "/live", "/judgments.csv", "/report/", "/report/index.html"])
def test_nothing_is_shown_to_somebody_who_is_not_signed_in(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.location) == (303, "/login")


def test_name_and_password_lead_to_the_page_that_was_wanted(client: FlaskClient) -> None:
    client.get("/judgments.csv")
    answer = sign_in(client)

    assert (answer.status_code, answer.location) == (303, "/judgments.csv")
    assert "2 of 3" not in client.get("/").text
    assert "study" in client.get("/").text


def test_a_dashboard_left_open_does_not_lead_to_a_part_of_itself(client: FlaskClient) -> None:
    client.get("/")
    client.get("/live")  # as it fetches itself anew

    assert sign_in(client).location == "/"


def test_only_signing_in_lengthens_the_stay(client: FlaskClient) -> None:
    sign_in(client)
    client.get("/")

    for path in ("/", "/live", "/healthz", "/annotate/"):
        assert "Set-Cookie" not in client.get(path).headers


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_password_and_an_unknown_name_get_the_same_sentence(
    client: FlaskClient, name: str, password: str
) -> None:
    page = sign_in(client, name, password)

    assert page.status_code == 401
    assert WRONG in page.text
    assert client.get("/").status_code == 303


def test_many_wrong_tries_have_to_wait_even_with_the_right_password(client: FlaskClient) -> None:
    for _ in range(FAILURES_ALLOWED):
        assert sign_in(client, password="wrong").status_code == 401
    page = sign_in(client)

    assert page.status_code == 429
    assert "Please wait" in page.text


def test_the_throttle_forgets_with_time_and_never_grows_without_end() -> None:
    now = [0.0]
    throttle = Throttle(clock=lambda: now[0])
    for _ in range(FAILURES_ALLOWED):
        throttle.failed("name ada")
    assert throttle.wait_s("name ada", "address x") == WITHIN_S
    now[0] = WITHIN_S
    assert throttle.wait_s("name ada") == 0
    for number in range(10_500):
        throttle.failed(f"name {number}")
    assert len(throttle.failures) == 10_000


def test_a_sign_in_link_shows_a_button_and_works_once(web: Web, flask_app: Flask) -> None:
    with web.database.writing() as session:
        token = make_link(session, "grace")
    curious, first, second = (flask_app.test_client() for _ in range(3))
    curious.get(f"/sign-in/{token}")  # as a mail program looks at links
    used = first.post(f"/sign-in/{token}", data={"csrf_token": csrf(first.get(f"/sign-in/{token}"))})
    again = second.post(f"/sign-in/{token}", data={"csrf_token": csrf(second.get(f"/sign-in/{token}"))})

    assert used.location == "/"
    assert "Sign out grace" in first.get("/").text
    assert again.status_code == 401
    assert "was used before, or is out of date" in again.text


@pytest.mark.parametrize("path", ["/login", "/logout", "/sign-in/x"])
def test_every_post_needs_the_word_of_its_own_page(client: FlaskClient, path: str) -> None:
    page = client.post(path, data={"name": "ada", "password": PASSWORD})

    assert page.status_code == 400
    assert "waited too long" in page.text


def test_signing_out_ends_it(client: FlaskClient) -> None:
    sign_in(client)
    client.post("/logout", data={"csrf_token": csrf(client.get("/"))})

    assert client.get("/").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_pages_from_frames(client: FlaskClient) -> None:
    answer = sign_in(client)
    page = client.get("/")

    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


def test_the_cookie_before_signing_in_is_worth_nothing_after_it(client: FlaskClient) -> None:
    client.get("/login")
    before = client.get_cookie("earwitness")
    sign_in(client)
    after = client.get_cookie("earwitness")

    assert before is not None
    assert after is not None
    assert before.value != after.value


def test_an_empty_study_says_which_command_comes_next(web: Web, client: FlaskClient) -> None:
    sign_in(client)
    with web.database.writing() as session:
        for table in (SlotRow, HitRow):
            session.execute(delete(table))
    assert "earwitness hits publish" in client.get("/").text
    with web.database.writing() as session:
        session.execute(delete(PairRow))
    page = client.get("/")

    assert "earwitness pairs make" in page.text
    assert "signed in by password" in page.text


def test_the_dashboard_shows_counts_verdicts_and_the_plot(web: Web, client: FlaskClient) -> None:
    judge(web, simulated=False)
    sign_in(client)
    page = client.get("/")

    assert "1 of 3" in page.text
    assert '<svg class="forest"' in page.text
    assert "UNDECIDED" in page.text
    assert "SIMULATED" not in page.text


@pytest.mark.parametrize("path", ["/", "/live"])
def test_simulated_judgments_are_called_so_wherever_they_count(web: Web, client: FlaskClient, path: str) -> None:
    judge(web, simulated=True)
    sign_in(client)

    assert client.get(path).text.count("SIMULATED listeners") == 2  # at the head, and under the plot


def test_verdicts_on_simulated_speech_are_called_so_though_people_listened(web: Web, client: FlaskClient) -> None:
    with web.database.writing() as session:
        session.execute(update(PairRow).values(simulated=True))
    judge(web, simulated=False)
    sign_in(client)

    assert client.get("/").text.count("SIMULATED study") == 2  # at the head, and under the plot


def test_the_verdicts_follow_new_judgments(web: Web, client: FlaskClient) -> None:
    sign_in(client)
    assert '<svg class="forest"' not in client.get("/live").text
    judge(web, simulated=False)

    assert "3 judgments" in client.get("/live").text


def test_payments_of_unknown_outcome_stand_on_top_with_what_to_do(web: Web, client: FlaskClient) -> None:
    judge(web, simulated=False)
    pay(web, "confirmed")
    pay(web, "unknown", text="<script>alert(1)</script>")
    sign_in(client)
    assert "1 payment has an unknown outcome." in client.get("/").text
    page = client.get("/ledger")

    assert page.text.index("reward-unknown" if "reward-unknown" in page.text else ">unknown<") < page.text.index(
        ">confirmed<"
    )
    assert "<script>alert" not in page.text
    assert "AREAL" not in page.text


def test_events_are_shown_with_their_time_in_utc(web: Web, client: FlaskClient) -> None:
    with web.database.writing() as session:
        session.add(EventRow(at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC), kind="publish", text="3 HITs are out"))
    sign_in(client)
    page = client.get("/")

    assert "3 HITs are out" in page.text
    assert 'datetime="2026-03-01T12:30:00+00:00" title="2026-03-01 12:30:00 UTC"' in page.text


def test_judgments_come_as_the_documented_file(web: Web, client: FlaskClient) -> None:
    judge(web, simulated=False)
    sign_in(client)
    answer = client.get("/judgments.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["Content-Disposition"] == 'attachment; filename="study-judgments.csv"'
    assert tuple(rows[0]) == COLUMNS
    assert [row["judgment_id"] for row in rows] == ["j0", "j1", "j2"]
    assert "AREAL" not in answer.text


def test_the_report_is_served_and_nothing_beside_it(web: Web, client: FlaskClient) -> None:
    sign_in(client)
    assert "<code>earwitness report</code>" in client.get("/report/").text
    (web.folder / "report").mkdir()
    (web.folder / "report" / "index.html").write_text("<h1>The report</h1>")

    page = client.get("/report/", buffered=True)  # read whole, so that the file is closed
    assert "The report" in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    for path in ("../study.db", "..%2fstudy.db", "%2e%2e/study.db", "%2fetc%2fpasswd", "nothing.csv"):
        assert client.get(f"/report/{path}", follow_redirects=True).status_code == 404


def test_health_says_ok_to_anybody(client: FlaskClient) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "Set-Cookie" not in answer.headers


def test_hours_without_a_judgment_stay_in_the_picture() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    drawn = bars([(noon, 4), (noon + timedelta(hours=2), 2)], noon + timedelta(hours=3, minutes=20))

    assert [bar.count for bar in drawn] == [4, 0, 2, 0]
    assert [bar.height for bar in drawn] == [40, 0, 20, 0]


def test_a_page_that_does_not_exist_is_a_page_of_ours(client: FlaskClient) -> None:
    page = client.get("/nowhere")

    assert page.status_code == 404
    assert "There is no such page" in page.text


@pytest.mark.parametrize("path", ["/annotate?x=1", "/report//index.html"])
def test_a_redirect_to_ourselves_never_names_the_host_that_was_claimed(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Host": "elsewhere.example"})

    assert answer.status_code == 308
    assert answer.location.startswith("/")
    assert not answer.location.startswith("//")
