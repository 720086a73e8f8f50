"""Clips from storage: who gets which copy, for how long, and that nothing about it tells one role from another."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.media import LONGEST, Storage, link_times
from app.stocking import Stock, Variant, upload
from app.store.hits import plan_hits
from app.store.pairs import keep_pairs
from app.tables import AssignmentRow, HitRow, MediaRow, TrialRow
from app.web import Web, create_app
from hits.judgment import Hit, Slot
from pipelines.clip import Pair, Role
from tests.app.annotating import HEARD, SAME, hidden, query
from tests.app.annotating import clips as escaped
from tests.app.conftest import CONDITION, make_pair
from tests.app.storage import StorageAtHand, storage_at_hand

ROLES: tuple[Role, ...] = ("study", "identical", "positive", "check", "repeat")
INSIDE: tuple[Role, ...] = ("study", "identical", "positive", "check")
HELD_S = 0.21  # both clips of a trial
WORD = re.compile(r"[A-Za-z0-9]{16,}")  # that a program made
DAY = datetime(2030, 1, 20, tzinfo=UTC)


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageAtHand]:
    with storage_at_hand(monkeypatch) as at_hand:
        yield at_hand


def stock_of(web: Web, storage: StorageAtHand) -> Stock:
    return Stock(Storage(storage.settings()), web.database, web.folder / "pairs", web.secret_key)


@pytest.fixture
def stored(web: Web, storage: StorageAtHand) -> Web:
    """The study of three pairs, its clips in storage."""
    stock = stock_of(web, storage)
    upload(stock, stock.variants([make_pair(number, web.folder / "pairs") for number in range(3)], 3), lambda _: None)
    return replace(web, settings=storage.settings())


@pytest.fixture
def launched(web: Web, storage: StorageAtHand) -> Web:
    """HITs in which each role stands at each place once, their clips in storage; copies of a control are one file."""
    pairs = {role: make_pair(10 + number, web.folder / "pairs", role) for number, role in enumerate(INSIDE)}
    pairs["identical"] = replace(pairs["identical"], noisy_path=pairs["identical"].original_path)
    ends = [make_pair(number, web.folder / "pairs") for number in (20, 21)]
    with web.database.writing() as session:
        facts = {CONDITION: ("background", 0.0), "identical": ("identical", None)}
        keep_pairs(session, [*pairs.values(), *ends], facts)
        for turn in range(len(INSIDE)):
            turned = [INSIDE[(turn + place) % len(INSIDE)] for place in range(len(INSIDE))]
            inside = [Slot(pairs[role].pair_id, role) for role in turned]
            slots = (Slot(ends[0].pair_id, "study"), *inside, Slot(ends[1].pair_id, "study"))
            plan_hits(session, [Hit(f"turn{turn}", "fixed", 7, 99, slots)], "study", web.study.hits, web.study.pay)
            row = session.get_one(HitRow, f"turn{turn}")
            row.state, row.platform_hit_id, row.opened_at = "open", f"3TURN{turn}", datetime.now(UTC)
    first_three = [make_pair(number, web.folder / "pairs") for number in range(3)]
    stock = stock_of(web, storage)
    upload(stock, stock.variants([*first_three, *pairs.values(), *ends], 3), lambda _: None)
    hits = web.study.hits.model_copy(update={"repeats_per_hit": 1})
    settings = storage.settings()
    return replace(web, study=web.study.model_copy(update={"hits": hits}), settings=settings)


def begin(client: FlaskClient, number: int, hit_id: str = "3HIT") -> str:
    """Take a HIT; where its trials are."""
    begun = client.post(f"/annotate/?{query(number, hitId=hit_id, assignmentId=f'3A{number}{hit_id}')}")
    return str(begun.location)


def go_on(client: FlaskClient, here: str, page: TestResponse, opened: Web) -> None:
    """Answer, as if both clips had been heard to the end."""
    fields = hidden(page)
    with opened.database.writing() as session:
        row = session.get_one(TrialRow, fields["trial_id"])
        assert row.opened_at is not None
        row.opened_at -= timedelta(seconds=HELD_S)
    client.post(f"{here}answer", data={**fields, **HEARD, **SAME})


def clips(page: TestResponse) -> list[str]:
    """The addresses of a page's clips."""
    return [unescape(source) for source in escaped(page)]


def keys(page: TestResponse) -> tuple[str, ...]:
    """The objects that a page names."""
    return tuple(urlsplit(source).path for source in clips(page))


