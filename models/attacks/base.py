"""Attack: change what a recogniser says of a clip, knowing nothing of it but its answers (paper section 5.6).

An attack is a search that puts *probes*, one after another, and hears a label for each. It never counts them and
never plans with their number: whoever drives it does, so that what it has found after k queries is what a budget of k
would have found.
"""

from __future__ import annotations

import math
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias, final

import numpy as np

from pipelines.audio import Samples, Speech, active_rms, rms
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sound_file import SoundUnreadable
from pipelines.sound_parts import SomeSounds
from pipelines.sounds.base import Family, NoSoundOfFamily, Sound, SoundBank

#: What a probe of the waveform itself, without any noise of the study, is called.
WAVEFORM = "waveform"
#: SNRs that differ by less are alike, whichever way samples were rounded.
ALIKE_DB = 0.01


class BudgetSpent(RuntimeError):
    """The attacker asked once more than it may."""

    def __init__(self, queries: int) -> None:
        super().__init__(f"the budget of {queries} queries is spent; no further question is answered")


class BudgetWrong(ValueError):
    """A budget with which nothing can be asked."""

    def __init__(self, queries: int) -> None:
        super().__init__(f"the budget is {queries} queries; expected 1 or more")


@dataclass(frozen=True)
class Move:
    """One thing that an attacker may do to a clip: a noise of the study, at any of some levels if it has levels."""

    name: str  # `nat-co`, a condition without its level; or a condition that has none, as `reverb`
    category: Family  # the noise's family: `nat`
    noise: Noise
    levels_db: tuple[float, ...] = ()  # the SNRs that it may be tried at, lowest first; none for a single move

    @property
    def additive(self) -> bool:
        """Whether it adds a sound at an SNR; a single move does not, and succeeds by a change of label alone."""
        return bool(self.levels_db)


@dataclass(frozen=True)
class Knowledge:
    """What an attacker knows beforehand: how often a recogniser was wrong under a move on clips of its own, 0 to 1."""

    by_move: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    by_sound: Mapping[tuple[str, str], float] = field(default_factory=lambda: MappingProxyType({}))  # move, sound

    def of(self, move: str, sound_id: str = "") -> float:
        """How much a move hurts, with a sound if that is known; 0 of what is not known."""
        return self.by_sound.get((move, sound_id), self.by_move.get(move, 0.0))


@dataclass(frozen=True)
class Probe:
    """One question: the samples that are sent, and how they came to be."""

    samples: Samples  # shape (time,)
    move: str = WAVEFORM
    category: Family = WAVEFORM
    sound_id: str = ""
    level_db: float | None = None  # the SNR that was aimed at; None where there is no such aim
    params: Params = field(default_factory=dict)
    single: bool = False  # no SNR says how much of it there is
    snr_db: float | None = None  # of the samples, where it was measured already


@dataclass(frozen=True)
class Answer:
    """What the recogniser said to a probe."""

    label: int
    changed: bool  # whether it is another label than for the clean clip


