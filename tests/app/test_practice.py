"""How to answer and the practice: walked once a worker, told what each pair was, and counted nowhere."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.store.hits import plan_hits
from app.store.pairs import keep_pairs
from app.store.progress import condition_rows, judgment_rows, overview
from app.store.standing import standings
from app.tables import AssignmentRow, HitRow, JudgmentRow, StepRow, TrialRow
from app.web import Web, create_app
from hits.batch import Hits
from hits.judgment import Hit, Slot
from hits.screening import Screening
from pipelines.clip import Pair
from tests.app.annotating import DIFFERENT, HEARD, SAME, begin, clips, count, hidden, kind, query
from tests.app.conftest import make_pair

HELD_S = 0.2  # both clips of a pair
PRACTICE = ("identical", "identical", "obvious", "obvious")


def keep_practice(web: Web, conditions: Iterable[str] = PRACTICE) -> list[Pair]:
    """Practice pairs with sound, in the database."""
    made = []
    for number, condition in enumerate(conditions, start=50):
        pair = make_pair(number, web.folder / "pairs", "practice")
        twin = pair.original_path if condition == "identical" else pair.noisy_path
        made.append(replace(pair, condition=condition, noisy_path=twin))
    with web.database.writing() as session:
        keep_pairs(session, made, {condition: (condition, None) for condition in ("identical", "obvious")})
    return made


def practising(web: Web, **hits: object) -> Web:
    """The study with practice switched on."""
    changed = {"screening": Screening(sound_check=False, practice=True), "hits": web.study.hits.model_copy(update=hits)}
    return replace(web, study=web.study.model_copy(update=changed))


@pytest.fixture
def client(web: Web) -> FlaskClient:
    """A browser before a study with four practice pairs."""
    keep_practice(web)
    return create_app(practising(web)).test_client()


def row(web: Web) -> StepRow:
    """What is kept of the only worker's practice."""
    with web.database.reading() as session:
        return session.scalars(select(StepRow)).one()


def go_on(client: FlaskClient, here: str) -> TestResponse:
    """Press the one button of a page; the page that comes then."""
    posted = client.post(f"{here}step/practice", data=hidden(client.get(here)))
    assert posted.status_code == 303
    return client.get(here)


def say(client: FlaskClient, here: str, said: Mapping[str, str], wait_s: float = HELD_S) -> TestResponse:
    """Answer the practice trial that is shown, after as long as it takes to hear it."""
    fields = hidden(client.get(here))
    time.sleep(wait_s)
    return client.post(f"{here}step/practice", data={**fields, **HEARD, **said})


def is_same(web: Web) -> bool:
    """Whether the pair that is practised on now is an identical one."""
    return row(web).asked["pair_id"] in ("pair50", "pair51")


def test_how_to_answer_comes_first_then_two_trials_each_with_what_it_was_then_the_pairs_that_count(
    web: Web, client: FlaskClient
) -> None:
    here = begin(client)
    kinds = [kind(client.get(here)), kind(go_on(client, here))]
    for _ in range(2):
        assert say(client, here, SAME).status_code == 303
        kinds += [kind(client.get(here)), kind(go_on(client, here))]
    assert kinds == ["how", "practice", "feedback", "practice", "feedback", "trial"]
    assert row(web).state == "passed"
    assert count(web, JudgmentRow) == 0


