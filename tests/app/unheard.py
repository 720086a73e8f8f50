"""A study from launch to its last judgment with simulated listeners, on the real store and by the real hands.

There are no pages, no sound and no network: an answer takes milliseconds, so that whole studies can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from analysis.votes import read_judgments
from app.compressed import SimulatedClock
from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.launch import launch
from app.sealing import Sealing, new_seal_key
from app.store import arriving, trials, work
from app.store.arriving import WorkRefused
from app.store.clock import utc_now
from app.store.database import Database
from app.store.lock import hands
from app.store.missing import is_complete
from app.store.progress import judgment_rows
from app.store.revisions import upgrade
from app.store.work import Rules, Work
from app.study import CorpusPlace, SoundsPlace, Study
from hits.judgments_csv import write_judgments
from hits.listeners import Listener, say, truly_changed
from hits.listening import Listened
from hits.recruiting import Arrival, Offer, PlatformAssignment
from pipelines.clip import Pair, Role
from pipelines.manifest import FILE_NAME, Header, write_manifest
from tests.conftest import RudePlatform

SEALING = Sealing("k", [new_seal_key()])
AT_WORK = 12  # listeners at the same time
CLIP_S = 2.0
IN_VAIN = 4  # turns after which nobody found anything


class Books(RudePlatform):
    """The platform of the tests, with its books in order of HITs: it is asked about many."""

    def __init__(self, clock: Callable[[], object]) -> None:
        super().__init__()
        self._clock = clock
        self._by_hit: dict[str, list[PlatformAssignment]] = {}
        self.shelf: dict[str, int] = {}  # HITs with their free places

    def publish(self, offer: Offer) -> str:
        """It stands on the shelf as often as it has places."""
        hit_id = super().publish(offer)
        self.shelf[hit_id] = offer.assignments
        return hit_id

    def take(self, hit_id: str) -> None:
        """One of its places is taken."""
        self.shelf[hit_id] -= 1
        if not self.shelf[hit_id]:
            del self.shelf[hit_id]

    def expire(self, platform_hit_id: str) -> None:
        """Nobody can take it any more."""
        super().expire(platform_hit_id)
        self.shelf.pop(platform_hit_id, None)

    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:
        """What was handed in of it."""
        approved = set(self.approved)
        for seen in self._by_hit.get(platform_hit_id, []):
            yield replace(seen, state="approved" if seen.assignment_id in approved else seen.state)

    def take_over(self, begun: Work, worker_id: str) -> None:
        """A worker hands in."""
        one = PlatformAssignment(
            begun.platform_assignment_id, begun.platform_hit_id, worker_id, "submitted", self._clock()
        )
        self._by_hit.setdefault(begun.platform_hit_id, []).append(one)


def pairs_of(conditions: Mapping[str, int], identical: int, positive: int, checks: int) -> list[Pair]:
    """Study pairs, controls and checks, each of a clip of its own."""
    made: list[Pair] = []

    def add(role: Role, condition: str, count: int) -> None:
        made.extend([_pair(len(made) + number, role, condition) for number in range(count)])

    for name, count in conditions.items():
        add("study", name, count)
    add("identical", "identical", identical)
    add("positive", "positive", positive)
    add("check", "identical", checks - checks // 2)
    add("check", "obvious", checks // 2)
    return made


def _pair(number: int, role: Role, condition: str) -> Pair:
    return Pair(
        pair_id=f"{role}-{number:05d}",
        clip_id=f"c{number}",
        condition=condition,
        role=role,
        family=condition,
        snr_db=None,
        original_path=Path(f"original/{number}.flac"),
        noisy_path=Path(f"noisy/{number}.flac"),
        original_length_s=CLIP_S,
        noisy_length_s=CLIP_S,
        original_sha256="0" * 64,
        noisy_sha256="1" * 64,
        seed=0,
        params={},
        simulated=True,
    )


def study_in(folder: Path, pairs: list[Pair], **sections: object) -> Study:
    """A study with its manifest, and no sound."""
    place = {"name": "demo", "path": folder}
    (folder / "pairs").mkdir(parents=True)
    header = Header(seed=0, design={"noises": {}}, clips_sha256="0" * 64, sounds_sha256="0" * 64)
    write_manifest(folder / "pairs" / FILE_NAME, header, pairs)
    return Study(corpus=CorpusPlace(**place), sounds=(SoundsPlace(**place),), **sections)


@dataclass
class Played:
    """A study that is over: its database, and how often the hands went round.

    Attributes:
        notes: what the hands said, each once.
        assignments: that were handed in.
        turns: of the hands.
        complete: whether nothing is open any more.
    """

    study: Study
    database: Database
    folder: Path
    notes: dict[str, None] = field(default_factory=dict)
    assignments: int = 0
    turns: int = 0
    complete: bool = False

    def judgments(self) -> pd.DataFrame:
        """As `earwitness judgments export` would write them, read again."""
        with self.database.reading() as session:
            write_judgments(judgment_rows(session), self.folder / "judgments.csv")
        return read_judgments(self.folder / "judgments.csv")


class Play:
    """Listeners come as long as there are HITs, several at a time; after each group the hands take a turn."""

    def __init__(self, study: Study, folder: Path, listeners: list[Listener], truth: Mapping, seed: int) -> None:
        self.clock = SimulatedClock(utc_now().replace(microsecond=0))
        self.database = Database(f"sqlite:///{folder / 'study.db'}", lambda: SEALING, self.clock)
        upgrade(self.database)
        self.platform = Books(self.clock)
        self.played = Played(study, self.database, folder)
        self._rules = Rules(study.hits, study.pay, study.listening, study.quality)
        self._listeners, self._truth, self._seed = listeners, truth, seed
        self._rng = np.random.default_rng([seed, 7])
        self._went_home: set[int] = set()
        self._taken: set[tuple[str, int]] = set()
        self._begun = 0
        launch(self.database, study, folder / "pairs")

    def to_the_end(self, most_turns: int = 2000) -> Played:
        """Until nothing is open, or nobody comes who could go on."""
        in_vain = 0
        while not self.played.complete and self.played.turns < most_turns and in_vain < IN_VAIN:
            self.turn()
            in_vain = 0 if self.come() else in_vain + 1
        self.database.dispose()
        return self.played

    def turn(self) -> None:
        """One turn of the hands."""
        study = self.played.study
        with hands(self.database) as held:
            site = Worksite(study, self.database, self.platform, "http://localhost/annotate/", held)
            done = take_turn(site, Turn())
        self.played.notes.update(dict.fromkeys(done.notes))
        self.played.turns += 1
        with self.database.reading() as session:
            self.played.complete = is_complete(session, study.hits, self.database.now())

    def come(self) -> bool:
        """A group of listeners takes what is on the shelf; whether anybody found something."""
        here = [number for number in range(len(self._listeners)) if number not in self._went_home]
        coming = [here[int(index)] for index in self._rng.permutation(len(here))]
        begun = []
        for number in coming:
            if len(begun) == AT_WORK or not self.platform.shelf:
                break
            found = self._begin(number)
            if found is not None:
                begun.append((number, found))
        for number, assignment in begun:
            self._answer_all(number, assignment)
            self.platform.take_over(assignment, f"W{number}")
        self.played.assignments += len(begun)
        return bool(begun)

    def _begin(self, number: int) -> Work | None:
        hit_id = next((one for one in self.platform.shelf if (one, number) not in self._taken), None)
        if hit_id is None:
            return None
        self._begun += 1
        arrival = Arrival(hit_id, f"A{self._begun}", f"W{number}", "https://submit.example", simulated=True)
        try:
            with self.database.writing() as session:
                found = arriving.begin(
                    session, arrival, rules=self._rules, secret_key="k", rng=self._rng, now=self.database.now()
                )
        except WorkRefused as refused:
            if refused.reason == "not-invited":
                self._went_home.add(number)
            return None
        self.platform.take(hit_id)
        self._taken.add((hit_id, number))
        return found

    def _answer_all(self, number: int, begun: Work) -> None:
        with self.database.writing() as session:
            while True:
                asked, _ = trials.asked_and_coming(session, begun.assignment_id)
                if asked is None:
                    return
                trials.open_trial(session, asked.trial_id, self.database.now())
                self.clock.advance_to(self.clock() + timedelta(seconds=3 * CLIP_S))
                self._answer(session, self._listeners[number], begun, asked)

    def _answer(self, session: Session, listener: Listener, begun: Work, asked: trials.OpenTrial) -> None:
        pair_id, condition = _asked_about(session, asked.trial_id)
        changed = truly_changed(pair_id, condition, self._seed, self._truth)
        work.answer(
            session,
            begun.assignment_id,
            asked.trial_id,
            asked.nonce,
            say(listener, changed, self._rng),
            Listened(asked.first_length_s, asked.second_length_s),
            rules=self._rules,
            now=self.database.now(),
        )


def _asked_about(session: Session, trial_id: str) -> tuple[str, str]:
    from app.tables import PairRow, TrialRow

    row = session.get_one(TrialRow, trial_id)
    return row.pair_id, session.get_one(PairRow, row.pair_id).condition
