"""One turn of the one pair of hands: publish, collect, pay, top up, close. Whoever calls it holds the lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.store import hits as hit_store
from app.store.conditions import keep_open_conditions
from app.store.database import Database
from app.store.events import PAUSED, fact, keep_fact, note_event
from app.store.forgetting import forget_older
from app.store.leaving import give_back, settle_run_out
from app.store.lock import Hands
from app.store.money import (
    committed_minor,
    count_alike,
    drop_parts,
    keep_payment,
    payments_in,
    plan_payments,
    to_be_sent,
    work_done,
)
from app.store.news import LINK_KEYS, mark_handled, waiting_news
from app.store.own_word import finished_work, mark_accepted, unaccepted
from app.store.places import keep_places, places_due, plan_or_grow
from app.store.progress import trials_out, votes_still_missing, votes_still_open
from app.store.shelf import to_take_down
from app.store.steps import mark_told, untold_steps
from app.store.trust import weigh_workers
from app.study import Study
from hits.batch import open_hits, open_hits_needed
from hits.collect import collect, payments_due
from hits.completion import completion_codes, hands_in
from hits.ledger import reconcile, send
from hits.pay import OverCap
from hits.platforms.base import Platform, PlatformAssignment, PlatformRefused, PlatformUnreachable
from hits.publish import cost_minor, offer_of, publish
from hits.qualification import qualification_name

LAUNCHED = "launched"  # the fact that a researcher said yes to spending
CLOSED = "closed"  # the fact that a researcher took the study off the shelf; publishing again ends it

KEYS_LIVE = timedelta(hours=1)  # a new key of the platform's is known here by then

OnStep = Callable[[str, int, int], None]


@dataclass
class Turn:
    """What a turn did."""

    published: int = 0
    handed_in: int = 0
    paid: int = 0
    closed: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.published or self.handed_in or self.paid or self.closed)


def many(count: int, noun: str) -> str:
    """A number of things.

    >>> many(1, "HIT"), many(2, "HIT")
    ('1 HIT', '2 HITs')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _quiet(_what: str, _done: int, _total: int) -> None:
    return


@dataclass(frozen=True)
class Worksite:
    """Everything that a turn needs: the study, its database, the platform, where the task lives, the held lock."""

    study: Study
    database: Database
    platform: Platform
    task_url: str
    hands: Hands
    on_step: OnStep = _quiet
    secret_key: str = ""  # of the study: completion codes follow from it


def take_turn(site: Worksite, begun: Turn | None = None, open_conditions: frozenset[str] | None = None) -> Turn:
    """Everything that is due now, in the order in which money is safest.

    Args:
        site: the study, its platform, the held lock.
        begun: what this turn did already, to be counted in.
        open_conditions: those that are still asked about; None for all. The others get no more work; what is out is
            finished and paid.

    Raises:
        PlatformUnreachable: the platform gives no answer; what was done is kept, the rest comes with the next turn.
    """
    turn = begun or Turn()
    with site.database.writing() as session:
        keep_open_conditions(session, open_conditions)
    keep_link_keys(site, turn)
    try:
        publish_due(site, turn)
    except PlatformRefused as error:  # no money for further HITs must not keep anybody from their pay
        turn.notes.append(f"HITs could not be published: {error}")
    collect_due(site, turn)
    pay_due(site, turn)
    accept_unpaid(site, turn)
    tell_qualifications(site, turn)
    close_run_out(site, turn)
    top_up(site, turn)
    grow_due(site, turn)
    close_when_decided(site, turn)
    take_down(site, turn)
    forget_due(site, turn)
    return turn


def keep_link_keys(site: Worksite, turn: Turn) -> None:
    """Keep the keys by which the platform signs its links, for pages never ask it; anew once they are an hour old."""
    now = datetime.now(UTC)
    with site.database.reading() as session:
        kept = fact(session, LINK_KEYS)
    if kept is not None and now - datetime.fromisoformat(str(kept["at"])) < KEYS_LIVE:
        return
    try:
        keys = site.platform.link_keys()
    except PlatformUnreachable as error:  # those that are kept will do for now
        turn.notes.append(str(error))
        return
    if keys is not None:
        with site.database.writing() as session:
            keep_fact(session, LINK_KEYS, {**keys, "at": now.isoformat()})


