"""What a cache of frames goes by covers all that a noise may do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pipelines.noises
from models.hearing.heard import Condition, samples_of
from models.hearing.sound_recipes import AskedBank, foreseen_asks, source_sha256
from pipelines.audio import Samples
from pipelines.clip import Clip, Phone, Word
from pipelines.fillers import CorpusSounds
from pipelines.noises.background import Background
from pipelines.noises.base import Noise
from pipelines.noises.fade import Fade
from pipelines.sound_file import write_flac
from pipelines.sounds.base import JoinedSounds
from pipelines.sounds.folder import SoundFolder
from pipelines.variants import load_module, variant_names

RATE_HZ = 16000


def hiss(length: int, seed: int) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, length).astype(np.float32)


@pytest.mark.parametrize("variant", variant_names(pipelines.noises))
def test_every_noise_looks_for_the_sounds_that_it_draws(variant: str, tmp_path: Path) -> None:
    noise: Noise = next(iter(load_module(pipelines.noises, variant).STUDY.values()))
    if hasattr(noise, "pool"):
        noise = replace(noise, pool=1)  # type: ignore[call-arg] # computing rooms takes long
    for family in ("nat", "hum", "int", "music", "transportation", "laugh", "cry"):
        write_flac(tmp_path / "sounds" / family / "0.flac", hiss(9000, 5), RATE_HZ)
    said = [("and", 0.0, 0.2), ("so", 0.3, 0.6), ("uh", 0.8, 1.1), ("it", 1.2, 1.4), ("had", 1.4, 1.9)]
    spoken = []
    for speaker in range(6):
        path = tmp_path / f"{speaker}.flac"
        write_flac(path, np.concatenate([hiss(30000, speaker), hiss(2000, 9) / 100]), RATE_HZ)
        words = tuple(Word(*word) for word in said)
        phones = tuple(Phone(*phone) for phone in [("HH", 1.4, 1.5), ("AE", 1.5, 1.7), ("D", 1.7, 1.9)])
        spoken.append(Clip(f"c{speaker}", path, f"s{speaker}", length_s=2.0, words=words, phones=phones, language="en"))
    bank = AskedBank(JoinedSounds([SoundFolder(tmp_path / "sounds"), CorpusSounds(spoken)]))

    samples_of(spoken[0], RATE_HZ, Condition(variant, noise), bank, seed=1)

    assert not bank.beyond(foreseen_asks(noise, spoken[0], bank))


def test_the_code_of_a_noise_is_its_own_and_what_it_calls() -> None:
    assert source_sha256(Fade) != source_sha256(Background)
    assert source_sha256(Fade) == source_sha256(Fade)
