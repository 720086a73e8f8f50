"""Hear single sounds as trained nets do: files or arrays in, features out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import librosa
import numpy as np
from numpy.typing import NDArray

from models.denoisers.base import SoundDenoiser
from models.experiment import Experiment
from models.features.base import ClipUnfit, Feature
from models.hearing.material import make_denoiser, make_feature
from pipelines.audio import Samples
from pipelines.sound_file import SILENCE, read_sound

#: A sound file, or samples in [-1, 1] of shape (time,).
Sound: TypeAlias = Path | str | Samples


LOUDEST = 16.0  # what was clipped or resampled may exceed full scale a little; steps of 16 bits exceed it by far


class SoundWrong(ValueError):
    """Something that was given is no sound that could be recognised."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(f"{name}: {found}")


class OneSound(TypeError):
    """One file was given where a list of sounds is expected."""

    def __init__(self, found: Path | str) -> None:
        super().__init__(f"found one file ({found}); expected a list of sounds, as [{str(found)!r}]")


class LengthsDiffer(ValueError):
    """There are not as many labels or speakers as sounds."""

    def __init__(self, what: str, found: int, sounds: int) -> None:
        super().__init__(f"found {found} {what} for {sounds} sounds; expected one for each")


def refuse_one(several: Sequence[object]) -> None:
    """See that lists of sounds are lists, not the name of one file.

    Raises:
        OneSound: one of them is a file.
    """
    for sounds in several:
        if isinstance(sounds, (str, Path)):
            raise OneSound(sounds)


def name_of(sound: Sound, number: int) -> str:
    """What a sound is called in sentences: its file, or its place among those given."""
    return str(sound) if isinstance(sound, (str, Path)) else f"sound {number}"


def checked(samples: Samples, name: str) -> Samples:
    """Samples as float32.

    Raises:
        SoundWrong: they are no sound: not floats, not of one channel, empty, not finite, on another scale, or silent.
    """
    found = np.asarray(samples)
    if found.ndim != 1 or not len(found) or not np.issubdtype(found.dtype, np.floating):
        raise SoundWrong(
            name, f"found an array of {found.dtype} of shape {found.shape}; expected floats of shape (time,)"
        )
    if not np.isfinite(found).all():
        raise SoundWrong(name, "found samples that are not finite; expected numbers in [-1, 1]")
    peak = float(np.abs(found).max())
    if peak > LOUDEST:
        raise SoundWrong(name, f"found samples up to {peak:g}; expected numbers in [-1, 1]: divide them by full scale")
    if peak < SILENCE:
        raise SoundWrong(name, "is silent (no sample above -80 dB of full scale); leave it out")
    return found.astype(np.float32)


@dataclass
class Listener:
    """Hears sounds with the features and the denoiser of an experiment."""

    experiment: Experiment
    reads: Sequence[str]  # names of features
    array_rate_hz: int  # of sounds that are arrays
    device: str = "cpu"
    _features: dict[str, Feature] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._features = {name: make_feature(name, self.experiment, self.device) for name in self.reads}
        denoiser = make_denoiser(self.experiment)
        self._denoiser = denoiser if isinstance(denoiser, SoundDenoiser) else None

    @property
    def sample_rate_hz(self) -> int:
        """At which the first feature listens."""
        return self._features[self.reads[0]].sample_rate_hz

    def samples(self, sound: Sound, rate_hz: int, name: str) -> Samples:
        """A sound as it is, at a rate; shape (time,).

        Raises:
            SoundWrong, SoundUnreadable: it can't be heard.
        """
        if isinstance(sound, (str, Path)):
            return checked(read_sound(Path(sound), rate_hz), name)
        found = checked(sound, name)
        if self.array_rate_hz == rate_hz:
            return found
        resampled: Samples = librosa.resample(found, orig_sr=self.array_rate_hz, target_sr=rate_hz)
        return resampled

    def heard(self, sound: Sound, name: str) -> dict[str, NDArray[np.float32]]:
        """The frames of a sound by feature, each of shape (time, *frame_shape), before normalisation.

        Raises:
            SoundWrong, SoundUnreadable: it can't be heard, or is no good for a feature.
        """
        return {key: self._frames(feature, sound, name) for key, feature in self._features.items()}

    def _frames(self, feature: Feature, sound: Sound, name: str) -> NDArray[np.float32]:
        samples = self.samples(sound, feature.sample_rate_hz, name)
        if self._denoiser is not None:
            samples = self._denoiser.denoise(samples, feature.sample_rate_hz)
        try:
            return feature.of([samples])[0]
        except ClipUnfit as reason:
            raise SoundWrong(name, str(reason)) from reason
