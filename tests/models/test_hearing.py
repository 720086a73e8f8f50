"""Clips are heard alike with a cache and without, and anew only where something that decides the sound has changed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

import models.hearing.heard
from models.denoisers.base import SoundDenoiser
from models.features.base import ClipUnfit, Feature, Filterbanks
from models.features.filterbanks import LogMel
from models.hearing.feature_cache import FeatureCache, size_of
from models.hearing.heard import ClipTwice, Condition, Heard, data_sha256, hear, samples_of
from models.seeding import rng_for
from pipelines.audio import Samples, Speech, fit_to_full_scale
from pipelines.clip import Clip, Params, Word
from pipelines.noises.background import Background
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.noises.fade import Fade
from pipelines.parallel import Workers
from pipelines.sound_file import SoundUnreadable, load_speech, write_flac
from pipelines.sounds.base import SoundBank
from pipelines.sounds.folder import SoundFolder

RATE_HZ = 16000
NOISE = Condition("nat-co-10db", Background("nat", "co", 10.0))
USUAL = LogMel(Filterbanks())
FADE = Condition("fade-in", Fade(2.0))


class Plain(BaseModel):
    """No settings."""

    model_config = ConfigDict(frozen=True)
    gain: float = 0.5


class Softer(SoundDenoiser):
    """Turns sound down."""

    def denoise(self, samples: Samples, sample_rate_hz: int) -> Samples:
        return samples * np.float32(self.settings.gain)


class Length(Feature):
    """How long a clip is; refuses long ones."""

    Settings = Plain
    sample_rate_hz = RATE_HZ
    frame_shape = ()

    def of(self, clips: Sequence[Samples]) -> list[NDArray[np.float32]]:
        if any(len(clip) > 5000 for clip in clips):
            raise ClipUnfit("the clip is too long for its length to be told")
        return [np.array([len(clip)], dtype=np.float32) for clip in clips]


@dataclass(frozen=True)
class Untold(Noise):
    """Draws a sound without looking for it first."""

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        return {"sound_id": sounds.sounds("nat")[0].sound_id}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        return speech.samples + sounds.samples(str(params["sound_id"]), speech.sample_rate_hz)[0]


@dataclass(frozen=True)
class Picky(Noise):
    """Refuses every clip but the first."""

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        if speech.clip_id != "clip-0":
            raise NoiseRefused(f"{speech.clip_id} is not the first")
        return {}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        return speech.samples


def hiss(length: int, seed: int) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, length).astype(np.float32)


def make_clip(folder: Path, number: int) -> Clip:
    path = folder / f"{number}.flac"
    write_flac(path, hiss(4000 + 400 * number, number), RATE_HZ)
    length_s = (4000 + 400 * number) / RATE_HZ
    return Clip(f"clip-{number}", path, f"speaker-{number % 2}", length_s=length_s, words=(Word("so", 0.0, 0.1),))


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    return [make_clip(tmp_path / "speech", number) for number in range(5)]


@pytest.fixture
def sounds(tmp_path: Path) -> SoundFolder:
    for family in ("nat", "hum"):
        for number in range(2):
            write_flac(tmp_path / "sounds" / family / f"{number}.flac", hiss(6000, 50 + number), RATE_HZ)
    return SoundFolder(tmp_path / "sounds")


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "cache")


@pytest.fixture(autouse=True)
def two_clips_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.hearing.heard, "SHARD_CLIPS", 2)


def same(one: Heard, other: Heard) -> bool:
    return (
        list(one.frames) == list(other.frames)
        and all(np.array_equal(one.frames[name], other.frames[name]) for name in one.frames)
        and one.refused == other.refused
    )


def test_clips_are_heard_alike_with_a_cache_without_and_again(
    clips: list[Clip], sounds: SoundBank, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    for condition in (None, NOISE, FADE):
        plain = hear(clips, "filterbanks", condition=condition, sounds=sounds, seed=3)
        assert same(plain, hear(clips, "filterbanks", condition=condition, sounds=sounds, seed=3, cache=cache))
        with monkeypatch.context() as patch:
            patch.setattr(models.hearing.heard, "load_speech", lambda clip, rate_hz: pytest.fail("it was heard again"))
            again = hear(clips, "filterbanks", condition=condition, sounds=sounds, seed=3, cache=cache)
        assert same(plain, again)


def test_a_noise_draws_by_seed_clip_and_condition_alone(clips: list[Clip], sounds: SoundBank) -> None:
    speech = load_speech(clips[2], RATE_HZ)
    params = NOISE.noise.draw(speech, sounds, rng_for(7, "clip-2", NOISE.name))
    by_hand = fit_to_full_scale(NOISE.noise.apply(speech, params, sounds))[0]
    np.testing.assert_array_equal(samples_of(clips[2], RATE_HZ, NOISE, sounds, 7), by_hand)
    [expected] = LogMel(Filterbanks()).of([by_hand])
    heard = hear(clips[1:], "filterbanks", condition=NOISE, sounds=sounds, seed=7)
    np.testing.assert_array_equal(heard.frames["clip-2"], expected)


def test_a_refusal_is_kept_too(clips: list[Clip], sounds: SoundBank, cache: FeatureCache) -> None:
    for _ in range(2):
        heard = hear(clips, "filterbanks", condition=Condition("picky", Picky()), sounds=sounds, cache=cache)
        assert list(heard.frames) == ["clip-0"]
        assert heard.refused["clip-3"] == "clip-3 is not the first"
        assert "clip-3" not in heard.frames


def test_a_clip_that_is_no_good_for_the_feature_spoils_no_other(clips: list[Clip], cache: FeatureCache) -> None:
    for _ in range(2):
        heard = hear(clips, Length(Plain()), cache=cache)
        assert {name: frames.tolist() for name, frames in heard.frames.items()} == {
            "clip-0": [4000], "clip-1": [4400], "clip-2": [4800],
        }  # fmt: skip
        assert heard.refused == dict.fromkeys(["clip-3", "clip-4"], "the clip is too long for its length to be told")


def test_another_clip_at_the_end_makes_only_the_last_shard_anew(
    clips: list[Clip], sounds: SoundBank, cache: FeatureCache
) -> None:
    hear(clips[:3], "filterbanks", condition=NOISE, sounds=sounds, cache=cache)
    assert size_of(cache.folder).shards == 2
    hear(clips[:4], "filterbanks", condition=NOISE, sounds=sounds, cache=cache)
    assert size_of(cache.folder).shards == 3


def louder(clip: Clip) -> Clip:
    write_flac(clip.path, hiss(4000, 99), RATE_HZ)
    return clip


@dataclass(frozen=True)
class Call:
    """What a call of `hear` is given."""

    clips: list[Clip]
    bank: Path
    feature: Feature = USUAL
    condition: Condition | None = NOISE
    seed: int = 1
    denoiser: SoundDenoiser | None = None

    def heard(self, cache: FeatureCache) -> int:
        """How many shards there are afterwards."""
        asked: dict[str, Any] = {"sounds": SoundFolder(self.bank), "seed": self.seed, "denoiser": self.denoiser}
        hear(self.clips, self.feature, condition=self.condition, cache=FeatureCache(cache.folder), **asked)
        return size_of(cache.folder).shards


def new_sound(call: Call, family: str) -> Call:
    write_flac(call.bank / family / "0.flac", hiss(5000, 77), RATE_HZ)
    return call


CHANGES: dict[str, Callable[[Call], Call]] = {
    "the feature's settings": lambda call: replace(call, feature=LogMel(Filterbanks(bands=20))),
    "the noise's settings": lambda call: replace(call, condition=Condition(NOISE.name, Background("nat", "co", 0.0))),
    "the condition's name": lambda call: replace(call, condition=Condition("other", NOISE.noise)),
    "the seed": lambda call: replace(call, seed=2),
    "a denoiser": lambda call: replace(call, denoiser=Softer(Plain())),
    "a sound of the family": lambda call: new_sound(call, "nat"),
    "the clip's sound": lambda call: replace(call, clips=[louder(call.clips[0])]),
    "the clip's id": lambda call: replace(call, clips=[replace(call.clips[0], clip_id="x")]),
    "the clip's piece": lambda call: replace(call, clips=[replace(call.clips[0], end_s=0.2)]),
    "the clip's words": lambda call: replace(call, clips=[replace(call.clips[0], words=())]),
}
SAME: dict[str, Callable[[Call], Call]] = {
    "a sound of another family": lambda call: new_sound(call, "hum"),
    "the clip's rating": lambda call: replace(call, clips=[replace(call.clips[0], activation=4.0)]),
    "the clip's folder": lambda call: replace(
        call, clips=[replace(call.clips[0], path=Path(shutil.copy(call.clips[0].path, call.bank / "moved.flac")))]
    ),
    "the seed of clean sound": lambda call: replace(call, condition=None, seed=2),
    "the id of a clean clip": lambda call: replace(
        call, condition=None, clips=[replace(call.clips[0], clip_id="x", words=())]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_clip_is_heard_anew_when_this_changes(
    change: Callable[[Call], Call], clips: list[Clip], sounds: SoundBank, cache: FeatureCache
) -> None:
    call = Call(clips[:1], sounds.root)
    assert call.heard(cache) == 1
    assert change(call).heard(cache) == 2


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_a_clip_is_not_heard_anew_when_this_changes(
    change: Callable[[Call], Call], clips: list[Clip], sounds: SoundBank, cache: FeatureCache
) -> None:
    call = Call(clips[:1], sounds.root)
    before = replace(call, condition=change(call).condition).heard(cache)
    assert change(call).heard(cache) == before


def test_a_noise_that_draws_what_it_did_not_look_for_is_heard_anew_each_time(
    clips: list[Clip], sounds: SoundBank, cache: FeatureCache
) -> None:
    condition = Condition("untold", Untold())
    plain = hear(clips, "filterbanks", condition=condition, sounds=sounds)
    assert same(plain, hear(clips, "filterbanks", condition=condition, sounds=sounds, cache=cache))
    assert size_of(cache.folder).shards == 0


def test_a_shard_that_was_cut_off_is_made_again(clips: list[Clip], cache: FeatureCache) -> None:
    whole = hear(clips, "filterbanks", cache=cache)
    kept = {name: np.array(frames) for name, frames in whole.frames.items()}
    for path in cache.folder.glob("*/*.safetensors"):
        content = path.read_bytes()
        path.unlink()  # what is mapped stays as it was
        path.write_bytes(content[: len(content) // 2])
    assert same(Heard(kept), hear(clips, "filterbanks", cache=cache))


def test_two_processes_hear_what_one_hears(clips: list[Clip], sounds: SoundBank, cache: FeatureCache) -> None:
    alone = hear(clips, "filterbanks", condition=NOISE, sounds=sounds)
    assert same(alone, hear(clips, "filterbanks", condition=NOISE, sounds=sounds, cache=cache, workers=Workers(2)))
    assert not [path for path in cache.folder.iterdir() if path.suffix == ".part"]


def test_progress_counts_every_clip_whether_it_was_kept_or_not(
    clips: list[Clip], cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.hearing.heard, "CALL_CLIPS", 1)
    told: list[int] = []
    hear(clips[:3], "filterbanks", cache=cache)
    hear(clips, "filterbanks", cache=cache, heard=told.append)
    assert told == [2, 3, 4, 5]


def test_no_clips_make_nothing(cache: FeatureCache) -> None:
    assert dict(hear([], "filterbanks", cache=cache).frames) == {}


def test_an_id_that_two_clips_have_is_named(clips: list[Clip]) -> None:
    with pytest.raises(ClipTwice, match="2 clips have the id 'clip-1'"):
        hear([*clips, clips[1]], "filterbanks")


def test_a_clip_without_a_file_is_named(clips: list[Clip], cache: FeatureCache) -> None:
    lost = replace(clips[0], path=clips[0].path.with_name("lost.flac"))
    for kept in (None, cache):
        with pytest.raises(SoundUnreadable, match=r"lost.flac does not exist; expected a sound file"):
            hear([lost], "filterbanks", cache=kept)


def test_a_noise_without_sounds_is_refused_before_anything_is_heard(clips: list[Clip]) -> None:
    with pytest.raises(TypeError, match="nat-co-10db needs a sound bank"):
        hear(clips, "filterbanks", condition=NOISE)


def test_the_hash_of_the_data_is_that_of_sound_speaker_and_ratings(clips: list[Clip]) -> None:
    whole = hashlib.sha256()
    for clip in clips:
        whole.update(repr((clip.clip_id, clip.speaker, clip.activation, clip.valence)).encode())
        whole.update(hashlib.sha256(clip.path.read_bytes()).digest())
    assert data_sha256(clips[::-1]) == whole.hexdigest()


def test_the_hash_of_the_data_knows_pieces_of_a_file(clips: list[Clip]) -> None:
    assert data_sha256(clips) != data_sha256([replace(clips[0], end_s=0.1), *clips[1:]])
