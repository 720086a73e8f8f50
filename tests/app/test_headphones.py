"""The headphone screening: what it stores, what it decides, where it leads, and what it never tells."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.ears import Ears
from app.store.steps import without_headphones
from app.tables import AssignmentRow, StepRow
from app.web import Web, create_app
from hits.hearing.headphones import ROUNDS, TESTS
from hits.screening import Screening
from tests.app.annotating import begin, hidden, kind

Wanted = Literal["none", "optional", "required"]
Screened = Callable[[Wanted], FlaskClient]


@pytest.fixture
def screened(web: Web) -> Screened:
    """A browser before a study that asks for headphones, more or less."""

    def make(wanted: Wanted) -> FlaskClient:
        screening = Screening(sound_check=False, practice=False, headphones=wanted)
        return create_app(replace(web, study=web.study.model_copy(update={"screening": screening}))).test_client()

    return make


def row(web: Web) -> StepRow:
    """What is kept of the only worker's screening."""
    with web.database.reading() as session:
        return session.scalars(select(StepRow)).one()


def results(web: Web) -> list[tuple[Any, ...]]:
    """Attempt, test and right answers of every test that was gone through."""
    return [(one["attempt"], one["test"], one["right"], one["of"]) for one in row(web).found]


def without(web: Web) -> int:
    """How many workers count as without headphones, where five of six are asked for."""
    with web.database.reading() as session:
        return len(without_headphones(session, 5))


def answer(client: FlaskClient, web: Web, here: str, *, right: bool = True) -> None:
    """One round, answered by somebody who knows."""
    fields, place = hidden(client.get(here)), int(row(web).asked["place"])
    said = place if right else 1 + place % 3
    assert client.post(f"{here}step/headphones", data={**fields, "answer": str(said)}).status_code == 303


def attempt(client: FlaskClient, web: Web, here: str, antiphase: int, huggins: int) -> None:
    """Both tests, with so many right answers."""
    for right in (antiphase, huggins):
        for number in range(ROUNDS):
            answer(client, web, here, right=number < right)


def test_a_study_that_does_not_ask_shows_none(web: Web, screened: Screened) -> None:
    client = screened("none")
    assert kind(client.get(begin(client))) == "trial"


