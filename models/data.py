"""Clips as what nets learn from: filterbanks, labels, batches; clean, or under a noise."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from models.features.base import Filterbanks
from models.features.filterbanks import filterbanks
from models.measures.recall import CLASSES
from models.normalise import Scale
from models.training import Dimension
from pipelines.audio import Samples, fit_to_full_scale
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Clip
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sound_file import SoundUnreadable, load_speech
from pipelines.sounds.base import SoundBank

AT_ONCE = 64  # clips read before their filterbanks are made: keeps the memory of a large corpus flat


class UnratedClips(ValueError):
    """Clips lack the rating that a net is to learn."""

    def __init__(self, dimension: Dimension, unrated: Sequence[str], found: int) -> None:
        named = ", ".join(unrated[:3]) + (" ..." if len(unrated) > 3 else "")
        super().__init__(
            f"{len(unrated)} of {found} clips have no rating of {dimension} ({named}); leave these clips out, or "
            f"take {dimension} out of the dimensions"
        )


class NoClips(ValueError):
    """There is nothing to learn from."""

    def __init__(self) -> None:
        super().__init__("there are no clips; expected at least two, from two speakers")


def label_of(clip: Clip, dimension: Dimension, bins: Bins = USUAL_BINS) -> int | None:
    """0, 1 or 2 for low, mid or high; None for a clip without this rating."""
    rating = clip.activation if dimension == "activation" else clip.valence
    return None if rating is None else CLASSES.index(bins.bin_of(rating))


def labels_of(clips: Sequence[Clip], dimension: Dimension, bins: Bins = USUAL_BINS) -> dict[str, int]:
    """The label of each clip by its id.

    Raises:
        NoClips: there are none.
        UnratedClips: some have no rating in this dimension.
    """
    if not clips:
        raise NoClips
    labels = {clip.clip_id: label_of(clip, dimension, bins) for clip in clips}
    unrated = [clip_id for clip_id, label in labels.items() if label is None]
    if unrated:
        raise UnratedClips(dimension, unrated, len(clips))
    return {clip_id: label for clip_id, label in labels.items() if label is not None}


def data_sha256(clips: Sequence[Clip]) -> str:
    """A hash of what is learnt from: sound, speaker and ratings of every clip, whatever their order and folder.

    Raises:
        SoundUnreadable: a clip's file is not there.
    """
    whole = hashlib.sha256()
    for clip in sorted(clips, key=lambda clip: clip.clip_id):
        if not clip.path.is_file():
            raise SoundUnreadable(clip.path, "does not exist; expected a sound file")
        whole.update(repr((clip.clip_id, clip.speaker, clip.activation, clip.valence)).encode())
        with clip.path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def rng_for(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each thing named, so that no draw depends on what was drawn for others.

    >>> rng_for(1, "clip-7", "fade-in").integers(100) == rng_for(1, "clip-7", "fade-in").integers(100)
    np.True_
    """
    digest = hashlib.sha256("\0".join([str(seed), *names]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16]))


@dataclass(frozen=True)
class Condition:
    """A noise to hear clips under, with its name in the study."""

    name: str
    noise: Noise


@dataclass(frozen=True)
class Heard:
    """Filterbanks by clip id, each of shape (frames, bands), and why some clips could not carry the noise."""

    frames: Mapping[str, Tensor]
    refused: Mapping[str, str] = field(default_factory=dict)


def hear(
    clips: Sequence[Clip],
    settings: Filterbanks,
    *,
    condition: Condition | None = None,
    sounds: SoundBank | None = None,
    seed: int = 0,
    heard_one: Callable[[int], None] | None = None,
) -> Heard:
    """Read clips and make their filterbanks, clean or under a condition.

    What a clip's noise draws depends on the seed, the clip's id and the condition's name only.

    Args:
        clips: what to read.
        settings: of the filterbanks.
        condition: the noise that is applied on the fly; None for clean.
        sounds: where background sounds come from; needed with a condition.
        seed: the study's.
        heard_one: called with the number of clips read so far.

    Raises:
        SoundUnreadable: a clip's file holds no usable sound.
    """
    frames: dict[str, Tensor] = {}
    refused: dict[str, str] = {}
    for start in range(0, len(clips), AT_ONCE):
        read: dict[str, Samples] = {}
        for done, clip in enumerate(clips[start : start + AT_ONCE], start=start + 1):
            try:
                read[clip.clip_id] = samples_of(clip, settings, condition, sounds, seed)
            except NoiseRefused as reason:
                refused[clip.clip_id] = str(reason)
            if heard_one:
                heard_one(done)
        frames |= dict(zip(read, filterbanks(list(read.values()), settings), strict=True))
    return Heard(frames, refused)


def samples_of(
    clip: Clip, settings: Filterbanks, condition: Condition | None, sounds: SoundBank | None, seed: int
) -> Samples:
    """A clip's samples, clean or under a condition; shape (time,).

    Raises:
        NoiseRefused: the clip can't carry the noise.
        SoundUnreadable: its file holds no usable sound.
    """
    speech = load_speech(clip, settings.sample_rate_hz)
    if condition is None:
        return speech.samples
    if sounds is None:
        raise TypeError(f"the condition {condition.name} needs a sound bank")
    params = condition.noise.draw(speech, sounds, rng_for(seed, clip.clip_id, condition.name))
    return fit_to_full_scale(condition.noise.apply(speech, params, sounds))[0]


@dataclass(frozen=True)
class Batch:
    """Clips that go through a net together."""

    clip_ids: tuple[str, ...]
    filterbanks: Tensor  # (batch, frames, bands), zeros after a clip's end
    lengths: Tensor  # (batch,)


def batches(
    clip_ids: Sequence[str],
    frames: Mapping[str, Tensor],
    scales: Mapping[str, Scale],
    size: int,
    rng: np.random.Generator | None = None,
) -> Iterator[Batch]:
    """Clips of similar length together, so that little is padded; in random order with an rng.

    Args:
        clip_ids: which clips.
        frames: filterbanks by clip id, before normalisation.
        scales: the scale of each clip, by clip id.
        size: clips in a batch; the last may have fewer.
        rng: mixes clips of similar length and the order of batches; None keeps both fixed.
    """
    lengths = {clip_id: len(frames[clip_id]) for clip_id in clip_ids}
    jitter = rng.uniform(0.9, 1.1, len(clip_ids)) if rng else np.ones(len(clip_ids))
    key = {clip_id: lengths[clip_id] * around for clip_id, around in zip(clip_ids, jitter, strict=True)}
    by_length = sorted(clip_ids, key=lambda clip_id: (key[clip_id], clip_id))
    starts = np.arange(0, len(by_length), size)
    for start in rng.permutation(starts) if rng else starts:
        chosen = tuple(by_length[start : start + size])
        yield Batch(
            clip_ids=chosen,
            filterbanks=pad_sequence([scales[name].apply(frames[name]) for name in chosen], batch_first=True),
            lengths=torch.tensor([lengths[name] for name in chosen]),
        )
