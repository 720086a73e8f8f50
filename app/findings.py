"""What a rehearsal found: cost, duration, decisions beside the truth, and how often the rules were right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import median
from typing import Any, Literal, TypeAlias

from analysis.certify import certify
from analysis.rule import DecisionRule
from analysis.verdicts import Decision, Verdict
from analysis.votes import read_judgments
from app.dry_run import STAGED_ON, Played
from app.sealing import worker_key
from app.store.ledger import payments
from app.store.pairs import pairs_made
from app.store.progress import Overview, judgment_rows, overview
from app.store.workers import WorkerFacts, worker_facts
from app.study import Study
from hits.judgments_csv import write_judgments
from hits.listeners import REST_CHANGES
from hits.pay import minor_per_major, money
from hits.quality import Reliability, reliability

#: What a verdict is beside what is true: SAFE where it is not, not SAFE where it is, and the same of UNSAFE.
Hit: TypeAlias = Literal["right", "false SAFE", "missed SAFE", "false UNSAFE", "open"]


@dataclass(frozen=True)
class Verdicts:
    """The verdict on one condition, beside what is true of its pairs.

    Attributes:
        truth: the share of pairs that truly change, in activation and in valence.
        ratio: the share that was called different.
    """

    condition: str
    pairs: int
    decision: Verdict
    truth: tuple[float, float]
    ratio: tuple[float | None, float | None]
    came_out: Hit


@dataclass(frozen=True)
class Findings:
    """What a rehearsal found. Money in minor units of the study's currency, times in hours of simulated time.

    Attributes:
        share: of the study's pairs.
        spent_minor: paid and owed, fees included.
        done_h: until the last task was handed in.
        paid_h: until the last of them was paid.
        missing: judgments that nobody came for.
        wage_minor: what an hour of work brought in the median worker.
        quality: how often the rules found out who did not listen.
    """

    simulated: Literal[True]
    seed: int
    pairs: int
    pairs_decided: int
    share: float
    judgments: int
    missing: int
    workers: int
    hits_handed_in: int
    hits_run_out: int
    spent_minor: int
    fees_minor: int
    cap_minor: int
    currency: str
    done_h: float
    paid_h: float
    wage_minor: float | None
    quality: Reliability
    decisions: tuple[Verdicts, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """All of it, as a file has it."""
        return asdict(self)

    def count(self, came_out: Hit) -> int:
        """How many verdicts came out so."""
        return sum(one.came_out == came_out for one in self.decisions)


def findings(played: Played, study: Study, seed: int, pairs_of_study: int) -> Findings:
    """Look at what a rehearsal has left on its stage.

    Args:
        played: the rehearsal.
        study: the design, in its own currency.
        seed: of the rehearsal.
        pairs_of_study: pairs that the whole study asks about.
    """
    wired = played.wired
    with wired.database.reading() as session:
        seen = overview(session, wired.study.hits, wired.study.pay)
        ledger = [one for one in payments(session) if one["state"] != "dropped"]
        facts = {one.worker: one for one in worker_facts(session, wired.study.pay)}
        write_judgments(judgment_rows(session), wired.folder.judgments)
    wages = [one.wage_to_be_minor for one in facts.values() if one.wage_to_be_minor is not None]
    return Findings(
        simulated=True,
        seed=seed,
        pairs=played.asked,
        pairs_decided=seen.pairs_decided,
        share=played.asked / pairs_of_study,
        judgments=seen.judgments,
        missing=played.missing,
        workers=len(played.came),
        hits_handed_in=_of(seen, "submitted", "approved"),
        hits_run_out=_of(seen, "expired", "accepted"),
        spent_minor=seen.spent_minor + seen.pending_minor,
        fees_minor=sum(int(one["fee_minor"]) for one in ledger),
        cap_minor=study.pay.cap_minor,
        currency=study.pay.currency,
        done_h=_hours(played.began_at, played.done_at),
        paid_h=_hours(played.began_at, played.paid_at),
        wage_minor=round(median(wages), 1) if wages else None,
        quality=_quality(played, facts),
        decisions=tuple(_verdicts(played, study)),
        notes=played.notes,
    )


def _of(seen: Overview, *states: str) -> int:
    return sum(seen.assignments_by_state.get(state, 0) for state in states)


def _hours(since: datetime, until: datetime) -> float:
    return round((until - since).total_seconds() / 3600, 2)


def _quality(played: Played, facts: Mapping[str, WorkerFacts]) -> Reliability:
    """Who listened in truth, and who is used: of all who judged anything."""
    secret_key = played.wired.folder.keys().secret_key
    judging = [
        (one.listener.listens, worker_key(STAGED_ON, one.diary.worker_id, secret_key))
        for one in played.came
        if one.diary.answered and one.diary.worker_id is not None
    ]
    return reliability((listens, facts[worker].trusted) for listens, worker in judging)


def _verdicts(played: Played, study: Study) -> Iterator[Verdicts]:
    if not played.wired.folder.judgments.is_file():
        return
    judgments = read_judgments(played.wired.folder.judgments)
    if judgments.empty:
        return
    with played.wired.database.reading() as session:
        made = pairs_made(session)
    for decision in certify(judgments, study.decision, study.hits.votes, made=made).decisions:
        truth = study.rehearsal.truth.get(decision.condition, REST_CHANGES)
        yield Verdicts(
            condition=decision.condition,
            pairs=decision.activation.pairs,
            decision=decision.decision,
            truth=truth,
            ratio=(decision.activation.ratio, decision.valence.ratio),
            came_out=came_out(decision, truth, study.decision),
        )


def came_out(decision: Decision, truth: tuple[float, float], rule: DecisionRule) -> Hit:
    """What a verdict is beside the truth."""
    is_safe = max(truth) < rule.tau
    if decision.decision == "SAFE":
        return "right" if is_safe else "false SAFE"
    if is_safe:
        return "false UNSAFE" if decision.decision == "UNSAFE" else "missed SAFE"
    return "right" if decision.decision == "UNSAFE" else "open"


def rows(found: Findings) -> list[tuple[str, str]]:
    """The findings but for the verdicts, for a person to read."""
    careless, quality = found.quality.careless, found.quality
    wage = "" if found.wage_minor is None else f"{found.wage_minor / minor_per_major(found.currency):.2f}"
    return [
        ("pairs that were asked about", f"{found.pairs} ({100 * found.share:.0f} % of the study)"),
        ("pairs decided", str(found.pairs_decided)),
        ("judgments", str(found.judgments)),
        ("judgments that nobody came for", str(found.missing)),
        ("workers who came", str(found.workers)),
        ("HITs handed in", str(found.hits_handed_in)),
        ("HITs that were left", str(found.hits_run_out)),
        ("cost, with fees", money(found.spent_minor, found.currency)),
        ("of it fees", money(found.fees_minor, found.currency)),
        ("cap", money(found.cap_minor, found.currency)),
        ("hours until the last HIT was done", f"{found.done_h:.1f}"),
        ("hours until the last HIT was paid", f"{found.paid_h:.1f}"),
        ("pay an hour, median worker", f"{wage} {found.currency}".strip()),
        ("workers who did not listen, found out", f"{quality.caught} of {careless}"),
        ("workers who listened, left out", f"{quality.wronged} of {quality.careful}"),
        *((f"verdicts: {which}", str(found.count(which))) for which in _SHOWN),
    ]


_SHOWN: tuple[Hit, ...] = ("right", "false SAFE", "missed SAFE", "false UNSAFE", "open")