def publish_due(site: Worksite, turn: Turn) -> None:
    """Put out every HIT that was planned, or whose publication was never confirmed (its token makes that safe)."""
    with site.database.reading() as session:
        due = [] if fact(session, PAUSED) is not None else hit_store.unsent_hits(session)
        if _shut(session, site):  # what may be out has to be known, to be taken down
            due = [one for one in due if hit_store.is_sent(session, one[0].hit_id)]
    design, pay, key = site.study.hits, site.study.pay, site.secret_key
    offers = [
        (hit, offer_of(hit, token, design, pay, site.task_url, completion_codes(key, token))) for hit, token in due
    ]
    with site.database.writing() as session:
        hit_store.mark_sent(session, [hit.hit_id for hit, _ in due])
    for hit, platform_hit_id in publish(offers, site.platform):
        with site.database.writing() as session:
            hit_store.mark_open(session, hit.hit_id, platform_hit_id, site.study.hits.lifetime_s)
        turn.published += 1
        site.hands.renew()
        site.on_step("publishing HITs", turn.published, len(due))
    if turn.published:
        _note(site, "publish", f"{many(turn.published, 'HIT')} published")


def collect_due(site: Worksite, turn: Turn) -> None:
    """Take over what was handed in, and write down what is owed for it, before any of it is paid.

    Then what never will be: whoever ran out of time is paid for the part that was done.
    """
    with site.database.reading() as session:
        news_ids, told_of = waiting_news(session)
        hit_ids = list(dict.fromkeys([*told_of, *hit_store.unsettled_ids(session)]))
    unfinished = 0
    for number, hit_id in enumerate(hit_ids, start=1):
        seen = _handed_in(site, hit_id, turn)
        for one in seen or []:
            with site.database.writing() as session:
                _take_over(site, session, one, turn)
        if seen is not None:
            with site.database.writing() as session:
                unfinished += settle_run_out(session, hit_id, pay=site.study.pay, now=datetime.now(UTC))
        site.hands.renew()
        site.on_step("collecting", number, len(hit_ids))
    turn.notes.extend(site.platform.take_notes())
    if news_ids:
        with site.database.writing() as session:
            mark_handled(session, news_ids, datetime.now(UTC))
    if turn.handed_in:
        with site.database.writing() as session:
            weigh_workers(session, site.study.quality, datetime.now(UTC))
        _note(site, "collect", f"{many(turn.handed_in, 'assignment')} handed in")
    if unfinished:
        _note(site, "collect", f"{many(unfinished, 'assignment')} ran out of time, and will be paid for the part done")


def _take_over(site: Worksite, session: Session, one: PlatformAssignment, turn: Turn) -> None:
    """Take over what became of one assignment, and write down what is owed for it."""
    pay, traits = site.study.pay, site.platform.traits
    if one.state in ("returned", "expired"):
        give_back(session, one, pay=pay)
        return
    if traits.reports_codes and not _brought(site, session, one, turn):
        return
    row = hit_store.record_submission(session, one, stays_open=traits.shared_hits)
    if row is None:
        return
    due = payments_due(work_done(session, row.assignment_id), pay)
    if due:
        drop_parts(session, row.assignment_id)
    turn.handed_in += plan_payments(session, row.assignment_id, due, pay) > 0


def _brought(site: Worksite, session: Session, one: PlatformAssignment, turn: Turn) -> bool:
    """Whether the code that was brought hands the task in; what nobody can tell is said to the researcher."""
    row = hit_store.find_assignment(session, one)
    if row is None:
        return False
    codes = completion_codes(site.secret_key, hit_store.token_of(session, one.hit_id))
    handed_in = hands_in(one, codes, whole=row.state in ("finished", "submitted", "approved", "rejected"))
    if handed_in is None and one.state == "submitted":
        turn.notes.append(
            f"submission {one.assignment_id} came with the code {one.code or 'none'!r}, which is none of its HIT's, "
            "and not all of its pairs were answered; a person has to accept or reject it on the platform"
        )
    return handed_in is True


def _handed_in(site: Worksite, hit_id: str, turn: Turn) -> list[PlatformAssignment] | None:
    """What workers handed in for one HIT; None for one that the platform no longer knows: it must not hide others."""
    if not site.platform.traits.reports:
        with site.database.reading() as session:
            return finished_work(session, hit_id)
    try:
        return list(collect([hit_id], site.platform))
    except PlatformRefused as error:
        turn.notes.append(f"HIT {hit_id} could not be collected: {error}")
        return None


