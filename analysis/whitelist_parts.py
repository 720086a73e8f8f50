"""The pieces of a whitelist as its file holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from analysis.ratios import wilson
from analysis.verdicts import Verdict

#: Limits are compared after a round trip through JSON and perhaps another release of SciPy.
TOLERANCE = 1e-6

Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A piece of a whitelist: nothing in it is changed, and nothing is in it that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DimensionVerdict(Part):
    """What one dimension says of a condition, as `analysis.verdicts.DimensionDecision` explains it."""

    decision: Verdict
    votes: int = Field(ge=0, description="judgments that count")
    different: int = Field(ge=0, description="pairs whose majority says different")
    ratio: Share | None = Field(description="different / pairs, the paper's measure; null without pairs")
    lower: Share | None = Field(description="its two-sided 95 % Wilson interval")
    upper: Share | None
    decided: int = Field(ge=0, description="pairs with all the votes that the vote rule asks for")
    changed: int = Field(ge=0, description="of them, those that came out changed under the vote rule")
    share: Share | None = Field(description="share of truly changed pairs by what the controls say; tau is about it")
    share_lower: Share | None = Field(description="its 95 % interval (MOVER)")
    share_upper: Share | None
    grounds_safe: float | None = Field(ge=0, description="p-value or e-value of SAFE in this dimension alone")
    grounds_unsafe: float | None = Field(ge=0, description="the same of UNSAFE")


class ConditionAgreement(Part):
    """How far workers agree whether anything differs under a condition; None where a figure is undefined."""

    unanimous: Share | None
    pairwise: Share | None
    alpha: float | None


class ConditionVerdict(Part):
    """The verdict on one condition and what it rests on."""

    condition: str = Field(min_length=1)
    family: str = Field(min_length=1)
    snr_db: float | None
    decision: Verdict = Field(description="on both dimensions together")
    reason: str
    pairs: int = Field(ge=0, description="with a judgment that counts")
    votes: int = Field(ge=0)
    activation: DimensionVerdict
    valence: DimensionVerdict
    agreement: ConditionAgreement


class BankPlace(Part):
    """A sound bank that a study's noises drew from: the name of its reader, and its root folder there."""

    name: str = Field(min_length=1)
    path: str = Field(min_length=1)


class ControlFigures(Part):
    """The controls in one dimension, under the vote rule of all pairs."""

    dimension: Literal["activation", "valence"]
    identical: int = Field(ge=0, description="identical pairs that are decided")
    identical_changed: int = Field(ge=0)
    positive: int = Field(ge=0, description="positive pairs that are decided")
    positive_changed: int = Field(ge=0)
    margin: Share | None = Field(description="share of pairs that comes out changed where a share tau truly is")


class Votes(Part):
    """How votes of a pair come to an outcome."""

    rule: Literal["majority", "lead"]
    most: int = Field(ge=1, description="votes of a pair at most")
    lead: int | None = Field(default=None, ge=1, description="votes by which different has to lead")
    curtailed: bool = Field(default=False, description="a majority stops where further votes could change nothing")


class Changed(Part):
    """A setting of the decision that was changed after the first vote."""

    at: AwareDatetime
    setting: str
    before: JsonValue
    after: JsonValue


class Stamp(Part):
    """When the decision was fixed, and what was changed later."""

    fixed_at: AwareDatetime | None = Field(description="null where nobody noted it, as for imported judgments")
    first_vote_at: AwareDatetime | None
    changes: tuple[Changed, ...] = ()


class Exclusions(Part):
    """Judgments that have no say in the verdicts, by why."""

    late: int = Field(ge=0, description="came after their pair was decided")
    not_used: int = Field(ge=0, description="by workers whom quality control left out")
    wrong_rows: int = Field(ge=0, description="kept out of the file as read, since they are wrong")
    other_roles: Mapping[str, int] = Field(description="asked for other reasons: controls, checks, repeats")


def check_condition(verdict: ConditionVerdict) -> None:
    """Refuse figures that do not go together.

    Raises:
        ValueError: says which, and what they should be.
    """
    for dimension, found in (("activation", verdict.activation), ("valence", verdict.valence)):
        where = f"{verdict.condition}, {dimension}"
        if max(found.different, found.decided) > verdict.pairs or found.changed > found.decided:
            raise ValueError(
                f"{where}: {found.different} different, {found.decided} decided and {found.changed} changed of "
                f"{verdict.pairs} pairs"
            )
        due = (found.different / verdict.pairs, *wilson(found.different, verdict.pairs, 0.95)) if verdict.pairs else ()
        for name, value in zip(("ratio", "lower", "upper"), due or (None, None, None), strict=True):
            if not _near(getattr(found, name), value):
                raise ValueError(
                    f"{where}: {name} is {getattr(found, name)}, but {found.different} different of {verdict.pairs} "
                    f"pairs give {value}"
                )
    if verdict.decision == "SAFE" and {verdict.activation.decision, verdict.valence.decision} != {"SAFE"}:
        raise ValueError(f"{verdict.condition}: it says SAFE, but not in both dimensions")


def _near(found: float | None, due: float | None) -> bool:
    if found is None or due is None:
        return found is due
    return math.isclose(found, due, abs_tol=TOLERANCE)
