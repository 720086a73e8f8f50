"""How trials are cut into HITs, and how controls and checks are mixed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

import hits.platforms
from hits.judgment import ASKED_ROLES, Hit, Order, Policy, Rate, Scale, Slot
from hits.vote_rules import LeadRule, MajorityRule, VoteRule
from pipelines.clip import Pair
from pipelines.variants import variant_names


class Hits(BaseModel):
    """What a HIT is, and how many judgments are asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    platform: str = Field("mturk", description="where workers come from, by the name of its file in hits/platforms")
    policy: Policy = Field(
        "adaptive",
        description="'fixed': every pair gets all its votes (the paper); 'adaptive': a HIT is filled when it is "
        "accepted, from pairs whose majority is still open",
    )
    votes_per_pair: int = Field(
        3,
        ge=1,
        le=9,
        description="judgments of a pair by different workers (at most, under 'adaptive')",
        json_schema_extra={"paper": "section 5.1"},
    )
    vote_rule: Literal["majority", "lead"] = Field(
        "majority",
        description="'majority': what most of its votes say (the paper); 'lead': a pair is asked about until 'same' "
        "leads, or 'different' leads by `lead` votes, and only then counts as changed; needs policy = 'adaptive'",
        json_schema_extra={"paper": "section 5.1"},
    )
    lead: int = Field(3, ge=1, le=9, description="votes by which 'different' has to lead under vote_rule = 'lead'")
    trials_per_hit: int = Field(10, ge=1, le=100, description="trials in a HIT, checks included")
    checks_per_hit: int = Field(1, ge=0, le=20, description="attention checks among the trials of a HIT")
    first_clip: Order | str = Field(
        "original-first",
        pattern="^(original-first|balanced)$",
        description="'original-first' (the paper) or 'balanced': which clip of a pair sounds first",
        json_schema_extra={"paper": "section 5.1"},
    )
    repeats_per_hit: int = Field(
        0,
        ge=0,
        le=20,
        description="trials of a HIT that ask a worker once more about a pair judged in an earlier HIT, for "
        "self-consistency only; they count among its trials",
    )
    rate: Rate = Field(
        "noisy-if-different",
        description="'noisy-if-different': the noisy clip is rated where something differs (the paper); 'both': both "
        "clips are rated, whatever was said, on `rate_both_share` of all trials",
        json_schema_extra={"paper": "section 5.1"},
    )
    rate_both_share: float = Field(
        0.2, gt=0, le=1, description="under rate = 'both': the share of all trials, drawn at random, that rate both"
    )
    scale: Scale = Field(
        "manikins",
        description="'manikins': the Self-Assessment Manikin in five steps (the paper); 'slider': the Affective Slider",
        json_schema_extra={"paper": "section 5.1"},
    )
    title: str = Field("Do two short voice clips feel the same?", max_length=128, description="title workers see")
    explanation: str = Field(
        "Listen to pairs of short voice clips and say whether the emotion you hear is the same.",
        max_length=2000,
        description="description workers see",
    )
    keywords: tuple[str, ...] = Field(("audio", "emotion", "listening"), description="words workers search by")
    assignment_duration_s: int = Field(
        3600, ge=30, le=31_536_000, description="time to finish a HIT", json_schema_extra={"unit": "s"}
    )
    lifetime_s: int = Field(
        604_800,
        ge=30,
        le=31_536_000,
        description="time a HIT can be accepted",
        json_schema_extra={"unit": "s"},
    )
    auto_approval_delay_s: int = Field(
        259_200,
        ge=0,
        le=2_592_000,
        description="time after which the platform pays by itself",
        json_schema_extra={"unit": "s"},
    )
    deadline: date | None = Field(
        None,
        description="last day (ISO date, UTC) on which workers are sought: after it nothing is published, and what is "
        "open leaves the shelf",
    )
    max_hits_per_worker: int | None = Field(
        None, ge=1, le=10_000, description="HITs that one worker may do in the whole study; none: any number"
    )
    max_per_clip: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="trials in which one worker may hear the same utterance in the whole study, checks and repeats "
        "not counted; none: once a HIT as long as there are others",
    )

    @field_validator("platform")
    @classmethod
    def _known(cls, platform: str) -> str:
        names = variant_names(hits.platforms)
        if platform not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return platform

    @model_validator(mode="after")
    def _lead_within_reach(self) -> Hits:
        if self.vote_rule == "lead" and (self.policy == "fixed" or self.lead > self.votes_per_pair):
            raise ValueError(
                f"vote_rule is 'lead', policy {self.policy!r}, lead {self.lead} and votes_per_pair "
                f"{self.votes_per_pair}; expected policy = 'adaptive' and no larger lead than there are votes"
            )
        return self

    @model_validator(mode="after")
    def _room_beside_checks(self) -> Hits:
        if self.checks_per_hit + self.repeats_per_hit >= self.trials_per_hit:
            raise ValueError(
                f"checks_per_hit is {self.checks_per_hit}, repeats_per_hit {self.repeats_per_hit} and trials_per_hit "
                f"{self.trials_per_hit}; expected fewer checks and repeats than trials, since they are among them"
            )
        return self

    def over_at(self, now: datetime) -> bool:
        """Whether the last day on which workers are sought is over.

        >>> Hits(deadline=date(2030, 1, 1)).over_at(datetime(2030, 1, 1, 23, tzinfo=UTC))
        False
        """
        if self.deadline is None:
            return False
        return now >= datetime.combine(self.deadline, time(), UTC) + timedelta(days=1)

    @property
    def votes(self) -> VoteRule:
        """When a pair has votes enough, and what they come to."""
        if self.vote_rule == "lead":
            return LeadRule(self.lead, self.votes_per_pair)
        return MajorityRule(self.votes_per_pair, curtailed=self.policy == "adaptive")

    @property
    def asked_per_hit(self) -> int:
        """Trials of a HIT that are neither checks nor repeats."""
        return self.trials_per_hit - self.checks_per_hit - self.repeats_per_hit


