"""Arrivals look where open pairs are likely to be; what they are handed is counted at that moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import event, select

from app.store import arriving, outlook
from app.store.database import Database
from app.store.standing import standings
from app.tables import TrialRow
from hits.allocate import Standing
from hits.batch import Hits
from tests.app.store.conftest import NOW, SEALING


@pytest.fixture(autouse=True)
def _small_studies_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlook, "FEW", 0)


@pytest.fixture
def other_process(database: Database) -> Iterator[Database]:
    """The same database as another process has it, with an outlook of its own."""
    other = Database(database.url.render_as_string(hide_password=False), lambda: SEALING)
    yield other
    other.dispose()


def test_two_processes_hand_out_every_vote_and_none_twice(
    launched: Callable[..., object], other_process: Database
) -> None:
    study = launched(pairs=40, checks=2, hits=99, trials_per_hit=5, checks_per_hit=1)
    sides = [study, replace(study, database=other_process)]
    refused = 0
    for number in range(99):
        try:
            sides[number % 2].begin(number, f"W{number}")
        except arriving.WorkRefused:
            refused += 1
    assert refused > 50
    with study.database.reading() as session:
        handed_out = Counter(session.scalars(select(TrialRow.pair_id).where(TrialRow.role == "study")))
    assert len(handed_out) == 40
    assert set(handed_out.values()) == {2}  # two that agree decide; a third is asked for where they do not


def test_most_arrivals_do_not_count_the_whole_study(launched: Callable[..., object]) -> None:
    study = launched(pairs=200, checks=9, hits=20, trials_per_hit=5, checks_per_hit=1)
    asked_for: list[str] = []
    event.listen(study.database.engine, "before_cursor_execute", lambda *met: asked_for.append(met[2]))
    asked = [study.begin(number, f"W{number}").trials for number in range(20)]
    assert asked == [5] * 20
    of_all = [sql for sql in asked_for if "coalesce" in sql and "pairs.pair_id IN" not in sql]
    assert len(of_all) == 1


def test_who_looks_around_counts_for_those_who_come_after_until_it_has_grown_old(
    launched: Callable[..., object],
) -> None:
    study = launched(pairs=200, checks=9, hits=20, trials_per_hit=5, checks_per_hit=1)
    asked_for: list[str] = []
    event.listen(study.database.engine, "before_cursor_execute", lambda *met: asked_for.append(met[2]))

    def counted_all() -> int:
        return len([sql for sql in asked_for if "coalesce" in sql and "pairs.pair_id IN" not in sql])

    def look(after_s: float) -> None:
        with study.database.reading() as session:
            outlook.look_around(session, study.rules.hits, NOW + timedelta(seconds=after_s))

    look(0)
    assert counted_all() == 1
    study.now = NOW + timedelta(seconds=9)
    look(9)
    study.begin(0, "W0")
    assert counted_all() == 1  # it was fresh
    look(11)
    look(12)
    assert counted_all() == 2  # one of them looked anew
    study.now = NOW + timedelta(seconds=40)
    study.begin(1, "W1")
    assert counted_all() == 2  # what another saw will do, for a while
    study.now = NOW + timedelta(seconds=80)
    study.begin(2, "W2")
    assert counted_all() == 3


def test_an_outlook_grows_old_and_pairs_that_came_open_are_seen(launched: Callable[..., object]) -> None:
    study = launched(pairs=4, checks=0, hits=9, trials_per_hit=4, checks_per_hit=0, assignment_duration_s=60)
    for number in range(2):
        study.begin(number, f"W{number}")
    with pytest.raises(arriving.WorkRefused):
        study.begin(2, "W2")
    study.now += timedelta(seconds=61)  # both let their time run out
    assert study.begin(2, "W2").trials == 4


def test_the_most_urgent_come_first_and_one_of_a_clip() -> None:
    seen = outlook.Outlook()
    found = [Standing(f"p{n}", f"c{n // 2}", "study", votes=int(n >= 6)) for n in range(8)]
    seen.see([*found, Standing("k", "c9", "check")], Hits(), NOW)

    likely = seen.likely({"p7"}, 3, np.random.default_rng(0))

    assert likely[0] == "p6"
    assert len({one.clip_id for one in found if one.pair_id in likely}) == 3
    assert seen.some_checks((), 2, np.random.default_rng(0)) == ["k"]


def test_standings_of_some_pairs_are_those_of_all(launched: Callable[..., object]) -> None:
    study = launched(pairs=6, checks=2, hits=3, trials_per_hit=4, checks_per_hit=1)
    study.do_all(study.begin(0, "W0"))
    study.begin(1, "W1")
    with study.database.reading() as session:
        every = {one.pair_id: one for one in standings(session, study.now)}
        some = standings(session, study.now, ["study001", "study004"])
    assert some == [every["study001"], every["study004"]]
