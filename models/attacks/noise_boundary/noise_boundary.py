"""The study's decision-boundary attack: noises of the study as moves, loss of SNR as distance (paper section 5.6).

First a random sound of each category at the lowest SNR; once one changes the label, the search stays with its category
and looks for the highest SNR at which the label is still another, with this sound or with others.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from typing import TypeAlias

from models.attacks.base import ALIKE_DB, Answer, Knowledge, Move, Probe, Scene, Search, Steps, Take
from pipelines.sounds.base import Sound

Try: TypeAlias = tuple[Move, Sound | None]


class NoiseBoundary(Search):
    """The search of the paper; what it leaves open is left to chance, or goes by what hurts most where that is known.

    Moves without an SNR are probed between the categories. The first of them that succeeds ends the search: nothing
    is nearer.
    """

    def steps(self, scene: Scene) -> Steps:
        """The categories in turn; one that works is exhausted before the others get another turn."""
        walk = _Walk(scene)
        queues = walk.queues()
        while queues:
            for queue in list(queues):
                take = next(queue, None)
                if take is None:
                    queues.remove(queue)
                    continue
                if not (yield from walk.probe(take)):
                    continue
                if not take.move.additive:
                    return
                for another in queue:
                    yield from walk.probe(another)


class _Walk:
    """The way through one clip's moves."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rng = scene, scene.rng()
        self.knowledge = scene.knowledge or Knowledge()
        self.best_db = -math.inf

    def queues(self) -> list[Iterator[Take]]:
        """What may be tried of each category, and of each single move; drawn only when it is its turn."""
        pools = {category: self.scene.pool(category, self.rng) for category in self.scene.categories}
        of_categories = [
            [(move, sound) for move in self.scene.additive if move.category == category for sound in pool]
            for category, pool in pools.items()
        ]
        of_singles: list[list[Try]] = [[(move, None)] for move in self.scene.singles]
        tries = [self._in_order(some) for some in (*of_categories, *of_singles)]
        shuffled = [tries[number] for number in self.rng.permutation(len(tries))]
        return [self._takes(some) for some in sorted(shuffled, key=lambda some: -self._hurts(some[0]))]

    def _in_order(self, tries: Sequence[Try]) -> list[Try]:
        """Those that hurt most first; in random order as far as nothing is known."""
        shuffled = [tries[number] for number in self.rng.permutation(len(tries))]
        return sorted(shuffled, key=lambda one: -self._hurts(one))

    def _hurts(self, one: Try) -> float:
        move, sound = one
        return self.knowledge.of(move.name, sound.sound_id if sound else "")

    def _takes(self, tries: Sequence[Try]) -> Iterator[Take]:
        for move, sound in tries:
            take = self.scene.take(move, self.rng, sound)
            if take is not None and (not move.additive or self._better(take)):
                yield take

    def _better(self, take: Take) -> list[float]:
        """The levels at which a take would be nearer than what was found."""
        return take.levels_from(self.best_db + ALIKE_DB)

    def probe(self, take: Take) -> Generator[Probe, Answer, bool]:
        """A take at the lowest level that would be better; where it works, bisection for the highest that does."""
        if not take.move.additive:
            return (yield take.once()).changed
        levels = self._better(take)
        if not (yield from self._at(take, levels[0])):
            return False
        low, high = 1, len(levels)  # everything below `low` worked, nothing from `high` on will
        while low < high:
            middle = (low + high) // 2
            worked = yield from self._at(take, levels[middle])
            low, high = (middle + 1, high) if worked else (low, middle)
        return True

    def _at(self, take: Take, level_db: float) -> Generator[Probe, Answer, bool]:
        answer = yield take.at(level_db)
        if answer.changed:
            self.best_db = max(self.best_db, take.snr_db(level_db))
        return answer.changed
