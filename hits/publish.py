"""Put HITs on a platform, one at a time, so that none is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hits.batch import Hits
from hits.judgment import Hit
from hits.pay import Pay, reward_fee_minor, reward_minor
from hits.platforms.base import Platform
from hits.recruiting import Offer, Outcome


def offer_of(
    hit: Hit, token: str, design: Hits, pay: Pay, url: str, codes: Mapping[Outcome, str] | None = None
) -> Offer:
    """A HIT as the platform shows it.

    Args:
        hit: what is asked.
        token: names this HIT of this study for ever, so that a repeat makes no second one.
        design: the study's words and durations.
        pay: the study's wage.
        url: where the task lives.
        codes: what workers bring back, by how it ended; for platforms that ask for it.
    """
    return Offer(
        token=token,
        title=design.title,
        description=design.explanation,
        keywords=design.keywords,
        url=url,
        reward_minor=reward_minor(hit.trials_per_hit, pay),
        assignments=hit.assignments_wanted,
        assignment_duration_s=design.assignment_duration_s,
        lifetime_s=design.lifetime_s,
        auto_approval_delay_s=design.auto_approval_delay_s,
        minutes=max(1, round(hit.trials_per_hit * pay.expected_s_per_trial / 60)),
        codes=codes or {},
    )


def cost_minor(hits: Iterable[Hit], pay: Pay) -> int:
    """What HITs commit: rewards and the platform's fees, all assignments handed in."""
    total = 0
    for hit in hits:
        reward = reward_minor(hit.trials_per_hit, pay)
        total += hit.assignments_wanted * (reward + reward_fee_minor(reward, hit.assignments_wanted, pay))
    return total


def publish(offers: Iterable[tuple[Hit, Offer]], platform: Platform) -> Iterator[tuple[Hit, str]]:
    """Each HIT with the platform's id for it, as soon as it is out (so none is lost)."""
    for hit, offer in offers:
        yield hit, platform.publish(offer)
