"""Foolbox' HopSkipJump on the waveform itself (Chen and others, 2020): a peer of the study's attack."""

from __future__ import annotations

from models.attacks.base import Ask, Attack, Probe, Scene, top_of
from models.foolbox_model import HopSkipJumpAttack, walk_from_noise


class HopSkipJump(Attack):
    """White noise until the label changes, a blend with the clip, then steps along an estimated gradient.

    If no white noise changes the label (as of clips that are given the label of white noise itself) it gives up after
    1,000 noises and 51 blends. Else its first blend, on query 3, is 2 % noise, which may stand 10 dB below the speech.

    Args:
        steps: each asks 100 times the root of its number for a gradient, and some 30 times on the way back to the
            boundary; the budget ends them sooner.
    """

    uses_moves = False

    def __init__(self, steps: int = 64) -> None:
        self.steps = steps

    def run(self, ask: Ask, scene: Scene) -> None:
        """Ask of every sound that Foolbox asks of."""
        walk = HopSkipJumpAttack(steps=self.steps)
        speech = scene.speech
        walk_from_noise(walk, lambda sent: ask(Probe(sent)).changed, speech.samples, top_of(speech), scene.seed)
