"""Leaving through the pages: two ways out and one back, harmless however often, and fair to whoever does not get in."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.annotate.stops import STOPS
from app.sealing import worker_key
from app.store.hits import plan_hits
from app.store.identities import own_id
from app.store.pairs import keep_pairs
from app.store.steps import note_round, open_step
from app.tables import AssignmentRow, HitRow, JudgmentRow, PaymentRow, TrialRow, WorkerRow
from app.web import Web, create_app
from hits.judgment import Hit, Slot
from hits.pay import Pay
from hits.screening import Screening
from pipelines.clip import Pair

CLIP_S = 0.1
SAME = {"activation": "same", "valence": "same"}
DIFFERENT = {"activation": "different", "valence": "same", "activation_rating": "4", "valence_rating": "2"}
MONEY = re.compile(r"[$€£]\s?\d|USD|\bpaid\b|\bearn")


def query(number: int = 1, hit: str = "3HIT") -> str:
    """The platform's query for one worker's assignment."""
    return urlencode(
        {
            "assignmentId": f"3ASSIGNMENT{number}{hit}",
            "hitId": hit,
            "workerId": f"AWORKER{number}",
            "turkSubmitTo": "https://workersandbox.mturk.com",
        }
    )


def begin(client: FlaskClient, number: int = 1, hit: str = "3HIT") -> str:
    """Begin as one worker; the address of the worker's own pages."""
    answer = client.post(f"/annotate/?{query(number, hit)}")
    assert answer.status_code == 303
    return str(answer.location)


def kind(page: TestResponse) -> str:
    """Which page this is, or which stop."""
    found = re.search(r'data-page="([^"]+)"(?: data-reason="([^"]+)")?', page.text)
    assert found is not None
    return found[2] or found[1]


def answer(client: FlaskClient, here: str, said: dict[str, str] = SAME) -> TestResponse:
    """Answer the trial that is shown, after as long as it takes to hear it."""
    page = client.get(here).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    fields = {name: unescape(value) for name, value in hidden.items()}
    time.sleep(2 * CLIP_S)
    return client.post(f"{here}answer", data={**fields, "first_s": "0.1", "second_s": "0.1", **said})


def walk_out(client: FlaskClient, here: str, answers: str = "keep") -> TestResponse:
    """Press one of the two buttons; the page that follows."""
    return client.post(f"{here}leave", data={"answers": answers}, follow_redirects=True)


def ledger(web: Web) -> list[tuple[str, int, str]]:
    """Kind, amount and state of every payment."""
    with web.database.reading() as session:
        rows = session.scalars(select(PaymentRow).order_by(PaymentRow.kind))
        return [(row.kind, row.amount_minor, row.state) for row in rows]


def state(web: Web) -> str:
    """The state of the only assignment."""
    with web.database.reading() as session:
        return session.scalars(select(AssignmentRow.state)).one()


def judgments(web: Web) -> int:
    """How many answers are kept."""
    with web.database.reading() as session:
        return len(session.scalars(select(JudgmentRow)).all())


def without_pay(web: Web) -> FlaskClient:
    """The pages of the same study, for volunteers."""
    with web.database.writing() as session:
        session.get_one(HitRow, "h1").reward_minor = 0
    return create_app(replace(web, study=web.study.model_copy(update={"pay": Pay(wage_per_hour=0)}))).test_client()


def check(number: int) -> Pair:
    """A pair of the same sound twice."""
    path = Path("original/clip0.flac")
    return Pair(f"check{number}", f"c{number}", "identical", "check", path, path, CLIP_S, CLIP_S, "", "", number, {})


def test_every_page_after_the_first_leads_out_and_says_what_is_stored(web: Web, client: FlaskClient) -> None:
    welcome = client.get(f"/annotate/?{query()}")
    here = begin(client)
    trial = client.get(here)
    for _ in range(3):
        answer(client, here)
    thanks = client.get(here)

    for page in (welcome, trial, thanks, client.get(f"{here}leave")):
        assert "What is stored, and how to leave" in page.text
        assert "replaced by a code" in page.text
    assert (kind(trial), kind(thanks)) == ("trial", "thanks")
    for page in (trial, thanks):
        assert f'href="{here}leave"' in page.text
    assert "/leave" not in welcome.text


