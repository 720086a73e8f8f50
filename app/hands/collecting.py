"""Take over what workers handed in, gave back or let run out, and write down what is owed for it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.hands.worksite import Turn, Worksite, many, note
from app.store import hits as hit_store
from app.store.by_hand import note_rejection, plan_reward
from app.store.leaving import give_back, settle_run_out
from app.store.money import drop_parts, plan_payments, work_done
from app.store.news import mark_handled, waiting_news
from app.store.own_word import finished_work
from app.store.trust import weigh_workers
from hits.collect import collect, payments_due
from hits.completion import completion_codes, hands_in
from hits.recruiting import PlatformAssignment, PlatformRefused


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
                unfinished += settle_run_out(session, hit_id, pay=site.study.pay, now=site.database.now())
        site.hands.renew()
        site.on_step("collecting", number, len(hit_ids))
    turn.notes.extend(site.platform.take_notes())
    if news_ids:
        with site.database.writing() as session:
            mark_handled(session, news_ids, site.database.now())
    if turn.handed_in:
        with site.database.writing() as session:
            weigh_workers(session, site.study.quality, site.database.now())
        note(site, "collect", f"{many(turn.handed_in, 'assignment')} handed in")
    if unfinished:
        note(site, "collect", f"{many(unfinished, 'assignment')} ran out of time, and will be paid for the part done")


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
    if one.state == "rejected" and row.state == "submitted":  # on the platform's own pages
        note_rejection(session, row.assignment_id, "it was rejected on the platform's own pages")
    elif one.state == "approved" and row.state == "rejected":
        plan_reward(session, row.assignment_id, "the platform", pay)


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
