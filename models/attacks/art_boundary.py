"""The boundary attack of the Adversarial Robustness Toolbox on the waveform itself: a peer of the study's attack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attacks.base import Ask, Attack, Probe, Scene, top_of
from pipelines.audio import Samples


class PeersMissing(RuntimeError):
    """ART is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "art-boundary is an attack of the Adversarial Robustness Toolbox, which is not installed here; "
            "pip install 'earwitness[peers]' brings it"
        )


class ArtBoundary(Attack):
    """White noise until the label changes, then rounds of 20 steps beside the boundary and as many towards the clip.

    It begins at the noise itself, some 15 dB above the speech, so that it needs hundreds of queries to come below it.
    If none of its first noises changes the label it gives up.

    ART draws its first noises by a generator that nobody can seed, so they are drawn here, as many and of the same
    kind, and handed to it. It asks of the clean clip and of the noise that was found once more than is needed.

    Args:
        rounds: after which it ends; the budget ends it sooner.
        noises: at most, to begin with.

    Raises:
        PeersMissing: ART is not installed.
    """

    uses_moves = False

    def __init__(self, rounds: int = 5_000, noises: int = 100) -> None:
        try:
            from art.attacks.evasion import BoundaryAttack
            from art.estimators.classification import BlackBoxClassifier
        except ImportError as error:
            raise PeersMissing from error
        self.rounds, self.noises = rounds, noises
        self._attack, self._classifier = BoundaryAttack, BlackBoxClassifier

    def run(self, ask: Ask, scene: Scene) -> None:
        """Ask of every sound that ART asks of."""
        samples = scene.speech.samples
        top = top_of(scene.speech)

        def one_hot(sounds: NDArray[np.float32]) -> NDArray[np.float32]:
            changed = [int(ask(Probe(sent.astype(np.float32))).changed) for sent in sounds]
            return np.eye(2, dtype=np.float32)[changed]

        start = self._noise(ask, samples, top, scene.rng())
        if start is None:
            return
        model: Any = self._classifier(one_hot, samples.shape, 2, clip_values=(-top, top))
        walk = self._attack(model, targeted=False, max_iter=self.rounds, verbose=False)
        with _numpy_seeded(scene.seed):
            walk.generate(samples[None], y=np.array([0]), x_adv_init=start[None])

    def _noise(self, ask: Ask, samples: Samples, top: float, rng: np.random.Generator) -> Samples | None:
        """The first white noise that changes the label; None where none does."""
        for _ in range(self.noises):
            noise = rng.uniform(-top, top, samples.shape).astype(np.float32)
            if ask(Probe(noise)).changed:
                return noise
        return None


@contextmanager
def _numpy_seeded(seed: int) -> Iterator[None]:
    """Seed numpy's generator that all share, which ART draws from, and leave it as it was."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
