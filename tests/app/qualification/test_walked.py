"""The qualification, walked by a program: what is asked, what counts, what is kept, what never leaves the server."""

from __future__ import annotations

import io
import re
import shutil
import time
from datetime import UTC, datetime

import pytest
import soundfile
from flask.testing import FlaskClient

from app.store.hits import plan_hits
from app.tables import HitRow
from app.web import Web, create_app
from hits.judgment import Hit, Slot
from hits.qualification import Round
from pipelines.ranking import FILE_NAME
from tests.app.annotating import begin, clips, hidden, kind, query
from tests.app.conftest import CLIP_S
from tests.app.qualification.conftest import (
    CLIPS,
    asked,
    found,
    order,
    put_in_order,
    send,
    write_ranking,
)


def test_who_orders_as_the_raters_did_goes_on_to_the_pairs(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    assert kind(client.get(here)) == "qualification"
    assert "from calm to excited" in client.get(here).text

    page = put_in_order(qualified_web, client, here)
    assert kind(page) == "qualification"
    assert "from unpleasant to pleasant" in page.text
    assert kind(put_in_order(qualified_web, client, here)) == "trial"

    step = found(qualified_web)
    assert step.state == "passed"
    assert [(one["attempt"], one["dimension"], one["correlation"]) for one in step.found] == [
        (1, "activation", 1.0),
        (1, "valence", 1.0),
    ]
    first, second = step.found
    assert first["order"] == [f"rated-{first['set_id'].removeprefix('set-')}-{place}" for place in range(CLIPS)]
    assert sorted(first["shown"]) == first["order"]
    assert set(first["heard_s"].values()) == {0.1}
    assert first["elapsed_s"] >= CLIPS * CLIP_S
    assert second["score"] == 100


def test_one_order_that_falls_short_is_followed_by_one_more_try_with_other_clips(
    qualified_web: Web, client: FlaskClient
) -> None:
    here = begin(client)
    put_in_order(qualified_web, client, here)
    page = put_in_order(qualified_web, client, here, backwards=True)

    assert kind(page) == "qualification"
    assert "One more try" in page.text
    assert "You have 1 more try" in page.text
    assert client.get(here).text.count("You have 1 more try") == 1
    assert send(client, here, {"round": ""}).location == here  # nothing but the button goes on
    assert "You have 1 more try" in client.get(here).text
    send(client, here, {"again": "yes"})
    assert "try 2 of 2" in client.get(here).text
    send(client, here, {"again": "yes"})  # pressed twice
    put_in_order(qualified_web, client, here)
    assert kind(put_in_order(qualified_web, client, here)) == "trial"

    rounds = found(qualified_web).found
    assert [(one["attempt"], one["correlation"]) for one in rounds] == [(1, 1.0), (1, -1.0), (2, 1.0), (2, 1.0)]
    assert len({one["set_id"] for one in rounds}) == 4
    assert [one.get("score") for one in rounds] == [None, 0, None, 100]


def test_after_the_last_attempt_there_is_a_polite_end(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    for _attempt in range(2):
        put_in_order(qualified_web, client, here)
        page = put_in_order(qualified_web, client, here, backwards=True)
        send(client, here, {"again": "yes"})

    assert kind(page) == "stop"
    assert 'data-reason="screened-out"' in page.text
    assert found(qualified_web).state == "failed"
    assert len(found(qualified_web).found) == 4
    assert send(client, here, {"again": "yes"}).status_code in (200, 303)
    assert len(found(qualified_web).found) == 4


def test_an_order_that_is_sent_twice_counts_once(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    fields = order(qualified_web, client.get(here), backwards=True)
    time.sleep(CLIPS * CLIP_S)
    assert send(client, here, fields).location == send(client, here, fields).location == here
    assert [one["dimension"] for one in found(qualified_web).found] == ["activation"]
    again = order(qualified_web, client.get(here), backwards=True)
    time.sleep(CLIPS * CLIP_S)
    for _ in range(2):
        send(client, here, again)
    assert "One more try" in client.get(here).text
    assert len(found(qualified_web).found) == 2


def test_whoever_comes_back_finds_the_page_that_was_open(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    first = client.get(here)
    assert hidden(client.get(here)) == hidden(first)
    assert clips(client.get(here)) == clips(first)
    assert begin(client) == here
    assert hidden(client.get(here))["round"] == hidden(first)["round"]


def test_clips_come_in_another_order_for_every_worker(qualified_web: Web, client: FlaskClient) -> None:
    shown = set()
    for number in range(1, 6):
        client.get(begin(client, number))
        shown.add(tuple(clip.clip_id for clip in Round.of_json(found(qualified_web, number).asked).clips))
    assert len(shown) > 1  # of five that do not pass by themselves


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"_place": "1"}, "Please give each clip a place of its own, from 1 to 3."),
        ({"_place": ""}, "Please give each clip a place of its own, from 1 to 3."),
        ({"_s": "0"}, "You still need to hear clip A to its end."),
        ({"_s": "nan"}, "You still need to hear clip A to its end."),
        ({"_s": "all of it"}, "You still need to hear clip A to its end."),
    ],
)
def test_what_is_missing_is_said_kindly_on_the_same_page(
    change: dict[str, str], sentence: str, qualified_web: Web, client: FlaskClient
) -> None:
    here = begin(client)
    fields = order(qualified_web, client.get(here))
    ((ending, value),) = change.items()
    time.sleep(CLIPS * CLIP_S)

    page = send(client, here, {name: value if name.endswith(ending) else said for name, said in fields.items()})

    assert page.status_code == 422
    assert sentence in page.text
    assert not found(qualified_web).found
    assert hidden(page)["round"] == fields["round"]


