"""Experiment: data, folds, net, training and measures as one typed design; read without torch."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import models.features
from models.features.base import Filterbanks
from models.labelling import LabelName
from pipelines.variants import variant_names

#: Which frames a noisy clip is normalised by: its speaker's clean ones, or those under the same noise.
ZnormStats: TypeAlias = Literal["clean", "same"]
Scalar: TypeAlias = bool | int | float | str
OptimiserName: TypeAlias = Literal["rmsprop", "adam", "adamw", "sgd"]
ScheduleName: TypeAlias = Literal["constant", "cosine", "linear", "step", "plateau"]
Precision: TypeAlias = Literal["32", "bf16", "16"]


class ExperimentWrong(ValueError):
    """A file that should describe an experiment can't be used: every wrong key at once."""

    def __init__(self, path: Path, errors: list[str]) -> None:
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__(f"{path} has {count}:\n" + "\n".join(f"  {error}" for error in errors))


class SettingsWrong(ValueError):
    """A net, a feature or a denoiser lacks a setting that an experiment gives it, or the setting's value is none."""

    def __init__(self, of: str, errors: list[str]) -> None:
        super().__init__(f"the settings of {of} can't be used: {'; '.join(errors)}")


class Features(BaseModel):
    """Settings of what nets see, a table for each feature; those of other features are checked as they load."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, dict[str, Any]]

    filterbanks: Filterbanks = Field(default=Filterbanks(), description="log mel filterbanks")

    @model_validator(mode="after")
    def _known(self) -> Features:
        known = variant_names(models.features)
        unknown = [name for name in self.model_extra or {} if name.replace("_", "-") not in known]
        if unknown:
            raise ValueError(f"found settings of the feature {unknown[0]!r}; expected one of {', '.join(known)}")
        return self

    def of(self, name: str) -> dict[str, Any]:
        """The settings of one feature that differ from its defaults."""
        found = getattr(self, name.replace("-", "_"), None) or getattr(self, name, None) or {}
        return found.model_dump() if isinstance(found, BaseModel) else dict(found)


class Augment(BaseModel):
    """What noise training clips are heard in, beside clean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conditions: Literal["nothing", "whitelist", "everything"] | tuple[str, ...] = Field(
        default="nothing",
        description="nothing, whitelist (what is SAFE for this label), everything, or conditions by name",
        json_schema_extra={"paper": "section 5.5"},
    )
    without: tuple[str, ...] = Field(default=(), description="conditions that are held out")
    probability: float = Field(
        default=1.0, gt=0, le=1, description="how likely a noisy version of a clip is heard in an epoch"
    )
    per_clip: int = Field(default=0, ge=0, description="noisy versions of each clip, drawn once; 0 makes all")
    snr_min_db: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="leaves out conditions with a lower SNR",
        json_schema_extra={"unit": "dB"},
    )
    snr_max_db: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="leaves out conditions with a higher SNR",
        json_schema_extra={"unit": "dB"},
    )
    sounds_share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="share of each family's recordings that training may hear; the others are left for an attacker",
    )


class FoldDesign(BaseModel):
    """Who is learnt from and who is tested."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["k-fold", "leave-one-session-out", "leave-one-speaker-out", "lists"] = Field(
        default="k-fold",
        description="speaker-independent folds, a session or a group of speakers at a time, or fixed lists",
        json_schema_extra={"paper": "section 3.2"},
    )
    folds: int = Field(
        default=5, ge=2, le=100, description="number of k-fold's folds", json_schema_extra={"paper": "section 3.2"}
    )
    group: int = Field(default=1, ge=1, description="speakers that leave-one-speaker-out leaves out at a time")
    validation_share: float = Field(
        default=0.2, gt=0, lt=0.9, description="share of what is not tested that validates; whole speakers if it can"
    )
    lists: Path | None = Field(
        default=None, description="CSV with the columns fold, part (train, validation, test) and speaker or clip_id"
    )

    @model_validator(mode="after")
    def _lists_where_they_are_used(self) -> FoldDesign:
        if (self.kind == "lists") != (self.lists is not None):
            raise ValueError(f"found kind = {self.kind!r} and lists = {self.lists}; expected both of lists, or none")
        return self


class Training(BaseModel):
    """How a net learns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs_max: int = Field(
        default=50, ge=1, description="most epochs of a net", json_schema_extra={"paper": "section 3.2"}
    )
    patience: int = Field(
        default=5,
        ge=1,
        description="epochs without a better validation loss after which a net stops",
        json_schema_extra={"paper": "section 3.2"},
    )
    batch: int = Field(default=32, ge=1, le=4096, description="clips in a batch")
    optimiser: OptimiserName = Field(
        default="rmsprop", description="by name", json_schema_extra={"paper": "section 3.2"}
    )
    learning_rate: float = Field(default=1e-3, gt=0, lt=10, description="first step size of the optimiser")
    weight_decay: float = Field(default=0.0, ge=0, lt=1, description="of the optimiser")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="of sgd and rmsprop")
    schedule: ScheduleName = Field(default="constant", description="how the learning rate goes on, epoch by epoch")
    schedule_epochs: int = Field(
        default=10, ge=1, description="epochs between steps (step), or without gain before one (plateau)"
    )
    schedule_factor: float = Field(
        default=0.1, gt=0, lt=1, description="of each step; cosine and linear end at this share of the first rate"
    )
    weight_classes: bool = Field(
        default=True, description="weigh the loss of rare classes up", json_schema_extra={"paper": "section 3.2"}
    )
    clip_norm: float = Field(default=0.0, ge=0, description="longest gradient; 0 leaves gradients as they are")
    precision: Precision = Field(
        default="32", description="of the net's arithmetic: 32 bits, or mixed with bf16 or 16 (GPU)"
    )


