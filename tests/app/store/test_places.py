"""Places of pairs: one of its own for each among its condition or role, for good."""

from __future__ import annotations

from dataclasses import replace

from alembic import command
from sqlalchemy import text

from app.store.database import Database
from app.store.pairs import keep_pairs, place_judged_first
from app.store.revisions import configuration, upgrade
from tests.app.store.conftest import FACTS, pair, places


class TestPlaces:
    def test_every_pair_has_one_of_its_own_among_its_condition_or_its_role(self, database: Database) -> None:
        made = [pair(n, "study", ("fade-in", "fade-out")[n % 2]) for n in range(20)]
        made += [
            replace(pair(n, "identical", "identical"), condition=("identical", "positive")[n % 2]) for n in range(6)
        ]
        with database.writing() as session:
            assert keep_pairs(session, made, FACTS, seed=3) == 26
        found = places(database)
        for group in (made[0:20:2], made[1:20:2], made[20:]):
            assert sorted(found[one.pair_id] for one in group) == list(range(len(group)))
        assert [found[one.pair_id] for one in made[0:20:2]] != list(range(10))  # chance decides

    def test_new_pairs_stand_behind_those_that_are_there(self, database: Database) -> None:
        with database.writing() as session:
            keep_pairs(session, [pair(n) for n in range(5)], FACTS)
        before = places(database)
        with database.writing() as session:
            keep_pairs(session, [pair(n) for n in range(9)], FACTS)
        after = places(database)
        assert {name: after[name] for name in before} == before
        assert sorted(after[f"study{n:03d}"] for n in range(5, 9)) == [5, 6, 7, 8]

    def test_pairs_of_an_older_database_get_the_same_places_everywhere(self, database: Database) -> None:
        made = [pair(n, "study", ("fade-in", "fade-out")[n % 2]) for n in range(12)]
        made += [replace(pair(n, "identical"), condition=("identical", "positive")[n % 2]) for n in range(4)]
        with database.writing() as session:
            keep_pairs(session, made, FACTS)
        expected = places(database)
        command.downgrade(configuration(database), "0003")
        with database.engine.connect() as connection:
            assert "place" not in list(connection.execute(text("SELECT * FROM pairs")).keys())
        upgrade(database)
        assert places(database) == expected

    def test_whoever_was_judged_first_comes_first_and_the_rest_stays_as_it_was(self, database: Database) -> None:
        with database.writing() as session:
            keep_pairs(session, [pair(n) for n in range(8)], FACTS)
        before = sorted(places(database), key=places(database).get)
        with database.writing() as session:
            place_judged_first(session, ["study005", "study002", "study005"])
        after = sorted(places(database), key=places(database).get)
        assert after == ["study005", "study002", *(one for one in before if one not in ("study005", "study002"))]
