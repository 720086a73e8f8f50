"""What the dashboard draws: the verdicts so far with their forest plot, judgments an hour, cost against the cap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

import pandas as pd
from markupsafe import Markup

from analysis.agreement import Agreement, agreements
from analysis.certify import certify
from analysis.forest import forest_svg
from analysis.rule import DecisionRule
from analysis.verdicts import Certified
from hits.judgment import RATED
from hits.vote_rules import VoteRule

HOURS_SHOWN = 48
AGREED_EVERY_S = 60.0


@dataclass(frozen=True)
class Verdicts:
    """The verdicts as they would be now, and their plot for a wide and a narrow page."""

    judgments: int
    certified: Certified
    wide: Markup
    narrow: Markup
    simulated: bool


def verdicts(
    rows: Iterable[Mapping[str, object]],
    rule: DecisionRule,
    votes: VoteRule,
    address_of: Callable[[str], str],
    made: Mapping[str, int],
) -> Verdicts | None:
    """Decide on the judgments so far, each row of the plot a link; None while no condition has a judged pair."""
    table = pd.DataFrame(list(rows))
    if table.empty:
        return None
    table[list(RATED)] = table[list(RATED)].astype(float)  # where nobody rated, too
    certified = certify(table, rule, votes, made=made)
    if not certified.decisions:
        return None
    wide, narrow = (
        Markup(  # noqa: S704 - the plot escapes every word in it
            forest_svg(certified.decisions, rule.tau, compact=compact, name=name, address_of=address_of)
        )
        for compact, name in ((False, "forest"), (True, "forest-narrow"))
    )
    return Verdicts(len(table), certified, wide, narrow, simulated=bool(table["simulated"].any()))


@dataclass
class Kept:
    """The latest verdicts, decided anew only when judgments came in, were taken back, or count otherwise."""

    decided_of: tuple[object, ...] = ()
    latest: Verdicts | None = None
    lock: Lock = field(default_factory=Lock)
    clock: Callable[[], float] = monotonic
    agreed_at: float = -AGREED_EVERY_S
    agreed_of: tuple[object, ...] = ()
    agreed: tuple[Agreement, ...] = ()

    def verdicts(
        self,
        state: tuple[object, ...],
        rows: Callable[[], Iterable[Mapping[str, object]]],
        rule: DecisionRule,
        votes: VoteRule,
        address_of: Callable[[str], str],
        made: Mapping[str, int],
    ) -> Verdicts | None:
        """The verdicts on judgments in that state; `rows` is asked for them only where it is another than before."""
        with self.lock:  # pages that ask at once wait for one answer
            if state != self.decided_of:
                self.latest = verdicts(rows(), rule, votes, address_of, made)
                self.decided_of = state
            return self.latest

    def agreement(
        self, state: tuple[object, ...], rows: Callable[[], Iterable[Mapping[str, object]]]
    ) -> tuple[Agreement, ...]:
        """How far workers agree so far, counted anew at most once a minute; nothing while nobody judged."""
        with self.lock:
            now = self.clock()
            if state != self.agreed_of and now - self.agreed_at >= AGREED_EVERY_S:
                table = pd.DataFrame(list(rows()))
                if not table.empty:
                    table[list(RATED)] = table[list(RATED)].astype(float)  # where nobody rated, too
                self.agreed = () if table.empty else agreements(table, draws=0)
                self.agreed_of, self.agreed_at = state, now
            return self.agreed


@dataclass(frozen=True)
class Bar:
    """One hour: when it began, how many judgments came, and where its bar stands in a drawing 100 wide, 40 high."""

    at: datetime
    count: int
    x: float
    width: float
    height: float


def bars(per_hour: Sequence[tuple[datetime, int]], now: datetime) -> list[Bar]:
    """The last two days hour by hour, empty hours left in, so that a pause is seen as one.

    >>> noon = datetime(2026, 1, 1, 12)
    >>> [bar.count for bar in bars([(noon, 3)], noon + timedelta(hours=2))]
    [3, 0, 0]
    """
    if not per_hour:
        return []
    counts = dict(per_hour)
    last = now.replace(minute=0, second=0, microsecond=0)
    first = max(per_hour[0][0], last - timedelta(hours=HOURS_SHOWN - 1))
    hours = max(1, int((last - first) / timedelta(hours=1)) + 1)
    shown = [first + timedelta(hours=hour) for hour in range(hours)]
    most = max(1, *(counts.get(at, 0) for at in shown), 1)
    step = 100 / HOURS_SHOWN  # a young study's bars stay slim
    return [
        Bar(at, counts.get(at, 0), place * step, step * 0.8, 40 * counts.get(at, 0) / most)
        for place, at in enumerate(shown)
    ]


@dataclass(frozen=True)
class Cost:
    """Paid and pending as percentages of the cap, for a bar 100 wide."""

    paid: float
    pending: float


def cost(spent_minor: int, pending_minor: int, cap_minor: int) -> Cost:
    """How much of the cap is gone, and how much of it is promised; never more than the bar.

    >>> cost(30, 80, 100)
    Cost(paid=30.0, pending=70.0)
    """
    whole = max(cap_minor, 1)
    paid = min(100.0, 100 * spent_minor / whole)
    return Cost(paid, min(100.0 - paid, 100 * pending_minor / whole))


def state_of(facts: Mapping[str, bool], *, complete: bool, sequential: bool = False) -> tuple[str, str]:
    """The study's state in a word, and what it means in a sentence.

    Args:
        facts: whether it was `launched`, `closed`, `paused`.
        complete: nothing is open any more.
        sequential: that is so because conditions are decided, not because all pairs have their votes.

    >>> state_of({"launched": True, "closed": False, "paused": True}, complete=False)[0]
    'paused'
    """
    if not facts["launched"]:
        return "not published", "Nobody was asked yet."
    if facts["closed"]:
        return "closed", "Nobody can begin; work that was begun is taken and paid."
    if facts["paused"]:
        return "paused", "Nobody new can begin; whoever is at work goes on and is paid."
    if complete and sequential:
        return "complete", "No condition wants more pairs, and nobody is asked any more."
    if complete:
        return "complete", "Every pair that was published has its votes."
    return "open", "People can begin, and what they hand in is collected and paid."
