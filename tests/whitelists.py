"""Whitelists for tests that need one and do not care how it came about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from analysis.ratios import wilson
from analysis.rule import DecisionRule
from analysis.verdicts import Verdict
from analysis.whitelist import Whitelist
from analysis.whitelist_parts import (
    ConditionAgreement,
    ConditionVerdict,
    ControlFigures,
    DimensionVerdict,
    Exclusions,
    Stamp,
    Votes,
)

NOW = datetime(2026, 2, 1, tzinfo=UTC)
DIFFERENT = {"SAFE": 0.0, "UNDECIDED": 0.1, "UNSAFE": 0.6}  # share of pairs that go with a verdict


def part(decision: Verdict, pairs: int = 100) -> DimensionVerdict:
    """A dimension with that verdict, and figures that go with it."""
    different = round(DIFFERENT[decision] * pairs)
    lower, upper = wilson(different, pairs, 0.95)
    return DimensionVerdict(
        decision=decision,
        votes=3 * pairs,
        different=different,
        ratio=different / pairs,
        lower=lower,
        upper=upper,
        decided=pairs,
        changed=different,
        share=different / pairs,
        share_lower=lower,
        share_upper=upper,
        grounds_safe=0.5,
        grounds_unsafe=0.5,
    )


def verdict(
    name: str,
    activation: Verdict = "SAFE",
    valence: Verdict = "SAFE",
    *,
    family: str = "any",
    snr_db: float | None = None,
    pairs: int = 100,
) -> ConditionVerdict:
    """A condition: SAFE where both dimensions are, UNSAFE where one is."""
    said = {activation, valence}
    return ConditionVerdict(
        condition=name,
        family=family,
        snr_db=snr_db,
        decision="UNSAFE" if "UNSAFE" in said else "SAFE" if said == {"SAFE"} else "UNDECIDED",
        reason="it is made for a test",
        pairs=pairs,
        votes=3 * pairs,
        activation=part(activation, pairs),
        valence=part(valence, pairs),
        agreement=ConditionAgreement(unanimous=None, pairwise=None, alpha=None),
    )


def whitelist(*conditions: ConditionVerdict, **more: Any) -> Whitelist:
    """A sealed whitelist of these conditions."""
    values: dict[str, Any] = {
        "created_at": NOW,
        "study": "spring",
        "seed": 3,
        "rule": DecisionRule(),
        "vote_rule": Votes(rule="majority", most=3),
        "grounds": "p-value",
        "stamp": Stamp(fixed_at=NOW, first_vote_at=NOW),
        "controls": tuple(
            ControlFigures(
                dimension=name, identical=200, identical_changed=4, positive=100, positive_changed=90, margin=0.108
            )
            for name in ("activation", "valence")
        ),
        "exclusions": Exclusions(late=0, not_used=0, wrong_rows=0, other_roles={}),
        "notes": (),
        "judgments_sha256": "0" * 64,
        "manifest_sha256": None,
        "judgments": 1,
        "pairs": sum(one.pairs for one in conditions),
        "workers": 1,
        "simulated": False,
        "earwitness": "0",
        "conditions": conditions,
    }
    return Whitelist(**values | more).sealed()
