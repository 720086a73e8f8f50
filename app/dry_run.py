"""A dry run: the whole study on a stage of its own, with simulated listeners, in compressed time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from werkzeug.serving import WSGIRequestHandler, make_server

from app.compressed import Schedule, SimulatedClock
from app.folder import StudyFolder
from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.launch import launch, read_pairs
from app.rehearsal import Diary, Rehearsal, visit
from app.settings import Settings
from app.store.clock import utc_now
from app.store.database import Database
from app.store.lock import hands
from app.store.missing import is_complete, votes_still_missing
from app.store.progress import overview
from app.store.revisions import upgrade
from app.study import Study
from app.wiring import MARKETPLACE_PATH, Wired, connect_platform, invite_simulated, open_marketplace, wsgi_of
from hits.crowd import arrivals
from hits.judgment import ASKED_ROLES
from hits.listeners import Listener
from hits.pay import minor_per_major
from pipelines.clip import Pair
from pipelines.manifest import FILE_NAME, read_header, write_manifest

LIMITLESS = 1_000_000_000  # requests in a minute of the machine's time, in which days may pass here
IDLE_S = 3600.0  # after which the hands look even where nothing was handed in: time itself may have brought something
STAGED_ON = "mturk"  # the platform whose protocol our marketplace speaks
AT_WORK = ("accepted", "finished", "submitted")


class NothingToRehearse(ValueError):
    """What was chosen leaves no pair to ask about."""


@dataclass(frozen=True)
class Choice:
    """Which part of a study is rehearsed.

    Attributes:
        conditions: of these conditions only; none for all.
        share: of the pairs of each condition, one at least; above 0, up to 1.
    """

    conditions: tuple[str, ...] = ()
    share: float = 1.0

    def of(self, pairs: list[Pair]) -> list[Pair]:
        """The chosen pairs. Controls, checks and practice pairs are always among them, controls by their share.

        Raises:
            NothingToRehearse: a condition is none of the study's.
        """
        known = {pair.condition for pair in pairs if pair.role == "study"}
        unknown = [name for name in self.conditions if name not in known]
        if unknown:
            raise NothingToRehearse(
                f"the study has no pair of the condition {', '.join(unknown)}; it has {', '.join(sorted(known))}"
            )
        wanted = [p for p in pairs if p.role != "study" or not self.conditions or p.condition in self.conditions]
        seen: dict[tuple[str, str], int] = {}
        chosen = []
        for pair in wanted:
            key = (pair.role, pair.condition)
            seen[key] = seen.get(key, 0) + 1
            if pair.role not in ASKED_ROLES or _falls_in(seen[key], self.share):
                chosen.append(pair)
        return chosen


def _falls_in(number: int, share: float) -> bool:
    """Whether the pair of that number, from 1, is among a share that is spread evenly; the first always is.

    >>> [number for number in range(1, 9) if _falls_in(number, 0.25)]
    [1, 5]
    """
    return int((number - 1) * share + 1e-9) > int((number - 2) * share + 1e-9) if number > 1 else True


@dataclass(frozen=True)
class Came:
    """One listener who came, and what that listener did."""

    listener: Listener
    diary: Diary = field(default_factory=Diary)


@dataclass(frozen=True)
class Played:
    """A rehearsal that is over.

    Attributes:
        wired: the stage: its database has everything that happened.
        asked: pairs that were asked about.
        began_at, done_at, paid_at: when it was launched, when the last task was handed in, when the last was paid;
            in simulated time.
        missing: judgments that nobody came for.
        notes: what the hands said, each once.
    """

    wired: Wired
    asked: int
    came: tuple[Came, ...]
    began_at: datetime
    done_at: datetime
    paid_at: datetime
    missing: int
    notes: tuple[str, ...]


def as_rehearsed(study: Study) -> Study:
    """The study on a marketplace of its own, which moves US cents: as many as the study pays in its smallest coin."""
    in_cents = minor_per_major(study.pay.currency) / 100
    pay = study.pay.model_copy(
        update={"currency": "USD", "wage_per_hour": study.pay.wage_per_hour * in_cents, "cap": study.pay.cap * in_cents}
    )
    about = study.study.model_copy(update={"simulated": True, "keep_ids_days": None})
    return study.model_copy(
        update={"study": about, "pay": pay, "hits": study.hits.model_copy(update={"platform": STAGED_ON})}
    )


def play(
    pairs: Path, study: Study, choice: Choice, stage: Path, seed: int, on_step: Callable[[int], None] = lambda _: None
) -> Played:
    """Launch a study and let its crowd work until it is decided and paid.

    Args:
        pairs: the folder of the pairs; it is only read, and nothing else of the study is touched.
        study: its design, with the crowd in it.
        choice: which pairs.
        stage: an empty folder for all that comes into being.
        seed: of who comes, of what is true and of what is said.
        on_step: told how many pairs are decided.

    Raises:
        TooFewPairs, NothingToRehearse: there is nothing to ask about.
        OverCap, DeadlineOver: the study itself could not be launched.
    """
    asked = _copy_pairs(pairs, choice, stage)
    clock = SimulatedClock(utc_now().replace(microsecond=0))
    with _wired(as_rehearsed(study), stage, clock) as wired, _served(wired, pairs.parent, seed) as url:
        platform = connect_platform(wired, url)
        launch(wired.database, wired.study, wired.folder.pairs)
        invite = f"{url}{MARKETPLACE_PATH}/invite/{invite_simulated(wired)}"
        rehearsal = Rehearsal(invite, wired.database, study.rehearsal.truth, seed)
        with hands(wired.database) as held:
            site = Worksite(
                wired.study,
                wired.database,
                platform,
                f"{url}/annotate/",
                held,
                secret_key=wired.folder.keys().secret_key,
            )
            performance = _Performance(site, rehearsal, clock(), on_step)
            schedule = Schedule(clock)
            schedule.add(performance.work())
            for number, (after_s, listener) in enumerate(arrivals(study.rehearsal, seed)):
                schedule.add(performance.come(listener, number), after_s)
            schedule.run(lambda: performance.is_over)
        return performance.played(wired, asked)


def _copy_pairs(pairs: Path, choice: Choice, stage: Path) -> int:
    """Put a manifest of the chosen pairs on the stage; how many are asked about. Their sound stays where it is."""
    chosen = choice.of(read_pairs(pairs))
    folder = StudyFolder(stage).pairs
    folder.mkdir(parents=True)
    write_manifest(folder / FILE_NAME, read_header(pairs / FILE_NAME), list(chosen))
    return sum(pair.role in ASKED_ROLES for pair in chosen)


@contextmanager
def _wired(study: Study, stage: Path, clock: SimulatedClock) -> Iterator[Wired]:
    """The stage with a database and a marketplace of its own, whatever the environment says."""
    folder = StudyFolder(stage)
    settings = Settings(
        earwitness_requests_per_minute=LIMITLESS, earwitness_arrivals_per_minute=LIMITLESS
    )  # every other setting as if the machine had none: no real platform, storage or database is ever reached
    (stage / "marketplace.db").touch()
    database = Database(folder.database_url, folder.sealing, clock)
    try:
        upgrade(database)
        wired = Wired(folder, study, settings, database)
        open_marketplace(wired)
        yield wired
    finally:
        database.dispose()


class _Quiet(WSGIRequestHandler):
    """Says nothing of what was asked for, and keeps lines open, as servers do."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave no line."""