@pytest.mark.parametrize("wanted", ["optional", "required"])
def test_who_hears_with_headphones_goes_on_after_twelve_rounds(web: Web, screened: Screened, wanted: Wanted) -> None:
    client, ears = screened(wanted), Ears()
    here = begin(client)
    for number in range(1, 2 * ROUNDS + 1):
        page = client.get(here)
        assert f"Round {number} of 12" in page.text
        wav = client.get(re.findall(r'data-src="([^"]+)"', page.text)[0]).data
        tests = re.findall(r'data-asks="(\w+)"', page.text)
        assert tests == [TESTS[(number - 1) // ROUNDS]]
        place = ears.quietest(wav) if tests == ["antiphase"] else ears.faint_tone(wav, np.random.default_rng(0))
        client.post(f"{here}step/headphones", data={**hidden(page), "answer": str(place)})
    assert kind(client.get(here)) == "trial"
    assert results(web) == [(1, "antiphase", 6, 6), (1, "huggins", 6, 6)]
    assert row(web).state == "passed"


def test_five_of_six_in_both_tests_are_enough(web: Web, screened: Screened) -> None:
    client = screened("required")
    here = begin(client)
    attempt(client, web, here, 5, 5)
    assert kind(client.get(here)) == "trial"
    assert without(web) == 0


@pytest.mark.parametrize(("antiphase", "huggins"), [(6, 4), (4, 6), (0, 0)])
def test_who_falls_short_once_may_try_again_and_pass(
    web: Web, screened: Screened, antiphase: int, huggins: int
) -> None:
    client = screened("required")
    here = begin(client)
    attempt(client, web, here, antiphase, huggins)
    between = client.get(here)
    assert (kind(between), "Once more, please" in between.text) == ("headphones", True)
    client.post(f"{here}step/headphones", data={"answer": "1", "round": ""})
    assert "Once more, please" in client.get(here).text  # nothing begins by itself
    client.post(f"{here}step/headphones", data=hidden(between))
    assert "Round 1 of 12" in client.get(here).text
    attempt(client, web, here, 6, 5)
    assert kind(client.get(here)) == "trial"
    assert results(web) == [
        (1, "antiphase", antiphase, 6),
        (1, "huggins", huggins, 6),
        (2, "antiphase", 6, 6),
        (2, "huggins", 5, 6),
    ]


def test_who_falls_short_twice_comes_to_a_stop_that_is_paid(web: Web, screened: Screened) -> None:
    client = screened("required")
    here = begin(client)
    attempt(client, web, here, 6, 2)
    client.post(f"{here}step/headphones", data={"again": "1"})
    attempt(client, web, here, 6, 3)
    page = client.get(here)
    assert kind(page) == "stop"
    assert 'data-reason="screened-out"' in page.text
    assert row(web).state == "failed"
    with web.database.reading() as session:
        assert session.scalar(select(AssignmentRow.state)) == "screened-out"


def test_where_it_is_optional_a_poor_result_is_kept_and_leads_on(web: Web, screened: Screened) -> None:
    client = screened("optional")
    here = begin(client)
    attempt(client, web, here, 1, 2)
    assert kind(client.get(here)) == "trial"
    assert results(web) == [(1, "antiphase", 1, 6), (1, "huggins", 2, 6)]
    assert without(web) == 1


@pytest.mark.parametrize("answered", [0, 2, 8])
def test_where_it_is_optional_it_may_be_skipped_at_any_time(web: Web, screened: Screened, answered: int) -> None:
    client = screened("optional")
    here = begin(client)
    for _ in range(answered):
        answer(client, web, here)
    page = client.get(here)
    assert "go on without" in page.text
    client.post(f"{here}step/headphones", data={"skip": "1"})
    assert kind(client.get(here)) == "trial"
    assert row(web).found[-1]["skipped"] is True
    assert (row(web).found[-1]["right"], row(web).found[-1]["of"]) == (answered % 6, answered % 6)
    assert len(row(web).found) == 1 + answered // 6
    assert without(web) == 1


def test_where_it_is_required_nobody_skips_it(web: Web, screened: Screened) -> None:
    client = screened("required")
    here = begin(client)
    assert "go on without" not in client.get(here).text
    client.post(f"{here}step/headphones", data={"skip": "1"})
    assert kind(client.get(here)) == "headphones"


def test_a_reload_finds_the_round_that_was_open_and_an_answer_sent_twice_counts_once(
    web: Web, screened: Screened
) -> None:
    client, other_device = screened("required"), screened("required")
    here = begin(client)
    answer(client, web, here)
    page = client.get(here)
    assert hidden(other_device.get(here)) == hidden(page)
    fields, place = hidden(page), row(web).asked["place"]
    for _ in range(3):
        client.post(f"{here}step/headphones", data={**fields, "answer": str(place)})
    assert (row(web).asked["number"], row(web).asked["right"]) == (3, 2)


@pytest.mark.parametrize("said", ["", "4", "0", "1 ", "quietest"])
def test_an_answer_that_is_none_of_the_three_is_asked_for_again(web: Web, screened: Screened, said: str) -> None:
    client = screened("required")
    here = begin(client)
    fields = hidden(client.get(here))
    page = client.post(f"{here}step/headphones", data={**fields, "answer": said})
    assert (page.status_code, hidden(page)) == (422, fields)
    assert "Please choose one of the three." in page.text
    assert row(web).asked["number"] == 1


def test_nothing_but_the_sound_tells_the_place(web: Web, screened: Screened) -> None:
    client = screened("required")
    here = begin(client)
    told: dict[tuple[int, int], set[str]] = {}
    for _ in range(30):
        page, asked = client.get(here), row(web).asked
        sound = client.get(re.findall(r'data-src="([^"]+)"', page.text)[0])
        plain = re.sub(r'nonce="[^"]+"', "", page.text.replace(hidden(page)["round"], ""))
        headers = {name: value for name, value in sound.headers.items() if name != "Content-Security-Policy"}
        told.setdefault((int(asked["number"]), int(asked["place"])), set()).add(f"{plain} {sorted(headers.items())}")
        with web.database.writing() as session:
            session.delete(session.scalars(select(StepRow)).one())
    pages = set.union(*told.values())
    assert {place for _, place in told} == {1, 2, 3}
    assert len(pages) == 1