def test_a_page_names_two_objects_that_can_be_fetched_and_are_disguised(stored: Web) -> None:
    client = create_app(stored).test_client()
    page = client.get(begin(client, 1))

    sounds = [requests.get(source, timeout=9) for source in clips(page)]

    assert [sound.status_code for sound in sounds] == [200, 200]
    assert all(sound.headers["Content-Type"] == "audio/wav" for sound in sounds)
    assert all(sound.headers["Cache-Control"] == "private, max-age=3600, immutable" for sound in sounds)
    assert all(sound.content[:4] == b"RIFF" for sound in sounds)
    assert len(sounds[0].content) == len(sounds[1].content)


def test_a_link_that_was_changed_is_refused(stored: Web) -> None:
    client = create_app(stored).test_client()
    first, second = clips(client.get(begin(client, 1)))
    exchanged = first.replace(urlsplit(first).path, urlsplit(second).path)

    assert requests.get(exchanged, timeout=9).status_code == 403
    assert requests.get(first.replace("X-Amz-Expires=5", "X-Amz-Expires=4"), timeout=9).status_code == 403
    assert requests.get(first.split("?")[0], timeout=9).status_code == 403


def test_a_page_that_is_loaded_again_has_the_same_links_and_the_one_before_named_them(stored: Web) -> None:
    client = create_app(stored).test_client()
    here = begin(client, 1)
    page = client.get(here)
    coming = re.search(r'data-coming="([^"]*)"', page.text)
    assert coming is not None

    assert clips(client.get(here)) == clips(page)
    go_on(client, here, page, stored)
    assert unescape(coming[1]).split(" ") == clips(client.get(here))


def test_links_end_with_the_assignment(stored: Web) -> None:
    client = create_app(stored).test_client()
    page = client.get(begin(client, 1))
    with stored.database.reading() as session:
        until = session.scalars(select(AssignmentRow.expires_at)).one()

    for source in clips(page):
        said = {name: values[0] for name, values in parse_qs(urlsplit(source).query).items()}
        at = datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert at + timedelta(seconds=int(said["X-Amz-Expires"])) == until.replace(microsecond=0)


@given(left_s=st.integers(-86_400, 90 * 86_400), later_s=st.integers(0, 3600))
def test_a_link_is_good_at_once_for_a_day_or_to_the_end_and_never_beyond_seven_days(left_s: int, later_s: int) -> None:
    now = DAY - timedelta(seconds=left_s)

    at, lasts = link_times(DAY, now)

    assert at <= now
    assert timedelta(0) < lasts <= LONGEST
    assert min(DAY, now + timedelta(days=1)) <= at + lasts <= DAY


def test_nothing_of_links_sizes_or_headers_differs_among_roles(launched: Web) -> None:
    met = defaultdict(set)
    for _, role, page in walks(launched, 6):
        for source in clips(page):
            sound = requests.get(source, timeout=9)
            said = tuple(
                (name, value if name.lower() == "content-md5" else WORD.sub("<word>", value))
                for name, value in sound.headers.items()
                if name != "Date"
            )
            met[role].add((WORD.sub(length, source), sound.status_code, undated(said), len(sound.content)))

    assert set(met) == set(ROLES)
    assert all(met[role] == met["study"] for role in ROLES)
    assert len(met["study"]) == 1


def length(word: re.Match[str]) -> str:
    """A word as its length, a date as such."""
    return "<date>" if re.fullmatch(r"\d{8}T\d{6}Z", word[0]) else f"<{len(word[0])}>"


