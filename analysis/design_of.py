"""From the settings of a decision to the design that follows them."""

from __future__ import annotations

from typing import Any

from analysis.designs.base import Design
from analysis.replay import Pool
from analysis.rule import DecisionRule
from hits.vote_rules import VoteRule


def design_of(rule: DecisionRule, votes: VoteRule, pool: Pool) -> Design:
    """The design of a study: a variant's fields are the settings of the same names.

    Args:
        rule: the settings.
        votes: when a pair has votes enough.
        pool: how many pairs there are; designs of a planned size plan for all of them.
    """
    given: dict[str, Any] = {name: getattr(rule, name) for name in type(rule).model_fields}
    given |= {
        "votes": votes,
        "alternative": rule.compared_at,
        "pairs": pool.conditions,
        "identical": rule.identical or (max(1, pool.identical) if rule.planned_size else None),
        "positive": rule.positive or (max(1, pool.positive) if rule.planned_size else None),
    }
    return rule.kind.from_settings(given)
