"""A bill in words: its lines, each with its sum, for the command and for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hits.bill import Bill, Cost
from hits.pay import money

NOT_YET = "What this money can decide can't be said yet."
UNDECIDED = "if no condition is decided early"


@dataclass(frozen=True)
class Line:
    """A line of a bill; `sums` where it adds up the ones above it."""

    item: str
    value: str
    sums: bool = False


@dataclass(frozen=True)
class Part:
    """A part of a bill under its own heading."""

    title: str
    lines: Sequence[Line]


def parts(bill: Bill) -> list[Part]:
    """The whole bill; without a line on money where a study pays none."""
    if not bill.pay.paying:
        return [Part("The work", _work(bill)), Part("What it costs", [_unpaid(bill)])]
    named = [Part("The work", _work(bill)), Part("The wage", _wage(bill)), Part("Put out now", _now(bill))]
    if bill.expected != bill.now or bill.most != bill.now:
        title = "Expected in the end" if bill.first is None else f"Expected, {UNDECIDED}; less otherwise"
        named.append(Part(title, _sum(bill, bill.expected)))
    if bill.most != bill.expected:
        early = "" if bill.first is None else f"{UNDECIDED}, and "
        named.append(Part(f"At most, {early}if every pair needs all its votes", _sum(bill, bill.most)))
    return [*named, Part("The cap", _cap(bill))]


def _work(bill: Bill) -> list[Line]:
    how = "measured" if bill.measured else "expected"
    if bill.first is None:
        asked, when = [Line("pairs to be judged", str(bill.pairs))], ""
    else:
        at_once = Line("pairs asked about at once; others while their condition is open", str(bill.first))
        asked, when = [Line("pairs to be judged at most", str(bill.pairs)), at_once], f", {UNDECIDED}"
    return [
        *asked,
        Line("HITs put out now", str(bill.hits)),
        Line(f"assignments expected{when}", str(bill.expected.assignments)),
        Line("workers needed at least", str(bill.workers_at_least)),
        *(Line(f"trials: {kind}", str(count)) for kind, count in bill.trials.items() if count),
        Line(f"trials in all{when}", str(sum(bill.trials.values())), sums=True),
        Line(f"time of a trial, {how}", f"{bill.s_per_trial:.1f} s"),
        Line(f"time of a HIT of {bill.trials_per_hit} trials", f"{bill.minutes:.1f} min"),
    ]


def _wage(bill: Bill) -> list[Line]:
    pay = bill.pay
    return [
        Line("reward of a HIT", money(bill.reward_minor, pay.currency)),
        Line("that is, an hour", money(bill.hourly_minor, pay.currency)),
        Line("wage that nobody falls under", f"{pay.wage_per_hour:g} {pay.currency} an hour"),
        Line("platform's fee", f"{pay.percent:g} %"),
        *([Line("time to review work before it is paid", f"{pay.review_for_h:g} h")] if pay.review_for_h else []),
    ]


def _now(bill: Bill) -> list[Line]:
    currency, now = bill.pay.currency, bill.now
    return [
        Line(f"rewards of {now.assignments} assignments", money(now.rewards_minor, currency)),
        Line("platform's fees on them", money(now.reward_fees_minor, currency)),
        Line("committed by saying yes", money(bill.total_minor, currency), sums=True),
    ]


def _sum(bill: Bill, cost: Cost) -> list[Line]:
    currency = bill.pay.currency
    measured = "" if bill.measured else " (none before it is measured)"
    return [
        Line(f"rewards of {cost.assignments} assignments", money(cost.rewards_minor, currency)),
        Line("platform's fees on them", money(cost.reward_fees_minor, currency)),
        Line(f"top-ups to the wage{measured}", money(cost.top_ups_minor, currency)),
        Line(f"work that is not handed in{measured}", money(cost.parts_minor, currency)),
        Line("platform's fees on both", money(cost.bonus_fees_minor, currency)),
        Line("total", money(cost.total_minor, currency), sums=True),
    ]


def _cap(bill: Bill) -> list[Line]:
    currency = bill.pay.currency
    left = money(abs(bill.left_minor), currency)
    return [
        Line("cap", money(bill.pay.cap_minor, currency)),
        Line("committed before", money(bill.committed_minor, currency)),
        Line("put out now", money(bill.total_minor, currency)),
        Line("left" if bill.left_minor >= 0 else "missing", left, sums=True),
    ]


def _unpaid(bill: Bill) -> Line:
    if bill.pay.mode == "credit":
        return Line("course credit for a HIT", f"{bill.pay.credits_per_hit:g}")
    return Line("money", "none: volunteers")
