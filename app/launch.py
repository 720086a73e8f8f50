"""Before spending: what a study will ask for and cost; and the plan, written down once a person said yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

import hits.platforms
from app.hands.following import asked_first, follow
from app.hands.publishing import require_within_cap
from app.hands.worksite import many
from app.store import hits as hit_store
from app.store.clock import utc_now
from app.store.database import Database
from app.store.decision_stamp import stamp_decision
from app.store.events import CLOSED, LAUNCHED, PAUSED, drop_fact, keep_fact, note_event
from app.store.measured import measure
from app.store.money import committed_minor
from app.store.pairs import keep_pairs, keep_pairs_made, known_pairs
from app.store.places import plan_or_grow
from app.study import Study
from hits.allocate import Standing, votes_free
from hits.batch import TooFewPairs, cut, open_hits, open_hits_needed, require_checks
from hits.bill import Bill, make_bill
from hits.bill_lines import Part, parts
from hits.judgment import ASKED_ROLES, Hit
from hits.platforms.base import Platform
from hits.policy import warnings
from hits.publish import cost_minor
from pipelines.clip import Pair
from pipelines.manifest import FILE_NAME, read_manifest
from pipelines.ranking import read_ranking
from pipelines.variants import load


@dataclass(frozen=True)
class Preview:
    """What publishing would ask for and commit, and what should be known before."""

    bill: Bill
    warnings: tuple[str, ...]

    @property
    def hits(self) -> int:
        """HITs that would be put out."""
        return self.bill.hits

    @property
    def total_minor(self) -> int:
        """What saying yes commits, fees included."""
        return self.bill.total_minor

    @property
    def parts(self) -> list[Part]:
        """The bill part by part."""
        return parts(self.bill)

    def rows(self) -> list[tuple[str, str]]:
        """The bill as one table."""
        return [(line.item, line.value) for part in self.parts for line in part.lines]


class NotPayable(ValueError):
    """The study's currency is none that its platform pays in."""

    def __init__(self, platform: str, currency: str, payable: tuple[str, ...]) -> None:
        super().__init__(
            f"{platform} pays in {' or '.join(payable)} only, and this study in {currency}; change pay.currency, and "
            "with it pay.wage_per_hour and pay.cap, in study.toml"
        )


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


def preview(
    database: Database, study: Study, folder: Path, clips: int | None = None, decides: str | None = None
) -> Preview:
    """What the next wave asks for and costs, also where it would be refused for its cost.

    Args:
        database: the study's.
        study: its design.
        folder: of its pairs.
        clips: how many more clips; None for all that are left.
        decides: what the money can decide, in a sentence; None where that can't be said yet.

    Raises:
        TooFewPairs: there is nothing to publish.
        NotPayable: the platform does not pay in the study's currency.
        RankingMissing, RankingWrong: workers could not go through the qualification that the study asks for.
    """
    pairs = read_pairs(folder)
    _require_payable(study)
    if study.qualification.wanted:
        read_ranking(folder)
    with database.reading() as session:
        before = committed_minor(session, study.pay)
        known = known_pairs(session)
        measured = measure(session, study.pay, simulated=study.study.simulated)
        asked = next_wave(pairs, known, clips)
        now = asked_first(session, asked, study)
    planned = _hits_for(now, pairs, study, first=0)
    first = len(now) if study.decision.sequential else None
    bill = make_bill(
        asked, planned, study.hits, study.pay, measured, committed_minor=before, decides=decides, first=first
    )
    about = study.study
    told = warnings(
        study.hits,
        bill,
        planned,
        pairs,
        contact=about.contact,
        consent=about.consent,
        simulated=about.simulated,
    )
    return Preview(bill, tuple(told))


def prepare(database: Database, study: Study, folder: Path, clips: int | None = None) -> Preview:
    """What `launch` would commit, without committing it.

    Raises:
        TooFewPairs, NotPayable, RankingMissing, RankingWrong: as `preview`.
        DeadlineOver: no worker is sought any more.
        OverCap: it would exceed the cap.
    """
    found = preview(database, study, folder, clips)
    require_publishable(found, study)
    return found


