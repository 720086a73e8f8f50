"""A process of its own that works at a study beside others: workers who come through it, or the one pair of hands."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import numpy as np

from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.sealing import Sealing
from app.store import arriving, work
from app.store.database import Database
from app.store.leaving import leave
from app.store.lock import hands
from app.store.trials import asked_and_coming, open_trial
from app.study import CorpusPlace, SoundsPlace, Study
from hits.batch import Hits
from hits.judgment import Said
from hits.listening import Listened, Listening
from hits.pay import Pay
from hits.quality import Quality
from hits.recruiting import Arrival, Offer, PlatformAssignment
from tests.conftest import RudePlatform

HITS, WORKERS, THREADS, PER_HIT = 24, 24, 6, 4
LEAVES = 0.2  # of all workers
DESIGN = Hits(trials_per_hit=PER_HIT, checks_per_hit=0)
RULES = work.Rules(DESIGN, Pay(cap=1000), Listening(), Quality())
SLOW_S, QUICK_S = 60, 10  # a trial that takes longer than the wage floor allows for earns a top-up
TABLES = """
    CREATE TABLE hits (token TEXT PRIMARY KEY);
    CREATE TABLE handed_in (assignment TEXT PRIMARY KEY, hit TEXT, worker TEXT);
    CREATE TABLE approved (assignment TEXT);
    CREATE TABLE bonuses (token TEXT, assignment TEXT, amount INTEGER, reason TEXT);
    CREATE TABLE answered (trial TEXT);
"""


class Books(RudePlatform):
    """A platform whose books outlive the processes that write to it, and that pays whatever it is asked to pay."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def ask(self, query: str, *values: object) -> list[Any]:
        """Read or write, at once and for good."""
        with closing(sqlite3.connect(self._path, timeout=60, isolation_level=None)) as books:
            return books.execute(query, values).fetchall()

    def moved(self) -> int:
        """How often money was moved."""
        return sum(
            count for (count,) in self.ask("SELECT count(*) FROM approved UNION ALL SELECT count(*) FROM bonuses")
        )

    def publish(self, offer: Offer) -> str:
        self.ask("INSERT OR IGNORE INTO hits VALUES (?)", offer.token)
        return f"P{offer.token}"

    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:
        paid = {one for (one,) in self.ask("SELECT assignment FROM approved")}
        for assignment, worker in self.ask("SELECT assignment, worker FROM handed_in WHERE hit = ?", platform_hit_id):
            state = "approved" if assignment in paid else "submitted"
            yield PlatformAssignment(assignment, platform_hit_id, worker, state, datetime.now(UTC))

    def approve(self, assignment_id: str, *, though_rejected: bool = False) -> None:
        self.ask("INSERT INTO approved VALUES (?)", assignment_id)

    def bonus(
        self, worker_id: str, assignment_id: str, amount_minor: int, reason: str, token: str, handle: str | None = None
    ) -> None:
        self.ask("INSERT INTO bonuses VALUES (?, ?, ?, ?)", token, assignment_id, amount_minor, reason)

    def bonus_sent(self, assignment_id: str, amount_minor: int, reason: str, handle: str | None = None) -> bool:
        met = "SELECT 1 FROM bonuses WHERE assignment = ? AND amount = ? AND reason = ?"
        return bool(self.ask(met, assignment_id, amount_minor, reason))


def open_database(url: str, seal_key: str) -> Database:
    """The study's database, with the keys that all of its processes have."""
    return Database(url, lambda: Sealing("k", [seal_key]))


def turn(database: Database, books: Books, **how: Any) -> Turn:
    """One turn of the one pair of hands."""
    place = {"name": "demo", "path": Path()}
    study = Study(corpus=CorpusPlace(**place), sounds=SoundsPlace(**place), hits=DESIGN, pay=RULES.pay)
    with hands(database, **how) as held:
        return take_turn(Worksite(study, database, books, "http://localhost/annotate/", held))


def go(database: Database, books: Books, number: int, rng: random.Random) -> None:
    """One worker's way, in one of two windows; the other is another process's."""
    worker, hit = f"W{number}", f"P-hit-{number:05d}"
    arrival = Arrival(hit, f"A{number}", worker, "https://submit.example")
    draw = np.random.default_rng(rng.randrange(2**32))
    try:
        with database.writing() as session:
            begun = arriving.begin(session, arrival, rules=RULES, secret_key="k", rng=draw, now=datetime.now(UTC))
    except arriving.WorkRefused:
        return
    stays = random.Random(number).random() >= LEAVES
    while True:
        with database.writing() as session:
            asked, _ = asked_and_coming(session, begun.assignment_id)
            if asked is not None and asked.opened_at is None:
                open_trial(session, asked.trial_id, datetime.now(UTC))
        if asked is None:
            break
        if not stays and asked.position == PER_HIT - 1:
            with database.writing() as session:
                leave(session, begun.assignment_id, delete_answers=False, pay=RULES.pay, now=datetime.now(UTC))
            return
        for _ in range(2):  # a button that is pressed twice
            answer(database, books, asked, rng)
    books.ask("INSERT OR IGNORE INTO handed_in VALUES (?, ?, ?)", f"A{number}", hit, worker)


def answer(database: Database, books: Books, asked: Any, rng: random.Random) -> None:
    """Answer a trial at random; what the study said yes to is noted apart."""
    said = Said("same", "same") if rng.random() < 0.7 else Said("different", "same", 2, 3)
    later = datetime.now(UTC) + timedelta(seconds=rng.choice((QUICK_S, SLOW_S)))
    heard = Listened(asked.first_length_s, asked.second_length_s)
    try:
        with database.writing() as session:
            work.answer(session, asked.assignment_id, asked.trial_id, asked.nonce, said, heard, rules=RULES, now=later)
    except work.TrialClosed:
        return
    books.ask("INSERT INTO answered VALUES (?)", asked.trial_id)


def let_workers_in(database: Database, books: Books, seed: int) -> None:
    """Every worker, several at a time, in an order of this process's own."""
    numbers = list(range(WORKERS))
    random.Random(seed).shuffle(numbers)
    failed: list[BaseException] = []

    def some(share: list[int], rng: random.Random) -> None:
        try:
            for number in share:
                go(database, books, number, rng)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [
        Thread(target=some, args=(numbers[first::THREADS], random.Random(seed * 100 + first)))
        for first in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def be(what: Literal["workers", "hands"], url: str, books_path: Path, seal_key: str, seed: int, said: Path) -> None:
    """Be one of the processes, from its first moment to its last; what it says goes into a file."""
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    database, books = open_database(url, seal_key), Books(str(books_path))
    if what == "workers":
        let_workers_in(database, books, seed)
        return
    while True:  # until it is killed
        turn(database, books, on_wait=say)
        time.sleep(0.05)


def say(sentence: str) -> None:
    """Say it at once: nobody knows how long there is time."""
    os.write(1, f"{sentence}\n".encode())