def test_what_was_put_in_order_and_heard_is_still_there(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    fields = order(qualified_web, client.get(here))
    wanted = [clip.token for clip in sorted(asked(qualified_web).clips, key=lambda clip: clip.rating)]
    unheard = f"{wanted[-1]}_s"

    page = send(client, here, {**fields, unheard: "0.05"})

    assert re.findall(r'data-player="(\w+)"', page.text) == wanted
    assert [float(hidden(page)[f"{token}_s"]) for token in wanted] == [0.1, 0.1, 0.05]
    assert re.findall(r"<option selected>(\d)</option>", page.text) == ["1", "2", "3"]


def test_an_order_that_comes_sooner_than_clips_can_be_heard_does_not_count(
    qualified_web: Web, client: FlaskClient
) -> None:
    here = begin(client)
    page = send(client, here, order(qualified_web, client.get(here)))
    assert page.status_code == 422
    assert "sooner than all clips can be heard" in page.text
    assert {float(hidden(page)[f"{clip.token}_s"]) for clip in asked(qualified_web).clips} == {0.0}


def test_the_page_tells_nothing_of_what_is_right(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    page = client.get(here)
    wavs = [client.get(source) for source in clips(page)]

    for word in ("rated-", "set-", "ranking/", "1.0,", "rating"):
        assert word not in page.text.replace('class="ranking"', "")
    assert len({wav.content_length for wav in wavs}) == 1
    assert {wav.mimetype for wav in wavs} == {"audio/wav"}
    for wav in wavs:
        samples, _ = soundfile.read(io.BytesIO(wav.data))
        assert len(samples) == CLIP_S * 16_000
    assert "no-store" in wavs[0].headers["Cache-Control"]


def test_sounds_are_those_of_the_open_page_for_the_worker_who_is_asked(qualified_web: Web, client: FlaskClient) -> None:
    here, other = begin(client), begin(client, 2)
    source = clips(client.get(here))[0]
    client.get(other)
    token = source.rsplit("/", 1)[1]
    assert client.get(source).status_code == 200
    assert client.get(f"{other}step/qualification/{token}").status_code == 404
    assert client.get(f"{here}step/qualification/nothing").status_code == 404
    put_in_order(qualified_web, client, here)
    assert client.get(source).status_code == 404


def test_a_qualification_is_good_for_all_of_the_study_s_tasks(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    put_in_order(qualified_web, client, here)
    put_in_order(qualified_web, client, here)
    with qualified_web.database.writing() as session:
        design = qualified_web.study
        slots = (Slot("pair0", "study"), Slot("pair1", "study"))
        plan_hits(session, [Hit("h2", "fixed", 2, 3, slots)], "study", design.hits, design.pay)
        row = session.get_one(HitRow, "h2")
        row.state, row.platform_hit_id, row.opened_at = "open", "3OTHER", datetime.now(UTC)

    there = client.post(f"/annotate/?{query(assignmentId='3SECOND', hitId='3OTHER')}").location

    assert there != here
    assert kind(client.get(there)) != "qualification"


def test_without_clips_the_worker_is_told_that_it_is_our_fault(
    qualified_web: Web, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    (qualified_web.folder / "pairs" / FILE_NAME).unlink()
    page = client.get(begin(client))
    assert (page.status_code, kind(page)) == (503, "stop")
    assert "`earwitness pairs make` writes it" in caplog.text


def test_a_set_that_was_replaced_meanwhile_is_drawn_anew(qualified_web: Web, client: FlaskClient) -> None:
    here = begin(client)
    before = hidden(client.get(here))["round"]
    shutil.rmtree(qualified_web.folder / "pairs" / "ranking")
    write_ranking(qualified_web.folder / "pairs", clips=4)
    for path in (qualified_web.folder / "pairs" / "ranking").glob("*-[012].flac"):
        path.rename(path.with_stem(path.stem + "-new"))
    said = (qualified_web.folder / "pairs" / FILE_NAME).read_text()
    (qualified_web.folder / "pairs" / FILE_NAME).write_text(re.sub(r"-([012])\.flac", r"-\1-new.flac", said))
    page = client.get(here)
    assert hidden(page)["round"] != before
    assert len(clips(page)) == 4


def test_a_study_without_a_qualification_asks_for_none(web: Web) -> None:
    client = create_app(web).test_client()
    assert kind(client.get(begin(client))) == "trial"