def require_publishable(found: Preview, study: Study) -> None:
    """Refuse what must not be put out.

    Raises:
        DeadlineOver: no worker is sought any more.
        OverCap: it would exceed the cap.
    """
    _require_time(study, utc_now())
    require_within_cap(found.total_minor, found.bill.committed_minor, study)


class DeadlineOver(ValueError):
    """The last day on which workers are sought is over."""

    def __init__(self, study: Study) -> None:
        super().__init__(
            f"the last day of this study, {study.hits.deadline}, is over; set another hits.deadline in study.toml, or "
            "none, to go on"
        )


def _require_time(study: Study, now: datetime) -> None:
    if study.hits.over_at(now):
        raise DeadlineOver(study)


def _require_payable(study: Study) -> None:
    payable = _platform(study).traits.currencies
    if payable and study.pay.paying and study.pay.currency not in payable:
        raise NotPayable(study.hits.platform, study.pay.currency, payable)


def launch(database: Database, study: Study, folder: Path, clips: int | None = None) -> int:
    """Take the next wave of pairs in and write its HITs down, in one transaction; the number of HITs planned.

    Once all pairs were taken, it plans nothing more. A study that was closed is open again.

    Raises:
        TooFewPairs, PairsChanged, NotPayable, DeadlineOver, OverCap: nothing was written.
    """
    _require_time(study, database.now())
    _require_payable(study)
    pairs = read_pairs(folder)
    facts = {pair.condition: (pair.family, pair.snr_db) for pair in pairs}
    with database.writing() as session:
        known = known_pairs(session)
        asked = next_wave(pairs, known, clips)
        now = asked_first(session, asked, study)
        planned = _hits_for(now, pairs, study, first=hit_store.count_hits(session))
        require_within_cap(cost_minor(planned, study.pay), committed_minor(session, study.pay), study)
        wave = {pair.pair_id for pair in asked}
        keep_pairs(
            session,
            (p for p in pairs if p.role not in ASKED_ROLES or p.pair_id in wave or p.pair_id in known),
            facts,
            seed=study.study.seed,
        )
        session.flush()
        plan = plan_or_grow if _shares_hits(study) else hit_store.plan_hits
        plan(session, planned, study.study.name, study.hits, study.pay)
        drop_fact(session, CLOSED)
        drop_fact(session, PAUSED)
        stamp_decision(session, study)
        keep_pairs_made(session, pairs)
        follow(session, study)
        keep_fact(session, LAUNCHED, {"at": database.now().isoformat()})
        if asked:
            at_once = "" if len(now) == len(asked) else f", {len(now)} of them asked about at once,"
            note_event(
                session, "launch", f"{many(len(asked), 'pair')} launched{at_once} with {many(len(planned), 'HIT')}"
            )
    return len(planned)


def _hits_for(asked: list[Pair], pairs: list[Pair], study: Study, first: int) -> list[Hit]:
    """The HITs that ask about these pairs, checks mixed in."""
    checks = [pair for pair in pairs if pair.role == "check"]
    require_checks(checks, study.hits)
    if not asked:
        return []
    if study.hits.policy == "fixed":
        return cut([*asked, *checks], study.hits, np.random.default_rng([study.study.seed, 1, first]), first)
    votes = sum(votes_free(Standing(pair.pair_id, pair.clip_id, pair.role), study.hits) for pair in asked)
    return open_hits(first, open_hits_needed(votes, 0, study.hits), study.hits, shared=_shares_hits(study))


def _shares_hits(study: Study) -> bool:
    """Whether one HIT of the study has many places. Under `fixed`, a HIT is its pairs, so that it can't."""
    return study.hits.policy == "adaptive" and _platform(study).traits.shared_hits


def _platform(study: Study) -> type[Platform]:
    return load(hits.platforms, study.hits.platform, Platform)  # type: ignore[return-value]