def test_the_examples_are_one_pair_of_each_kind_and_the_trials_are_the_others(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    page = client.get(here)
    assert "An example of “the same”" in page.text
    assert "An example of “different”" in page.text
    assert len(clips(page)) == 4
    met = []
    go_on(client, here)
    for _ in range(2):
        client.get(here)
        met.append(row(web).asked["pair_id"])
        assert len(clips(client.get(here))) == 2
        say(client, here, SAME)
        go_on(client, here)
    assert sorted(map(str, met)) == ["pair51", "pair53"]


@pytest.mark.parametrize(
    ("said", "of_same", "of_different"),
    [
        (SAME, "That is what you said.", "You said “the same” for how energetic they felt."),
        (DIFFERENT, "You said “different” for how energetic they felt.", "That is what you said."),
        ({**DIFFERENT, "activation": "same", "valence": "different"}, "how pleasant they felt", "how energetic"),
        ({**DIFFERENT, "valence": "different"}, "You said “different” to both questions.", "That is what you said."),
    ],
)
def test_what_was_to_be_expected_is_told_beside_what_was_said(
    web: Web, client: FlaskClient, said: dict[str, str], of_same: str, of_different: str
) -> None:
    here = begin(client)
    go_on(client, here)
    for _ in range(2):
        client.get(here)
        same = is_same(web)
        say(client, here, said)
        page = client.get(here).text
        assert ("the very same recording" in page) == same
        assert ("two recordings of one speaker" in page) != same
        assert (of_same if same else of_different) in page
        go_on(client, here)
    assert row(web).state == "passed"  # whatever was said


def test_what_was_said_is_kept_with_the_seconds_that_it_took(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    go_on(client, here)
    client.get(here)
    expected = "same" if is_same(web) else "different"
    say(client, here, DIFFERENT)

    read, told = row(web).found

    assert (read["page"], told["page"], told["expected"]) == ("how", "trial", expected)
    assert (told["activation"], told["valence"]) == ("different", "same")
    assert (told["activation_rating"], told["valence_rating"]) == (4, 2)
    assert (told["first_s"], told["second_s"]) == (0.1, 0.1)
    assert told["s"] >= HELD_S
    assert read["s"] >= 0


@pytest.mark.parametrize(
    ("fields", "wait_s", "sentence"),
    [
        ({**SAME, "second_s": "0.01"}, HELD_S, "You still need to hear the second clip to its end."),
        (SAME, 0.0, "The answer came sooner than both clips can be heard."),
        ({"activation": "same"}, HELD_S, "Please say whether both clips feel equally pleasant."),
        ({**SAME, "valence": "different"}, HELD_S, "Please also show how calm or excited the voice is."),
    ],
)
def test_an_answer_is_whole_by_the_rules_of_the_trials_that_count(
    web: Web,
    client: FlaskClient,
    stop_clock: Callable[[], None],
    fields: dict[str, str],
    wait_s: float,
    sentence: str,
) -> None:
    if not wait_s:
        stop_clock()
    here = begin(client)
    go_on(client, here)

    refused = say(client, here, fields, wait_s)

    assert refused.status_code == 422
    assert sentence in refused.text
    assert kind(refused) == "practice"
    assert re.search(r'name="activation" value="same" required checked', refused.text)
    assert len(row(web).found) == 1


def test_a_practice_trial_has_the_form_of_a_trial_that_counts(web: Web, client: FlaskClient) -> None:
    names = re.compile(r'<(?:input|button|fieldset|select|script)[^>]*?(?:name|src|class)="([^"?]+)')
    here = begin(client)
    practice = go_on(client, here)
    for _ in range(2):
        say(client, here, SAME)
        trial = go_on(client, here)
    assert kind(trial) == "trial"
    assert names.findall(practice.text) == names.findall(trial.text)
    assert set(hidden(practice)) == {"trial_id", "nonce", "first_s", "second_s"}
    assert [len(hidden(practice)[name]) for name in ("trial_id", "nonce")] == [
        len(hidden(trial)[name]) for name in ("trial_id", "nonce")
    ]
    assert "Practice 1 of 2: nothing counts yet" in practice.text


def test_a_clip_of_practice_is_served_like_any_other_and_to_its_worker_only(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    practice = clips(go_on(client, here))
    for _ in range(2):
        say(client, here, SAME)
        trial = clips(go_on(client, here))
    answers = [client.get(address) for address in (*practice, *trial)]
    assert {(one.status_code, len(one.data), one.mimetype, one.headers["Cache-Control"]) for one in answers} == {
        (200, len(answers[0].data), "audio/wav", answers[0].headers["Cache-Control"])
    }
    assert len({one.data for one in answers}) == 4  # even of an identical pair
    assert {len(address) for address in practice} == {len(address) for address in trial}
    other = begin(client, 2)
    stolen = practice[0].replace(here, other)
    assert client.get(stolen).status_code == 404


def test_what_was_sent_twice_counts_once(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    read = hidden(client.get(here))
    for _ in range(2):
        assert client.post(f"{here}step/practice", data=read).status_code == 303
    client.get(here)
    told = {**hidden(client.get(here)), **HEARD, **SAME}
    time.sleep(HELD_S)
    for _ in range(2):
        assert client.post(f"{here}step/practice", data=told).status_code == 303
    assert [one["page"] for one in row(web).found] == ["how", "trial"]


@pytest.mark.parametrize("form", [{}, {"nonce": ""}, {"nonce": "é"}, {"nonce": "x" * 9999}, {"nonce": "x\0"}])
def test_what_no_page_of_ours_sends_changes_nothing(web: Web, client: FlaskClient, form: dict[str, str]) -> None:
    here = begin(client)
    client.get(here)
    for _ in range(2):
        assert client.post(f"{here}step/practice", data=form).status_code == 303
    assert row(web).found == []


def test_a_second_task_of_the_same_worker_begins_with_its_first_pair(web: Web, client: FlaskClient) -> None:
    with web.database.writing() as session:
        pairs = [make_pair(number, web.folder / "pairs") for number in (0, 1, 2)]
        slots = tuple(Slot(pair.pair_id, "study") for pair in pairs)
        plan_hits(session, [Hit("h2", "fixed", 3, 3, slots)], "study", web.study.hits, web.study.pay)
        session.flush()
        hit = session.get_one(HitRow, "h2")
        hit.state, hit.platform_hit_id, hit.opened_at = "open", "3HIT2", datetime.now(UTC)
    here = begin(client)
    go_on(client, here)
    for _ in range(2):
        say(client, here, SAME)
        go_on(client, here)
    again = client.post(f"/annotate/?{query(1, assignmentId='3SECOND', hitId='3HIT2')}")
    assert kind(client.get(again.location)) == "trial"


def test_a_worker_who_comes_with_another_task_half_way_goes_on_there(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    go_on(client, here)
    other = client.post(f"/annotate/?{query(1, assignmentId='3OTHER')}").location
    page = client.get(other)
    assert kind(page) == "practice"
    assert all(client.get(address).status_code == 200 for address in clips(page))
    assert say(client, other, SAME).status_code == 303
    assert kind(client.get(other)) == "feedback"


def test_whoever_ended_it_in_another_window_is_not_stuck(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    go_on(client, here)
    for _ in range(2):
        say(client, here, SAME)
        last = hidden(client.get(here))
        go_on(client, here)
    assert client.post(f"{here}step/practice", data=last).status_code == 303
    assert kind(client.get(here)) == "trial"


@pytest.mark.parametrize("made", [(), ("identical", "identical"), ("obvious",)])
def test_without_pairs_of_both_kinds_there_is_only_how_to_answer(web: Web, made: tuple[str, ...]) -> None:
    keep_practice(web, made)
    client = create_app(practising(web)).test_client()
    here = begin(client)
    page = client.get(here)
    assert kind(page) == "how"
    assert len(clips(page)) == 2 * len(set(made))
    assert kind(go_on(client, here)) == "trial"
    assert row(web).state == "passed"


def test_two_pairs_are_enough_for_examples_and_trials(web: Web) -> None:
    keep_practice(web, ("identical", "obvious"))
    client = create_app(practising(web)).test_client()
    here = begin(client)
    assert len(clips(client.get(here))) == 4
    assert kind(go_on(client, here)) == "practice"
    for _ in range(2):
        assert say(client, here, DIFFERENT).status_code == 303
        page = go_on(client, here)
    assert kind(page) == "trial"


def test_where_a_study_has_both_clips_rated_the_last_practice_rates_both(web: Web) -> None:
    keep_practice(web)
    client = create_app(practising(web, rate="both")).test_client()
    here = begin(client)
    first = go_on(client, here)
    say(client, here, SAME)
    second = go_on(client, here)
    assert "first_valence_rating" not in first.text
    assert "first_valence_rating" in second.text
    assert say(client, here, SAME).status_code == 422
    rated = {f"{which}_{name}_rating": "3" for which in ("first", "second") for name in ("activation", "valence")}
    assert say(client, here, {**SAME, **rated}).status_code == 303
    assert row(web).found[-1]["original_valence_rating"] == 3


def test_the_examples_can_be_heard_again_at_any_time_and_nothing_is_noted(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    go_on(client, here)
    for _ in range(2):
        say(client, here, SAME)
        trial = go_on(client, here)
    assert f'href="{here}how"' in trial.text
    before = row(web).found
    page = client.get(f"{here}how")
    assert kind(page) == "how"
    assert all(client.get(address).status_code == 200 for address in clips(page))
    assert "<form" not in page.text
    assert row(web).found == before
    assert client.get("/annotate/nobody/how").status_code == 404


def test_how_to_answer_stands_on_the_welcome_only_where_it_is_no_page_of_its_own(web: Web) -> None:
    with_practice = create_app(practising(web)).test_client().get(f"/annotate/?{query()}")
    without = create_app(web).test_client().get(f"/annotate/?{query()}")
    assert "Two questions follow each pair" not in with_practice.text
    assert "Two questions follow each pair" in without.text


def test_what_is_right_is_told_only_after_the_answer(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    shapes = {}
    for _ in range(2):
        page = go_on(client, here)
        text = re.sub(r"[A-Za-z0-9_.-]{16,}", "#", page.text)
        shapes[is_same(web)] = re.sub(r"Practice [12] of 2|<progress[^>]*>", "", text)
        say(client, here, SAME)
    assert shapes[True] == shapes[False]


def test_practice_pairs_count_nowhere(web: Web, client: FlaskClient) -> None:
    here = begin(client)
    go_on(client, here)
    for _ in range(2):
        say(client, here, SAME)
        go_on(client, here)
    with web.database.reading() as session:
        seen = overview(session, web.study.hits, web.study.pay)
        assert (seen.pairs, seen.judgments) == (3, 0)
        assert list(judgment_rows(session)) == []
        assert {one["role"] for one in condition_rows(session, web.study.hits)} == {"study"}
        assert set(session.scalars(select(TrialRow.role))) == {"study"}
        assert {one.role: one.votes + one.reserved for one in standings(session, datetime.now(UTC))}["practice"] == 0


def test_no_task_is_filled_with_practice(web: Web) -> None:
    keep_practice(web)
    asked = practising(web, policy="adaptive", trials_per_hit=9, checks_per_hit=2)
    with web.database.writing() as session:
        plan_hits(session, [Hit("h3", "adaptive", 9, 3)], "study", Hits(), web.study.pay)
        session.flush()
        hit = session.get_one(HitRow, "h3")
        hit.state, hit.platform_hit_id, hit.opened_at = "open", "3HIT3", datetime.now(UTC)
    create_app(asked).test_client().post(f"/annotate/?{query(9, hitId='3HIT3')}")
    with web.database.reading() as session:
        handed = session.scalars(select(TrialRow.role).join(AssignmentRow).where(AssignmentRow.hit_id == "h3"))
        assert set(handed) == {"study"}
