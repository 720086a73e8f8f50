"""The qualification (paper section 5.1): does a worker put clips in order by emotion as the corpus' raters do?"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hits.screening import Qualification
from pipelines.ranking import DIMENSIONS, Dimension, RankingSet

DRAWS = 20  # of a first order; one of them, nearly always, does not pass when it is sent as it came


class NotInOrder(ValueError):
    """What came is no order of the clips: a place is missing, or there twice."""


@dataclass(frozen=True)
class AskedClip:
    """A clip as it is put before a worker, under a token that says nothing; `rating` is the server's alone."""

    token: str
    clip_id: str
    path: str
    length_s: float
    rating: float


@dataclass(frozen=True)
class Round:
    """One page: the clips of a set, in the order in which this worker meets them.

    Attributes:
        round_id: so that an order that is sent twice counts once.
        attempt: from 1.
        opened_at: by the server's clock, in ISO 8601.
    """

    round_id: str
    attempt: int
    dimension: Dimension
    set_id: str
    opened_at: str
    clips: tuple[AskedClip, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain values, to be kept."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Round:
        """A round that was kept."""
        return cls(**{**kept, "clips": tuple(AskedClip(**clip) for clip in kept["clips"])})

    def in_order(self, places: Mapping[str, str]) -> tuple[AskedClip, ...]:
        """The clips as they were put in order.

        Args:
            places: from 1, by token, as the page sends them.

        Raises:
            NotInOrder: some clip has no place, or shares one.
        """
        by_place = {places.get(clip.token, ""): clip for clip in self.clips}
        wanted = [str(place) for place in range(1, len(self.clips) + 1)]
        if set(by_place) != set(wanted):
            raise NotInOrder
        return tuple(by_place[place] for place in wanted)


def draw_round(
    sets: Sequence[RankingSet],
    rule: Qualification,
    rng: np.random.Generator,
    *,
    attempt: int,
    dimension: Dimension,
    met: Collection[str],
    opened_at: str,
) -> Round:
    """A set that this worker has not met, its clips mixed so that their order says nothing and passes for nothing.

    Args:
        sets: of both dimensions.
        rule: of the study.
        rng: draws the set and the order.
        attempt: from 1.
        dimension: what the clips are ordered by.
        met: ids of the sets of earlier rounds; they come again only where there are no others.
        opened_at: now, in ISO 8601.
    """
    own = [one for one in sets if one.dimension == dimension]
    fresh = [one for one in own if one.set_id not in met] or own
    chosen = fresh[int(rng.integers(len(fresh)))]
    orders = [[chosen.clips[place] for place in rng.permutation(len(chosen.clips))] for _ in range(DRAWS)]
    mixed = next(
        (one for one in orders if correlation([clip.rating for clip in one]) < rule.min_correlation), orders[0]
    )
    clips = (AskedClip(secrets.token_hex(8), clip.clip_id, clip.path, clip.length_s, clip.rating) for clip in mixed)
    return Round(secrets.token_hex(8), attempt, dimension, chosen.set_id, opened_at, tuple(clips))


def correlation(ratings: Sequence[float]) -> float:
    """Spearman's correlation of an order with the corpus' ratings, -1..1.

    Args:
        ratings: of the clips, in the order in which a worker put them; not all alike.

    >>> correlation([1.5, 2.5, 4.0]), correlation([4.0, 2.5, 1.5])
    (1.0, -1.0)
    """
    from scipy.stats import spearmanr  # here, since every command learns of the settings, and this is slow

    return round(float(spearmanr(range(len(ratings)), ratings).statistic), 9)


def passes(correlations: Mapping[Dimension, float], rule: Qualification) -> bool:
    """Whether both orders of an attempt agree with the ratings as well as the study asks."""
    return all(correlations[dimension] >= rule.min_correlation for dimension in DIMENSIONS)


def score(correlations: Mapping[Dimension, float], rule: Qualification) -> int:
    """What a platform is told: a hundred times the mean correlation, 1 at least; 0 for who did not pass.

    >>> score({"activation": 1.0, "valence": 0.9}, Qualification())
    95
    """
    if not passes(correlations, rule):
        return 0
    return max(1, round(100 * sum(correlations.values()) / len(correlations)))


def qualification_name(study: str) -> str:
    """How a platform calls who qualified for a study: one name for all of its HITs."""
    return f"Hears emotion in voices ({study})"


def order_by_ear(ratings: Mapping[str, float], rng: np.random.Generator, noise: float = 0.15) -> list[str]:
    """The order in which a simulated listener puts clips: by their true ratings, heard with a little noise.

    Args:
        ratings: by token.
        rng: draws the noise.
        noise: its standard deviation, in points of the rating's scale.
    """
    heard = {token: rating + noise * float(rng.normal()) for token, rating in sorted(ratings.items())}
    return sorted(heard, key=heard.__getitem__)