class Take:
    """A move as it was drawn for one clip, ready to be tried at any level."""

    def __init__(self, move: Move, speech: Speech, params: Params, sounds: SoundBank) -> None:
        self.move, self.params = move, params
        self._speech = speech
        self._nominal_db = move.noise.nominal_snr_db or 0.0
        #: What is added at the noise's own level; at another it is this, louder or softer.
        self._added = move.noise.added(speech, params, sounds) if move.additive else None
        self._changed = None if move.additive else move.noise.apply(speech, params, sounds)

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return sum(samples.nbytes for samples in (self._added, self._changed) if samples is not None)

    @property
    def sound_id(self) -> str:
        """The sound that it adds; empty where it adds none, or several."""
        return str(self.params.get("sound_id", ""))

    def snr_db(self, level_db: float) -> float:
        """The SNR of an additive move as it will be measured: above the level aimed at where a sound fades out."""
        return level_db + self._offset_db

    def levels_from(self, snr_db: float) -> list[float]:
        """The levels at which its SNR would reach another."""
        if snr_db == -math.inf:
            return list(self.move.levels_db)
        offset_db = self._offset_db
        return [level for level in self.move.levels_db if level + offset_db >= snr_db]

    @cached_property
    def whole_snr_db(self) -> float:
        """The ratio of the RMS of all samples at 0 dB; the more of the clip a sound covers, the nearer to 0."""
        level = rms(self._added) if self._added is not None else 0.0
        return 20 * math.log10(rms(self._speech.samples) / level) - self._nominal_db if level else math.inf

    @cached_property
    def _offset_db(self) -> float:
        level = active_rms(self._added) if self._added is not None else 0.0
        return 20 * math.log10(self._speech.level / level) - self._nominal_db if level else math.inf

    def at(self, level_db: float) -> Probe:
        """The probe of an additive move at an SNR."""
        assert self._added is not None, f"{self.move.name} has no levels"
        sent = self._added * np.float32(10 ** ((self._nominal_db - level_db) / 20))
        sent += self._speech.samples
        whole = self._within(sent)
        # What was cut off is not what was added: then the SNR is left to be measured.
        return self._probe(whole, level_db, self.snr_db(level_db) if whole is sent else None)

    def once(self) -> Probe:
        """The probe of a single move."""
        assert self._changed is not None, f"{self.move.name} has levels"
        return self._probe(self._within(self._changed), None, None)

    def _within(self, samples: Samples) -> Samples:
        """The samples themselves, or cut off where they go beyond what may be sent."""
        top = top_of(self._speech)
        if samples.dtype == np.float32 and samples.max(initial=0) <= top and samples.min(initial=0) >= -top:
            return samples
        cut: Samples = np.clip(samples, -top, top, dtype=np.float32)
        return cut

    def _probe(self, sent: Samples, level_db: float | None, snr_db: float | None) -> Probe:
        move = self.move
        return Probe(sent, move.name, move.category, self.sound_id, level_db, self.params, not move.additive, snr_db)


@dataclass(frozen=True)
class Scene:
    """A clip and all that an attacker may do to it.

    Args:
        speech: the clean clip at the recogniser's rate.
        label: what the recogniser says of it.
        moves: what may be tried.
        sounds: what the attacker has at hand.
        goal_db: an additive move counts only above this SNR.
        knowledge: what it knows beforehand; None if nothing.
        sounds_per_category: how many sounds of a category it has at hand, at most.
        seed: for everything left to chance; the same seed makes the same draws whatever else happens.
    """

    speech: Speech
    label: int
    moves: tuple[Move, ...]
    sounds: SoundBank
    seed: int
    goal_db: float = 10.0
    knowledge: Knowledge | None = None
    sounds_per_category: int = 10
    #: Single moves as they were drawn, by clip, seed and name: rooms and voices take longer to make than to hear.
    kept: MutableMapping[tuple[str, int, str], Take | None] = field(default_factory=dict, compare=False)

    def rng(self) -> np.random.Generator:
        """Chance of a search's own."""
        return np.random.default_rng(self.seed)

    @property
    def additive(self) -> tuple[Move, ...]:
        """The moves that have an SNR."""
        return tuple(move for move in self.moves if move.additive)

    @property
    def singles(self) -> tuple[Move, ...]:
        """The moves that have none."""
        return tuple(move for move in self.moves if not move.additive)

    @property
    def categories(self) -> tuple[Family, ...]:
        """The families of additive moves, in the order in which the moves stand."""
        return tuple(dict.fromkeys(move.category for move in self.additive))

    def pool(self, category: Family, rng: np.random.Generator) -> list[Sound | None]:
        """The sounds of a category that the attacker has at hand, in random order.

        None stands for sounds that a move draws by itself, as of several talkers, where the bank has none of the
        category's own.
        """
        sounds = self.sounds.sounds(category)
        mine: list[Sound | None] = [sounds[n] for n in rng.permutation(len(sounds))[: self.sounds_per_category]]
        return mine or [None] * self.sounds_per_category

    def take(self, move: Move, rng: np.random.Generator, sound: Sound | None = None) -> Take | None:
        """A move drawn for this clip, with a certain sound if one is given; None where the clip can't carry it.

        A single move is drawn by the scene's seed alone, so it is the same one however often it is asked for.
        """
        if move.additive:
            return self._drawn(move, rng, SomeSounds(self.sounds, [sound.sound_id]) if sound else self.sounds)
        key = (self.speech.clip_id, self.seed, move.name)
        if key not in self.kept:
            own = np.random.default_rng([self.seed, zlib.crc32(move.name.encode())])
            self.kept[key] = self._drawn(move, own, self.sounds)
        return self.kept[key]

    def _drawn(self, move: Move, rng: np.random.Generator, bank: SoundBank) -> Take | None:
        try:
            params = move.noise.draw(self.speech, bank, rng)
            return Take(move, self.speech, params, bank)
        except (NoiseRefused, NoSoundOfFamily, SoundUnreadable, ValueError):
            return None  # silent, too short, no such word: not worth a query


