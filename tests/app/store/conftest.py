"""A launched study in a database of each kind, and workers who come to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.sealing import Sealing, new_seal_key
from app.store import arriving, trials, work
from app.store import hits as hit_store
from app.store.database import Database
from app.store.events import LAUNCHED, keep_fact
from app.store.identities import platform_worker_id
from app.store.ledger import payments
from app.store.lock import hands
from app.store.pairs import keep_pairs
from app.store.revisions import upgrade
from app.store.wishes import Wish, latest_wishes, make_wish
from app.store.work import Work
from app.study import CorpusPlace, SoundsPlace, Study
from app.tables import PairRow
from app.wishing import grant_wishes
from hits.batch import Hits, cut, open_hits
from hits.judgment import Said
from hits.listening import Listened, Listening
from hits.pay import Pay
from hits.quality import Quality
from hits.recruiting import Arrival, PlatformAssignment
from pipelines.clip import Pair, Role

SAME, DIFFERENT = Said("same", "same"), Said("different", "same", 2, 3)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
FACTS = {name: (name, None) for name in ("fade-in", "fade-out", "identical", "positive")}
SEALING = Sealing("k", [new_seal_key()])


def places(database: Database) -> dict[str, int]:
    """The place of each pair."""
    with database.reading() as session:
        return dict(session.execute(select(PairRow.pair_id, PairRow.place)).all())


@pytest.fixture(scope="session")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study's SQLite database at its newest revision without rows, to be copied."""
    path: Path = tmp_path_factory.mktemp("upgraded") / "study.db"
    made = Database(f"sqlite:///{path}")
    upgrade(made)
    made.dispose()
    return path


@pytest.fixture(scope="session")
def upgraded_postgresql(postgresql_server: str) -> str:
    """The name of such a database on PostgreSQL."""
    name = f"upgraded_{uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    made = Database(make_url(postgresql_server).set(database=name).render_as_string(hide_password=False))
    upgrade(made)
    made.dispose()  # nobody may be in it while it is copied
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A study's database at its newest revision: SQLite and PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('upgraded'), tmp_path / 'study.db')}"
    else:
        server, like = (request.getfixturevalue(name) for name in ("postgresql_server", "upgraded_postgresql"))
        name = f"test_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        url = make_url(server).set(database=name).render_as_string(hide_password=False)
    made = Database(url, lambda: SEALING)
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

    def open(self, begun: work.Work) -> trials.OpenTrial | None:
        with self.database.writing() as session:
            asked, _ = trials.asked_and_coming(session, begun.assignment_id)
            if asked is not None and asked.opened_at is None:
                assert trials.open_trial(session, asked.trial_id, self.now)
                asked = replace(asked, opened_at=self.now)
        return asked

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
        with self.database.writing() as session:
            worker_id = platform_worker_id(session, begun.worker)
            seen = PlatformAssignment(
                begun.platform_assignment_id, begun.platform_hit_id, worker_id, "submitted", self.now
            )
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


@dataclass
class Desk:
    """A launched study, somebody who wishes, and the one pair of hands."""

    study: object
    platform: object
    whole: Study
    folder: Path
    wished: int = 0

    def wish(self, kind: str, nonce: str = "", **detail: object) -> Wish:
        self.wished += 1
        with self.study.database.writing() as session:
            return make_wish(session, kind, detail, "ada", nonce or f"n{self.wished}")[0]

    def grant(self, *, whole_turn: bool = False) -> Turn:
        with hands(self.study.database) as held:
            url = "http://localhost/annotate/"
            site, turn = Worksite(self.whole, self.study.database, self.platform, url, held), Turn()
            grant_wishes(site, turn, self.folder)
            return take_turn(site, turn) if whole_turn else turn

    def came_of(self, wish: Wish) -> tuple[str, str]:
        with self.study.database.reading() as session:
            found = next(one for one in latest_wishes(session, 100) if one.wish_id == wish.wish_id)
        return found.state, found.note

    def ledger(self, kind: str) -> list[tuple[str, int]]:
        with self.study.database.reading() as session:
            return [(row["state"], row["amount_minor"]) for row in payments(session) if row["kind"] == kind]

    def handed_in(self, number: int = 0, *, answered: bool = True) -> Work:
        begun = self.study.begin(number, f"W{number}")
        if answered:
            self.study.do_all(begun)
        self.study.hand_in(begun)
        return begun


@pytest.fixture
def desk(launched: Callable[..., object], platform: object, tmp_path: Path) -> Desk:
    design = {"policy": "fixed", "trials_per_hit": 3, "checks_per_hit": 1}
    study = launched(pairs=4, **design)
    place = {"name": "demo", "path": tmp_path}
    whole = Study(corpus=CorpusPlace(**place), sounds=SoundsPlace(**place), hits=Hits.model_validate(design))
    with study.database.writing() as session:
        keep_fact(session, LAUNCHED, {})
    return Desk(study, platform, whole, tmp_path)


@pytest.fixture
def study_of(launched: Callable[..., object], platform: object, tmp_path: object) -> Callable[..., object]:
    """A launched study with a rude platform, and a function that takes one turn."""

    def make(*, pay: Pay | None = None, **design: object) -> tuple[object, Callable[[], Turn]]:
        study = launched(**design)
        only_design = {key: value for key, value in design.items() if key in Hits.model_fields}
        whole = Study(
            corpus=CorpusPlace(name="demo", path=tmp_path),
            sounds=SoundsPlace(name="demo", path=tmp_path),
            hits=Hits.model_validate(only_design),
            pay=pay or Pay(),
        )
        with study.database.writing() as session:
            keep_fact(session, LAUNCHED, {})

        def turn() -> Turn:
            with hands(study.database) as held:
                return take_turn(Worksite(whole, study.database, platform, "http://localhost/annotate/", held))

        study.whole = whole
        return study, turn

    return make
