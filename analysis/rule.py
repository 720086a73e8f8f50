"""The decision as settings; read without pandas or statsmodels, so that a study file is checked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict

import analysis.designs
from pipelines.variants import load_class, variant_names

if TYPE_CHECKING:
    from analysis.designs.base import Design

PAIRS: JsonDict = {"unit": "pairs"}
ROUNDS_AT_MOST = 1000  # thresholds are simulated round by round


class DecisionRule(BaseModel):
    """When a condition is called safe. Fixed before the first vote, and stamped then; later changes are shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    design: str = Field(
        "fixed",
        description="how pairs are asked and when it is decided: 'fixed' is the paper's way, with controls; 'c-prime' "
        "is the cheapest; docs/designs.md has them all, and earwitness plan foresees them",
    )
    tau: float = Field(0.10, gt=0, lt=0.5, description="the largest share of truly changed pairs that is still safe")
    error: float = Field(
        0.05,
        gt=0,
        lt=0.5,
        description="error rate: of each condition, and the expected share of wrong ones among all called SAFE",
    )
    unsafe: bool = Field(
        True,  # noqa: FBT003
        description="whether UNSAFE is found, too; asking for SAFE alone costs fewer judgments",
    )
    identical: int | None = Field(
        None, ge=1, description="identical controls that are asked for; none: as many as the design takes"
    )
    positive: int | None = Field(
        None, ge=1, description="positive controls that are asked for; none: as many as the design takes"
    )
    min_pairs: int = Field(
        30,
        ge=1,
        description="under 'fixed' and 'group-sequential': with fewer judged pairs of a condition, or fewer controls "
        "of either kind, nothing is decided",
        json_schema_extra=PAIRS,
    )
    correction: Literal["bh", "holm", "none"] = Field(
        "bh",
        description="under 'fixed' and 'group-sequential', over conditions: 'bh' (share of wrong ones), 'holm' (any "
        "wrong one) or 'none'",
    )
    looks: int = Field(5, ge=1, le=20, description="looks planned under 'group-sequential'")
    spending: Literal["obrien-fleming", "pocock"] = Field(
        "obrien-fleming", description="how 'group-sequential' spends its error over the looks"
    )
    baseline: Literal["rigorous", "plug-in"] = Field(
        "rigorous",
        description="under 'e': 'rigorous' pays for the noise of the controls, 'plug-in' takes them as they are",
    )
    alternative: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="under 'e', 'c' and 'c-prime': the share of tau that likelihoods are compared at; none: the best "
        "that simulations found at this tau",
    )
    controls_after: int = Field(
        1,
        ge=0,
        description="under 'c' and 'c-prime': rounds before the first controls, so that they are judged by the workers "
        "who go on",
        json_schema_extra={"unit": "rounds"},
    )
    futility: float = Field(
        0.05, gt=0, lt=1, description="under 'e', 'c' and 'c-prime': the likelihood ratio at which hope is given up"
    )
    batch: int = Field(
        10, ge=1, description="under 'e', 'c' and 'c-prime': pairs of a condition in a round", json_schema_extra=PAIRS
    )
    most_pairs: int = Field(
        900, ge=1, description="under 'e', 'c' and 'c-prime': pairs of a condition at most", json_schema_extra=PAIRS
    )
    slack: float = Field(
        0.0,
        ge=0,
        le=3,
        description="by how much harder real changes may be to hear than positive controls, in logits of a mean vote",
    )
    snr_order: bool = Field(
        False,  # noqa: FBT003
        description="assume that less noise changes no more: a condition is SAFE where the same noise at a lower SNR "
        "is. An assumption, which the whitelist then names",
    )

    @field_validator("design")
    @classmethod
    def _known(cls, design: str) -> str:
        names = variant_names(analysis.designs)
        if design not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return design

    @model_validator(mode="after")
    def _whole_rounds(self) -> DecisionRule:
        if not self.batch <= self.most_pairs <= ROUNDS_AT_MOST * self.batch:
            raise ValueError(
                f"batch is {self.batch} and most_pairs {self.most_pairs}; expected 1 to {ROUNDS_AT_MOST} batches of "
                "them in all"
            )
        return self

    @property
    def compared_at(self) -> float:
        """The share of tau that likelihoods are compared at: as set, or what costs least for what it finds.

        >>> [DecisionRule(tau=tau).compared_at for tau in (0.05, 0.075, 0.10, 0.15)]
        [0.3, 0.35, 0.25, 0.25]
        """
        usual = 0.25 if self.tau >= 0.09 else 0.35 if self.tau >= 0.06 else 0.3  # docs/designs.md
        return self.alternative or usual

    @property
    def kind(self) -> type[Design]:
        """The design's class, imported only when it is asked for."""
        from analysis.designs.base import Design

        return load_class(analysis.designs, self.design, Design)

    @property
    def sequential(self) -> bool:
        """Whether collection follows the decision."""
        return self.kind.sequential

    @property
    def planned_size(self) -> bool:
        """Whether the design plans for a number of pairs."""
        return self.kind.planned_size