class TooFewPairs(ValueError):
    """There is nothing to publish, or no pair fit for a role that the design asks for."""


def order_of(design: Hits, rng: np.random.Generator) -> Order:
    """Which clip sounds first in one slot."""
    if design.first_clip == "balanced" and rng.random() < 0.5:
        return "noisy-first"
    return "original-first"


def rate_of(design: Hits, rng: np.random.Generator) -> Rate:
    """Which clips one trial has rated; drawn without looking at the trial's role or pair."""
    if design.rate == "both" and rng.random() < design.rate_both_share:
        return "both"
    return "noisy-if-different"


def with_repeats(slots: Sequence[Slot], again: Sequence[str], design: Hits, rng: np.random.Generator) -> list[Slot]:
    """Slots with repeats among them, at random places, in the order in which the slots stood.

    Args:
        slots: what is asked beside them.
        again: ids of pairs that the worker may be asked about once more.
        design: how many repeats a HIT has; fewer where there are fewer pairs.
        rng: draws pairs and places.
    """
    mixed, shown = list(slots), {slot.pair_id for slot in slots}
    known = [pair_id for pair_id in again if pair_id not in shown]
    for index in rng.permutation(len(known))[: design.repeats_per_hit]:
        slot = Slot(known[int(index)], "repeat", order_of(design, rng))
        mixed.insert(int(rng.integers(len(mixed) + 1)), slot)
    return mixed


def require_checks(checks: Sequence[Pair], design: Hits) -> None:
    """Refuse a design that asks for checks where none were made."""
    if design.checks_per_hit and not checks:
        raise TooFewPairs(
            f"hits.checks_per_hit is {design.checks_per_hit}, but the manifest has no pair with the role 'check'; "
            "set pairs.checks above 0 and run `earwitness pairs make`, or set hits.checks_per_hit to 0"
        )