def plan_refused_again(site: Worksite) -> int:
    """Plan what a platform refused to pay once more: somebody has seen to the reason. The number of payments."""
    with site.database.writing() as session:
        refused = payments_in(session, "refused")
        for payment in refused:
            keep_payment(session, payment.step("planned", f"asked again; before: {payment.note}"))
    return len(refused)


def pay_due(site: Worksite, turn: Turn) -> None:
    """Settle payments of unknown outcome by the platform's books, then send what is planned.

    Where no money moves through the platform, what is planned waits for a payout by hand.
    """
    if not site.platform.traits.pays:
        return
    with site.database.reading() as session:
        unsettled = payments_in(session, "sent", "unknown")
    for payment in unsettled:
        try:
            approved = payment.kind == "reward" and _approved(site, payment.platform_assignment_id)
            with site.database.reading() as session:
                alike = count_alike(session, payment)
            settled = reconcile(payment, approved, site.platform, alike)
        except PlatformRefused as error:  # its books are closed for this one; others can still be paid
            turn.notes.append(f"payment {payment.key} could not be settled: {error}")
            continue
        with site.database.writing() as session:
            keep_payment(session, settled)
    with site.database.writing() as session:
        planned, waiting = to_be_sent(session)
    if waiting:
        turn.notes.append(f"{many(waiting, 'payment')} wait for the key that opens workers' ids (EARWITNESS_SEAL_KEY)")
    for number, payment in enumerate(planned, start=1):
        for step in send(payment, site.platform):
            with site.database.writing() as session:
                keep_payment(session, step)
        turn.paid += step.state == "confirmed"
        if step.state == "refused":
            turn.notes.append(f"payment {payment.key} was refused: {step.note}")
            _note(site, "pay", turn.notes[-1])
        site.hands.renew()
        site.on_step("paying", number, len(planned))
    if turn.paid:
        _note(site, "pay", f"{many(turn.paid, 'payment')} confirmed")


def _approved(site: Worksite, platform_assignment_id: str) -> bool:
    with site.database.reading() as session:
        hit_id = hit_store.platform_hit_of(session, platform_assignment_id)
    return any(
        seen.assignment_id == platform_assignment_id and seen.state == "approved"
        for seen in site.platform.assignments(hit_id)
    )


def accept_unpaid(site: Worksite, turn: Turn) -> None:
    """Accept what was handed in where a study pays no money, so that no platform leaves it open."""
    if site.study.pay.mode == "money":
        return
    with site.database.reading() as session:
        waiting = unaccepted(session)
    for assignment_id, platform_assignment_id in waiting:
        try:
            site.platform.approve(platform_assignment_id)
        except PlatformRefused as error:
            turn.notes.append(f"assignment {assignment_id} could not be accepted: {error}")
            continue
        with site.database.writing() as session:
            mark_accepted(session, [assignment_id])
        site.hands.renew()


def tell_qualifications(site: Worksite, turn: Turn) -> None:
    """Tell the platform how workers' qualifications ended, so that it can keep HITs for those who passed.

    The platform does it again without harm, so it is asked again until it says yes.
    """
    with site.database.reading() as session:
        untold = untold_steps(session, "qualification")
    for one in untold:
        score = int(one.found[-1].get("score", 0))
        try:
            site.platform.grant(one.platform_worker_id, qualification_name(site.study.study.name), score)
        except PlatformRefused as error:  # pay does not wait for it
            words = str(error).replace(one.platform_worker_id, one.worker)
            turn.notes.append(f"a qualification could not be given: {words}")
            continue
        with site.database.writing() as session:
            mark_told(session, one.worker, "qualification", datetime.now(UTC))
        site.hands.renew()


def close_run_out(site: Worksite, turn: Turn) -> None:
    """Take it that HITs are off the shelf once their time is over, so that their votes are asked for again."""
    begun_by_now = timedelta(seconds=site.study.hits.assignment_duration_s)  # whoever accepted in the last second
    if site.platform.traits.shared_hits:  # such a platform knows no lifetime, so it has to be told
        with site.database.reading() as session:
            run_out = hit_store.run_out_ids(session, datetime.now(UTC))
        _take_off_the_shelf(site, run_out, turn)
    with site.database.writing() as session:
        turn.closed += hit_store.close_run_out(session, datetime.now(UTC) - begun_by_now)


