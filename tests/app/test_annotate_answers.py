"""Answers on the annotator's pages: which are taken, which come back, and which may be given again."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.annotate.answers import LONGEST_HEARD_S
from app.tables import JudgmentRow, TrialRow
from app.web import Web
from tests.app.annotating import CLIP_S, DIFFERENT, HEARD, SAME, answer, begin, count, hidden, kind


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
