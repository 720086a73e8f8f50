"""Two servers and two collectors at one database, collectors killed at random: nothing is lost, nothing is doubled."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import ColumnElement, select, update

from app.sealing import new_seal_key
from app.store.database import Database
from app.store.ledger import payments
from app.tables import AssignmentRow, JudgmentRow, LockRow, PaymentRow
from tests.app.store.conftest import Launched
from tests.app.store.together import HITS, RULES, TABLES, Books, be, open_database, turn

PAIRS = 16
KILLS = 6
LONGEST_S = 300  # far longer than it takes: nobody waits for ever
SPARE_S = 10.0  # for what is left to be killed once nobody works any more


@dataclass
class Crew:
    """The processes of a study, and what they said."""

    url: str
    books: Path
    folder: Path
    seal_key: str
    started: list[ForkServerProcess] = field(default_factory=list)

    def start(self, what: Literal["workers", "hands"], seed: int) -> ForkServerProcess:
        """One more process; all begin with what is imported already, and with nothing else in common."""
        said = self.folder / f"{what}{len(self.started)}.txt"
        several = get_context("forkserver")
        several.set_forkserver_preload(["tests.app.store.together"])
        one = several.Process(target=be, args=(what, self.url, self.books, self.seal_key, seed, said))
        one.start()
        self.started.append(one)
        return one

    def said(self, what: str) -> str:
        """What all processes of a kind said."""
        return "".join(path.read_text() for path in sorted(self.folder.glob(f"{what}*.txt")))


@pytest.fixture
def study(database: Database, tmp_path: Path) -> Iterator[tuple[Launched, Crew]]:
    """A launched study, the books of its platform, and processes that end with the test."""
    books, seal_key = tmp_path / "books.db", new_seal_key()
    with closing(sqlite3.connect(books)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.executescript(TABLES)
    url = database.url.render_as_string(hide_password=False)
    ours = open_database(url, seal_key)
    launched = Launched(ours, RULES)
    launched.launch(pairs=PAIRS, checks=0, hits=HITS)
    crew = Crew(url, books, tmp_path, seal_key)
    yield launched, crew
    for one in crew.started:
        one.kill()
        one.join()
    ours.dispose()


def lock_of(one: ForkServerProcess) -> ColumnElement[bool]:
    """The lock, where that process holds it."""
    return LockRow.holder.startswith(f"process {one.pid} on ")


def holds(database: Database, one: ForkServerProcess) -> bool:
    """Whether a collector is at the platform."""
    with database.reading() as session:
        return session.scalar(select(LockRow.name).where(lock_of(one))) is not None


def kill(database: Database, one: ForkServerProcess) -> None:
    """End a collector in the middle of whatever it does; the lease that it held runs out."""
    one.kill()
    one.join()
    with database.writing() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(LockRow).where(lock_of(one)).values(expires_at=past))


def work_together(launched: Launched, crew: Crew) -> None:
    """Let workers come through two processes; a collector is killed when the platform has just moved money."""
    books, moved = Books(str(crew.books)), 0
    servers = [crew.start("workers", seed) for seed in (1, 2)]
    collectors = [crew.start("hands", seed) for seed in (3, 4)]
    give_up_at = time.monotonic() + LONGEST_S
    killed, kill_until = 0, give_up_at
    while (killed < KILLS and time.monotonic() < kill_until) or any(server.exitcode is None for server in servers):
        assert time.monotonic() < give_up_at, crew.said("workers") + crew.said("hands")
        time.sleep(0.01)
        before, moved = moved, books.moved()
        holding = [one for one in collectors if holds(launched.database, one)] if moved > before else []
        if killed < KILLS and holding:
            kill(launched.database, holding[0])
            collectors[collectors.index(holding[0])] = crew.start("hands", 0)
            killed += 1
        if all(server.exitcode is not None for server in servers):  # soon there is no money left to be moved
            kill_until = min(kill_until, time.monotonic() + SPARE_S)
    assert killed, "nobody was at the platform when money moved"
    for one in collectors:
        kill(launched.database, one)
    assert [server.exitcode for server in servers] == [0, 0], crew.said("workers")
    assert "Traceback" not in crew.said("hands"), crew.said("hands")


def test_two_servers_and_two_collectors_lose_nothing_and_double_nothing(study: tuple[Launched, Crew]) -> None:
    launched, crew = study
    books = Books(str(crew.books))

    work_together(launched, crew)
    assert "which is talking to the platform" in crew.said("hands")  # the second one waited, with a sentence
    while not turn(launched.database, books).idle:
        pass

    with launched.database.reading() as session:
        judged = list(session.scalars(select(JudgmentRow).order_by(JudgmentRow.submitted_at)))
        tasks = {row.assignment_id: row for row in session.scalars(select(AssignmentRow))}
        ledger = [row for row in session.scalars(select(PaymentRow)) if row.state != "dropped"]
        assert {row["state"] for row in payments(session)} <= {"confirmed", "dropped"}
    require_every_answer_once(judged, books)
    require_no_vote_too_many(judged)
    require_paid_once(tasks, ledger, books)


def require_every_answer_once(judged: list[JudgmentRow], books: Books) -> None:
    """What the study said yes to is there, and nobody judged a pair twice."""
    answered = {trial for (trial,) in books.ask("SELECT trial FROM answered")}
    assert answered == {row.trial_id for row in judged}
    assert len(judged) > 2 * PAIRS * 0.9
    assert max(Counter((row.worker, row.pair_id) for row in judged).values()) == 1


def require_no_vote_too_many(judged: list[JudgmentRow]) -> None:
    """A third vote was asked for only where the first two disagreed, and a fourth never."""
    for pair_id in {row.pair_id for row in judged}:
        votes = [row.activation for row in judged if row.pair_id == pair_id]
        assert len(votes) <= 3
        assert len(votes) < 3 or len(set(votes)) == 2


def require_paid_once(tasks: dict[str, AssignmentRow], ledger: list[PaymentRow], books: Books) -> None:
    """Each task that was handed in has one reward, each that was left its part; the platform moved each once."""
    handed_in = {one for (one,) in books.ask("SELECT assignment FROM handed_in")}
    assert len(handed_in) > 3
    rewards = [tasks[row.assignment_id].platform_assignment_id for row in ledger if row.kind == "reward"]
    assert Counter(rewards) == Counter(handed_in)
    assert Counter(one for (one,) in books.ask("SELECT assignment FROM approved")) == Counter(handed_in)
    assert {row.platform_assignment_id for row in tasks.values() if row.state == "approved"} == handed_in
    others = Counter(row.key for row in ledger if row.kind != "reward")
    assert others == Counter(token for (token,) in books.ask("SELECT token FROM bonuses"))
    assert {"top-up", "partial"} <= {row.kind for row in ledger}
    left = {one for one, row in tasks.items() if row.state == "withdrawn"}
    assert left == {row.assignment_id for row in ledger if row.kind == "partial"}
