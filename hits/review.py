"""How long work that was handed in waits for a person's look before it is paid."""

from __future__ import annotations

from datetime import datetime, timedelta

import hits.platforms
from hits.batch import Hits
from hits.pay import Pay
from hits.platforms.base import Platform
from pipelines.variants import load_class


def paid_by_itself_after_s(design: Hits) -> int | None:
    """Seconds after which the platform pays whatever nobody decided; None where it never does.

    >>> paid_by_itself_after_s(Hits(platform="prolific"))
    1814400
    """
    traits = load_class(hits.platforms, design.platform, Platform).traits
    return (traits.pays_by_itself_after_s or design.auto_approval_delay_s) if traits.pays_by_itself else None


def wrong_review(design: Hits, pay: Pay) -> str | None:
    """What is wrong with the time for review, as a sentence; None where nothing is.

    >>> wrong_review(Hits(auto_approval_delay_s=3600), Pay(review_for_h=1))
    'review_for_h is 1 h, and the platform pays by itself after 1 h; expected less'
    """
    after_s = paid_by_itself_after_s(design)
    if not pay.review_for_h or after_s is None or pay.review_for_h * 3600 < after_s:
        return None
    by_itself = f"the platform pays by itself after {after_s / 3600:g} h"
    return f"review_for_h is {pay.review_for_h:g} h, and {by_itself}; expected less"


def review_ends(handed_in_at: datetime, known_at: datetime, pay: Pay, now: datetime) -> datetime | None:
    """Until when work waits; None once it is to be paid.

    Whatever clocks do, it is paid: where work would have come in the future, a clock was set back, and nobody can tell
    how long it has waited.

    Args:
        handed_in_at: by the platform's clock.
        known_at: when it was written down here, by ours.
        pay: of the study.
        now: by our clock.
    """
    came_at = min(handed_in_at, known_at)
    ends_at = came_at + timedelta(hours=pay.review_for_h)
    return ends_at if came_at <= now < ends_at else None