def top_up(site: Worksite, turn: Turn) -> None:
    """Plan as many HITs as the votes that are still open need, within the cap; they are filled on arrival.

    Under `fixed` those are the votes that are not used, or that did not come while their HIT was on the shelf.
    """
    now = datetime.now(UTC)
    try:
        with site.database.writing() as session:
            held = _shut(session, site) or fact(session, PAUSED) is not None
            if fact(session, LAUNCHED) is None or held:
                return
            needed = open_hits_needed(
                votes_still_open(session, site.study.hits, now),
                trials_out(session, site.study.hits, now),
                site.study.hits,
            )
            shared = site.platform.traits.shared_hits
            planned = open_hits(hit_store.count_hits(session), needed, site.study.hits, shared=shared)
            require_within_cap(
                cost_minor(planned, site.study.pay), committed_minor(session, site.study.pay), site.study
            )
            plan = plan_or_grow if shared else hit_store.plan_hits
            plan(session, planned, site.study.study.name, site.study.hits, site.study.pay)
    except OverCap as error:
        turn.notes.append(f"no further HITs: {error}")


def grow_due(site: Worksite, turn: Turn) -> None:
    """Tell the platform of places that HITs have gained."""
    if not site.platform.traits.shared_hits:
        return
    with site.database.reading() as session:
        due = places_due(session)
    for platform_hit_id, places in due:
        try:
            site.platform.grow(platform_hit_id, places)
        except PlatformRefused as error:
            turn.notes.append(f"HIT {platform_hit_id} could not grow to {many(places, 'place')}: {error}")
            continue
        with site.database.writing() as session:
            keep_places(session, platform_hit_id, places)


def require_within_cap(wanted_minor: int, committed: int, study: Study) -> None:
    """Refuse to commit more than the study's cap.

    Raises:
        OverCap: with what is committed, what was wanted, and the cap.
    """
    if wanted_minor and committed + wanted_minor > study.pay.cap_minor:
        raise OverCap(wanted_minor, committed, study.pay)


def close_when_decided(site: Worksite, turn: Turn) -> None:
    """Take every HIT off the shelf once no pair misses a judgment."""
    now = datetime.now(UTC)
    with site.database.reading() as session:
        open_ids = hit_store.published_ids(session, open_only=True)
        if not open_ids or votes_still_missing(session, site.study.hits, now):
            return
    _take_off_the_shelf(site, open_ids, turn)
    _note(site, "close", "every pair is decided; all HITs are off the shelf")


def take_down(site: Worksite, turn: Turn) -> None:
    """Take down what should let nobody in: all HITs of a study that is shut, and those of closed conditions."""
    with site.database.writing() as session:
        shut = _shut(session, site)
        idle = to_take_down(session, site.study.hits, datetime.now(UTC), shut=shut)
    _take_off_the_shelf(site, idle, turn)
    if idle:
        why = "the study is shut" if shut else "their conditions are closed"
        _note(site, "close", f"{many(len(idle), 'HIT')} taken off the shelf: {why}")


def _shut(session: Session, site: Worksite) -> bool:
    """Whether a researcher closed the study, or its last day is over."""
    return fact(session, CLOSED) is not None or site.study.hits.over_at(datetime.now(UTC))


def close_all(site: Worksite, turn: Turn) -> None:
    """Take every open HIT off the shelf, and plan no new ones until the study is published again."""
    with site.database.writing() as session:
        keep_fact(session, CLOSED, {"at": datetime.now(UTC).isoformat()})
        open_ids = hit_store.published_ids(session, open_only=True)
    _take_off_the_shelf(site, open_ids, turn)
    _note(site, "close", "the study was closed by hand")


def forget_due(site: Worksite, turn: Turn) -> None:
    """Forget who workers are with whom all was settled as long ago as the study says."""
    days = site.study.study.keep_ids_days
    if days is None:
        return
    with site.database.writing(overwriting=True) as session:
        forgotten = forget_older(session, days, datetime.now(UTC))
    if forgotten:
        site.database.wipe_log()
        turn.notes.append(f"{many(forgotten, 'worker')} forgotten, {many(days, 'day')} after all was settled")


def _take_off_the_shelf(site: Worksite, open_ids: list[str], turn: Turn) -> None:
    for number, hit_id in enumerate(open_ids, start=1):
        try:
            site.platform.expire(hit_id)
        except PlatformRefused as error:  # one HIT that is gone must not keep the others open
            turn.notes.append(str(error))
        with site.database.writing() as session:
            hit_store.mark_closed(session, hit_id)
        turn.closed += 1
        site.hands.renew()
        site.on_step("closing HITs", number, len(open_ids))


def _note(site: Worksite, kind: str, text: str) -> None:
    with site.database.writing() as session:
        note_event(session, kind, text)
