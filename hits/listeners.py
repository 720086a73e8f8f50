"""Simulated listeners, for rehearsals: what a crowd of mixed skill would say of a pair."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hits.judgment import RATINGS, Answer, Rate, Said, Scale

#: Share of pairs (activation, valence) whose emotion truly changes: the paper's section 5.1 where it gives one
#: (it prints 1.25x twice; the second line can only be 0.75x), else a small share, as it found for background noise.
#: Of the controls the truth is known.
PAPER_CHANGES: dict[str, tuple[float, float]] = {
    "filler-l": (0.10, 0.06),
    "filler-s": (0.06, 0.03),
    "laugh": (0.16, 0.17),
    "cry": (0.20, 0.22),
    "pitch-1.25x": (0.22, 0.07),
    "pitch-0.75x": (0.29, 0.10),
    "speed-utterance-1.25x": (0.13, 0.03),
    "speed-utterance-0.75x": (0.28, 0.06),
    "identical": (0.0, 0.0),
    "identical-reencoded": (0.0, 0.0),
    "positive": (1.0, 1.0),
    "obvious": (1.0, 0.9),
}
REST_CHANGES = (0.01, 0.01)
THINKING_SPREAD = 0.5  # of the logarithm of a listener's times


@dataclass(frozen=True)
class Listener:
    """One simulated worker.

    Attributes:
        false_alarm: probability of "different" where nothing changed.
        sensitivity: probability of "different" where the emotion changed.
        careless: share of trials that are answered by a coin.
        lazy: says "same" to everything.
        thinking_s: in the median, from the end of both clips to the answer.
        reading_s: on each page that is only to be read.
        looks_again_s: after a list without a task that can be done.
        looks_at_most: such lists in a row, before the listener goes home; None for any number.
        hits_at_most: tasks, before the listener goes home; None for any number.
        leaves_after: trials after which the listener leaves in the middle of a task without a word; None for never.
        two_tabs: has every trial open in two tabs, and answers in both.
        line_kbit_per_s: how fast sounds come; None for at once.
    """

    name: str
    false_alarm: float
    sensitivity: float
    careless: float = 0.0
    lazy: bool = False
    thinking_s: float = 0.0
    reading_s: float = 0.0
    looks_again_s: float = 3.0
    looks_at_most: int | None = None
    hits_at_most: int | None = None
    leaves_after: int | None = None
    two_tabs: bool = False
    line_kbit_per_s: float | None = None

    @property
    def listens(self) -> bool:
        """Whether the answers follow from what is heard: what the rules of quality should find out."""
        return not self.lazy and self.careless < 0.5

    def thinks_s(self, rng: np.random.Generator) -> float:
        """Time from the end of both clips to one answer."""
        return self.thinking_s * float(rng.lognormal(0.0, THINKING_SPREAD)) if self.thinking_s else 0.0

    def waits_s(self, size_bytes: int) -> float:
        """Time until a sound of that size is there."""
        return size_bytes * 8 / 1000 / self.line_kbit_per_s if self.line_kbit_per_s else 0.0


def crowd(size: int, rng: np.random.Generator, careless_share: float = 0.05) -> list[Listener]:
    """Listeners of mixed skill: false alarms around .05, sensitivity around .85, some who answer by a coin."""
    careless = rng.random(size) < careless_share
    return [
        Listener(
            name=f"simulated listener {number}",
            false_alarm=float(rng.beta(0.05 * 20, 0.95 * 20)),
            sensitivity=float(rng.beta(0.85 * 12, 0.15 * 12)),
            careless=1.0 if careless[number] else 0.0,
        )
        for number in range(size)
    ]


def truly_changed(
    pair_id: str, condition: str, seed: int, changes: Mapping[str, tuple[float, float]]
) -> tuple[bool, bool]:
    """Whether a pair changes in activation and in valence: one truth for every listener.

    >>> truly_changed("p1", "identical", 0, PAPER_CHANGES)
    (False, False)
    """
    digest = hashlib.sha256(f"{seed}/{pair_id}".encode()).digest()
    drawn = np.random.default_rng(list(digest)).random(2)
    activation, valence = changes.get(condition, REST_CHANGES)
    return bool(drawn[0] < activation), bool(drawn[1] < valence)


def say(
    listener: Listener,
    changed: tuple[bool, bool],
    rng: np.random.Generator,
    rate: Rate = "noisy-if-different",
    scale: Scale = "manikins",
) -> Said:
    """What a listener answers of a pair, ratings drawn around the middle of the scale."""
    activation, valence = (_hear(listener, flag, rng) for flag in changed)
    if rate == "both":
        return Said(activation, valence, *_ratings(4, scale, rng), scale=scale)
    if "different" in (activation, valence):
        return Said(activation, valence, *_ratings(2, scale, rng), scale=scale)
    return Said(activation, valence, scale=scale)


def _ratings(count: int, scale: Scale, rng: np.random.Generator) -> list[float]:
    drawn = np.clip(rng.normal(3.0, 1.0, size=count), RATINGS[0], RATINGS[-1])
    return [float(rating) for rating in (np.rint(drawn) if scale == "manikins" else np.round(drawn, 2))]


def _hear(listener: Listener, changed: bool, rng: np.random.Generator) -> Answer:
    if listener.lazy:
        return "same"
    if rng.random() < listener.careless:
        return "different" if rng.random() < 0.5 else "same"
    said_different = rng.random() < (listener.sensitivity if changed else listener.false_alarm)
    return "different" if said_different else "same"
