"""Clips of similar length go through a net together, so that little is padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from models.hearing.heard import CLEAN
from models.hearing.material import Material
from models.hearing.normalise import Scale
from models.nets.base import Inputs, Padded

BUCKET_JITTER = 0.1  # lengths are blurred by so much, so that the same clips do not meet in every epoch
#: Padded frames in a batch at most, so that one long recording among short clips does not take all memory. 128 clips of
#: 40 s, at 100 frames a second, stay below it.
FRAMES_AT_ONCE = 2**19


class Version(NamedTuple):
    """A clip in a condition."""

    clip_id: str
    condition: str = CLEAN


@dataclass(frozen=True)
class Batch:
    """Versions of clips that go through a net together."""

    versions: tuple[Version, ...]
    inputs: Inputs
    #: The same clips without noise, where a net asks for them.
    clean: Inputs | None = None


def batches(
    versions: Sequence[Version],
    material: Material,
    size: int,
    *,
    rng: np.random.Generator | None = None,
    device: str = "cpu",
    clean: bool = False,
) -> Iterator[Batch]:
    """Batches in order of length; in random order with an rng.

    Args:
        versions: which clips in which conditions; all of them are heard there.
        material: their frames and scales.
        size: versions in a batch; fewer in the last, and where clips are so long that it would have more than
            `FRAMES_AT_ONCE` frames.
        rng: mixes versions of similar length and the order of batches; None keeps both fixed.
        device: where the tensors go.
        clean: give the clean twins too.
    """
    first = material.source.reads[0]
    lengths = np.array([len(material.frames(first, version.condition, version.clip_id)) for version in versions])
    blur = rng.uniform(1 - BUCKET_JITTER, 1 + BUCKET_JITTER, len(versions)) if rng else np.ones(len(versions))
    by_length = sorted(range(len(versions)), key=lambda place: (lengths[place] * blur[place], versions[place]))
    groups = in_groups(by_length, lengths, size)
    for number in rng.permutation(len(groups)) if rng else range(len(groups)):
        chosen = tuple(versions[place] for place in groups[number])
        yield Batch(
            chosen, inputs_of(chosen, material, device), _clean_twins(chosen, material, device) if clean else None
        )


def in_groups(places: Sequence[int], lengths: NDArray[np.int64], size: int) -> list[list[int]]:
    """Places in their order, in groups of at most `size` that are not too long when padded; one is never too long.

    Args:
        places: of clips, the shorter ones first.
        lengths: in frames, by place.
        size: most clips in a group.
    """
    groups: list[list[int]] = []
    longest = 0
    for place in places:
        longest = max(longest, int(lengths[place]))
        if groups and len(groups[-1]) < size and (len(groups[-1]) + 1) * longest <= FRAMES_AT_ONCE:
            groups[-1].append(place)
        else:
            groups.append([place])
            longest = int(lengths[place])
    return groups


def inputs_of(versions: Sequence[Version], material: Material, device: str = "cpu") -> Inputs:
    """Each feature of the versions, z-normalised and padded with anything."""
    return {feature: _padded(versions, feature, material, device) for feature in material.source.reads}


def padded(frames: Sequence[NDArray[np.float32]], scales: Sequence[Scale], device: str = "cpu") -> Padded:
    """One feature of several clips, each z-normalised by a scale of its own and padded with anything.

    Args:
        frames: of each clip; shape (time, *frame_shape).
        scales: one for each clip.
        device: where the tensors go.
    """
    lengths = [len(one) for one in frames]
    # One block, filled clip by clip and normalised at once: several times as fast as a tensor for each clip.
    values = np.zeros((len(frames), max(lengths), *frames[0].shape[1:]), dtype=np.float32)
    for row, one in zip(values, frames, strict=True):
        row[: len(one)] = one
    values -= np.stack([scale.mean for scale in scales])[:, None]
    values /= np.stack([scale.sd for scale in scales])[:, None]
    return Padded(
        torch.from_numpy(values).to(device, non_blocking=True), torch.tensor(lengths).to(device, non_blocking=True)
    )


def _padded(versions: Sequence[Version], feature: str, material: Material, device: str) -> Padded:
    frames = [material.frames(feature, version.condition, version.clip_id) for version in versions]
    scales = [material.scale(feature, version.condition, version.clip_id) for version in versions]
    return padded(frames, scales, device)


def _clean_twins(versions: Sequence[Version], material: Material, device: str) -> Inputs:
    """The clean clips; a length of 0 where the noise made a clip longer or shorter, since its frames have no twin."""
    twins = inputs_of([Version(version.clip_id) for version in versions], material, device)
    return {feature: _aligned(padded, versions, feature, material) for feature, padded in twins.items()}


def _aligned(padded: Padded, versions: Sequence[Version], feature: str, material: Material) -> Padded:
    noisy = [len(material.frames(feature, version.condition, version.clip_id)) for version in versions]
    same = padded.lengths == torch.tensor(noisy, device=padded.lengths.device)
    return Padded(padded.values, torch.where(same, padded.lengths, 0))
