"""What an attack is made on, and in which settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import models.attacks
from analysis.whitelist import Whitelist
from models.attacking.asked import Eval, Setting
from models.attacking.design import AttackDesign
from models.attacking.moves import allowed, moves_of
from models.attacks.base import Attack, Move
from pipelines.clip import Clip
from pipelines.noises.base import Noise
from pipelines.parallel import Workers
from pipelines.sounds.base import SoundBank
from pipelines.variants import load


@dataclass(frozen=True)
class AttackGround:
    """What an attack is made on.

    Args:
        clips: those that the run was trained on.
        conditions: the study's noises by name.
        sounds: what the attacker has at hand.
        whitelist: what people hear as the same emotion; without one, Eval is "no" throughout.
        design: who attacks, how often, with what.
        seed: the study's.
        command: what the user typed.
        cache: a folder for what was heard.
        workers: who attacks; one net at a time each.
        corpus: its name, for pages.
    """

    clips: Sequence[Clip]
    conditions: Mapping[str, Noise]
    sounds: SoundBank
    whitelist: Whitelist | None
    design: AttackDesign
    seed: int
    command: str
    cache: Path | None = None
    workers: Workers = field(default_factory=Workers)
    corpus: str = ""

    @property
    def moves(self) -> tuple[Move, ...]:
        """Everything that may be tried; errors as `models.attacking.moves.moves_of`."""
        return moves_of(self.conditions, self.design, self.clips, self.sounds)

    @property
    def attacks(self) -> tuple[str, ...]:
        """The attacks of the table by name, each once."""
        return tuple(dict.fromkeys((self.design.attack, *self.design.beside)))


def attack_named(name: str) -> Attack:
    """An attack by the name of its file; UnknownVariant where there is none."""
    found: Attack = load(models.attacks, name, Attack)()
    return found


def settings_of(ground: AttackGround, moves: Sequence[Move]) -> tuple[tuple[Setting, ...], tuple[str, ...]]:
    """The settings that are run, and a sentence for each thing that is not.

    Raises:
        UnknownVariant: there is no such attack.
    """
    notes = []
    evals: tuple[Eval, ...] = ("no", "before")
    if ground.whitelist is None:
        evals = ("no",)
        notes.append("Eval is not run: there is no whitelist; `earwitness certify` writes one.")
    else:
        safe = allowed(moves, ground.whitelist)
        if not any(move.additive for move in safe):
            kind = "added sound" if safe else "condition"
            notes.append(
                f"The whitelist holds no SAFE {kind} that an attacker could use, so one that keeps to it and adds "
                "sounds has no move and never succeeds."
            )
    kinds = [False] * any(move.additive for move in moves) + [True] * any(not move.additive for move in moves)
    found = []
    for name in ground.attacks:
        attack = attack_named(name)
        if not attack.uses_moves:
            found.append(Setting(name))
            continue
        knows = (False, True) if attack.uses_knowledge else (False,)
        found += [Setting(name, corr, which, single) for single in kinds for which in evals for corr in knows]
    return tuple(found), tuple(notes)