@dataclass(frozen=True)
class Query:
    """One question to the recogniser and its answer."""

    number: int  # 1 to k
    move: str
    category: Family
    sound_id: str
    level_db: float | None  # the SNR that was aimed at
    snr_db: float | None  # the SNR of the samples that were sent; None of a single move
    label: int
    changed: bool  # whether the label is another than for the clean clip
    params: Params = field(default_factory=dict)

    @property
    def reach_db(self) -> float:
        """How near it is: the SNR, and above any SNR where there is none to lose."""
        return math.inf if self.snr_db is None else self.snr_db


Counts: TypeAlias = Callable[[Query], bool]


def everything_counts(_: Query) -> bool:
    """Every success counts."""
    return True


@dataclass(frozen=True)
class Outcome:
    """What an attack on one clip came to."""

    trace: tuple[Query, ...]
    #: The samples that changed the label and are nearest to the clip, as they were sent; None if nothing did.
    samples: Samples | None

    def best(self, k: int, counts: Counts = everything_counts) -> Query | None:
        """The nearest change of label within the first k queries, among those that count."""
        changed = [query for query in self.trace if query.number <= k and query.changed and counts(query)]
        return max(changed, key=lambda query: query.reach_db, default=None)


Ask: TypeAlias = Callable[[Probe], Answer]
#: What a search is: it yields probes and is sent the answers.
Steps: TypeAlias = Generator[Probe, Answer, None]


class Attack(ABC):
    """An untargeted attack that sees labels only."""

    #: Whether it puts the study's noises; others change the waveform itself, and no whitelist speaks of them.
    uses_moves: bool = True
    #: Raised when the same scene leads to other questions, so that what was asked before is asked anew.
    version: int = 1
    #: Whether what an informed attacker knows changes what it does.
    uses_knowledge: bool = True

    @abstractmethod
    def run(self, ask: Ask, scene: Scene) -> None:
        """Look for the least change under which the label of a clip changes, until nothing is left to try.

        Args:
            ask: the recogniser. It notes every question and answer, and what was found.
            scene: the clip and what may be done to it.

        Raises:
            BudgetSpent: by `ask`; the driver catches it.
        """


class Search(Attack):
    """An attack written as steps, so that a driver may put the questions of many clips as one batch."""

    @abstractmethod
    def steps(self, scene: Scene) -> Steps:
        """The probes for one clip, each with the answers to all before it known; ends where nothing is left to try."""

    @final
    def run(self, ask: Ask, scene: Scene) -> None:
        """Put the probes one after another."""
        steps = self.steps(scene)
        try:
            probe = next(steps)
            while True:
                probe = steps.send(ask(probe))
        except StopIteration:
            return
        finally:
            steps.close()


def top_of(speech: Speech) -> float:
    """The largest sample that may be sent: 1, or that of a clip which resampling made exceed 1 by a hair."""
    return max(1.0, speech.peak)


def snr_db(original: Samples, changed: Samples, level: float | None = None) -> float:
    """How far the original stands above what was added to it, by active levels; inf where nothing was.

    Args:
        original: shape (time,).
        changed: shape (time,).
        level: the original's active level where it is known, so that it is not measured again.

    >>> speech = np.full(640, 0.5, dtype=np.float32)
    >>> round(snr_db(speech, speech * np.float32(1.1)), 2)
    20.0
    """
    added = active_rms(changed - original)
    level = active_rms(original) if level is None else level
    return math.inf if added == 0 else -math.inf if level == 0 else 20 * math.log10(level / added)
