"""Material: what nets hear, frames and scales of clips in conditions, heard once and shared by every fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

import models.denoisers
import models.features
from models.denoisers.base import Denoiser, FrameDenoiser, SoundDenoiser
from models.experiment import Experiment, ZnormStats, checked_settings
from models.features.base import Feature
from models.hearing.feature_cache import FeatureCache
from models.hearing.heard import CLEAN, Condition, Heard, hear
from models.hearing.normalise import Scale, scale_by_speaker
from models.seeding import rng_for
from pipelines.clip import Clip
from pipelines.noises.base import Noise
from pipelines.parallel import Workers
from pipelines.sounds.base import SoundBank
from pipelines.variants import load

Key = TypeVar("Key", bound=tuple[str, ...])
ALONE = Workers()
#: The frames of clips by clip id, each of shape (time, *frame_shape).
Frames: TypeAlias = Mapping[str, NDArray[np.float32]]


def make_feature(name: str, experiment: Experiment, device: str = "cpu") -> Feature:
    """A feature with the settings that an experiment gives it.

    Raises:
        UnknownVariant: there is no such feature.
        SettingsWrong: it has no such setting.
    """
    make = load(models.features, name, Feature)
    model: type[BaseModel] = make.Settings  # type: ignore[attr-defined]
    settings = checked_settings(model, experiment.features.of(name), f"the feature {name!r}")
    return make(settings, device)


def make_denoiser(experiment: Experiment) -> Denoiser | None:
    """The denoiser of an experiment, knowing nothing yet; None where there is none.

    Raises:
        UnknownVariant: there is no such denoiser.
        SettingsWrong: it has no such setting.
    """
    if experiment.denoiser is None:
        return None
    make = load(models.denoisers, experiment.denoiser, Denoiser)
    model: type[BaseModel] = make.Settings  # type: ignore[attr-defined]
    settings = checked_settings(model, experiment.denoiser_settings, f"the denoiser {experiment.denoiser!r}")
    return make(settings)


def fitted_cleaner(experiment: Experiment, train: Sequence[str], material: Material) -> FrameDenoiser | None:
    """A denoiser of frames that has learnt from clean training clips; None where the experiment has none of the kind.

    Args:
        experiment: that names the denoiser.
        train: the training clips of a fold, by id; the same ones give the same denoiser, whatever net it is for.
        material: their frames.
    """
    denoiser = make_denoiser(experiment)
    if not isinstance(denoiser, FrameDenoiser):
        return None
    seed = int(rng_for(material.source.seed, "denoiser", *train).integers(2**31))
    heard = [clip_id for clip_id in train if material.carries(clip_id, CLEAN)]
    denoiser.fit([material.frames("filterbanks", CLEAN, clip_id) for clip_id in heard], seed)
    return denoiser


@dataclass(frozen=True)
class Source:
    """From what material is made; holds no sound, so that it travels to other processes."""

    clips: Sequence[Clip]
    experiment: Experiment
    reads: tuple[str, ...]
    conditions: Mapping[str, Noise]
    sounds: SoundBank | None
    seed: int
    cache: Path | None

    def material(self, *, workers: Workers = ALONE, device: str = "cpu") -> Material:
        """Material that hears with these workers what no cache has."""
        features = {name: make_feature(name, self.experiment, device) for name in self.reads}
        return Material(self, features, workers)


@dataclass
class Material:
    """Frames and scales by feature and condition. A clip that can't carry a noise has no frames there."""

    source: Source
    features: Mapping[str, Feature]
    workers: Workers = ALONE
    #: Takes noise out of frames, once it has learnt from the clips of a fold; None leaves frames as they are.
    cleaner: FrameDenoiser | None = None
    heard_one: Callable[[int], None] | None = None
    _heard: dict[tuple[str, str], Heard] = field(default_factory=dict)
    _cleaned: dict[tuple[str, str, str], NDArray[np.float32]] = field(default_factory=dict)
    _scales: dict[tuple[str, str, str], Scale] = field(default_factory=dict)  # by feature, condition and speaker
    _speaker: dict[str, str] = field(default_factory=dict)
    _clips_of: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._speaker = {clip.clip_id: clip.speaker for clip in self.source.clips}
        for clip in self.source.clips:
            self._clips_of.setdefault(clip.speaker, []).append(clip.clip_id)

    @property
    def znorm_stats(self) -> ZnormStats:
        """Which frames a noisy clip is normalised by."""
        return self.source.experiment.znorm_stats

    @property
    def frame_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of one frame of each feature."""
        return {name: feature.frame_shape for name, feature in self.features.items()}

    def cleaned_by(self, cleaner: FrameDenoiser) -> Material:
        """The same material with noise taken out of its filterbanks; what was heard is shared, not heard again."""
        return Material(self.source, self.features, self.workers, cleaner, self.heard_one, self._heard)

    def heard(self, condition: str, feature: str | None = None) -> Heard:
        """All clips in a condition, before any cleaning of frames, and who could not carry it.

        Raises:
            SoundUnreadable: a clip's file holds no usable sound.
        """
        name = feature or self.source.reads[0]
        if (name, condition) not in self._heard:
            source = self.source
            noise = None if condition == CLEAN else Condition(condition, source.conditions[condition])
            denoiser = make_denoiser(source.experiment)
            self._heard[name, condition] = hear(
                source.clips,
                self.features[name],
                condition=noise,
                sounds=source.sounds,
                seed=source.seed,
                denoiser=denoiser if isinstance(denoiser, SoundDenoiser) else None,
                cache=FeatureCache(source.cache) if source.cache else None,
                workers=self.workers,
                heard=self.heard_one,
            )
        return self._heard[name, condition]

    def forget(self, condition: str) -> None:
        """Let go of what was heard in a condition."""
        # In place, since what was heard is shared with the same material cleaned.
        _drop(self._heard, lambda key: key[1] == condition)
        _drop(self._scales, lambda key: key[1] == condition)
        _drop(self._cleaned, lambda key: key[1] == condition)

    def let_go(self) -> None:
        """Forget which frames were cleaned, but not the speakers' scales over them."""
        self._cleaned.clear()

    def refused(self, condition: str) -> Mapping[str, str]:
        """Why clips are not heard in a condition, by clip id; by the first feature that they are no good for."""
        found: dict[str, str] = {}
        for feature in reversed(self.source.reads):
            found |= self.heard(condition, feature).refused
        for clip_id, speaker in self._speaker.items():
            if clip_id not in found and not self._has_scale(clip_id, condition):
                found[clip_id] = (
                    f"no other clip of {speaker} can be heard clean, and noisy ones are normalised by those"
                )
        return found

    def carries(self, clip_id: str, condition: str) -> bool:
        """Whether a clip is heard in a condition, with every feature, and its speaker has a scale there."""
        heard = all(clip_id in self.heard(condition, feature).frames for feature in self.source.reads)
        return heard and self._has_scale(clip_id, condition)

    def _has_scale(self, clip_id: str, condition: str) -> bool:
        if self._stats(condition) == condition:
            return True  # by the clip itself, where it is heard
        same = [clip_id, *self._clips_of[self._speaker[clip_id]]]  # first itself, which nearly always does
        return all(any(one in self.heard(CLEAN, feature).frames for one in same) for feature in self.source.reads)

    def _stats(self, condition: str) -> str:
        """The condition whose frames a clip is normalised by."""
        return CLEAN if self.znorm_stats == "clean" else condition

    def frames(self, feature: str, condition: str, clip_id: str) -> NDArray[np.float32]:
        """One clip's frames, before normalisation; shape (time, *frame_shape).

        Raises:
            KeyError: the clip can't carry the condition.
        """
        raw = self.heard(condition, feature).frames[clip_id]
        if self.cleaner is None or feature != "filterbanks":
            return raw
        key = (feature, condition, clip_id)
        if key not in self._cleaned:
            self._cleaned[key] = self.cleaner.denoise(np.asarray(raw))
        return self._cleaned[key]

    def scale(self, feature: str, condition: str, clip_id: str) -> Scale:
        """The scale of the clip's speaker: over their clean clips, or over those in the same condition."""
        stats, speaker = self._stats(condition), self._speaker[clip_id]
        key = (feature, stats, speaker)
        if key not in self._scales:
            heard = self.heard(stats, feature).frames
            mine = [name for name in self._clips_of[speaker] if name in heard]
            found = scale_by_speaker((speaker, self.frames(feature, stats, name)) for name in mine)
            self._scales[key] = found[speaker]
        return self._scales[key]


def _drop(kept: dict[Key, Any], wanted: Callable[[Key], bool]) -> None:
    for key in [key for key in kept if wanted(key)]:
        del kept[key]
