"""Two whitelists side by side: which verdicts differ, by how much shares moved, and what was decided otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.verdicts import Verdict
from analysis.whitelist import Whitelist
from analysis.whitelist_parts import ConditionVerdict, DimensionVerdict


@dataclass(frozen=True)
class Difference:
    """A condition of which two whitelists say different things, as a whole or in a dimension; None where one is silent.

    `activation` and `valence` are by how much the share of truly changed pairs is larger in the second.
    """

    condition: str
    first: Verdict | None
    second: Verdict | None
    activation: float | None
    valence: float | None


def verdict_differences(first: Whitelist, second: Whitelist) -> tuple[Difference, ...]:
    """The conditions whose verdicts differ, in the order of the first list, then of the second."""
    one, other = ({verdict.condition: verdict for verdict in each.conditions} for each in (first, second))
    return tuple(
        _difference(name, one.get(name), other.get(name))
        for name in dict.fromkeys([*one, *other])
        if _all_said(one.get(name)) != _all_said(other.get(name))
    )


#: What makes verdicts comparable or not, beside the rule.
SETTINGS = (
    *("study", "kind", "simulated", "languages", "aggregator", "vote_rule", "grounds", "noises"),
    *("manifest_sha256", "judgments_sha256"),
)


def setting_differences(first: Whitelist, second: Whitelist) -> Iterator[tuple[str, object, object]]:
    """What the two were decided by otherwise: the setting, and its value in each."""
    for name in SETTINGS:
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            yield name, one, other
    before, after = first.rule.model_dump(), second.rule.model_dump()
    for name in before:
        if before[name] != after[name]:
            yield f"decision.{name}", before[name], after[name]


def _all_said(verdict: ConditionVerdict | None) -> tuple[Verdict, ...]:
    return (verdict.decision, verdict.activation.decision, verdict.valence.decision) if verdict else ()


def _said(verdict: ConditionVerdict | None) -> Verdict | None:
    return verdict.decision if verdict else None


def _difference(name: str, one: ConditionVerdict | None, other: ConditionVerdict | None) -> Difference:
    activation, valence = (
        _moved(getattr(one, dimension, None), getattr(other, dimension, None))
        for dimension in ("activation", "valence")
    )
    return Difference(name, _said(one), _said(other), activation, valence)


def _moved(one: DimensionVerdict | None, other: DimensionVerdict | None) -> float | None:
    if one is None or other is None or one.share is None or other.share is None:
        return None
    return other.share - one.share
