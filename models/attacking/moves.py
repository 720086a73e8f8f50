"""What an attacker may do: the study's noises as moves, all of them or what people hear as the same emotion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.verdicts import stem
from analysis.whitelist import Whitelist
from models.attacking.design import AttackDesign
from models.attacks.base import Move
from pipelines.clip import Clip
from pipelines.conditions import CONTROLS
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank


class MovesUnknown(ValueError):
    """A design names noises that the study does not have."""

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(
            f"attack.conditions names {', '.join(map(repr, unknown))}; expected some of {', '.join(known)}: conditions "
            "of [pairs] draws in study.toml (a level is no part of a name)"
        )


class NothingToAttackWith(ValueError):
    """No clip can carry any of the noises."""

    def __init__(self, sounds: SoundBank) -> None:
        super().__init__(
            f"no clip can carry any of the study's noises with the sounds in {sounds.root}; name a sound bank that has "
            "sounds of their families, or other noises in attack.conditions"
        )


def moves_of(
    conditions: Mapping[str, Noise], design: AttackDesign, clips: Sequence[Clip], sounds: SoundBank
) -> tuple[Move, ...]:
    """The moves that the study's conditions stand for: additive noises without their level first, then the others.

    Conditions that differ in their level alone are one move, which may be tried at any level of the design.

    Args:
        conditions: noises by name.
        design: which of them, and at which levels.
        clips: that are attacked; a noise that none of them can carry is no move.
        sounds: what the attacker has at hand.

    Raises:
        MovesUnknown: the design names noises that there are not.
        NothingToAttackWith: there is no move at all.
    """
    noises: dict[str, tuple[Noise, bool]] = {}
    for name, noise in conditions.items():
        if name not in CONTROLS:
            additive = noise.nominal_snr_db is not None
            noises.setdefault(stem(name) if additive else name, (noise, additive))
    unknown = [name for name in design.conditions if name not in noises]
    if unknown:
        raise MovesUnknown(unknown, list(noises))
    found = [
        Move(name, noise.family, noise, design.snr_levels_db if additive else ())
        for name, (noise, additive) in noises.items()
        if name in (design.conditions or noises) and any(noise.lacks(clip, sounds) is None for clip in clips)
    ]
    if not found:
        raise NothingToAttackWith(sounds)
    return tuple(sorted(found, key=lambda move: not move.additive))


def is_safe(whitelist: Whitelist | None, move: str, level_db: float | None) -> bool:
    """Whether people hear the same emotion after a move; nobody knows without a whitelist.

    An additive noise is allowed at a level if it is SAFE there, or at a lower one (more noise).
    """
    if whitelist is None:
        return False
    return whitelist.allows(move) if level_db is None else whitelist.allowed_at(move, level_db)


def allowed(moves: Sequence[Move], whitelist: Whitelist) -> tuple[Move, ...]:
    """The moves that a whitelist allows, at the levels at which it does."""
    found = []
    for move in moves:
        levels = tuple(level for level in move.levels_db if is_safe(whitelist, move.name, level))
        if levels or (not move.additive and is_safe(whitelist, move.name, None)):
            found.append(replace(move, levels_db=levels))
    return tuple(found)
