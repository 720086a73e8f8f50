"""Hear clips: their features, clean or under a noise, denoised or not; from the cache where they were heard before."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import models.features
from models.denoisers.base import SoundDenoiser
from models.features.base import ClipUnfit, Feature
from models.hearing.feature_cache import SHARD_CLIPS, FeatureCache, Frames, Outcome, Shard, sweep
from models.hearing.file_hashes import FileHashes
from models.hearing.sound_recipes import (
    AskedBank,
    BankContent,
    clip_key,
    digest,
    foreseen_asks,
    noise_recipe,
    sound_key,
)
from models.seeding import rng_for
from pipelines.audio import Samples, fit_to_full_scale
from pipelines.clip import Clip
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.parallel import Shared, Workers
from pipelines.sound_file import file_sha256, load_speech
from pipelines.sounds.base import SoundBank
from pipelines.variants import load

CLEAN = "clean"  # the name of no noise at all
CALL_CLIPS = 32  # that a worker hears at a time: what it gives back stays small, and progress is seen


class ClipTwice(ValueError):
    """Two clips have one id, so that nobody could say whose frames are whose."""

    def __init__(self, clip_id: str, found: int) -> None:
        super().__init__(f"{found} clips have the id {clip_id!r}; expected each once: leave one out, or name it anew")


@dataclass(frozen=True)
class Condition:
    """A noise to hear clips under, with its name in the study."""

    name: str
    noise: Noise


@dataclass(frozen=True)
class Heard:
    """What came of clips, by clip id.

    Frames have the shape (time, *frame_shape), in float32, and are read-only; those in a cache are memory maps.
    """

    frames: Mapping[str, NDArray[np.float32]]
    #: Why the other clips could not carry the noise, or were no good for the feature.
    refused: Mapping[str, str] = field(default_factory=dict)
    #: A hash of all that decides what was heard; empty where nobody could tell, as without a cache.
    key: str = ""


def data_sha256(clips: Sequence[Clip], hashes: FileHashes | None = None) -> str:
    """A hash of what is learnt from, sound, speaker, ratings and category of every clip, in any order and folder.

    Args:
        clips: whole files, or pieces of them.
        hashes: where hashes of files are remembered, as `FeatureCache.hashes`.

    Raises:
        SoundUnreadable: a clip's file is not there.
    """
    whole = hashlib.sha256()
    for clip in sorted(clips, key=lambda clip: clip.clip_id):
        file_hash, start_s, end_s = sound_key(clip, hashes.sha256 if hashes else file_sha256)
        about = (clip.clip_id, clip.speaker, clip.activation, clip.valence)
        piece = () if (start_s, end_s) == (0.0, None) else (start_s, end_s)
        category = () if clip.category is None else (clip.category,)
        whole.update(repr(about + piece + category).encode())
        whole.update(bytes.fromhex(file_hash))
    return whole.hexdigest()


def samples_of(
    clip: Clip,
    sample_rate_hz: int,
    condition: Condition | None = None,
    sounds: SoundBank | None = None,
    seed: int = 0,
    denoiser: SoundDenoiser | None = None,
) -> Samples:
    """A clip's samples, clean or under a condition, denoised where there is a denoiser; shape (time,).

    Raises:
        NoiseRefused: the clip can't carry the noise.
        SoundUnreadable: its file holds no usable sound.
    """
    speech = load_speech(clip, sample_rate_hz)
    samples = speech.samples
    if condition is not None:
        bank = _needed(sounds, condition)
        params = condition.noise.draw(speech, bank, rng_for(seed, clip.clip_id, condition.name))
        samples = fit_to_full_scale(condition.noise.apply(speech, params, bank))[0]
    return samples if denoiser is None else denoiser.denoise(samples, sample_rate_hz)


def hear(
    clips: Sequence[Clip],
    feature: Feature | str,
    *,
    condition: Condition | None = None,
    sounds: SoundBank | None = None,
    seed: int = 0,
    denoiser: SoundDenoiser | None = None,
    cache: FeatureCache | None = None,
    workers: Workers = Workers(),  # noqa: B008 - is frozen
    heard: Callable[[int], None] | None = None,
) -> Heard:
    """Read clips and make a feature of them, clean or under a condition; from the cache where it was made before.

    What a clip's noise draws depends on the seed, the clip's id and the condition's name only. What was heard goes
    into the cache shard by shard, so that a kill loses little. A noise that draws sounds of which its `lacks` did not
    ask is heard anew each time, since nobody could tell beforehand whether these sounds have changed.

    Args:
        clips: what to read; their ids are unique.
        feature: to make, or the name of one, which is then made with its usual settings.
        condition: the noise that is applied on the fly; None for clean.
        sounds: where background sounds come from; needed with a condition.
        seed: the study's.
        denoiser: takes noise out of each clip's sound, of clean clips as well.
        cache: where frames are kept; None keeps all of them in memory.
        workers: who hears.
        heard: called with the number of clips done so far, from the cache or not.

    Raises:
        ClipTwice: two clips have one id.
        SoundUnreadable: a clip's file holds no usable sound.
        FeatureUnavailable: the feature needs what is not here; a denoiser raises errors of its own.
        CacheUnusable: the cache's folder can't be read or written.
        DiskFull: there is no room in it; what it holds is good.
        ClusterUnreachable, ProcessKilled: as `Workers.each`.
    """
    (twice, count), *_ = Counter(clip.clip_id for clip in clips).most_common(1) or [("", 0)]
    if count > 1:
        raise ClipTwice(twice, count)
    if condition is not None:
        _needed(sounds, condition)
    ear = Ear(_made(feature), condition, sounds, seed, denoiser)
    groups = [clips[start : start + SHARD_CLIPS] for start in range(0, len(clips), SHARD_CLIPS)]
    names = [""] * len(groups) if cache is None else _shard_names(ear, groups, cache.hashes)
    shards = [_found(cache, name, group, ear) for name, group in zip(names, groups, strict=True)]
    missing = [group for group, shard in zip(groups, shards, strict=True) if shard is None]
    frames = Frames()
    refused: dict[str, str] = {}
    done = 0
    with _hearing(ear, missing, cache, workers) as parts:
        for name, group, shard in zip(names, groups, shards, strict=True):
            ids = [clip.clip_id for clip in group]
            refused |= frames.take(ids, shard or _kept(cache, name, _whole(parts, group, done, heard), ear))
            done += len(group)
            if shard:
                _tell(heard, done)
    return Heard(frames, refused, digest(names) if all(names) else "")


@dataclass(frozen=True)
class Ear:
    """All that is needed to hear a clip; goes to the workers."""

    feature: Feature
    condition: Condition | None
    sounds: SoundBank | None
    seed: int
    denoiser: SoundDenoiser | None

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """That of its feature."""
        return self.feature.frame_shape

    def recipe(self) -> dict[str, Any]:
        """What decides what comes of a clip, but for the clip and the sounds behind it."""
        noise = self.condition and noise_recipe(self.condition.name, self.condition.noise, self.seed)
        denoiser = self.denoiser and self.denoiser.recipe()
        return {"feature": self.feature.recipe(), "noise": noise, "denoiser": denoiser}

    def hear(self, clips: Sequence[Clip]) -> Part:
        """What comes of some clips."""
        outcomes: dict[int, Outcome] = {}
        read: dict[int, Samples] = {}
        foreseen = True
        for place, clip in enumerate(clips):
            bank = AskedBank(self.sounds) if self.sounds else None
            try:
                read[place] = samples_of(
                    clip, self.feature.sample_rate_hz, self.condition, bank, self.seed, self.denoiser
                )
            except NoiseRefused as reason:
                outcomes[place] = str(reason)
            if self.condition and self.sounds and bank and bank.asked:
                foreseen &= not bank.beyond(foreseen_asks(self.condition.noise, clip, self.sounds))
        made = _frames_of(self.feature, list(read.values()))
        outcomes |= zip(read, made, strict=True)
        return Part([outcomes[place] for place in range(len(clips))], foreseen)


@dataclass(frozen=True)
class Part:
    """What came of some clips, and whether they asked for no sounds but those that were foreseen."""

    outcomes: list[Outcome]
    foreseen: bool


def _frames_of(feature: Feature, clips: Sequence[Samples]) -> list[Outcome]:
    try:
        return list(feature.of(clips))
    except ClipUnfit as reason:
        if len(clips) == 1:
            return [str(reason)]
    return [outcome for clip in clips for outcome in _frames_of(feature, [clip])]  # one of them, so each by itself


def _hear_part(clips: Sequence[Clip], ear: Shared[Ear]) -> Part:
    return ear.get().hear(clips)


@contextmanager
def _hearing(
    ear: Ear, groups: Sequence[Sequence[Clip]], cache: FeatureCache | None, workers: Workers
) -> Iterator[Iterator[Part]]:
    """What comes of the clips of groups, in order, in parts that never reach over the end of a group."""
    parts = [group[start : start + CALL_CLIPS] for group in groups for start in range(0, len(group), CALL_CLIPS)]
    if not parts:
        yield iter(())
        return
    with ExitStack() as stack:
        if cache:
            sweep(cache.folder)
        folder = cache.folder if cache else Path(stack.enter_context(TemporaryDirectory()))
        shared = stack.enter_context(workers.sharing(ear, folder))
        yield stack.enter_context(closing(workers.each((_hear_part, (part, shared)) for part in parts)))


def _whole(parts: Iterator[Part], group: Sequence[Clip], done: int, heard: Callable[[int], None] | None) -> Part:
    """The parts of a group in one; tells how many clips are done after each."""
    whole = Part([], foreseen=True)
    while len(whole.outcomes) < len(group):
        part = next(parts)
        whole = Part(whole.outcomes + part.outcomes, whole.foreseen and part.foreseen)
        _tell(heard, done + len(whole.outcomes))
    return whole


def _found(cache: FeatureCache | None, name: str, group: Sequence[Clip], ear: Ear) -> Shard | None:
    return None if cache is None else cache.find(name, len(group), ear.frame_shape)


def _kept(cache: FeatureCache | None, name: str, part: Part, ear: Ear) -> Shard | Sequence[Outcome]:
    if cache is None or not part.foreseen:
        return part.outcomes
    return cache.put(name, part.outcomes, ear.frame_shape)


def recipe_sha256(
    clips: Sequence[Clip],
    feature: Feature,
    condition: Condition | None,
    sounds: SoundBank | None,
    seed: int,
    denoiser: SoundDenoiser | None,
    cache: FeatureCache | None,
) -> str:
    """A hash of all that decides what `hear` makes of clips, found without hearing them; arguments as there."""
    ear = Ear(feature, condition, sounds if condition else None, seed, denoiser)
    if cache is not None:
        return digest(_shard_names(ear, [clips], cache.hashes))
    with TemporaryDirectory() as kept:
        return digest(_shard_names(ear, [clips], FileHashes(Path(kept, "hashes"))))


def _shard_names(ear: Ear, groups: Sequence[Sequence[Clip]], hashes: FileHashes) -> list[str]:
    """The names of the shards, by what their clips are made of and made with."""
    recipe = ear.recipe()
    noise = ear.condition.noise if ear.condition else None
    bank = BankContent(ear.sounds, hashes.sha256) if ear.sounds else None
    names = [digest([recipe, [clip_key(clip, hashes.sha256, noise, bank) for clip in group]]) for group in groups]
    hashes.save()
    return names


def _made(feature: Feature | str) -> Feature:
    if isinstance(feature, Feature):
        return feature
    make = load(models.features, feature, Feature)
    return make(make.Settings())  # type: ignore[attr-defined]


def _needed(sounds: SoundBank | None, condition: Condition) -> SoundBank:
    if sounds is None:
        raise TypeError(f"the condition {condition.name} needs a sound bank")
    return sounds


def _tell(heard: Callable[[int], None] | None, done: int) -> None:
    if heard:
        heard(done)
