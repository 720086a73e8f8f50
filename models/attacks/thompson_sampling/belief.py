"""Belief: where the label of one clip changes, sound by sound, as answers tell; drawn by Gibbs sampling.

J. H. Albert and S. Chib, "Bayesian analysis of binary and polychotomous response data", JASA 88, 1993.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

SWEEPS = 10  # of the sampler for each draw


class Belief:
    """Where the label changes: a boundary for each arm, of effects that arms share in groups, normally distributed.

    An answer tells on which side of the boundary a level was, give or take what is the draw's own.

    Args:
        groups: for each spread, what each arm belongs to.
        means: of the boundaries; shape (arms,), in dB.
        spreads_db: how far boundaries differ between the members of each kind of group.
        own_db: how far they differ between draws that share all groups.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[Hashable]],
        means: NDArray[np.float64],
        spreads_db: Sequence[float],
        own_db: float,
    ) -> None:
        self._codes = [np.unique([repr(name) for name in column], return_inverse=True)[1] for column in groups]
        self._means, self._spreads_db, self._own_db = means, spreads_db, own_db
        self._covariance = sum(
            spread**2 * (codes[:, None] == codes[None, :]).astype(float)
            for spread, codes in zip(self._spreads_db, self._codes, strict=True)
        )  # (arms, arms)
        self._asked: list[int] = []
        self._snrs_db: list[float] = []
        self._changed: list[bool] = []
        self._latent: list[float] = []  # the boundary that each question met

    def note(self, arm: int, snr_db: float, changed: bool) -> None:
        """Learn from an answer."""
        self._asked.append(arm)
        self._snrs_db.append(snr_db)
        self._changed.append(changed)
        self._latent.append(snr_db)

    def draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Boundaries as they may be, given all answers; shape (arms,), in dB.

        Gibbs sampling: the boundaries given those that were met, then those that were met given the answers.
        """
        if not self._asked:
            return self._means + self._effects(rng)
        asked = np.array(self._asked)
        among = self._covariance[np.ix_(asked, asked)] + self._own_db**2 * np.eye(len(asked))
        gain = np.linalg.solve(among, self._covariance[asked])  # (asked, arms)
        latent = np.array(self._latent)
        for _ in range(SWEEPS):
            effects = self._effects(rng)
            met = self._means[asked] + effects[asked] + rng.normal(0, self._own_db, len(asked))
            boundaries: NDArray[np.float64] = self._means + effects + (latent - met) @ gain
            latent = self._met(boundaries[asked], rng)
        self._latent = latent.tolist()
        return boundaries

    def _effects(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """All that arms share, as it may be before any answer; shape (arms,)."""
        effects = np.zeros(len(self._means))
        for spread, codes in zip(self._spreads_db, self._codes, strict=True):
            effects += rng.normal(0, spread, codes.max() + 1)[codes]
        return effects

    def _met(self, boundaries: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Boundaries with what is the draw's own, on the sides of the levels that the answers tell of."""
        share = ndtr((np.array(self._snrs_db) - boundaries) / self._own_db)
        low, high = np.where(self._changed, share, 0.0), np.where(self._changed, 1.0, share)
        drawn = low + (high - low) * rng.random(len(boundaries))
        met: NDArray[np.float64] = boundaries + self._own_db * ndtri(np.clip(drawn, 1e-12, 1 - 1e-12))
        return met