class MeasureDesign(BaseModel):
    """What is said of nets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resamples: int = Field(default=2000, ge=100, le=100_000, description="of speakers, for intervals")
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="of intervals")
    pooled: Literal["clips", "folds"] = Field(
        default="clips",
        description="UAR over all test clips of a seed, or the mean over its folds",
        json_schema_extra={"paper": "section 3.2"},
    )


class Experiment(BaseModel):
    """Everything that decides what nets come out, given clips, sounds and a seed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[LabelName, ...] = Field(
        default=("activation", "valence"),
        min_length=1,
        description="what is recognised, one net each: activation, valence, emotion (the corpus' categories)",
        json_schema_extra={"paper": "section 3.2"},
    )
    net: str = Field(
        default="crnn", description="which net, by the name of its file", json_schema_extra={"paper": "section 3.2"}
    )
    net_settings: dict[str, Scalar] = Field(
        default_factory=dict, description="settings of the net that differ from its defaults"
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(1,), min_length=1, description="nets are trained once for each, on the same folds"
    )
    znorm_stats: ZnormStats = Field(
        default="clean",
        description="normalise noisy clips by their speaker's clean frames, or those under the same noise",
    )
    denoiser: str | None = Field(
        default=None,
        description="takes the noise out before the net listens, in training and after; by the name of its file",
        json_schema_extra={"paper": "section 5.4"},
    )
    denoiser_settings: dict[str, Scalar] = Field(
        default_factory=dict, description="settings of the denoiser that differ from its defaults"
    )
    features: Features = Features()
    augment: Augment = Augment()
    folds: FoldDesign = FoldDesign()
    training: Training = Training()
    measures: MeasureDesign = MeasureDesign()

    @model_validator(mode="after")
    def _each_once(self) -> Experiment:
        for name, found in (("seeds", self.seeds), ("labels", self.labels)):
            if len(set(found)) < len(found):
                raise ValueError(f"{name}: found {list(found)}; expected each once")
        return self


def read_experiment(path: Path) -> Experiment:
    """An experiment from a TOML file.

    Raises:
        ExperimentWrong: it can't be read, is no TOML, or has keys or values that are none; all are named.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExperimentWrong(path, [f"it can't be read ({error.strerror})"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExperimentWrong(path, [f"it is not TOML ({error})"]) from None
    try:
        return Experiment.model_validate(told)
    except ValidationError as wrong:
        raise ExperimentWrong(path, _errors(wrong)) from None


def checked_settings(model: type[BaseModel], told: Mapping[str, Any], of: str) -> BaseModel:
    """The settings of a variant.

    Args:
        model: what settings it has.
        told: those that differ from its defaults.
        of: whose they are, as "the net 'crnn'".

    Raises:
        SettingsWrong: it has no such setting, or not with such a value; all are named.
    """
    try:
        return model.model_validate(told)
    except ValidationError as wrong:
        raise SettingsWrong(of, _errors(wrong)) from None


def _errors(wrong: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, error['loc'])) or 'the whole'}: {error['msg']}"
        for error in wrong.errors(include_url=False)
    ]
