"""Recognisers that hear how much was added to a clip, and scenes to attack them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

import models.attacks
from models.attacking.asking import OneByOne, attack_clip
from models.attacks.base import Attack, Knowledge, Move, Outcome, Scene, snr_db
from pipelines.audio import Samples, Speech
from pipelines.conditions import condition
from pipelines.noises.base import Noise
from pipelines.sounds.base import FAMILIES, SoundBank
from pipelines.variants import load

RATE_HZ = 16000
LEVELS_DB = tuple(float(level) for level in np.arange(0, 42.5, 2.5))


def speech(length: int = 8000, loud: float = 0.3) -> Samples:
    """A wavering tone; shape (length,)."""
    seconds = np.arange(length) / RATE_HZ
    return (loud * np.sin(2 * np.pi * 220 * seconds) * np.sin(2 * np.pi * 2 * seconds)).astype(np.float32)


@dataclass
class Ear:
    """Says 1 as soon as its speech stands less than `yields_db` above what was added; it keeps what it was asked."""

    yields_db: float = 17.0
    original: Samples = field(default_factory=speech)
    asked: list[Samples] = field(default_factory=list)

    def __call__(self, samples: Samples) -> int:
        self.asked.append(samples.copy())
        if len(samples) != len(self.original):
            return int(self.yields_db > LEVELS_DB[-1])  # what changes the length has no SNR
        return int(snr_db(self.original, samples) < self.yields_db)


def placed(*positions: str, levels_db: Sequence[float] = LEVELS_DB) -> tuple[Move, ...]:
    """The study's sounds of each family in these places, as `co`."""
    noises: list[tuple[str, str, Noise]] = [
        (f"{family}-{position}", family, condition(f"{family}-{position}" + ("-10db" if position == "co" else "")))
        for family in FAMILIES
        for position in positions
    ]
    return tuple(Move(name, family, noise, tuple(levels_db)) for name, family, noise in noises)


def single(name: str) -> Move:
    """A move without an SNR."""
    return Move(name, condition(name).family, condition(name))


THROUGHOUT = placed("co")
EVERYTHING = (*placed("co", "st", "me"), single("fade-in"), single("speed-utterance-1.25x"))


def scene(
    sounds: SoundBank,
    moves: Sequence[Move] = THROUGHOUT,
    *,
    original: Samples | None = None,
    seed: int = 1,
    label: int = 0,
    knowledge: Knowledge | None = None,
) -> Scene:
    """A clip, and what may be done to it."""
    samples = speech() if original is None else original
    heard = Speech(samples, RATE_HZ, clip_id=f"of {len(samples)} samples")
    return Scene(heard, label, tuple(moves), sounds, seed, knowledge=knowledge)


def attacked(attack: Attack, label_of: Callable[[Samples], int], told: Scene, queries: int = 25) -> Outcome:
    """What an attack on one clip comes to."""
    return attack_clip(attack, told, OneByOne(label_of, RATE_HZ), queries)


def attack_named(name: str) -> Attack:
    """An attack with its defaults; skips the test where its library is not installed."""
    try:
        return load(models.attacks, name, Attack)()
    except RuntimeError as missing:
        pytest.skip(str(missing))
