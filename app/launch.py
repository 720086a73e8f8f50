"""Before spending: what a study will ask for and cost; and the plan, written down once a person said yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.store import hits as hit_store
from app.store.database import Database
from app.store.events import drop_fact, fact, keep_fact, note_event
from app.store.money import committed_minor
from app.store.pairs import keep_pairs
from app.study import Study
from app.turn import CLOSED, LAUNCHED, require_within_cap
from hits.allocate import Standing, votes_open
from hits.batch import TooFewPairs, cut, open_hits, open_hits_needed, require_checks
from hits.judgment import Hit
from hits.pay import fee_minor, money, reward_minor
from hits.publish import cost_minor
from pipelines.clip import Pair
from pipelines.conditions import family_of, snr_db_of
from pipelines.manifest import FILE_NAME, read_manifest


@dataclass(frozen=True)
class Bill:
    """What publishing commits. Money in minor units, fees included."""

    pairs: int
    hits: int
    assignments: int
    reward_minor: int
    total_minor: int
    most_minor: int
    committed_minor: int
    study: Study

    def rows(self) -> list[tuple[str, object]]:
        """The bill as a person reads it."""
        currency = self.study.pay.currency
        return [
            ("pairs to be judged", self.pairs),
            ("HITs", self.hits),
            ("assignments", self.assignments),
            ("reward of one", money(self.reward_minor, currency)),
            ("now, fees included", money(self.total_minor, currency)),
            ("at most, if every pair needs all its votes", money(self.most_minor, currency)),
            ("committed before", money(self.committed_minor, currency)),
            ("cap", money(self.study.pay.cap_minor, currency)),
        ]


def read_pairs(folder: Path) -> list[Pair]:
    """The pairs of the manifest.

    Raises:
        TooFewPairs: there is no manifest, or nothing in it to ask about.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise TooFewPairs(f"there is no {path}; run `earwitness pairs make` first")
    pairs = list(read_manifest(path))
    if not any(pair.role != "check" for pair in pairs):
        raise TooFewPairs(f"{path} has no pair to ask about; run `earwitness pairs make` first")
    return pairs


def prepare(database: Database, study: Study, folder: Path) -> Bill:
    """What `launch` would commit, without committing it.

    Raises:
        TooFewPairs: there is nothing to publish.
        OverCap: it would exceed the cap.
    """
    pairs = read_pairs(folder)
    with database.reading() as session:
        before = committed_minor(session, study.pay)
        already = fact(session, LAUNCHED) is not None
    planned = [] if already else _first_hits(pairs, study)
    total = cost_minor(planned, study.pay)
    require_within_cap(total, before, study)
    asked = [pair for pair in pairs if pair.role != "check"]
    trials = study.hits.trials_per_hit
    room = max(1, trials - study.hits.checks_per_hit)
    most = -(-len(asked) * study.hits.votes_per_pair // room)
    reward = reward_minor(trials, study.pay)
    return Bill(
        pairs=len(asked),
        hits=len(planned),
        assignments=sum(hit.assignments_wanted for hit in planned),
        reward_minor=reward,
        total_minor=total,
        most_minor=0 if already else most * (reward + fee_minor(reward, study.pay)),
        committed_minor=before,
        study=study,
    )


def launch(database: Database, study: Study, folder: Path) -> int:
    """Take the pairs in and write the first HITs down, in one transaction; the number of HITs planned.

    Launched before, it takes new pairs in and plans nothing again.

    Raises:
        TooFewPairs, PairsChanged, OverCap: nothing was written.
    """
    pairs = read_pairs(folder)
    facts = {pair.condition: (family_of(pair.condition), snr_db_of(pair.condition)) for pair in pairs}
    with database.writing() as session:
        keep_pairs(session, pairs, facts)
        session.flush()
        drop_fact(session, CLOSED)
        if fact(session, LAUNCHED) is not None:
            return 0
        planned = _first_hits(pairs, study)
        require_within_cap(cost_minor(planned, study.pay), committed_minor(session, study.pay), study)
        hit_store.plan_hits(session, planned, study.study.name, study.hits, study.pay)
        keep_fact(session, LAUNCHED, {"at": datetime.now(UTC).isoformat(), "hits": len(planned)})
        note_event(session, "launch", f"the study was launched with {len(planned)} HITs")
    return len(planned)


def _first_hits(pairs: list[Pair], study: Study) -> list[Hit]:
    if study.hits.policy == "fixed":
        return cut(pairs, study.hits, np.random.default_rng([study.study.seed, 1]))
    require_checks([pair for pair in pairs if pair.role == "check"], study.hits)
    votes = sum(
        votes_open(Standing(pair.pair_id, pair.clip_id, pair.role), study.hits.votes_per_pair)
        for pair in pairs
        if pair.role != "check"
    )
    return open_hits(0, open_hits_needed(votes, 0, study.hits), study.hits)
