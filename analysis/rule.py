"""The decision rule as settings; read without pandas or statsmodels, so that a study file is checked at once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DecisionRule(BaseModel):
    """When a condition is called safe: `[decision]` of study.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_different: float = Field(
        default=0.10, gt=0, lt=1, description="tau: the largest share of changed pairs that is still called safe"
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="how sure a verdict has to be (one-sided, for each condition)"
    )
    min_pairs: int = Field(
        default=30,
        ge=1,
        description="conditions with fewer judged pairs stay undecided",
        json_schema_extra={"unit": "pairs"},
    )
