"""Trials of all roles, walked by a program: nothing that a worker gets tells one role from another."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from app.store.hits import plan_hits
from app.store.pairs import keep_pairs
from app.tables import HitRow, TrialRow
from app.web import Web, create_app
from hits.judgment import Hit, Slot
from pipelines.clip import Role
from tests.app.annotating import DIFFERENT, HEARD, SAME, clips, hidden, query
from tests.app.conftest import CONDITION, make_pair

ROLES: tuple[Role, ...] = ("study", "identical", "positive", "check", "repeat")
TURNS = 4
WORD = re.compile(r"[A-Za-z0-9_.-]{16,}")  # that a program made
HELD_S = 0.21  # both clips of a trial


@dataclass
class Met:
    """What a worker got of one trial."""

    role: str
    shape: str  # of the page: every word of it, with ids, nonces and counters blanked to their lengths
    page: tuple[object, ...]  # status, headers
    sounds: tuple[object, ...]  # of both clips: status, headers, size
    answer: tuple[object, ...]  # status, headers
    statements: dict[str, list[str]] = field(default_factory=dict)  # SQL of the page, of a clip, of the answer
    answer_s: float = 0.0


@contextmanager
def noted(web: Web) -> Iterator[list[str]]:
    """The SQL statements that are made meanwhile."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(web.database.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(web.database.engine, "before_cursor_execute", note)


def blanked(text: str) -> str:
    """Ids, nonces and signed words as their lengths; digits, such as those of the progress, as marks."""
    return re.sub(r"\d", "#", WORD.sub(_length, text))


def _length(word: re.Match[str]) -> str:
    return f"<{len(word[0])}>"


def seen(answer: TestResponse) -> tuple[object, ...]:
    """What the network shows of an answer."""
    return answer.status_code, tuple((name, WORD.sub(_length, value)) for name, value in answer.headers)


@pytest.fixture
def launched(web: Web) -> Web:
    """HITs in which each role stands at each place once, for workers who come a second time."""
    roles: list[Role] = ["study", "identical", "positive", "check", "study"]
    pairs = {role: make_pair(10 + number, web.folder / "pairs", role) for number, role in enumerate(roles[:4])}
    first, last = (make_pair(number, web.folder / "pairs") for number in (20, 21))
    with web.database.writing() as session:
        facts = {CONDITION: ("background", 0.0), "identical": ("identical", None)}
        keep_pairs(session, [*pairs.values(), first, last], facts)
        for turn in range(TURNS):
            turned = [roles[(turn + place) % 4] for place in range(4)]
            inside = [Slot(pairs[role].pair_id, role) for role in turned]
            slots = (Slot(first.pair_id, "study"), *inside, Slot(last.pair_id, "study"))
            plan_hits(session, [Hit(f"turn{turn}", "fixed", 7, 99, slots)], "study", web.study.hits, web.study.pay)
            row = session.get_one(HitRow, f"turn{turn}")
            row.state, row.platform_hit_id, row.opened_at = "open", f"3TURN{turn}", datetime.now(UTC)
    hits = web.study.hits.model_copy(update={"repeats_per_hit": 1})
    return replace(web, study=web.study.model_copy(update={"hits": hits}))


def walk(web: Web, client: FlaskClient, number: int, said: dict[str, str], hit_id: str) -> list[Met]:
    """Do one HIT; what was met on the way, but for its first and last trial, whose pages differ for everybody."""
    begun = client.post(f"/annotate/?{query(number, hitId=hit_id, assignmentId=f'3A{number}{hit_id}')}")
    met = []
    while True:
        with noted(web) as asked_for_page:
            page = client.get(str(begun.location))
        if "data-trial" not in page.text:
            return met[1:-1]
        fields = hidden(page)
        with web.database.reading() as session:
            role = session.get_one(TrialRow, fields["trial_id"]).role
        with noted(web) as asked_for_clip:
            sounds = [client.get(source) for source in clips(page)]
        time.sleep(HELD_S)
        with noted(web) as asked_for_answer:
            began = time.perf_counter()
            answer = client.post(f"{begun.location}answer", data={**fields, **HEARD, **said})
            answer_s = time.perf_counter() - began
        sizes = tuple((*seen(sound), len(sound.data)) for sound in sounds)
        statements = {"page": asked_for_page, "clip": asked_for_clip, "answer": asked_for_answer}
        met.append(Met(role, blanked(page.text), seen(page), sizes, seen(answer), statements, answer_s))


def by_role(web: Web, said: dict[str, str], walks: int = TURNS) -> dict[str, list[Met]]:
    """Every trial of so many workers; more, until each role was met between first and last."""
    client, met, number = create_app(web).test_client(), defaultdict(list), 0
    while number < walks or set(met) != set(ROLES):
        walk(web, client, number, said, "3HIT")
        for one in walk(web, client, number, said, f"3TURN{number % TURNS}"):
            met[one.role].append(one)
        number += 1
    return met


@pytest.mark.parametrize("said", [SAME, DIFFERENT], ids=["same", "different"])
def test_pages_files_headers_and_statements_are_the_same_for_every_role(launched: Web, said: dict[str, str]) -> None:
    met = by_role(launched, said)

    study = met["study"][0]
    for role in ROLES:
        for one in met[role]:
            assert one.shape == study.shape, role
            assert (one.page, one.sounds, one.answer) == (study.page, study.sounds, study.answer), role
            assert one.statements == study.statements, role


def test_a_page_that_says_more_about_one_role_is_found(launched: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def weighs_checks_alone(session: Any, worker: str, mark: object, is_check: bool, *_rest: object) -> None:
        if is_check:
            session.scalar(select(TrialRow.trial_id).limit(1))

    monkeypatch.setattr("app.store.work._weigh", weighs_checks_alone)
    met = by_role(launched, SAME, walks=1)

    assert met["check"][0].statements != met["study"][0].statements
