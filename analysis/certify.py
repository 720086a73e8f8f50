"""SAFE, UNSAFE or UNDECIDED: what the ratios of a study allow one to say of each condition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

import pandas as pd

from analysis.aggregators.base import Aggregator
from analysis.ratios import Ratio, ratios, wilson
from analysis.rule import DecisionRule
from analysis.votes import Dimension

Verdict: TypeAlias = Literal["SAFE", "UNSAFE", "UNDECIDED"]

#: A change in either of these makes a condition unsafe; UNSAFE is corrected for looking at both.
JUDGED: tuple[Dimension, ...] = ("activation", "valence")


@dataclass(frozen=True)
class DimensionDecision:
    """What one dimension says of a condition. Limits are one-sided Wilson limits, None without pairs.

    `upper` is the limit at the rule's confidence, which SAFE asks for; `lower` the limit at that confidence after
    Bonferroni's correction for two dimensions, which UNSAFE asks for.
    """

    dimension: Dimension
    pairs: int
    votes: int
    different: int
    ratio: float | None
    lower: float | None
    upper: float | None
    decision: Verdict


@dataclass(frozen=True)
class Decision:
    """The verdict on a condition, from its two dimensions, and the reason as a sentence."""

    condition: str
    family: str
    snr_db: float | None
    decision: Verdict
    activation: DimensionDecision
    valence: DimensionDecision
    reason: str


@dataclass(frozen=True)
class Certified:
    """The verdicts of a study, beside the noise floor: how often identical pairs are called different.

    `notes` are sentences that have to stand wherever the verdicts stand.
    """

    rule: DecisionRule
    decisions: tuple[Decision, ...]
    floor: tuple[Ratio, ...]  # identical pairs, over all their conditions; empty where none was asked
    notes: tuple[str, ...]


def certify(study: Iterable[Ratio], rule: DecisionRule, floor: Iterable[Ratio] = ()) -> Certified:
    """Decide on every condition by its plain ratio of pairs voted different, the paper's measure.

    SAFE: the upper one-sided Wilson limit is below tau for activation AND for valence (both have to hold, so no
    correction is due). UNSAFE: the lower limit of one of them is above tau, at half the error for each (Bonferroni).
    Otherwise UNDECIDED, as is every condition with fewer than `min_pairs` pairs.

    The ratio is the plain one: what people call different among identical pairs (the noise floor) is part of it and
    is not taken off, but measured and put beside it. Each verdict is held at the rule's confidence by itself, not
    over all conditions together.

    Args:
        study: ratios of the role study, as `analysis.ratios.ratios` gives them.
        rule: tau, confidence, least number of pairs.
        floor: ratios of the role identical.
    """
    # `analysis.ratios.ratios` keeps the dimensions of a condition together
    grouped = [list(group) for _, group in groupby(study, key=lambda ratio: ratio.condition)]
    decisions = tuple(_decide(group, rule) for group in grouped)
    identical = tuple(floor)
    return Certified(rule, decisions, identical, tuple(_notes(identical, rule)))


def certify_judgments(judgments: pd.DataFrame, rule: DecisionRule, aggregator: Aggregator) -> Certified:
    """Ratios, noise floor and verdicts of a table of judgments, in one step."""
    return certify(ratios(judgments, aggregator), rule, floor=ratios(judgments, aggregator, "identical"))


def decide_dimension(
    dimension: Dimension, pairs: int, votes: int, different: int, rule: DecisionRule
) -> DimensionDecision:
    """What `different` of `pairs` says about one dimension under a rule."""
    if pairs == 0:
        return DimensionDecision(dimension, 0, votes, 0, None, None, None, "UNDECIDED")
    error = 1 - rule.confidence
    _, upper = wilson(different, pairs, confidence=1 - 2 * error)
    lower, _ = wilson(different, pairs, confidence=1 - 2 * error / len(JUDGED))
    verdict: Verdict = "UNDECIDED"
    if pairs >= rule.min_pairs and upper < rule.max_different:
        verdict = "SAFE"
    elif pairs >= rule.min_pairs and lower > rule.max_different:
        verdict = "UNSAFE"
    return DimensionDecision(dimension, pairs, votes, different, different / pairs, lower, upper, verdict)


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """SAFE needs every dimension; one UNSAFE dimension is enough.

    >>> overall(["SAFE", "SAFE"]), overall(["SAFE", "UNSAFE"]), overall(["SAFE", "UNDECIDED"])
    ('SAFE', 'UNSAFE', 'UNDECIDED')
    """
    if "UNSAFE" in verdicts:
        return "UNSAFE"
    return "SAFE" if all(verdict == "SAFE" for verdict in verdicts) else "UNDECIDED"


def _decide(group: Sequence[Ratio], rule: DecisionRule) -> Decision:
    by_dimension = {ratio.dimension: ratio for ratio in group}
    activation, valence = (
        decide_dimension(name, found.pairs, found.votes, found.different, rule)
        for name, found in ((name, by_dimension[name]) for name in JUDGED)
    )
    verdict = overall([activation.decision, valence.decision])
    first = group[0]
    reason = _reason(verdict, activation, valence, rule)
    return Decision(first.condition, first.family, first.snr_db, verdict, activation, valence, reason)


def _reason(verdict: Verdict, activation: DimensionDecision, valence: DimensionDecision, rule: DecisionRule) -> str:
    tau, sure = f"{rule.max_different:g}", f"{rule.confidence:g}"
    if activation.pairs < rule.min_pairs:
        return f"{activation.pairs} judged pairs; a verdict needs {rule.min_pairs}"
    if verdict == "SAFE":
        return f"in both dimensions people call at most {tau} of the pairs different, at confidence {sure}"
    if verdict == "UNSAFE":
        changed = [part.dimension for part in (activation, valence) if part.decision == "UNSAFE"]
        return f"people call more than {tau} of the pairs different in {' and '.join(changed)}, at confidence {sure}"
    open_ = [part.dimension for part in (activation, valence) if part.decision == "UNDECIDED"]
    return f"the interval of {' and '.join(open_)} holds {tau}; more pairs would tell"


def _notes(floor: Sequence[Ratio], rule: DecisionRule) -> list[str]:
    notes = [
        "Verdicts rest on the plain ratio of pairs voted different. The noise floor, which is how often people call "
        "two identical clips different, is part of that ratio and is shown beside it, not taken off."
    ]
    measured = [ratio for ratio in floor if ratio.dimension in JUDGED and ratio.pairs]
    if not measured:
        return [*notes, "No identical pairs were judged, so the noise floor of these listeners is unknown."]
    several = len({ratio.condition for ratio in measured}) > 1
    for ratio in measured:
        part = decide_dimension(ratio.dimension, ratio.pairs, ratio.votes, ratio.different, rule)
        assert part.upper is not None
        of_condition = f" ({ratio.condition})" if several else ""
        notes.append(
            f"Noise floor in {ratio.dimension}{of_condition}: {ratio.different} of {ratio.pairs} identical pairs "
            f"were called different ({part.ratio:.3f}, at most {part.upper:.3f} at confidence {rule.confidence:g})."
        )
        if part.upper >= rule.max_different:
            notes.append(
                f"That floor is not clearly below {rule.max_different:g}: in {ratio.dimension} a safe condition can "
                f"hardly be told from an unsafe one here. Ask more identical pairs, or listeners who attend better."
            )
    return notes