def cut(pairs: Sequence[Pair], design: Hits, rng: np.random.Generator, first: int = 0) -> list[Hit]:
    """HITs of the policy `fixed`: every study and control pair once, mixed, checks among them.

    Pairs are shuffled over conditions, since a HIT of one condition doubles false certifications; the same clip
    stands twice in a HIT only where nothing else is left. Room for repeats is left:
    which they are depends on who comes.

    Args:
        pairs: study pairs, controls and checks.
        design: the study's design.
        rng: mixes them.
        first: number of the first HIT, after those that exist.

    Raises:
        TooFewPairs: no pair at all, or no check where checks are asked for.
    """
    checks = [pair for pair in pairs if pair.role == "check"]
    asked = [pair for pair in pairs if pair.role in ASKED_ROLES]
    if not asked:
        raise TooFewPairs("the manifest has no pair to ask about; run `earwitness pairs make` first")
    require_checks(checks, design)
    hits = []
    for number, chunk in enumerate(_chunks(asked, design.asked_per_hit, rng), start=first):
        slots = [Slot(pair.pair_id, pair.role, order_of(design, rng)) for pair in chunk]
        slots += [
            Slot(checks[int(index)].pair_id, "check", order_of(design, rng))
            for index in rng.choice(len(checks), size=min(design.checks_per_hit, len(checks)), replace=False)
        ]
        order = rng.permutation(len(slots))
        hits.append(
            Hit(
                hit_id=f"hit-{number:05d}",
                policy="fixed",
                trials_per_hit=len(slots) + design.repeats_per_hit,
                assignments_wanted=design.votes_per_pair,
                slots=tuple(slots[int(index)] for index in order),
            )
        )
    return hits


def _chunks(pairs: Sequence[Pair], room: int, rng: np.random.Generator) -> Iterator[list[Pair]]:
    """Deal pairs round robin by clip, so that one clip's pairs fall into different HITs."""
    by_clip: dict[str, list[Pair]] = {}
    for index in rng.permutation(len(pairs)):
        by_clip.setdefault(pairs[int(index)].clip_id, []).append(pairs[int(index)])
    count = ceil(len(pairs) / room)
    dealt: list[list[Pair]] = [[] for _ in range(count)]
    ordered = [pair for group in by_clip.values() for pair in group]
    for position, pair in enumerate(ordered):
        dealt[position % count].append(pair)
    yield from (chunk for chunk in dealt if chunk)


def open_hits(first: int, count: int, design: Hits, *, shared: bool = False) -> list[Hit]:
    """HITs of the policy `adaptive`: room for trials that are chosen when a worker accepts.

    Args:
        first: number of the first of them, after those that exist.
        count: how many.
        design: the study's design.
        shared: one HIT with so many places instead.

    >>> [hit.assignments_wanted for hit in open_hits(0, 3, Hits(), shared=True)]
    [3]
    """
    if shared and count:
        return [replace(open_hits(first, 1, design)[0], assignments_wanted=count)]
    return [
        Hit(
            hit_id=f"hit-{number:05d}",
            policy="adaptive",
            trials_per_hit=design.trials_per_hit,
            assignments_wanted=1,
        )
        for number in range(first, first + count)
    ]


def open_hits_needed(votes_open: int, trials_out: int, design: Hits) -> int:
    """How many adaptive HITs are missing to collect the votes that are open.

    Args:
        votes_open: judgments still needed, none of them reserved.
        trials_out: trials in HITs that are out and not yet accepted, checks not counted.
        design: the study's design.

    >>> open_hits_needed(votes_open=20, trials_out=9, design=Hits(trials_per_hit=10, checks_per_hit=1))
    2
    """
    return max(0, ceil((votes_open - trials_out) / design.asked_per_hit))
