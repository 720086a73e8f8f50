"""A launched study in a database of each kind, and workers who come to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from app.sealing import Sealing, new_seal_key
from app.store import arriving, work
from app.store import hits as hit_store
from app.store.database import Database
from app.store.pairs import keep_pairs
from app.store.revisions import upgrade
from hits.batch import Hits, cut, open_hits
from hits.judgment import Said
from hits.listening import Listened, Listening
from hits.pay import Pay
from hits.platforms.base import Arrival, PlatformAssignment
from hits.quality import Quality
from pipelines.clip import Pair, Role

SAME, DIFFERENT = Said("same", "same"), Said("different", "same", 2, 3)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SEALING = Sealing("k", [new_seal_key()])


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A study's database at its newest revision: SQLite and PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'study.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    made = Database(url, lambda: SEALING)
    upgrade(made)
    yield made
    made.dispose()


def pair(number: int, role: Role = "study", condition: str = "fade-in") -> Pair:
    return Pair(
        pair_id=f"{role}{number:03d}",
        clip_id=f"c{number}",
        condition=condition,
        role=role,
        original_path=Path(f"original/{number}.flac"),
        noisy_path=Path(f"noisy/{number}.flac"),
        original_length_s=1.0,
        noisy_length_s=2.0,
        original_sha256="",
        noisy_sha256="",
        seed=0,
        params={},
    )


@dataclass
class Launched:
    """A study that was launched, and a clock."""

    database: Database
    rules: work.Rules
    now: datetime = NOW

    def launch(self, pairs: int = 6, checks: int = 3, hits: int = 0) -> None:
        made = [pair(n) for n in range(pairs)]
        made += [pair(n, "check", "identical") for n in range(100, 100 + checks)]
        facts = {"fade-in": ("fade", None), "identical": ("identical", None)}
        design = self.rules.hits
        planned = (
            cut(made, design, np.random.default_rng(0)) if design.policy == "fixed" else open_hits(0, hits, design)
        )
        with self.database.writing() as session:
            keep_pairs(session, made, facts)
            session.flush()
            hit_store.plan_hits(session, planned, "test", design, self.rules.pay)
            session.flush()
            for hit in planned:
                hit_store.mark_open(session, hit.hit_id, f"P-{hit.hit_id}", 1000)

    def begin(self, hit: int, worker: str, assignment: str | None = None) -> work.Work:
        arrival = Arrival(f"P-hit-{hit:05d}", assignment or f"A-{hit}-{worker}", worker, "https://submit.example")
        with self.database.writing() as session:
            return arriving.begin(
                session, arrival, rules=self.rules, secret_key="k", rng=np.random.default_rng(0), now=self.now
            )

    def open(self, begun: work.Work) -> work.OpenTrial | None:
        with self.database.writing() as session:
            return work.next_trial(session, begun.assignment_id, self.now)

    def answer(self, begun: work.Work, said: Said = SAME, after_s: float = 10.0) -> None:
        trial = self.open(begun)
        assert trial is not None
        self.now += timedelta(seconds=after_s)
        with self.database.writing() as session:
            work.answer(
                session,
                begun.assignment_id,
                trial.trial_id,
                trial.nonce,
                said,
                Listened(trial.first_length_s, trial.second_length_s),
                rules=self.rules,
                now=self.now,
            )

    def hand_in(self, begun: work.Work) -> None:
        """The platform says that this assignment was handed in."""
        seen = PlatformAssignment(
            begun.platform_assignment_id, begun.platform_hit_id, begun.platform_worker_id, "submitted", self.now
        )
        with self.database.writing() as session:
            hit_store.record_submission(session, seen)

    def do_all(self, begun: work.Work, said: Said = SAME) -> None:
        while self.open(begun) is not None:
            self.answer(begun, said)


@pytest.fixture
def launched(database: Database) -> Callable[..., Launched]:
    """A launched study of a design."""

    def make(*, pairs: int = 6, checks: int = 3, hits: int = 0, **design: object) -> Launched:
        rules = work.Rules(Hits.model_validate(design), Pay(), Listening(), Quality())
        study = Launched(database, rules)
        study.launch(pairs, checks, hits)
        return study

    return make
