"""What a platform's rules and good manners say of a design before money is spent: one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import hits.platforms
from hits.batch import Hits
from hits.bill import Bill, hourly_floor
from hits.fees import MANY_ASSIGNMENTS
from hits.judgment import Hit
from hits.pay import money
from hits.platforms.base import Platform
from hits.recruiting import Traits, Wave
from pipelines.clip import Pair
from pipelines.variants import load_class

EASY_TITLE = 80  # longer ones are cut off in lists
DAY_S = 86_400


def warnings(
    design: Hits, bill: Bill, out: Sequence[Hit], pairs: Sequence[Pair], *, contact: str, consent: str, simulated: bool
) -> list[str]:
    """Everything that a researcher should know before saying yes.

    Args:
        design: how pairs become HITs.
        bill: of this wave.
        out: the HITs that would be put out.
        pairs: of the whole manifest.
        contact: whom workers write to.
        consent: what workers agree to.
        simulated: whether the study says that its listeners or its speech are.
    """
    wave = Wave(bill.hits, bill.minutes, design.checks_per_hit, design.policy)
    platform = load_class(hits.platforms, design.platform, Platform)
    found = [*_wage(design, platform.traits, bill), *_assignments(bill, out), *platform.warnings(wave)]
    found += _rules(design, platform.traits)
    if not contact.strip():
        found.append("Nobody is named whom workers could write to: set study.contact.")
    if not consent.strip():
        found.append("There is no text that workers agree to: set study.consent, as ethics boards ask for.")
    if simulated:
        found.append("The study says of itself that it is simulated: its whitelist is refused outside rehearsals.")
    if not any(pair.role == "identical" for pair in pairs):
        found.append(
            "There are no identical controls (pairs.identical_controls): nobody will know how often people call the "
            "same sound different."
        )
    return found


def _wage(design: Hits, traits: Traits, bill: Bill) -> Iterator[str]:
    pay = bill.pay
    if not pay.paying:
        return
    wage = hourly_floor(pay, {pay.currency: pay.wage_per_hour}) or 0
    least, good = (hourly_floor(pay, rule) for rule in (traits.least_wage, traits.recommended_wage))
    if least is not None and wage < least:
        yield (
            f"The wage of {money(wage, pay.currency)} an hour is below the {money(least, pay.currency)} that "
            f"{design.platform} asks for at least; it will refuse the study."
        )
    elif good is not None and wage < good:
        yield (
            f"The wage of {money(wage, pay.currency)} an hour is below the {money(good, pay.currency)} that "
            f"{design.platform} recommends."
        )
    if bill.hourly_minor < wage:
        yield (
            f"At the measured {bill.s_per_trial:.0f} s a trial, rewards bring {money(bill.hourly_minor, pay.currency)} "
            f"an hour; top-ups lift that to {money(wage, pay.currency)}. A larger pay.expected_s_per_trial says so "
            "beforehand."
        )


def _assignments(bill: Bill, hits: Sequence[Hit]) -> Iterator[str]:
    if bill.pay.fees != "mturk":
        return
    most = max((hit.assignments_wanted for hit in hits), default=0)
    if most >= MANY_ASSIGNMENTS:
        yield (
            f"HITs with {most} assignments cost another 20 % of each reward: MTurk's fee doubles from "
            f"{MANY_ASSIGNMENTS} on. Several HITs of 9 cost less."
        )
    elif most > 1:
        yield (
            f"HITs that are made with {most} assignments never get {MANY_ASSIGNMENTS} or more; further votes need "
            "further HITs."
        )


def _rules(design: Hits, traits: Traits) -> Iterator[str]:
    if design.auto_approval_delay_s < DAY_S:
        yield (
            f"Work is approved by itself after {design.auto_approval_delay_s / 3600:g} h "
            "(hits.auto_approval_delay_s): less than a day leaves no time to look at it."
        )
    longest = traits.longest_title or EASY_TITLE
    if len(design.title) > min(longest, EASY_TITLE):
        cut = "is cut off" if len(design.title) > longest else "may be cut off in lists"
        yield f"The title has {len(design.title)} characters and {cut}; {min(longest, EASY_TITLE)} are enough."
