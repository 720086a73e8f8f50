"""Other libraries' attacks on the waveform itself: every sound that they ask about is counted, and the budget holds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

import models.attacks
from models.attacking.asking import OneByOne, attack_clip
from models.attacks.base import WAVEFORM, Attack, Outcome, Scene, snr_db
from pipelines.audio import Samples, Speech
from pipelines.sounds.base import SoundBank
from pipelines.variants import load

RATE_HZ = 16000
NAMES = ("boundary", "hop-skip-jump", "art-boundary")


def speech(peak: float = 0.3) -> Samples:
    seconds = np.arange(3200) / RATE_HZ
    return (peak * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32)


@dataclass
class Ear:
    """A recogniser that says 1 as soon as the speech stands less than `yields_db` above what was added."""

    yields_db: float
    original: Samples = field(default_factory=speech)
    asked: list[Samples] = field(default_factory=list)

    def __call__(self, samples: Samples) -> int:
        self.asked.append(samples.copy())
        return int(snr_db(self.original, samples) < self.yields_db)


def attack_of(name: str, **settings: int) -> Attack:
    if name == "art-boundary":
        pytest.importorskip("art", reason="ART is not installed; earwitness[peers] brings it")
    made: Callable[..., Attack] = load(models.attacks, name, Attack)
    return made(**settings)


def attacked(attack: Attack, ear: Ear, sounds: SoundBank, queries: int, seed: int = 1) -> Outcome:
    scene = Scene(Speech(ear.original, RATE_HZ), 0, (), sounds, seed)
    return attack_clip(attack, scene, OneByOne(ear, RATE_HZ), queries)


@pytest.mark.parametrize("name", NAMES)
class TestEveryPeer:
    def test_no_library_asks_more_than_it_may(self, name: str, sounds: SoundBank) -> None:
        attack = attack_of(name)
        for queries in (1, 25, 300):
            ear = Ear(17.0)
            outcome = attacked(attack, ear, sounds, queries)
            assert len(ear.asked) == len(outcome.trace) == queries

    def test_the_trace_is_of_what_was_sent(self, name: str, sounds: SoundBank) -> None:
        ear = Ear(17.0)
        outcome = attacked(attack_of(name), ear, sounds, 60)
        assert [query.number for query in outcome.trace] == list(range(1, 61))
        assert {query.move for query in outcome.trace} == {WAVEFORM}
        for query, sent in zip(outcome.trace, ear.asked, strict=True):
            assert sent.dtype == np.float32
            assert np.abs(sent).max() <= 1
            assert query.snr_db == snr_db(ear.original, sent)
        best = outcome.best(60)
        assert best is not None
        assert outcome.samples is not None
        assert np.array_equal(outcome.samples, ear.asked[best.number - 1])

    def test_it_comes_nearer_with_more_questions(self, name: str, sounds: SoundBank) -> None:
        outcome = attacked(attack_of(name), Ear(17.0), sounds, 1200)
        few, many = outcome.best(5), outcome.best(1200)
        assert few is not None
        assert many is not None
        assert 10 < many.reach_db < 17
        assert few.reach_db < many.reach_db

    def test_a_seed_repeats_it_and_chance_of_others_stays_as_it_was(self, name: str, sounds: SoundBank) -> None:
        attack = attack_of(name)
        before = np.random.get_state()[1].copy(), torch.get_rng_state()  # type: ignore[index]  # noqa: NPY002
        traces = [attacked(attack, Ear(17.0), sounds, 120, seed).trace for seed in (1, 1, 2)]
        assert traces[0] == traces[1] != traces[2]
        assert np.array_equal(np.random.get_state()[1], before[0])  # type: ignore[index]  # noqa: NPY002
        assert torch.equal(torch.get_rng_state(), before[1])

    def test_a_net_that_never_yields_ends_it(self, name: str, sounds: SoundBank) -> None:
        outcome = attacked(attack_of(name), Ear(-100.0), sounds, 3000)
        assert outcome.samples is None
        assert len(outcome.trace) < 3000

    def test_a_net_that_yields_to_anything_is_sent_sound_to_the_end(self, name: str, sounds: SoundBank) -> None:
        ear = Ear(np.inf)
        outcome = attacked(attack_of(name), ear, sounds, 1500)
        assert outcome.samples is not None
        assert all(np.isfinite(sent).all() for sent in ear.asked)

    def test_a_clip_beyond_full_scale_is_sent_as_it_is(self, name: str, sounds: SoundBank) -> None:
        ear = Ear(17.0, speech(1.02))
        attacked(attack_of(name), ear, sounds, 60)
        assert 1 < max(np.abs(sent).max() for sent in ear.asked) <= np.abs(ear.original).max() * 1.000001


@pytest.mark.parametrize(
    ("name", "setting"), [("boundary", "steps"), ("hop-skip-jump", "steps"), ("art-boundary", "rounds")]
)
def test_it_ends_after_its_steps(name: str, setting: str, sounds: SoundBank) -> None:
    outcome = attacked(attack_of(name, **{setting: 1}), Ear(17.0), sounds, 5000)
    assert outcome.samples is not None
    assert len(outcome.trace) < 1000


def test_without_art_a_sentence_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "art.attacks.evasion", None)
    with pytest.raises(RuntimeError, match=r"not installed here; pip install 'earwitness\[peers\]'"):
        load(models.attacks, "art-boundary", Attack)()