def test_the_page_says_what_was_done_and_what_it_earns_before_anything_is_left(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    answer(client, here)
    page = client.get(f"{here}leave")

    assert kind(page) == "leave"
    assert "You have answered 1 pair of 3." in page.text
    assert "Leaving now, you have earned <strong>$0.16</strong>." in page.text
    assert f'class="button" href="{here}"' in page.text
    assert state(web) == "accepted"
    assert "2 of 3" in client.get(here).text  # the way back


def test_whoever_leaves_is_told_so_paid_once_and_can_not_go_on(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    answer(client, here)
    page = walk_out(client, here)

    assert kind(page) == "left"
    assert "You have earned <strong>$0.16</strong>" in page.text
    assert "Please return the task on the platform" in page.text
    assert ledger(web) == [("partial", 16, "planned")]
    assert judgments(web) == 1
    assert kind(client.get(here, follow_redirects=True)) == "left"
    assert client.get(begin(client)).location == f"{here}leave"  # arriving again with the same assignment
    assert kind(client.post(f"{here}comment", data={"comment": "x"}, follow_redirects=True)) == "left"


def test_deleted_answers_are_gone_and_the_page_says_so(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    answer(client, here)
    page = walk_out(client, here, "delete")

    assert "Your answers are deleted." in page.text
    assert "Delete my answers" not in page.text
    assert judgments(web) == 0
    assert ledger(web) == [("partial", 16, "planned")]


def test_kept_answers_can_be_deleted_from_the_page_that_follows(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    answer(client, here)
    assert "You can still have them deleted" in walk_out(client, here).text

    page = walk_out(client, here, "delete")

    assert "Your answers are deleted." in page.text
    assert judgments(web) == 0


def test_a_double_click_the_way_back_and_a_second_tab_change_nothing(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    answer(client, here)
    old_tab = client.get(here).text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', old_tab))
    for _ in range(3):
        assert kind(walk_out(client, here)) == "left"
    time.sleep(2 * CLIP_S)

    late = client.post(f"{here}answer", data={**fields, "first_s": "0.1", "second_s": "0.1", **SAME})

    assert kind(client.get(str(late.location), follow_redirects=True)) == "left"
    assert kind(client.post(f"{here}undo", data={"last": "x"}, follow_redirects=True)) == "left"
    assert (judgments(web), ledger(web), state(web)) == (1, [("partial", 16, "planned")], "withdrawn")


@pytest.mark.parametrize("answers", ["", "both", "x" * 500])
def test_without_a_choice_nobody_has_left(web: Web, client: FlaskClient, answers: str) -> None:
    here = begin(client)

    assert kind(walk_out(client, here, answers)) == "leave"
    assert state(web) == "accepted"


def test_looking_at_the_page_leaves_nothing(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    for _ in range(3):
        client.get(f"{here}leave")

    assert (state(web), ledger(web)) == ("accepted", [])


def test_leaving_after_the_last_answer_and_before_handing_in(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    for _ in range(3):
        answer(client, here)
    page = client.get(f"{here}leave")
    assert "You have answered every pair." in page.text
    assert "Handing it in earns $0.16." in page.text

    walk_out(client, here, "delete")

    assert (judgments(web), ledger(web), state(web)) == (0, [("partial", 16, "planned")], "withdrawn")
    assert kind(client.get(here, follow_redirects=True)) == "left"


@pytest.mark.parametrize("over", ["submitted", "approved"])
def test_what_was_handed_in_is_not_left_any_more(web: Web, client: FlaskClient, over: str) -> None:
    here = begin(client)
    for _ in range(3):
        answer(client, here)
    with web.database.writing() as session:
        session.scalars(select(AssignmentRow)).one().state = over

    assert kind(walk_out(client, here, "delete")) == over
    assert (judgments(web), ledger(web)) == (3, [])


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_not_ours_leaves_nothing(client: FlaskClient, method: str) -> None:
    page = getattr(client, method)("/annotate/made-up/leave")

    assert (page.status_code, kind(page)) == (404, "wrong-link")


def test_volunteers_read_nothing_of_money(web: Web) -> None:
    client = without_pay(web)
    here = begin(client)
    pages = [client.get(f"/annotate/?{query()}"), client.get(here)]
    for _ in range(3):
        answer(client, here)
    pages += [client.get(here), client.get(f"{here}leave"), walk_out(client, here)]
    pages.append(client.post(f"{here}step/practice"))

    assert [kind(page) for page in pages] == ["welcome", "trial", "thanks", "leave", "left", "withdrawn"]
    for page in pages:
        assert not MONEY.search(page.text), (kind(page), MONEY.search(page.text))
    assert ledger(web) == []


def test_leaving_without_an_answer_earns_nothing_and_says_nothing_of_it(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    page = client.get(f"{here}leave")
    assert "You have not answered a pair yet." in page.text
    assert "Leaving now" not in page.text

    page = walk_out(client, here)

    assert "earned" not in page.text
    assert "Delete my answers" not in page.text
    assert ledger(web) == []


def test_whoever_took_longer_reads_what_comes_as_a_bonus(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    for _ in range(3):
        answer(client, here)
    with web.database.writing() as session:
        for row in session.scalars(select(TrialRow)):
            row.opened_at = row.opened_at.replace(year=2020)  # two minutes each are paid
    page = client.get(here)

    assert "You have earned <strong>$0.95</strong> for 3 pairs." in page.text
    assert "$0.79 of it come as a bonus" in page.text


class TestScreenedOut:
    @pytest.fixture
    def screened(self, web: Web) -> Web:
        """The study with a sound check before the first pair."""
        screening = Screening(sound_check=True, practice=False)
        return replace(web, study=web.study.model_copy(update={"screening": screening}))

    def fail(self, web: Web, number: int = 1) -> None:
        """Fail the step in fifty seconds."""
        key = worker_key("mturk", f"AWORKER{number}", web.secret_key)
        now = datetime.now(UTC)
        with web.database.writing() as session:
            assignment_id = session.scalars(select(AssignmentRow.assignment_id)).one()
            open_step(session, key, assignment_id, "sound-check", {}, now)
            note_round(session, key, "sound-check", {"seconds": 50.0}, now, settled="failed")

    def test_a_worker_is_let_go_kindly_and_paid_once(self, screened: Web) -> None:
        client = create_app(screened).test_client()
        here = begin(client)
        assert "Leave this study" in client.get(here).text
        self.fail(screened)

        pages = [client.get(here) for _ in range(2)]

        assert [kind(page) for page in pages] == ["screened-out", "screened-out"]
        assert "says nothing about you or your hearing" in pages[0].text
        assert "The time that you spent on it is paid." in pages[0].text
        assert (ledger(screened), state(screened)) == ([("screening", 16, "planned")], "screened-out")
        with screened.database.reading() as session:
            assert set(session.scalars(select(TrialRow.state))) == {"released"}

    def test_the_next_arrival_is_told_so_and_reserves_nothing(self, screened: Web) -> None:
        client = create_app(screened).test_client()
        here = begin(client)
        self.fail(screened)
        client.get(here)
        with screened.database.writing() as session:
            plan_hits(session, [Hit("h2", "fixed", 3, 3)], "study", screened.study.hits, screened.study.pay)
            row = session.get_one(HitRow, "h2")
            row.state, row.platform_hit_id = "open", "4HIT"

        page = client.post(f"/annotate/?{query(1, '4HIT')}")

        assert kind(page) == "screened-out"
        assert state(screened) == "screened-out"  # still the only one
        assert kind(client.get(begin(client, 1))) == "screened-out"

    def test_a_step_can_be_left_too_and_its_time_is_paid(self, screened: Web) -> None:
        client = create_app(screened).test_client()
        here = begin(client)
        key = worker_key("mturk", "AWORKER1", screened.secret_key)
        with screened.database.writing() as session:
            assignment_id = session.scalars(select(AssignmentRow.assignment_id)).one()
            open_step(session, key, assignment_id, "sound-check", {"tones": 3}, datetime.now(UTC))
            note_round(session, key, "sound-check", {"seconds": 61.0}, datetime.now(UTC))

        page = walk_out(client, here)

        assert kind(page) == "left"
        assert ledger(screened) == [("partial", 32, "planned")]


def test_whoever_misses_the_checks_finishes_unaware_is_paid_and_is_not_asked_again(
    web: Web, client: FlaskClient
) -> None:
    checks = [check(number) for number in range(4)]
    with web.database.writing() as session:
        keep_pairs(session, checks, {"identical": ("identical", None)})
        for hit_id, platform_hit_id in (("h2", "4HIT"), ("h3", "5HIT")):
            slots = tuple(Slot(pair.pair_id, "check") for pair in checks)
            plan_hits(session, [Hit(hit_id, "fixed", 4, 3, slots)], "study", web.study.hits, web.study.pay)
            row = session.get_one(HitRow, hit_id)
            row.state, row.platform_hit_id = "open", platform_hit_id
    good, careless = begin(client, 2, "4HIT"), begin(client, 1, "4HIT")
    seen = []
    for _ in range(4):  # the same sound twice
        seen.append([plain(client.get(here)) for here in (good, careless)])
        answer(client, good, SAME)
        answer(client, careless, DIFFERENT)
    seen.append([plain(client.get(here)) for here in (good, careless)])

    assert all(one == other for one, other in seen)  # not a word tells them apart
    with web.database.reading() as session:
        trusted = session.execute(select(WorkerRow.platform_worker_id, WorkerRow.trusted))
        assert {own_id(session, kept): used for kept, used in trusted} == {"AWORKER1": False, "AWORKER2": True}
    page = client.post(f"/annotate/?{query(1, '5HIT')}")
    assert kind(page) == "not-invited"
    assert str(STOPS["not-invited"].paid) == "Everything that you handed in is paid."
    for hint in ("check", "fail", "wrong", "accura", "attention"):
        assert hint not in page.text.lower()


def plain(page: TestResponse) -> str:
    """What a page says, without links and what they carry."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
