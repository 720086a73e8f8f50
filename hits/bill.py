"""Before spending: what publishing asks for and costs, line by line, so that it adds up like a bill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from hits.batch import Hits
from hits.judgment import ASKED_ROLES, Hit
from hits.pay import Pay, fee_minor, minor_per_major, reward_fee_minor, reward_minor, top_up_minor
from hits.vote_rules import Tally, VoteRule
from pipelines.clip import Pair, Role

ASSUMED_DIFFERENT = 0.2  # share of answers 'different' in either dimension, until there are answers


@dataclass(frozen=True)
class Measured:
    """What a study's own judgments say of its work; nothing of it before the first.

    Attributes:
        s_per_trial: median of the active time on a trial, in seconds.
        different: share of answers 'different', a dimension each.
        parts_minor: paid, or to be paid, for work that was not handed in, an assignment that was.
        trials: on how many it rests.
    """

    s_per_trial: float | None = None
    different: float | None = None
    parts_minor: float = 0.0
    trials: int = 0


@dataclass(frozen=True)
class Cost:
    """One way in which it can come out. Money in minor units, for all assignments together."""

    assignments: int
    rewards_minor: int
    reward_fees_minor: int
    top_ups_minor: int
    parts_minor: int
    bonus_fees_minor: int

    @property
    def total_minor(self) -> int:
        """The sum of its lines."""
        return (
            self.rewards_minor + self.reward_fees_minor + self.top_ups_minor + self.parts_minor + self.bonus_fees_minor
        )


@dataclass(frozen=True)
class Bill:
    """What a wave asks for and costs.

    Attributes:
        pairs: to be judged.
        hits: that are put out now.
        trials: of each kind, in the assignments that are expected.
        workers_at_least: fewer can't do it, by the design's own limits.
        s_per_trial: measured where there are judgments, else expected.
        now: what is put out, and so committed, with this wave; HITs that votes call for later come on top.
        expected: what the wave comes to in the end, with top-ups and parts.
        most: if every pair needs all of its votes.
        committed_minor: before, fees included.
        decides: what the money can decide, as a sentence; None where that can't be said yet.
        first: under a design that decides while judgments come in, how many of the pairs are asked about at once; the
            others only while their conditions are open, so that `expected` is what it comes to if nothing is decided
            early. None where all pairs are judged.
    """

    pairs: int
    hits: int
    trials: Mapping[str, int]
    workers_at_least: int
    s_per_trial: float
    measured: bool
    trials_per_hit: int
    reward_minor: int
    now: Cost
    expected: Cost
    most: Cost
    committed_minor: int
    pay: Pay
    decides: str | None = None
    first: int | None = None

    @property
    def total_minor(self) -> int:
        """What is committed by saying yes: rewards and fees of what is put out now."""
        return self.now.rewards_minor + self.now.reward_fees_minor

    @property
    def left_minor(self) -> int:
        """What the cap leaves after that; below zero where it does not suffice."""
        return self.pay.cap_minor - self.committed_minor - self.total_minor

    @property
    def minutes(self) -> float:
        """Time of a HIT."""
        return self.trials_per_hit * self.s_per_trial / 60

    @property
    def hourly_minor(self) -> int:
        """What an hour of this work brings by rewards alone; top-ups lift it to the wage."""
        return round(self.reward_minor * 60 / self.minutes)

    @property
    def over_cap(self) -> bool:
        """Whether publishing will be refused."""
        return self.total_minor > 0 and self.left_minor < 0


def make_bill(
    asked: Sequence[Pair],
    hits: Sequence[Hit],
    design: Hits,
    pay: Pay,
    measured: Measured,
    *,
    committed_minor: int,
    decides: str | None = None,
    first: int | None = None,
) -> Bill:
    """The bill of a wave.

    Args:
        asked: study and control pairs that are to be judged.
        hits: that would be put out now.
        design: how pairs become HITs.
        pay: the study's wage, cap and fees.
        measured: what its judgments so far say.
        committed_minor: before this wave.
        decides: what the money can decide, in a sentence.
        first: how many of the pairs are asked about at once, where the others depend on what is decided.
    """
    s_per_trial = measured.s_per_trial or pay.expected_s_per_trial
    votes = expected_votes(design.votes, measured.different) if design.policy == "adaptive" else None
    per_hit = max((hit.trials_per_hit for hit in hits), default=design.trials_per_hit)
    places = max((hit.assignments_wanted for hit in hits), default=1)
    put_out = sum(hit.assignments_wanted for hit in hits)
    all_votes = len(asked) * design.votes_per_pair
    if votes is None:
        expected = most = put_out
    else:
        expected = max(put_out, ceil(len(asked) * votes / design.asked_per_hit))
        most = max(expected, ceil(all_votes / design.asked_per_hit))

    def cost(assignments: int) -> Cost:
        return cost_of(assignments, per_hit, places, s_per_trial, pay, measured)

    return Bill(
        pairs=len(asked),
        hits=len(hits),
        trials=_trials(asked, expected, design, ceil(len(asked) * votes) if votes else all_votes),
        workers_at_least=_workers(asked, expected, design),
        s_per_trial=s_per_trial,
        measured=measured.s_per_trial is not None,
        trials_per_hit=per_hit,
        reward_minor=reward_minor(per_hit, pay),
        now=cost(put_out),
        expected=cost(expected),
        most=cost(most),
        committed_minor=committed_minor,
        pay=pay,
        decides=decides,
        first=first,
    )


def expected_votes(votes: VoteRule, different: float | None = None) -> float:
    """Votes that a pair needs on average until it is decided in both dimensions, which are taken as independent.

    Args:
        votes: the rule.
        different: share of answers 'different' in either dimension.

    >>> from hits.vote_rules import MajorityRule
    >>> three = MajorityRule(3, curtailed=True)
    >>> expected_votes(three, 0.0), round(expected_votes(three, 0.5), 2), expected_votes(MajorityRule(1))
    (2.0, 2.75, 1.0)
    """
    share = ASSUMED_DIFFERENT if different is None else different
    return sum(1 - votes.decided_within(asked, share) ** 2 for asked in range(votes.most))


def cost_of(assignments: int, trials: int, places: int, s_per_trial: float, pay: Pay, measured: Measured) -> Cost:
    """What assignments come to.

    Args:
        assignments: how many.
        trials: of each.
        places: assignments of one HIT, on which a platform's fee may depend.
        s_per_trial: measured or expected time.
        pay: the study's wage and fees.
        measured: what work that is not handed in costs beside.
    """
    reward = reward_minor(trials, pay)
    top_up = top_up_minor(trials * min(s_per_trial, pay.longest_paid_s_per_trial), reward, pay)
    parts = round(assignments * measured.parts_minor) if pay.paying else 0
    return Cost(
        assignments=assignments,
        rewards_minor=assignments * reward,
        reward_fees_minor=assignments * reward_fee_minor(reward, places, pay),
        top_ups_minor=assignments * top_up,
        parts_minor=parts,
        bonus_fees_minor=assignments * fee_minor(top_up, pay) + fee_minor(parts, pay),
    )


def _trials(asked: Sequence[Pair], assignments: int, design: Hits, votes: int) -> dict[str, int]:
    """Trials of each kind: votes are spread over study pairs and controls as the pairs are."""
    by_role: Counter[Role] = Counter(pair.role for pair in asked)
    controls = sum(count for role, count in by_role.items() if role != "study" and role in ASKED_ROLES)
    of_controls = round(votes * controls / len(asked)) if asked else 0
    return {
        "study": votes - of_controls,
        "control": of_controls,
        "check": assignments * design.checks_per_hit,
        "repeat": assignments * design.repeats_per_hit,
    }


def _workers(asked: Sequence[Pair], assignments: int, design: Hits) -> int:
    """Workers without whom it can't be done: by HITs a worker, by trials a clip, by votes of different people."""
    if not asked:
        return 0
    needed = [design.votes.missing(Tally(0, 0))]
    if design.max_hits_per_worker is not None:
        needed.append(ceil(assignments / design.max_hits_per_worker))
    if design.max_per_clip is not None:
        fullest = max(Counter(pair.clip_id for pair in asked).values())
        needed.append(ceil(fullest * needed[0] / design.max_per_clip))
    return max(needed)


def hourly_floor(pay: Pay, floors: Mapping[str, float]) -> int | None:
    """A platform's floor for an hour in minor units; None where it has none in this currency."""
    found = floors.get(pay.currency)
    return None if found is None else round(found * minor_per_major(pay.currency))
