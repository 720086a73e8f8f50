"""Before spending: what a study will ask for and cost; and the plan, written down once a person said yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import hits.platforms
from app.store import hits as hit_store
from app.store.database import Database
from app.store.events import PAUSED, drop_fact, keep_fact, note_event
from app.store.money import committed_minor
from app.store.pairs import keep_pairs, known_pairs
from app.store.places import plan_or_grow
from app.study import Study
from app.turn import CLOSED, LAUNCHED, many, require_within_cap
from hits.allocate import Standing, votes_open
from hits.batch import TooFewPairs, cut, open_hits, open_hits_needed, require_checks
from hits.judgment import ASKED_ROLES, Hit
from hits.pay import fee_minor, money, reward_minor
from hits.platforms.base import Platform
from hits.publish import cost_minor
from pipelines.clip import Pair
from pipelines.manifest import FILE_NAME, read_manifest
from pipelines.ranking import read_ranking
from pipelines.variants import load


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
    if not any(pair.role in ASKED_ROLES for pair in pairs):
        raise TooFewPairs(f"{path} has no pair to ask about; run `earwitness pairs make` first")
    return pairs


def next_wave(pairs: list[Pair], known: frozenset[str], clips: int | None) -> list[Pair]:
    """What the next wave asks about: every pair of the next clips that were not asked about yet.

    Args:
        pairs: of the manifest.
        known: ids of pairs that earlier waves took.
        clips: how many clips; None for all that are left.
    """
    left = [pair for pair in pairs if pair.role in ASKED_ROLES and pair.pair_id not in known]
    chosen = set(list(dict.fromkeys(pair.clip_id for pair in left))[:clips])
    return [pair for pair in left if pair.clip_id in chosen]


def prepare(database: Database, study: Study, folder: Path, clips: int | None = None) -> Bill:
    """What `launch` would commit, without committing it.

    Raises:
        TooFewPairs: there is nothing to publish.
        RankingMissing, RankingWrong: workers could not go through the qualification that the study asks for.
        OverCap: it would exceed the cap.
    """
    pairs = read_pairs(folder)
    if study.qualification.wanted:
        read_ranking(folder)
    with database.reading() as session:
        before = committed_minor(session, study.pay)
        known = known_pairs(session)
    asked = next_wave(pairs, known, clips)
    planned = _hits_for(asked, pairs, study, first=0)
    total = cost_minor(planned, study.pay)
    require_within_cap(total, before, study)
    most = -(-len(asked) * study.hits.votes_per_pair // study.hits.asked_per_hit)
    reward = reward_minor(study.hits.trials_per_hit, study.pay)
    return Bill(
        pairs=len(asked),
        hits=len(planned),
        assignments=sum(hit.assignments_wanted for hit in planned),
        reward_minor=reward,
        total_minor=total,
        most_minor=most * (reward + fee_minor(reward, study.pay)),
        committed_minor=before,
        study=study,
    )


def launch(database: Database, study: Study, folder: Path, clips: int | None = None) -> int:
    """Take the next wave of pairs in and write its HITs down, in one transaction; the number of HITs planned.

    Once all pairs were taken, it plans nothing more. A study that was closed is open again.

    Raises:
        TooFewPairs, PairsChanged, OverCap: nothing was written.
    """
    pairs = read_pairs(folder)
    facts = {pair.condition: (pair.family, pair.snr_db) for pair in pairs}
    with database.writing() as session:
        known = known_pairs(session)
        asked = next_wave(pairs, known, clips)
        planned = _hits_for(asked, pairs, study, first=hit_store.count_hits(session))
        require_within_cap(cost_minor(planned, study.pay), committed_minor(session, study.pay), study)
        wave = {pair.pair_id for pair in asked}
        keep_pairs(
            session, (p for p in pairs if p.role not in ASKED_ROLES or p.pair_id in wave or p.pair_id in known), facts
        )
        session.flush()
        plan = plan_or_grow if _shares_hits(study) else hit_store.plan_hits
        plan(session, planned, study.study.name, study.hits, study.pay)
        drop_fact(session, CLOSED)
        drop_fact(session, PAUSED)
        keep_fact(session, LAUNCHED, {"at": datetime.now(UTC).isoformat()})
        if planned:
            note_event(session, "launch", f"{many(len(asked), 'pair')} launched with {many(len(planned), 'HIT')}")
    return len(planned)


def _hits_for(asked: list[Pair], pairs: list[Pair], study: Study, first: int) -> list[Hit]:
    """The HITs that ask about these pairs, checks mixed in."""
    checks = [pair for pair in pairs if pair.role == "check"]
    require_checks(checks, study.hits)
    if not asked:
        return []
    if study.hits.policy == "fixed":
        return cut([*asked, *checks], study.hits, np.random.default_rng([study.study.seed, 1, first]), first)
    votes = sum(
        votes_open(Standing(pair.pair_id, pair.clip_id, pair.role), study.hits.votes_per_pair) for pair in asked
    )
    return open_hits(first, open_hits_needed(votes, 0, study.hits), study.hits, shared=_shares_hits(study))


def _shares_hits(study: Study) -> bool:
    """Whether one HIT of the study has many places. Under `fixed`, a HIT is its pairs, so that it can't."""
    platform = load(hits.platforms, study.hits.platform, Platform)
    return study.hits.policy == "adaptive" and platform.traits.shared_hits  # type: ignore[attr-defined]
