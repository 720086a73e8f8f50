"""What people said of a noise that an attack used."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.verdicts import Verdict, stem
from analysis.whitelist import Whitelist
from analysis.whitelist_parts import ConditionVerdict, DimensionVerdict


@dataclass(frozen=True)
class People:
    """How often people heard a change in a condition; figures are None where nobody was asked."""

    condition: str
    decision: Verdict
    ratio: float | None  # pairs whose majority heard a change, as a share
    lower: float | None  # its limits
    upper: float | None


def heard_by_people(verdict: ConditionVerdict, label: str) -> People:
    """What people said of a condition in a label's dimension.

    A label of categories, or of both, changes at least as often as the dimension that changes more.
    """
    parts: dict[str, DimensionVerdict] = {"activation": verdict.activation, "valence": verdict.valence}
    part = parts.get(label) or max(parts.values(), key=lambda one: -1.0 if one.ratio is None else one.ratio)
    return People(verdict.condition, verdict.decision, part.ratio, part.lower, part.upper)


def nearest_judged(whitelist: Whitelist, move: str, level_db: float | None) -> ConditionVerdict | None:
    """The verdict on a move at a level, or at the nearest noisier one that was judged; None where there is none."""
    if level_db is None:
        return next((one for one in whitelist.conditions if one.condition == move), None)
    levels = [
        one
        for one in whitelist.conditions
        if one.snr_db is not None and stem(one.condition) == move and one.snr_db <= level_db
    ]
    return max(levels, key=lambda one: one.snr_db or 0.0, default=None)
