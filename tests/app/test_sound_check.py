"""The sound check: who counts the tones goes on, who can't gets other tones and advice, and nothing tells how many."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.ears import Ears
from app.tables import StepRow
from app.web import Web, create_app
from hits.hearing.tones import FEWEST, MOST
from hits.screening import Screening
from tests.app.annotating import begin, hidden, kind, query


@pytest.fixture
def checked(web: Web) -> FlaskClient:
    """A browser before a study that asks for the sound check."""
    screening = Screening(sound_check=True, practice=False)
    return create_app(replace(web, study=web.study.model_copy(update={"screening": screening}))).test_client()


def row(web: Web) -> StepRow:
    """What is kept of the only worker's check."""
    with web.database.reading() as session:
        return session.scalars(select(StepRow)).one()


def fetch(client: FlaskClient, here: str) -> bytes:
    """The tones that the page plays now."""
    source = re.search(r'data-src="([^"]+)"', client.get(here).text)
    assert source is not None
    return client.get(source[1]).data


def say(client: FlaskClient, here: str, tones: int) -> int:
    """Type a number on the page that is shown; the answer's status."""
    fields = hidden(client.get(here))
    return client.post(f"{here}step/sound-check", data={**fields, "tones": str(tones)}).status_code


def test_who_counts_the_tones_goes_on_to_the_first_pair(web: Web, checked: FlaskClient) -> None:
    here = begin(checked)
    assert kind(checked.get(here)) == "sound-check"
    heard = Ears().count_tones(fetch(checked, here))
    assert say(checked, here, heard) == 303
    assert kind(checked.get(here)) == "trial"
    assert row(web).state == "passed"
    assert [(one["tones"], one["said"], one["right"]) for one in row(web).found] == [(heard, heard, True)]


def test_a_wrong_number_brings_other_tones_and_a_kind_sentence_and_never_the_door(
    web: Web, checked: FlaskClient
) -> None:
    here = begin(checked)
    seen = set()
    for missed in range(6):
        page = checked.get(here)
        assert ("another number" in page.text) == (0 < missed < 3)
        assert ("When it does not work yet" in page.text) == (missed >= 3)
        seen.add(hidden(page)["round"])
        assert say(checked, here, row(web).asked["tones"] + 1) == 303
        assert kind(checked.get(here)) == "sound-check"
    assert len(seen) == 6
    assert say(checked, here, int(row(web).asked["tones"])) == 303
    assert kind(checked.get(here)) == "trial"


@pytest.mark.parametrize("typed", ["", "three", "-1", "2.5", "٣", "123", "1" * 5000])
def test_what_is_no_number_is_asked_for_again_and_changes_nothing(web: Web, checked: FlaskClient, typed: str) -> None:
    here = begin(checked)
    fields = hidden(checked.get(here))
    answer = checked.post(f"{here}step/sound-check", data={**fields, "tones": typed})
    assert answer.status_code == 422
    assert "Please type how many tones you heard" in answer.text
    assert hidden(answer)["round"] == fields["round"]
    assert row(web).found == []


def test_a_page_that_is_loaded_again_asks_the_same_and_an_answer_sent_twice_counts_once(
    web: Web, checked: FlaskClient
) -> None:
    here = begin(checked)
    first, fields = fetch(checked, here), hidden(checked.get(here))
    assert fetch(checked, here) == first
    wrong = {**fields, "tones": str(row(web).asked["tones"] + 1)}
    for _ in range(2):
        assert checked.post(f"{here}step/sound-check", data=wrong).status_code == 303
    assert len(row(web).found) == 1


def test_neither_page_nor_address_nor_headers_nor_size_tell_the_number(web: Web, checked: FlaskClient) -> None:
    here = begin(checked)
    numbers, told = set(), set()
    for _ in range(30):
        page = checked.get(here)
        sound = checked.get(re.findall(r'data-src="([^"]+)"', page.text)[0])
        headers = {name: value for name, value in sound.headers.items() if name != "Content-Security-Policy"}
        numbers.add(row(web).asked["tones"])
        told.add(
            re.sub(r'nonce="[^"]+"', "", page.text.replace(hidden(page)["round"], "")) + str(sorted(headers.items()))
        )
        with web.database.writing() as session:
            session.delete(session.scalars(select(StepRow)).one())
    assert numbers == set(range(FEWEST, MOST + 1))
    assert len(told) == 1


def test_tones_of_another_round_or_worker_are_not_served(web: Web, checked: FlaskClient) -> None:
    here = begin(checked)
    source = re.findall(r'data-src="([^"]+)"', checked.get(here).text)[0]
    other = begin(checked, 2)
    assert checked.get(f"{other}step/sound-check/{source.rpartition('/')[2]}").status_code == 404
    say(checked, here, 9)
    assert checked.get(source).status_code == 404


def test_after_a_day_it_is_asked_again_and_earlier_results_stay(web: Web, checked: FlaskClient) -> None:
    here = begin(checked)
    say(checked, here, Ears().count_tones(fetch(checked, here)))
    with web.database.writing() as session:
        session.scalars(select(StepRow)).one().settled_at = datetime.now(UTC) - timedelta(hours=25)
    page = checked.get(here)
    assert kind(page) == "sound-check"
    assert "another number" not in page.text
    say(checked, here, Ears().count_tones(fetch(checked, here)))
    assert kind(checked.get(here)) == "trial"
    assert [one["right"] for one in row(web).found] == [True, True]


def test_the_welcome_says_that_the_task_needs_hearing(checked: FlaskClient) -> None:
    page = checked.get(f"/annotate/?{query()}")
    assert "deaf or hard of hearing" in page.text
    assert "Play the tones" not in page.text
