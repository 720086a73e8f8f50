"""How fast a web address is asked: so many questions a second, and a rest after a failure."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass
class Pace:
    """A bucket of tokens, one for each question, that fills steadily.

    Args:
        per_s: tokens that come in a second.
        burst: most tokens that it holds; so many questions may follow each other at once.
        now: a clock in seconds.
        sleep: waits for so many seconds.
    """

    per_s: float
    burst: int = 1
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _tokens: float = field(init=False)
    _counted_at_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens, self._counted_at_s = float(self.burst), self.now()

    def wait(self) -> None:
        """Take a token; wait for one where there is none."""
        now_s = self.now()
        self._tokens = min(self.burst, self._tokens + (now_s - self._counted_at_s) * self.per_s)
        self._counted_at_s = now_s
        self._tokens -= 1
        if self._tokens < 0:
            self.sleep(-self._tokens / self.per_s)


def asked_to_wait_s(retry_after: str | None) -> float | None:
    """What the header Retry-After says, seconds or a date, as seconds from now; None where it says nothing usable.

    >>> asked_to_wait_s("2.5"), asked_to_wait_s("-1"), asked_to_wait_s("soon")
    (2.5, 0.0, None)
    >>> asked_to_wait_s("Wed, 21 Oct 2015 07:28:00 GMT")
    0.0
    """
    if retry_after is None:
        return None
    try:
        wait_s = float(retry_after)
    except ValueError:
        try:
            when = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        wait_s = (aware - datetime.now(UTC)).total_seconds()
    return None if math.isnan(wait_s) else max(0.0, wait_s)
