"""What an informed attacker knows: how often each noise fools a net, on labelled clips of its own (paper section 5.6).

The clips are of the same speakers as those that are attacked, and never the same clips.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from models.attacking.asking import Target, unbudgeted
from models.attacks.base import Knowledge, Probe, Scene
from models.seeding import rng_for
from pipelines.clip import Clip

#: The levels at which an additive noise is tried beforehand: those of the study (paper section 4.1).
LEVELS_DB = (0.0, 10.0, 20.0)
CLIPS_MAX = 60  # of one net's own clips; more would tell little more
SOUNDS = 3  # of a category, for each clip and move
#: A sound that was heard on few clips is taken to be like its noise: it counts as if heard on so many more.
SHRINKAGE = 6.0


@dataclass(frozen=True)
class Learnt:
    """What was learnt, and how many questions on clips of the attacker's own it took."""

    knowledge: Knowledge
    clips: int
    questions: int

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Learnt:
        """From the table of what was asked; see `models.attacking.asked.LEARNT`."""
        asked: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for row in rows.itertuples(index=False):
            found = asked[str(row.move), str(row.sound_id)]
            found[0] += int(row.fooled)  # type: ignore[arg-type]
            found[1] += int(row.questions)  # type: ignore[arg-type]
        return cls(_knowledge(asked), rows["clip_id"].nunique(), int(rows["questions"].sum()))


def own_clips(clips: Sequence[Clip], share: float, seed: int) -> frozenset[str]:
    """The ids of the clips that an informed attacker has: of each speaker, and never all of one's.

    Args:
        clips: of the corpus.
        share: of each speaker's clips.
        seed: the study's.
    """
    by_speaker: dict[str, list[str]] = {}
    for clip in clips:
        by_speaker.setdefault(clip.speaker, []).append(clip.clip_id)
    found: set[str] = set()
    for speaker, names in by_speaker.items():
        many = min(max(1, round(len(names) * share)), len(names) - 1)
        order = rng_for(seed, "attacker's own clips", speaker).permutation(len(names))
        found |= {names[number] for number in order[:many]}
    return frozenset(found)


def learn(scenes: Sequence[Scene], target: Target) -> Iterator[dict[str, object]]:
    """How often each move, and each sound in it, changed a right answer into a wrong one.

    Args:
        scenes: the attacker's own clips that the net gets right, with every move; of more than `CLIPS_MAX`, speakers
            take turns.
        target: the net.

    Yields:
        Rows of `models.attacking.asked.LEARNT`.
    """
    for scene in _in_turn(scenes)[:CLIPS_MAX]:
        probes = _probes(scene)
        clip_id = scene.speech.clip_id
        labels = unbudgeted(target, [probe.samples for probe in probes], [clip_id] * len(probes))
        asked: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for probe, label in zip(probes, labels, strict=True):
            asked[probe.move, probe.sound_id].append(label != scene.label)
        for (move, sound_id), fooled in asked.items():
            told = {"move": move, "sound_id": sound_id, "questions": len(fooled), "fooled": sum(fooled)}
            yield {"clip_id": clip_id, **told}


def _in_turn(scenes: Sequence[Scene]) -> list[Scene]:
    """A clip of each speaker, then a second of each, and so on."""
    turn: dict[str, int] = defaultdict(int)
    order = []
    for number, scene in enumerate(scenes):
        turn[scene.speech.speaker] += 1
        order.append((turn[scene.speech.speaker], number))
    return [scenes[number] for _, number in sorted(order)]


def _probes(scene: Scene) -> list[Probe]:
    """The questions about one of the attacker's own clips."""
    rng = scene.rng()
    found: list[Probe] = []
    for move in scene.moves:
        if not move.additive:
            found += [take.once() for take in [scene.take(move, rng)] if take]
            continue
        levels = [level for level in LEVELS_DB if move.levels_db[0] <= level <= move.levels_db[-1]]
        levels = levels or [move.levels_db[0], move.levels_db[-1]]
        takes = [scene.take(move, rng, sound) for sound in scene.pool(move.category, rng)[:SOUNDS]]
        found += [take.at(level) for take in takes if take for level in levels]
    return found


def _knowledge(asked: Mapping[tuple[str, str], Sequence[int]]) -> Knowledge:
    """From (fooled, asked) of each move and sound."""
    by_move: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (move, _), (fooled, questions) in asked.items():
        by_move[move][0] += fooled
        by_move[move][1] += questions
    moves = {move: fooled / questions for move, (fooled, questions) in by_move.items()}
    sounds = {
        key: (fooled + SHRINKAGE * moves[key[0]]) / (questions + SHRINKAGE)
        for key, (fooled, questions) in asked.items()
        if key[1]
    }
    return Knowledge(moves, sounds)
