"""From a file of judgments to the whitelist that rests on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd
from pydantic import JsonValue

from analysis.aggregators.base import Aggregator
from analysis.aggregators.majority_vote import MajorityVote
from analysis.agreement import Agreement, agreements
from analysis.certify import certify
from analysis.judgments_file import kept_out_note, sift
from analysis.rule import DecisionRule
from analysis.verdicts import Certified, Decision, DimensionDecision
from analysis.votes import counted, left_out
from analysis.whitelist import Whitelist, sha256_of
from analysis.whitelist_parts import (
    BankPlace,
    ConditionAgreement,
    ConditionVerdict,
    ControlFigures,
    DimensionVerdict,
    Exclusions,
    Stamp,
    Votes,
)
from hits.vote_rules import LeadRule, MajorityRule, VoteRule


@dataclass(frozen=True)
class Origin:
    """What a whitelist says of its study beyond the judgments.

    Attributes:
        study: its name.
        seed: its seed, as a record of it.
        languages: of the speech.
        page_languages: of the pages that workers could choose.
        stamp: when the decision was fixed, and what was changed later.
        manifest: the pairs' manifest, where there is one.
        noises: settings of conditions that the pairs were made with, where they differ from the usual.
        sounds: the banks that they drew from.
        pairs: the ids of all pairs, where they are known: judgments of others are kept out.
        made: how many pairs of each condition were made, where that is known.
    """

    study: str
    seed: int
    languages: tuple[str, ...] = ()
    page_languages: tuple[str, ...] = ()
    stamp: Stamp | None = None
    manifest: Path | None = None
    noises: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    sounds: Sequence[BankPlace] = ()
    pairs: Collection[str] | None = None
    made: Mapping[str, int] = field(default_factory=dict)


def build(
    judgments_path: Path,
    origin: Origin,
    *,
    rule: DecisionRule,
    votes: VoteRule,
    created_at: datetime,
    aggregator: Aggregator | None = None,
) -> Whitelist:
    """Derive the whitelist of a judgments file; the same file gives the same content, `created_at` apart.

    Args:
        judgments_path: judgments.csv.
        origin: what else is known of the study.
        rule: the settings of the decision.
        votes: when a pair has votes enough.
        created_at: when; with its zone.
        aggregator: how votes become the labels of the plain ratio; majority vote if not given.

    Raises:
        JudgmentsRefused: the file is wrong as a whole; rows that are wrong are kept out, and a note says how many.
    """
    sifted = sift(judgments_path, origin.pairs)
    judgments = sifted.judgments
    certified = certify(judgments, rule, votes, aggregator, made=origin.made)
    agreed = {
        row.condition: row for row in agreements(judgments, by_condition=True, draws=0) if row.question == "either"
    }
    used, gone = counted(judgments), left_out(judgments)
    return Whitelist(
        created_at=created_at,
        study=origin.study,
        seed=origin.seed,
        languages=origin.languages,
        page_languages=origin.page_languages,
        rule=rule,
        vote_rule=_votes(votes),
        grounds=certified.grounds,
        stamp=origin.stamp or Stamp(fixed_at=None, first_vote_at=_first_vote(judgments)),
        aggregator=(aggregator or MajorityVote()).name,
        controls=_controls(certified),
        exclusions=Exclusions(
            late=gone.late, not_used=gone.not_used, wrong_rows=sifted.kept_out, other_roles=gone.by_role
        ),
        assumptions=certified.assumptions,
        judgments_sha256=sha256_of(judgments_path),
        manifest_sha256=sha256_of(origin.manifest) if origin.manifest else None,
        judgments=len(judgments),
        pairs=int(used["pair_id"].nunique()),
        workers=int(used["worker"].nunique()),
        simulated=bool(judgments["simulated"].any()),
        earwitness=_release(),
        notes=(*certified.notes, *kept_out_note(sifted)),
        noises=origin.noises,
        sounds=tuple(origin.sounds),
        conditions=tuple(_verdict(decision, agreed.get(decision.condition)) for decision in certified.decisions),
    ).sealed()


def _votes(votes: VoteRule) -> Votes:
    lead = votes.lead if isinstance(votes, LeadRule) else None
    curtailed = isinstance(votes, MajorityRule) and votes.curtailed
    return Votes(rule="lead" if lead else "majority", most=votes.most, lead=lead, curtailed=curtailed)


def _first_vote(judgments: pd.DataFrame) -> datetime | None:
    return None if judgments.empty else judgments["submitted_at"].min().to_pydatetime()


def _controls(certified: Certified) -> tuple[ControlFigures, ...]:
    return tuple(
        ControlFigures(
            dimension=control.dimension,
            identical=control.identical,
            identical_changed=control.identical_changed,
            positive=control.positive,
            positive_changed=control.positive_changed,
            margin=control.margin,
        )
        for control in certified.controls
        if control.dimension != "either"
    )


def _verdict(decision: Decision, agreed: Agreement | None) -> ConditionVerdict:
    return ConditionVerdict(
        condition=decision.condition,
        family=decision.family,
        snr_db=decision.snr_db,
        decision=decision.decision,
        reason=decision.reason,
        pairs=decision.activation.pairs,
        votes=decision.activation.votes,
        activation=_dimension(decision.activation),
        valence=_dimension(decision.valence),
        agreement=ConditionAgreement(
            unanimous=agreed.unanimous if agreed else None,
            pairwise=agreed.pairwise if agreed else None,
            alpha=agreed.alpha if agreed else None,
        ),
    )


def _dimension(part: DimensionDecision) -> DimensionVerdict:
    return DimensionVerdict.model_validate({name: getattr(part, name) for name in DimensionVerdict.model_fields})


def _release() -> str:
    try:
        return version("earwitness")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