def undated(said: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Headers, but for the hash of a sound, and the second in which it came: the order of coming says nothing."""
    unlike = ("last-modified", "content-md5")
    return tuple((name, str(len(value)) if name.lower() in unlike else value) for name, value in said)


def walks(web: Web, workers: int) -> Iterator[tuple[str, str, TestResponse]]:
    """Worker, role and the page of every trial of some workers, each of whom does two HITs."""
    client = create_app(web).test_client()
    for number in range(workers):
        for hit_id in ("3HIT", f"3TURN{number % len(INSIDE)}"):
            here = begin(client, number, hit_id)
            while "data-trial" in (page := client.get(here)).text:
                with web.database.reading() as session:
                    row = session.get_one(TrialRow, hidden(page)["trial_id"])
                yield str(number), row.role, page
                go_on(client, here, page, web)


def test_no_object_is_met_twice_by_a_worker_neither_in_an_identical_pair_nor_when_a_pair_comes_again(
    launched: Web,
) -> None:
    roles: set[str] = set()
    met: dict[str, list[str]] = defaultdict(list)
    for worker, role, page in walks(launched, 6):
        roles.add(role)
        met[worker] += keys(page)

    assert {"identical", "repeat"} <= roles
    assert all(len(set(names)) == len(names) for names in met.values())


def test_names_of_objects_are_of_one_length_and_say_nothing_and_neither_does_their_order(
    web: Web, storage: StorageAtHand
) -> None:
    variants = stock_of(web, storage).variants([make_pair(number, web.folder / "pairs") for number in range(40)], 3)

    assert len({one.key for one in variants}) == 240
    assert {len(one.key) for one in variants} == {57}
    assert all(re.fullmatch(r"[0-9a-f]{16}/[0-9a-f]{40}", one.key) for one in variants)
    halves = [one.path.startswith("noisy") for one in variants]
    assert 35 <= sum(halves[:120]) <= 85


def test_all_clips_that_may_stand_beside_one_another_are_of_one_size(web: Web, storage: StorageAtHand) -> None:
    stock = stock_of(web, storage)
    original, other = make_pair(50, web.folder / "pairs"), make_pair(51, web.folder / "pairs")
    pairs: list[Pair] = [
        original,
        replace(other, original_path=original.original_path, noisy_length_s=3.5),
        make_pair(52, web.folder / "pairs"),
    ]

    sizes: dict[str, set[int]] = defaultdict(set)
    for one in stock.variants(pairs, 2):
        sizes[one.path].add(len(stock.content(one)))

    tied = [sizes[str(path)] for path in (original.original_path, original.noisy_path, other.noisy_path)]
    assert tied[0] == tied[1] == tied[2]
    assert len(tied[0]) == 1
    assert sizes[str(pairs[2].noisy_path)].pop() < tied[0].pop()


def test_copies_of_one_clip_differ(web: Web, storage: StorageAtHand) -> None:
    stock = stock_of(web, storage)
    variants = stock.variants([make_pair(0, web.folder / "pairs")], 5)

    assert len({stock.content(one) for one in variants}) == 10


def test_where_one_clip_is_not_in_storage_both_come_from_the_app(stored: Web) -> None:
    client = create_app(stored).test_client()
    here = begin(client, 1)
    assert all(source.startswith("http") for source in clips(client.get(here)))
    with stored.database.writing() as session:
        for row in session.scalars(select(MediaRow).where(MediaRow.path.startswith("noisy"))):
            session.delete(row)

    sources = clips(client.get(here))

    assert all(source.startswith("/annotate/") for source in sources)
    assert [client.get(source).status_code for source in sources] == [200, 200]


def test_without_keys_clips_come_from_the_app_and_the_log_says_so(
    stored: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    update = {"media_access_key_id": None, "media_secret_access_key": None}
    client = create_app(replace(stored, settings=stored.settings.model_copy(update=update))).test_client()

    page = client.get(begin(client, 1))

    assert all(source.startswith("/annotate/") for source in clips(page))
    assert "there are no keys" in caplog.text


def test_pages_may_fetch_from_the_storage_where_it_is_used_and_from_nowhere_else(
    web: Web, stored: Web, storage: StorageAtHand
) -> None:
    with_storage, without = (create_app(one).test_client() for one in (stored, web))

    policy = str(with_storage.get(begin(with_storage, 1)).headers["Content-Security-Policy"])
    usual = str(without.get(begin(without, 2)).headers["Content-Security-Policy"])

    assert f"connect-src 'self' {storage.url};" in policy
    assert "connect-src 'self';" in usual
    assert re.sub(r" http://127\S+?;", ";", policy).split("nonce-")[0] == usual.split("nonce-")[0]


def test_browsers_are_sent_to_the_address_that_is_named_for_them(stored: Web, storage: StorageAtHand) -> None:
    settings = storage.settings(media_url="https://media.lab.example")
    client = create_app(replace(stored, settings=settings)).test_client()

    page = client.get(begin(client, 1))

    assert all(source.startswith("https://media.lab.example/") for source in clips(page))
    assert "connect-src 'self' https://media.lab.example;" in page.headers["Content-Security-Policy"]


def test_who_uses_no_storage_does_not_wait_for_its_code(tmp_path: Path) -> None:
    program = "import sys, app.web, app.cli.media, app.wiring; print({'app.media', 'app.stocking'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": "."},
    )

    assert done.stdout.strip() == "set()"


def test_a_batch_that_is_cut_off_is_noted_as_far_as_it_came(web: Web, storage: StorageAtHand) -> None:
    stock = stock_of(web, storage)
    # many more than are sent at once, so that some have arrived before the last is begun
    variants: list[Variant] = stock.variants([make_pair(number, web.folder / "pairs") for number in range(12)], 3)
    broken = [replace(variants[0], path="noisy/absent.flac")]

    with pytest.raises(OSError, match="absent"):
        upload(stock, [*variants[1:], *broken], lambda _: None)

    with web.database.reading() as session:
        noted = set(session.scalars(select(MediaRow.object_key)))
    assert 0 < len(noted) < len(variants)
    assert noted <= set(storage.keys)
