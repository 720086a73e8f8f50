"""Adaptive filling: which pairs an accepted HIT asks about, from what is still open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hits.batch import Hits, order_of, with_repeats
from hits.judgment import ASKED_ROLES, Slot
from hits.vote_rules import Tally
from pipelines.clip import Role


@dataclass(frozen=True)
class Standing:
    """What is known of one pair: the votes in, and the votes on their way."""

    pair_id: str
    clip_id: str
    role: Role
    votes: int = 0
    activation_different: int = 0
    valence_different: int = 0
    reserved: int = 0

    #: The lowest and the highest lead of "different" on the way to these votes, by dimension.
    activation_leads: tuple[int, int] = (0, 0)
    valence_leads: tuple[int, int] = (0, 0)

    @property
    def tallies(self) -> tuple[Tally, Tally]:
        """The votes on activation and on valence."""
        return (
            Tally(self.activation_different, self.votes - self.activation_different, *self.activation_leads),
            Tally(self.valence_different, self.votes - self.valence_different, *self.valence_leads),
        )


def votes_wanted(standing: Standing, design: Hits) -> int:
    """Judgments that a pair needs at least until both its dimensions are decided; 0 when they are.

    >>> agreed = Standing("p", "c", "study", votes=2)  # both said same, twice
    >>> votes_wanted(agreed, Hits(policy="fixed")), votes_wanted(agreed, Hits(policy="adaptive"))
    (1, 0)
    """
    return max(design.votes.missing(tally) for tally in standing.tallies)


def votes_free(standing: Standing, design: Hits) -> int:
    """Judgments of a pair that could be handed out now by the design's policy, less those that are reserved.

    >>> agreed = Standing("p", "c", "study", votes=2)
    >>> votes_free(agreed, Hits(policy="fixed")), votes_free(agreed, Hits(policy="adaptive"))
    (1, 0)
    """
    return max(0, votes_wanted(standing, design) - standing.reserved)


def fill(
    standings: Sequence[Standing],
    judged: frozenset[str],
    design: Hits,
    rng: np.random.Generator,
    again: Sequence[str] = (),
    heard: Mapping[str, int] | None = None,
    spare: frozenset[str] = frozenset(),
) -> list[Slot]:
    """The trials of one accepted HIT.

    Pairs that are nearest to their decision come first, so that few are left half-judged when a study stops; among
    equals chance decides. One clip is heard once a HIT as long as there are others, and no worker meets a pair twice
    but as a repeat; where there is nothing to repeat yet, open pairs take its place.

    Args:
        standings: every study, control and check pair that may still be asked.
        judged: pairs that this worker has judged or holds.
        design: the study's design.
        rng: decides among equals.
        again: pairs of earlier HITs that this worker may be asked about once more.
        heard: how often this worker heard each clip in the study; the design says how often is enough.
        spare: pairs that are asked only where room is left, and never alone.

    Returns:
        At most `trials_per_hit` slots, in the order to be asked; empty when nothing is open for this worker.
    """
    fresh = [standing for standing in standings if standing.pair_id not in judged]
    asked = [s for s in fresh if s.role in ASKED_ROLES and votes_free(s, design) > 0]
    if spare.issuperset(one.pair_id for one in asked):
        return []
    asked = _within_cap(_by_urgency(asked, rng, spare), heard or {}, design.max_per_clip)
    repeats = min(design.repeats_per_hit, len(again))
    room = design.asked_per_hit + design.repeats_per_hit - repeats
    chosen = _one_a_clip([one for one in asked if one.pair_id not in spare], room)
    chosen += _one_a_clip([one for one in asked if one.pair_id in spare], room - len(chosen), chosen)
    if not chosen:
        return []
    checks = [s for s in fresh if s.role == "check"]
    wanted = min(design.checks_per_hit, len(checks))
    chosen += [checks[int(index)] for index in rng.choice(len(checks), size=wanted, replace=False)] if wanted else []
    slots = [
        Slot(chosen[int(index)].pair_id, chosen[int(index)].role, order_of(design, rng))
        for index in rng.permutation(len(chosen))
    ]
    return with_repeats(slots, again, design, rng)


def _by_urgency(
    standings: Sequence[Standing], rng: np.random.Generator, spare: frozenset[str] = frozenset()
) -> list[Standing]:
    """Most votes in or on their way first, spare ones last; chance among equals."""
    shuffled = [standings[int(index)] for index in rng.permutation(len(standings))]
    return sorted(shuffled, key=lambda standing: (standing.pair_id in spare, -(standing.votes + standing.reserved)))


def _within_cap(standings: Sequence[Standing], heard: Mapping[str, int], most: int | None) -> list[Standing]:
    """Those that a worker can hear without meeting an utterance more often than the design allows."""
    if most is None:
        return list(standings)
    times, kept = Counter(heard), []
    for standing in standings:
        times[standing.clip_id] += 1
        if times[standing.clip_id] <= most:
            kept.append(standing)
    return kept


def _one_a_clip(standings: Sequence[Standing], room: int, before: Sequence[Standing] = ()) -> list[Standing]:
    """The first `room` of them, those whose clip is already there, or among those before, last."""
    first: list[Standing] = []
    again: list[Standing] = []
    clips = {standing.clip_id for standing in before}
    for standing in standings:
        (again if standing.clip_id in clips else first).append(standing)
        clips.add(standing.clip_id)
    return [*first, *again][:room]
