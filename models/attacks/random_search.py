"""Random search: any move with any sound at any level, none of them twice; what a cleverer search has to beat."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from models.attacks.base import ALIKE_DB, Move, Scene, Search, Steps
from pipelines.sounds.base import Sound

#: A sound and a level at which a move may be tried; a single move has no level.
Chance: TypeAlias = tuple[Sound | None, float | None]


class RandomSearch(Search):
    """A move at random, then a sound and a level of those that it was not tried with; after a success, better ones."""

    uses_knowledge = False

    def steps(self, scene: Scene) -> Steps:
        """Go on until nothing is left that would be better; no success is better than one of a single move."""
        rng, best_db = scene.rng(), -math.inf
        left = [(move, _chances(move, scene, rng)) for move in scene.moves]
        while left := [(move, chances) for move, chances in left if chances]:
            move, chances = left[int(rng.integers(len(left)))]
            sound, level_db = chances.pop()
            take = scene.take(move, rng, sound)
            if take is None or (level_db is not None and take.snr_db(level_db) < best_db + ALIKE_DB):
                continue
            answer = yield take.once() if level_db is None else take.at(level_db)
            if answer.changed and level_db is None:
                return
            if answer.changed and level_db is not None:
                best_db = take.snr_db(level_db)


def _chances(move: Move, scene: Scene, rng: np.random.Generator) -> list[Chance]:
    """All that a move may be tried with, in random order."""
    if not move.additive:
        return [(None, None)]
    found: list[Chance] = [(sound, level) for sound in scene.pool(move.category, rng) for level in move.levels_db]
    return [found[number] for number in rng.permutation(len(found))]