@contextmanager
def _served(wired: Wired, sound: Path, seed: int) -> Iterator[str]:
    """The study and its marketplace on a free port of this machine; the address."""
    lots = count()
    server = make_server("127.0.0.1", 0, _nothing, threaded=True, request_handler=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    server.app = wsgi_of(wired, url, sound=sound, draws=lambda: np.random.default_rng([seed, 3, next(lots)]))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _nothing(environ: Any, start: Any) -> list[bytes]:  # noqa: ARG001 - until the address is known
    return []


class _Performance:
    """Who is there, what the hands have done, and whether it is over."""

    def __init__(
        self, site: Worksite, rehearsal: Rehearsal, began_at: datetime, on_step: Callable[[int], None]
    ) -> None:
        self._site = site
        self._rehearsal = rehearsal
        self._on_step = on_step
        self._began_at = self._done_at = self._paid_at = began_at
        self._came: list[Came] = []
        self._expected = site.study.rehearsal.workers
        self._missing = 0
        self._notes: dict[str, None] = {}
        self.is_over = False

    def come(self, listener: Listener, number: int) -> Generator[float, None, None]:
        """One listener's way; it is noted who came, and when somebody was done last."""
        came = Came(listener)
        if not self._rehearsal.stop.is_set():
            self._came.append(came)
            handed_in = 0
            for pause_s in visit(listener, number, self._rehearsal, came.diary):
                if came.diary.handed_in > handed_in:
                    handed_in, self._done_at = came.diary.handed_in, self._site.database.now()
                yield pause_s
            if came.diary.handed_in > handed_in:
                self._done_at = self._site.database.now()
        self._expected -= 1

    def work(self) -> Generator[float, None, None]:
        """The hands' way: a turn where something was handed in, or once an hour, until all is decided and paid."""
        crowd = self._site.study.rehearsal
        seen, looked_at = -1, self._began_at
        while not self.is_over:
            handed_in, now = sum(one.diary.handed_in for one in self._came), self._site.database.now()
            if handed_in != seen or now - looked_at >= timedelta(seconds=IDLE_S):
                seen, looked_at = handed_in, now
                self._take_turn()
                self.is_over = self.is_over or now - self._began_at > timedelta(days=crowd.longest_days)
            yield crowd.collecting_every_s

    def _take_turn(self) -> None:
        site = self._site
        site.hands.renew()
        turn = take_turn(site, Turn())
        self._notes.update(dict.fromkeys(turn.notes))
        if turn.paid:
            self._paid_at = site.database.now()
        with site.database.reading() as session:
            self._missing = votes_still_missing(session, site.study.hits, site.database.now())
            complete = is_complete(session, site.study.hits, site.database.now())
            seen = overview(session, site.study.hits, site.study.pay)
        self._on_step(seen.pairs_decided)
        at_work = sum(seen.assignments_by_state.get(state, 0) for state in AT_WORK)
        if complete:
            self._rehearsal.stop.set()  # who is at work finishes; nobody else begins
        else:
            self._rehearsal.stop.clear()  # votes that were dropped meanwhile are asked for again
        self.is_over = not at_work and (complete or self._expected == 0)

    def played(self, wired: Wired, asked: int) -> Played:
        """What came of it."""
        return Played(
            wired,
            asked,
            tuple(self._came),
            self._began_at,
            self._done_at,
            self._paid_at,
            self._missing,
            tuple(self._notes),
        )
