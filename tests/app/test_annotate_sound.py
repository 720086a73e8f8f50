"""What the annotator's pages send and never show: sound, its addresses, headers, cookies."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import soundfile
from flask.testing import FlaskClient

from app.store.database import Database
from app.web import Web, create_app
from tests.app.annotating import SAME, answer, begin, clips, kind, query
from tests.app.conftest import SEALING


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
