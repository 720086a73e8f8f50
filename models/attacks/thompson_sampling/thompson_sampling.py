"""Thompson sampling over noises, sounds and SNRs: few queries to a success that counts, then less noise (our own).

A bandit without a surrogate: all that it believes is where the label of this one clip changes, sound by sound, and it
acts as if a draw from that belief were true. docs/attacks.md has the mathematics. W. R. Thompson, "On the likelihood
that one unknown probability exceeds another in view of the evidence of two samples", Biometrika 25, 1933.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.attacks.base import ALIKE_DB, Move, Probe, Scene, Search, Steps, Take
from models.attacks.thompson_sampling.belief import Belief
from pipelines.sounds.base import Sound

#: What is believed before the first question: a label changes where the SNR over all samples of a clip is below this.
BOUNDARY_DB = -6.0
#: How far that boundary differs between clips, categories, classes of sounds, sounds and moves ...
SPREADS_DB = (15.0, 1.0, 1.0, 1.5, 1.0)
OWN_DB = 4.0  # ... and between draws that share all of these
KNOWN_DB = 6.0  # by how much a noise's boundary is higher for each standard deviation of the errors known under it
KNOWN_MIN = 0.02  # a rate of errors that was measured on some clips is never taken for 0 or 1


class ThompsonSampling(Search):
    """Each move with each sound is an arm; a question goes to the arm and level that look best in a draw of the belief.

    Until something counts, that is where a change is most likely above the goal; afterwards, the highest SNR at which
    the draw has a change. Without a level above the goal nothing is asked.
    """

    def steps(self, scene: Scene) -> Steps:
        """Go on until no arm has a level left that would be better."""
        if not scene.moves:
            return
        rng = scene.rng()
        arms, best_db = _Arms(scene, rng), scene.goal_db
        belief = Belief(arms.groups(), arms.means(), SPREADS_DB, OWN_DB)
        found = False
        while best_db < math.inf and arms.open(best_db):
            arm, place = arms.choice(belief.draw(rng), best_db, found)
            answer = yield arms.probe(arm, place)
            belief.note(arm, arms.whole_snr_db[arm, place], answer.changed)
            if answer.changed:
                best_db, found = arms.reach_db[arm, place], True
            else:
                arms.close(arm, place)


class _Arms:
    """Every move with every sound at hand as it was drawn last, and the levels at which it may be tried.

    Samples are made when they are sent: those of all arms of many clips would fill the memory.
    """

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self.scene = scene
        pools = {category: scene.pool(category, rng) for category in scene.categories}
        self.arms: list[tuple[Move, Sound | None]] = [
            (move, sound) for move in scene.additive for sound in pools[move.category]
        ]
        self.arms += [(move, None) for move in scene.singles]
        shape = (len(self.arms), max([len(move.levels_db) for move in scene.moves], default=0) or 1)
        #: The SNR that will be measured, inf of single moves, -inf where there is nothing to try; shape (arms, levels).
        self.reach_db = np.full(shape, -math.inf)
        self.whole_snr_db = np.zeros(shape)  # the same over all samples, by which the belief goes
        self._seeds = rng.integers(2**32, size=len(self.arms))
        self._seen: list[list[object]] = [[] for _ in self.arms]
        for arm in range(len(self.arms)):
            self._draw(arm)

    def _take(self, arm: int, draw: int) -> Take | None:
        move, sound = self.arms[arm]
        return self.scene.take(move, np.random.default_rng([self._seeds[arm], draw]), sound)

    def _draw(self, arm: int) -> None:
        """Draw an arm anew; it is closed where the clip can't carry it, or it comes out as before."""
        self.reach_db[arm] = -math.inf
        take = self._take(arm, len(self._seen[arm]))
        if take is None or take.params in self._seen[arm]:
            return
        self._seen[arm].append(take.params)
        if not take.move.additive:
            self.reach_db[arm, 0] = math.inf
            # Nothing is known of how much it changes: it is taken for a sound throughout the clip at the goal.
            self.whole_snr_db[arm, 0] = self.scene.goal_db
        for place, level in enumerate(take.move.levels_db):
            self.reach_db[arm, place] = take.snr_db(level)
            self.whole_snr_db[arm, place] = level + take.whole_snr_db

    def close(self, arm: int, place: int) -> None:
        """Nothing was changed, so nothing will be with less of the same."""
        self.reach_db[arm, place:] = -math.inf

    def open(self, best_db: float) -> bool:
        """Whether anything better is left to try; all arms are drawn anew where nothing is."""
        if not self._better(best_db).any():
            for arm in range(len(self.arms)):
                self._draw(arm)
        return bool(self._better(best_db).any())

    def _better(self, best_db: float) -> NDArray[np.bool_]:
        return self.reach_db >= best_db + ALIKE_DB  # (arms, levels)

    def probe(self, arm: int, place: int) -> Probe:
        """The samples of an arm at one of its levels."""
        take = self._take(arm, len(self._seen[arm]) - 1)
        assert take is not None
        return take.at(take.move.levels_db[place]) if take.move.additive else take.once()

    def choice(self, boundaries_db: NDArray[np.float64], best_db: float, found: bool) -> tuple[int, int]:
        """The arm and the place of its level that would be best if the boundaries, shape (arms,), were these."""
        margins = boundaries_db[:, None] - self.whole_snr_db  # (arms, levels)
        margins[~self._better(best_db)] = -math.inf
        works = margins >= 0
        if found and works.any():
            margins[~works | (self.reach_db < self.reach_db[works].max() - ALIKE_DB)] = -math.inf
        arm, place = np.unravel_index(int(margins.argmax()), margins.shape)
        return int(arm), int(place)

    def groups(self) -> list[list[Hashable]]:
        """For each spread, what each arm shares with others: the clip, category, class of sound, sound and move."""
        names: list[tuple[Hashable, ...]] = []
        for number, (move, sound) in enumerate(self.arms):
            kind, sound_id = (sound.category, sound.sound_id) if sound else (move.name, str(number))
            names.append(("", move.category, (move.category, kind), (move.category, sound_id), move.name))
        return [list(column) for column in zip(*names, strict=True)]

    def means(self) -> NDArray[np.float64]:
        """The boundary that is believed in before the first question, for each arm, in dB; shape (arms,)."""
        knowledge = self.scene.knowledge
        if knowledge is None:
            return np.full(len(self.arms), BOUNDARY_DB)
        rates = [knowledge.of(move.name, sound.sound_id if sound else "") for move, sound in self.arms]
        means: NDArray[np.float64] = BOUNDARY_DB + KNOWN_DB * ndtri(np.clip(rates, KNOWN_MIN, 1 - KNOWN_MIN))
        return means
