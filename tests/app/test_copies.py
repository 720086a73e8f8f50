"""Who gets which copy of a clip: workers who are given the same pair can't tell by bytes that it is the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select

from app.media import Storage
from app.stocking import Stock, upload
from app.store.hits import plan_hits
from app.store.pairs import keep_pairs
from app.tables import AssignmentRow, HitRow, TrialRow
from app.web import Web, create_app
from hits.judgment import Hit, Slot
from tests.app.conftest import CONDITION, make_pair
from tests.app.storage import storage_at_hand
from tests.app.test_media import begin, clips, go_on, hidden

WORKERS, COPIES = 3, 3
HIT_ID = "3COPIES"


@pytest.fixture(params=["app", "storage"])
def served(request: pytest.FixtureRequest, web: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A HIT of two pairs of one utterance and an identical one; clips come from the app itself, or from storage."""
    folder = web.folder / "pairs"
    original = make_pair(10, folder)
    alike = replace(make_pair(11, folder, "identical"), noisy_path=make_pair(11, folder).original_path)
    pairs = [original, replace(make_pair(12, folder), original_path=original.original_path), alike]
    with web.database.writing() as session:
        keep_pairs(session, pairs, {CONDITION: ("background", 0.0), "identical": ("identical", None)})
        slots = tuple(Slot(pair.pair_id, pair.role) for pair in pairs)
        plan_hits(session, [Hit("copies", "fixed", 3, WORKERS, slots)], "study", web.study.hits, web.study.pay)
        row = session.get_one(HitRow, "copies")
        row.state, row.platform_hit_id, row.opened_at = "open", HIT_ID, datetime.now(UTC)
    if request.param == "app":
        yield web
        return
    with storage_at_hand(monkeypatch) as storage:
        stock = Stock(Storage(storage.settings()), web.database, folder, web.secret_key)
        upload(stock, stock.variants(pairs, COPIES), lambda _: None)
        yield replace(web, settings=storage.settings())


def heard(web: Web, client: FlaskClient) -> dict[tuple[str, str], list[tuple[bytes, bytes]]]:
    """By pair and role, the bytes of both clips, original first, as each worker in turn gets them."""
    found = defaultdict(list)
    for number in range(WORKERS):
        here = begin(client, number, HIT_ID)
        while "data-trial" in (page := client.get(here)).text:
            with web.database.reading() as session:
                row = session.get_one(TrialRow, hidden(page)["trial_id"])
            first, second = (fetch(client, source) for source in clips(page))
            found[row.pair_id, row.role].append((first, second) if row.order == "original-first" else (second, first))
            go_on(client, here, page, web)
    return found


def fetch(client: FlaskClient, source: str) -> bytes:
    """A clip, wherever it comes from."""
    answer = requests.get(source, timeout=9) if urlsplit(source).netloc else client.get(source)
    assert answer.status_code == 200
    return answer.content if isinstance(answer, requests.Response) else answer.data


def test_workers_who_get_the_same_pair_get_other_bytes_of_both_clips_identical_pairs_too(served: Web) -> None:
    client = create_app(served).test_client()

    met = heard(served, client)

    assert [role for _, role in met] == ["study", "study", "identical"]
    for both in met.values():
        originals, others = zip(*both, strict=True)
        assert len(set(originals)) == len(set(others)) == WORKERS
        assert all(original != other for original, other in both)


def test_no_worker_gets_the_same_bytes_twice(served: Web) -> None:
    met = heard(served, create_app(served).test_client())

    for number in range(WORKERS):
        mine = [sound for both in met.values() for sound in both[number]]
        assert len(set(mine)) == len(mine) == 6


@pytest.mark.parametrize("served", ["storage"], indirect=True)
def test_who_comes_later_or_leaves_changes_nothing_for_whoever_is_here(served: Web) -> None:
    client = create_app(served).test_client()
    here = [begin(client, number, HIT_ID) for number in range(2)]
    before = [clips(client.get(at)) for at in here]
    client.post(f"{here[0]}leave", data={"answers": "keep"})
    last = clips(client.get(begin(client, 2, HIT_ID)))

    assert clips(client.get(here[1])) == before[1]
    assert len({urlsplit(first).path for first, _ in (*before, last)}) == 3
    with served.database.reading() as session:
        assert "withdrawn" in session.scalars(select(AssignmentRow.state)).all()
