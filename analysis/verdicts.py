"""What is said of a condition, and what it rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from analysis.rule import DecisionRule
from analysis.votes import Dimension

Verdict: TypeAlias = Literal["SAFE", "UNSAFE", "UNDECIDED"]


@dataclass(frozen=True)
class DimensionDecision:
    """What one dimension says of a condition. Figures are None where there is nothing to work them out from.

    `ratio` is the paper's: pairs whose majority says different, with its two-sided 95 % Wilson interval. `share` is
    that of truly changed pairs, by what the controls say of the listeners, with its 95 % interval; the margin tau is
    about this one.
    """

    dimension: Dimension
    pairs: int  # with a judgment that counts
    votes: int
    different: int  # pairs whose majority says so
    ratio: float | None
    lower: float | None
    upper: float | None
    decided: int  # pairs with all the votes that the vote rule asks for
    changed: int  # of them, those that come out changed
    share: float | None
    share_lower: float | None
    share_upper: float | None
    grounds_safe: float | None  # p-value or e-value, as `Certified.grounds` says; None where none was judged
    grounds_unsafe: float | None
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

    @property
    def parts(self) -> tuple[DimensionDecision, DimensionDecision]:
        """Both dimensions."""
        return self.activation, self.valence


@dataclass(frozen=True)
class ControlCount:
    """What the controls of a study say in one dimension, under the vote rule of its pairs.

    `margin` is p*(tau): the share of pairs that would come out changed if a share tau of them truly were. It is None
    where a kind of controls is missing.
    """

    dimension: Dimension
    identical: int
    identical_changed: int
    positive: int
    positive_changed: int
    margin: float | None

    @property
    def q0(self) -> float | None:
        """Chance that a pair of the same sound comes out changed."""
        return self.identical_changed / self.identical if self.identical else None

    @property
    def q1(self) -> float | None:
        """Chance that a real change comes out changed."""
        return self.positive_changed / self.positive if self.positive else None


@dataclass(frozen=True)
class Certified:
    """The verdicts of a study. `notes` are sentences that have to stand wherever the verdicts stand."""

    rule: DecisionRule
    grounds: Literal["p-value", "e-value", "likelihood-ratio"]
    decisions: tuple[Decision, ...]
    controls: tuple[ControlCount, ...]
    notes: tuple[str, ...]
    assumptions: tuple[str, ...] = ()


def stem(condition: str) -> str:
    """A condition's name without the level at its end.

    >>> stem("nat-co-10db"), stem("nat-co--5db"), stem("fade-in")
    ('nat-co', 'nat-co', 'fade-in')
    """
    return re.sub(r"-{1,2}[0-9.]+db$", "", condition)


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """SAFE needs every part; one that is UNSAFE is enough.

    >>> overall(["SAFE", "SAFE"]), overall(["SAFE", "UNSAFE"]), overall(["SAFE", "UNDECIDED"])
    ('SAFE', 'UNSAFE', 'UNDECIDED')
    """
    if "UNSAFE" in verdicts:
        return "UNSAFE"
    return "SAFE" if all(verdict == "SAFE" for verdict in verdicts) else "UNDECIDED"
