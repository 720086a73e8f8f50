"""What a platform's rules and good manners say of a design before money is spent: one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hits.batch import Hits
from hits.bill import Bill, hourly_floor
from hits.fees import MANY_ASSIGNMENTS
from hits.judgment import Hit
from hits.pay import money
from pipelines.clip import Pair

#: Prolific's wage an hour: less is refused there, and what it recommends.
LEAST = {"prolific": {"USD": 8.0, "GBP": 6.0}}
RECOMMENDED = {"prolific": {"USD": 12.0, "GBP": 9.0}}
LONGEST_TITLE = {"mturk": 128, "prolific": 120}
EASY_TITLE = 80  # longer ones are cut off in lists
DAY_S = 86_400
REJECTABLE_MIN = 5  # Prolific: from so many minutes on, two failed attention checks are asked for


def warnings(
    design: Hits, bill: Bill, hits: Sequence[Hit], pairs: Sequence[Pair], *, contact: str, consent: str, simulated: bool
) -> list[str]:
    """Everything that a researcher should know before saying yes.

    Args:
        design: how pairs become HITs.
        bill: of this wave.
        hits: that would be put out.
        pairs: of the whole manifest.
        contact: whom workers write to.
        consent: what workers agree to.
        simulated: whether the study says that its listeners or its speech are.
    """
    found = [*_wage(design, bill), *_assignments(bill, hits), *_rules(design, bill)]
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


def _wage(design: Hits, bill: Bill) -> Iterator[str]:
    pay = bill.pay
    if not pay.paying:
        return
    wage = hourly_floor(pay, {pay.currency: pay.wage_per_hour}) or 0
    least, good = (hourly_floor(pay, rule.get(design.platform, {})) for rule in (LEAST, RECOMMENDED))
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


def _rules(design: Hits, bill: Bill) -> Iterator[str]:
    if design.auto_approval_delay_s < DAY_S:
        yield (
            f"Work is approved by itself after {design.auto_approval_delay_s / 3600:g} h "
            "(hits.auto_approval_delay_s): less than a day leaves no time to look at it."
        )
    if design.platform == "prolific" and bill.minutes > REJECTABLE_MIN and design.checks_per_hit < 2:
        yield (
            f"A task of {bill.minutes:.0f} min with {_checks(design)} can't be rejected on Prolific, which asks for "
            "two failed checks above 5 min and a reason of 100 characters; ask for a return first."
        )
    if design.platform == "panel" and design.policy == "fixed" and bill.hits > 1:
        yield (
            f"Under 'fixed' each of the {bill.hits} HITs is a task of its own with a link of its own for the panel; "
            'hits.policy = "adaptive" makes one.'
        )
    longest = LONGEST_TITLE.get(design.platform, EASY_TITLE)
    if len(design.title) > min(longest, EASY_TITLE):
        cut = "is cut off" if len(design.title) > longest else "may be cut off in lists"
        yield f"The title has {len(design.title)} characters and {cut}; {min(longest, EASY_TITLE)} are enough."


def _checks(design: Hits) -> str:
    return {0: "no check", 1: "one check"}.get(design.checks_per_hit, f"{design.checks_per_hit} checks")
