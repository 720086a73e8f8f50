"""Pairs for practice in the database: always in the same order, and never in any count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from app.store.database import Database
from app.store.missing import votes_still_missing, votes_still_open
from app.store.pairs import keep_pairs
from app.store.practice import practice_pairs
from app.store.progress import condition_rows, overview
from hits.batch import Hits
from hits.pay import Pay
from tests.app.store.conftest import pair

FACTS = {"fade-in": ("fade", None), "identical": ("identical", None), "obvious": ("obvious", None)}


def test_practice_pairs_are_found_by_what_they_sound_like(database: Database) -> None:
    made = [pair(number, "practice", "obvious" if number % 2 else "identical") for number in (7, 4, 5, 6)]
    with database.writing() as session:
        keep_pairs(session, [*made, pair(1), pair(2, "check", "identical")], FACTS)
    with database.reading() as session:
        found = practice_pairs(session)

    assert [one.pair_id for one in found] == ["practice004", "practice005", "practice006", "practice007"]
    assert [one.sounds for one in found] == ["same", "different", "same", "different"]
    assert (found[0].first_path, found[0].second_path) == (Path("original/4.flac"), Path("noisy/4.flac"))
    assert (found[0].first_length_s, found[0].second_length_s) == (1.0, 2.0)


def test_practice_changes_no_count(database: Database) -> None:
    hits, pay, now = Hits(), Pay(), datetime.now(UTC)

    def counts() -> tuple[object, ...]:
        with database.reading() as session:
            seen = replace(overview(session, hits, pay), last_event_at=None)
            return (
                seen,
                condition_rows(session, hits),
                votes_still_open(session, hits, now),
                (votes_still_missing(session, hits, now)),
            )

    with database.writing() as session:
        keep_pairs(session, [pair(1), pair(2)], FACTS)
    before = counts()
    with database.writing() as session:
        keep_pairs(session, [pair(8, "practice", "identical"), pair(9, "practice", "obvious")], FACTS)

    assert counts() == before
