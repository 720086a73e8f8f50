"""Settings of the training of recognisers; read without torch, so that a study file is checked at once."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from models.features.base import Filterbanks

Dimension: TypeAlias = Literal["activation", "valence"]
#: Which frames a noisy clip is normalised by: its speaker's clean ones, or those under the same noise.
ZnormStats: TypeAlias = Literal["clean", "same"]


class Training(BaseModel):
    """Settings of the training of recognisers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    net: str = Field(
        default="crnn", description="which net, by the name of its file", json_schema_extra={"paper": "5.4"}
    )
    net_settings: dict[str, float | int | str | bool] = Field(
        default_factory=dict, description="settings of the net that differ from its defaults"
    )
    dimensions: tuple[Dimension, ...] = Field(
        default=("activation", "valence"),
        min_length=1,
        description="what is recognised, one net each",
        json_schema_extra={"paper": "section 5.4"},
    )
    folds: int = Field(
        default=5,
        ge=2,
        le=100,
        description="speaker-independent folds",
        json_schema_extra={"paper": "section 5.4"},
    )
    epochs_max: int = Field(
        default=50, ge=1, description="most epochs of a net", json_schema_extra={"paper": "section 5.4"}
    )
    patience: int = Field(
        default=5,
        ge=1,
        description="epochs without a better validation loss after which a net stops",
        json_schema_extra={"paper": "section 5.4"},
    )
    batch: int = Field(default=32, ge=1, le=4096, description="clips in a batch")
    learning_rate: float = Field(default=1e-3, gt=0, lt=10, description="step size of RMSprop")
    weight_classes: bool = Field(
        default=True, description="weigh the loss of rare classes up", json_schema_extra={"paper": "section 5.4"}
    )
    threads: int = Field(
        default=1,
        ge=0,
        le=512,
        description="processor threads; 1 is quickest for small nets and gives the same weights on machines with any "
        "number of cores, 0 leaves the number to torch",
    )
    znorm_stats: ZnormStats = Field(
        default="clean",
        description="normalise noisy clips by their speaker's clean frames, or those under the same noise",
    )
    filterbanks: Filterbanks = Field(default=Filterbanks(), description="what the net sees")
