"""From the settings of a decision to the design that follows them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import analysis.designs
from analysis.designs.base import Design
from analysis.following import Pool
from analysis.rule import DecisionRule
from hits.vote_rules import VoteRule
from pipelines.variants import load

#: The part of an error that the limits of the margin may take under the rigorous baseline.
BASELINE_SHARE = 0.2


def design_of(rule: DecisionRule, votes: VoteRule, pool: Pool) -> Design:
    """The design of a study: a variant's fields are the settings of the same names.

    Args:
        rule: the settings.
        votes: when a pair has votes enough.
        pool: how many pairs there are; designs of a planned size plan for all of them.
    """
    kind = load(analysis.designs, rule.design, Design)
    given: dict[str, Any] = {name: getattr(rule, name) for name in type(rule).model_fields}
    given |= {
        "votes": votes,
        "alternative": rule.compared_at,
        "pairs": pool.conditions,
        "identical": rule.identical or (max(1, pool.identical) if rule.planned else None),
        "positive": rule.positive or (max(1, pool.positive) if rule.planned else None),
    }
    taken = {each.name: given[each.name] for each in fields(kind) if given.get(each.name) is not None}  # type: ignore[arg-type]
    if rule.design == "e":
        taken["baseline_error"] = BASELINE_SHARE * rule.error if rule.baseline == "rigorous" else None
    return kind(**taken)
