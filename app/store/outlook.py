"""Where open pairs are likely to be found, so that an arrival need not count the votes of a whole study."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from threading import Lock

import numpy as np
from sqlalchemy.orm import Session

from app.store.asked import closed_pairs, spare_pairs
from app.store.standing import standings
from hits.allocate import Standing, votes_free
from hits.batch import Hits
from hits.judgment import ASKED_ROLES

FRESH_FOR = timedelta(seconds=10)  # then one arrival looks anew, before it has anybody wait for it
USED_FOR = timedelta(seconds=60)
FEW = 500  # open pairs: so many are counted anew each time, so that the last votes go where they are needed most
LOOKS = 4  # at likely pairs, before all are counted
SPARE = 3  # likely pairs that are looked at for each one that is needed


class Outlook:
    """What one process last saw of every pair. It may be some seconds old, and so decides nothing by itself."""

    def __init__(self) -> None:
        self._seen_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._asking = Lock()
        self._pair_ids: list[str] = []
        self._clip_ids: list[str] = []
        self._checks: list[str] = []
        self._place: dict[str, int] = {}
        self._open = np.zeros(0, dtype=np.int64)
        self._urgency = np.zeros(0, dtype=np.int64)

    def helps(self, now: datetime) -> bool:
        """Whether it is young enough, and there is enough to choose from."""
        return self._younger_than(USED_FOR, now) and int(np.count_nonzero(self._open > 0)) > FEW

    def looks_anew(self, now: datetime) -> bool:
        """Whether whoever asks should look anew: one at a time, and nobody as long as it is fresh."""
        with self._asking:
            if self._younger_than(FRESH_FOR, now):
                return False
            if self._asked_at is not None and timedelta(0) <= now - self._asked_at < FRESH_FOR:
                return False
            self._asked_at = now
            return True

    def _younger_than(self, age: timedelta, now: datetime) -> bool:
        return self._seen_at is not None and timedelta(0) <= now - self._seen_at < age

    def see(
        self, found: Sequence[Standing], design: Hits, now: datetime, unasked: frozenset[str] = frozenset()
    ) -> None:
        """Take in where every pair stands; those that nobody is asked about are open to nobody."""
        asked = [one for one in found if one.role in ASKED_ROLES]
        # Others look meanwhile: what is looked up by place is there before the places are.
        self._pair_ids = [one.pair_id for one in asked]
        self._clip_ids = [one.clip_id for one in asked]
        self._urgency = np.array([one.votes + one.reserved for one in asked], dtype=np.int64)
        free = [0 if one.pair_id in unasked else votes_free(one, design) for one in asked]
        self._open = np.array(free, dtype=np.int64)
        self._place = {pair_id: place for place, pair_id in enumerate(self._pair_ids)}
        self._checks = [one.pair_id for one in found if one.role == "check"]
        self._seen_at = now

    def correct(self, found: Sequence[Standing], design: Hits) -> None:
        """Take in where a few pairs stand."""
        for one in found:
            place = self._place.get(one.pair_id)
            if place is not None:
                self._open[place] = votes_free(one, design)
                self._urgency[place] = one.votes + one.reserved

    def likely(self, held: Collection[str], count: int, rng: np.random.Generator) -> list[str]:
        """Pairs that were open, of as many clips, the most urgent first; chance decides among equals."""
        places = rng.permutation(np.flatnonzero(self._open > 0))
        chosen: dict[str, str] = {}
        for place in places[np.argsort(-self._urgency[places], kind="stable")]:
            if len(chosen) == count:
                break
            if self._pair_ids[place] not in held:
                chosen.setdefault(self._clip_ids[place], self._pair_ids[place])
        return list(chosen.values())

    def some_checks(self, held: Collection[str], count: int, rng: np.random.Generator) -> list[str]:
        """Checks drawn from those that are not held yet."""
        fresh = [pair_id for pair_id in self._checks if pair_id not in held]
        return [fresh[int(index)] for index in rng.permutation(len(fresh))[:count]]


def look_around(session: Session, design: Hits, now: datetime) -> None:
    """Let this process see where every pair stands, if what it saw has grown old; nobody waits for it meanwhile."""
    outlook: Outlook = session.info["outlook"]
    if design.policy != "fixed" and outlook.looks_anew(now):
        outlook.see(standings(session, now), design, now, closed_pairs(session) | spare_pairs(session))


def worth_asking(
    session: Session,
    held: Collection[str],
    design: Hits,
    rng: np.random.Generator,
    now: datetime,
    unasked: frozenset[str] = frozenset(),
) -> list[Standing]:
    """Where those pairs stand, at this moment, that a HIT for one worker can be filled from as well as from all.

    Args:
        session: a writing session in which nobody else fills a HIT.
        held: pairs that the worker has met, or is not to meet.
        design: the study's design.
        rng: draws among equals.
        now: the moment of asking.
        unasked: pairs that nobody is asked about.
    """
    outlook: Outlook = session.info["outlook"]
    if outlook.helps(now):
        found: dict[str, Standing] = {}
        looked = outlook.some_checks(held, design.checks_per_hit, rng)
        for _ in range(LOOKS):
            looked += outlook.likely({*held, *found}, SPARE * design.trials_per_hit, rng)
            counted = standings(session, now, looked)
            outlook.correct(counted, design)
            found.update((one.pair_id, one) for one in counted)
            looked = []
            if _open_clips(found.values(), design) >= design.trials_per_hit:
                return list(found.values())
    everything = standings(session, now)
    outlook.see(everything, design, now, unasked)
    return everything


def _open_clips(found: Collection[Standing], design: Hits) -> int:
    return len({one.clip_id for one in found if one.role in ASKED_ROLES and votes_free(one, design) > 0})
